//! `net.*`: networks and the addresses in them. No name is resolved here: that takes a host.
//!
//! An IPv4 address that is written as an IPv6 address (`::ffff:10.0.0.1`) is the IPv4 address: a rule on
//! one must hold for the other.

mod merge;
mod network;

use std::net::IpAddr;

use self::network::Network;
use super::declare::{boolean, named, string, takes, unnamed};
use super::{Builtin, Context, Error, Question, operand, outside};
use crate::types::Type;
use crate::value::{Set, Value};

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "net.cidr_contains",
        "Says whether an address or a network lies in a network.",
        contains,
    )
    .declared(|| {
        takes([
            string("cidr", "the network to look in"),
            string("cidr_or_ip", "the address or network to look for"),
        ])
        .gives(boolean("result", "whether it lies in it"))
    }),
    Builtin::new(
        "net.cidr_contains_matches",
        "Gives each pair of a network and an address or network that lies in it, of two collections.",
        contains_matches,
    )
    .declared(|| {
        let pairs = Type::set(Type::Array {
            prefix: vec![Type::any(), Type::any()],
            rest: None,
        });
        takes([
            named("cidrs", collection(), "the networks to look in"),
            named("cidrs_or_ips", collection(), "the addresses and networks to look for"),
        ])
        .gives(named("output", pairs, "pairs of texts, keys, positions or members"))
    }),
    Builtin::new("net.cidr_expand", "Gives the addresses of a network.", expand).declared(|| {
        takes([string("cidr", "the network")])
            .gives(named("hosts", Type::set(Type::String), "its addresses"))
    }),
    Builtin::new(
        "net.cidr_intersects",
        "Says whether two networks have an address in common.",
        intersects,
    )
    .declared(|| {
        takes([string("cidr1", "one network"), string("cidr2", "the other network")])
            .gives(boolean("result", "whether they have"))
    }),
    Builtin::new("net.cidr_is_valid", "Says whether a text is a network.", is_valid).declared(
        || {
            takes([string("cidr", "the text")]).gives(boolean("result", "whether it is a network"))
        },
    ),
    Builtin::new(
        "net.cidr_merge",
        "Gives the fewest networks that hold the same addresses as the given ones.",
        merge,
    )
    .declared(|| {
        let texts = Type::one_of([
            Type::array(Type::one_of([Type::String])),
            Type::set(Type::String),
        ]);
        takes([named("addrs", texts, "networks, and addresses of IPv4")])
            .gives(named("output", Type::set(Type::String), "the networks"))
    }),
    Builtin::new("net.cidr_overlap", "The old name of `net.cidr_contains`.", contains)
        .declared(|| takes([unnamed(Type::String), unnamed(Type::String)]).gives(Type::Boolean))
        .deprecated(),
    Builtin::new("net.lookup_ip_addr", "Gives the addresses of a name.", lookup)
        .declared(|| {
            takes([string("name", "the name")])
                .gives(named("addrs", Type::set(Type::String), "its addresses"))
        })
        .nondeterministic(),
];

/// How many addresses of a network are given at most: two to this power.
const MOST_BITS: u32 = 24;

fn collection() -> Type {
    let item = || Type::one_of([Type::String, Type::array(Type::any())]);
    Type::one_of([
        Type::String,
        Type::array(item()),
        Type::object(Type::String, item()),
        Type::set(item()),
    ])
}

fn contains(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let outer = network(operand::value(args, 0)?)?;
    let inner = address_or_network(operand::value(args, 1)?)?;
    Ok(Value::from(outer.contains(inner)))
}

fn intersects(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let one = network(operand::value(args, 0)?)?;
    let other = network(operand::value(args, 1)?)?;
    Ok(Value::from(one.contains(other) || other.contains(one)))
}

fn is_valid(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::value(args, 0)?.as_str();
    Ok(Value::from(text.and_then(Network::cidr).is_some()))
}

fn contains_matches(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let outer = listed(context, operand::value(args, 0)?, 1)?;
    // Without one side, nobody looks at the other.
    if outer.is_empty() {
        return Ok(Value::from(Set::default()));
    }
    let inner = listed(context, operand::value(args, 1)?, 2)?;
    if inner.is_empty() {
        return Ok(Value::from(Set::default()));
    }
    let mut networks = Vec::with_capacity(outer.len());
    for (cidr, name) in &outer {
        networks.push((network(cidr)?, name));
    }
    let mut found = Vec::new();
    for (item, inner_name) in &inner {
        let item = address_or_network(item)?;
        context.budget.step(networks.len() as u64)?;
        for (network, name) in &networks {
            if network.contains(item) {
                context.budget.build(96)?;
                found.push(Value::from(vec![(*name).clone(), inner_name.clone()]));
            }
        }
    }
    Ok(Value::Set(Set::from(found)))
}

fn expand(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let network = network(operand::value(args, 0)?)?;
    if network.free_bits() > MOST_BITS {
        return Err(Error::Halt(
            "timed out before generating all IP addresses".to_owned(),
        ));
    }
    let count = 1_u64 << network.free_bits();
    context.budget.build(count.saturating_mul(64))?;
    let mut hosts = Vec::new();
    for at in 0..count {
        context.budget.step(1)?;
        hosts.push(Value::from(network.host(at).to_string()));
    }
    Ok(Value::Set(Set::from(hosts)))
}

fn merge(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let items = match operand::value(args, 0)? {
        Value::Array(list) => list.iter().collect::<Vec<_>>(),
        Value::Set(set) => set.iter().collect(),
        _ => return Err(Error::Failed("operand must be an array".to_owned())),
    };
    // Each one may become a network for each bit.
    context.budget.step(items.len() as u64 * 8)?;
    context.budget.build(items.len() as u64 * 128)?;
    let mut given = Vec::with_capacity(items.len());
    for item in items {
        let text = item.as_str();
        let text = text.ok_or_else(|| Error::Failed("element must be string".to_owned()))?;
        given.push(merge::Given::read(text)?);
    }
    let merged = merge::merged(given);
    let texts = merged.into_iter().map(Value::from);
    Ok(Value::Set(texts.collect()))
}

fn lookup(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let name = operand::string(args, 0)?;
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok([Value::from(address.to_string())]
            .into_iter()
            .collect::<Set>()
            .into());
    }
    outside::ask(context, &Question::Addresses(name.clone()))
}

fn network(value: &Value) -> Result<Network, Error> {
    let text = text(value)?;
    Network::cidr(text).ok_or_else(|| Error::Failed(format!("invalid CIDR address: {text}")))
}

fn address_or_network(value: &Value) -> Result<Network, Error> {
    let text = text(value)?;
    let read = Network::address(text).or_else(|| Network::cidr(text));
    read.ok_or_else(|| {
        Error::Failed(format!(
            "not a valid textual representation of an IP address or CIDR: {text}"
        ))
    })
}

fn text(value: &Value) -> Result<&str, Error> {
    value
        .as_str()
        .ok_or_else(|| operand::mismatch(0, value, &["string"]))
}

/// The texts of a collection, each with what it is called in answers.
fn listed(
    context: &mut Context<'_>,
    value: &Value,
    position: usize,
) -> Result<Vec<(Value, Value)>, Error> {
    let of = |item: &Value| match item {
        Value::String(_) => Ok(item.clone()),
        Value::Array(list) if !list.is_empty() => Ok(list.first().cloned().unwrap_or(Value::Null)),
        _ => Err(Error::Failed(format!(
            "operand {position}: element must be string or non-empty array"
        ))),
    };
    let all = match value {
        Value::String(_) => vec![(value.clone(), value.clone())],
        Value::Array(list) => {
            let items = list.iter().enumerate();
            let items = items.map(|(at, item)| Ok((of(item)?, Value::from(at))));
            items.collect::<Result<_, Error>>()?
        }
        Value::Set(set) => {
            let items = set.iter().map(|item| Ok((of(item)?, item.clone())));
            items.collect::<Result<_, Error>>()?
        }
        Value::Object(object) => {
            let items = object.iter();
            let items = items.map(|(key, item)| Ok((of(item)?, key.clone())));
            items.collect::<Result<_, Error>>()?
        }
        _ => Vec::new(),
    };
    context.budget.build(all.len() as u64 * 64)?;
    Ok(all)
}

#[cfg(test)]
mod tests;
