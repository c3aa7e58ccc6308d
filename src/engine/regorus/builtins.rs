//! Built-in functions that regorus lacks, or has but not as Rego's users know them: our own engine's, handed to it.

use std::collections::HashMap;
use std::sync::LazyLock;

use regate_rego::builtins::{self, Budget, Builtin, Caches, Context};
use regorus::Value;

use super::values;
use crate::data;

/// Those that take the place of regorus' own, with the number of their arguments.
const OURS: [(&str, u8); 15] = [
    ("glob.match", 3),
    ("glob.quote_meta", 1),
    ("json.marshal", 1),
    ("net.cidr_contains", 2),
    ("net.cidr_contains_matches", 2),
    ("net.cidr_intersects", 2),
    ("re_match", 2),
    ("regex.find_all_string_submatch_n", 3),
    ("regex.find_n", 3),
    ("regex.is_valid", 1),
    ("regex.match", 2),
    ("regex.replace", 3),
    ("regex.split", 2),
    ("regex.template_match", 4),
    ("to_number", 1),
];

/// How much one call may build.
const MEMORY: u64 = 64 << 20;

/// Puts ours beside the engine's own, or in their place.
pub(super) fn install(engine: &mut regorus::Engine) -> Result<(), String> {
    for (name, arguments) in OURS {
        let builtin =
            builtins::get(name).ok_or_else(|| format!("there is no built-in `{name}`"))?;
        let call =
            move |arguments: Vec<Value>| Ok(run(builtin, &arguments).unwrap_or(Value::Undefined));
        let added = engine.add_extension(name.to_owned(), arguments, Box::new(call));
        added.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// How many arguments `name` takes, when it is one of ours.
pub(super) fn arguments(name: &str) -> Option<usize> {
    let ours = OURS.iter().find(|(own, _)| *own == name);
    ours.map(|(_, arguments)| usize::from(*arguments))
}

/// What a function gives; an error is "undefined".
fn run(builtin: &Builtin, arguments: &[Value]) -> Option<Value> {
    static CACHES: LazyLock<Caches> = LazyLock::new(Caches::default);
    let arguments: Vec<data::Value> = arguments
        .iter()
        .map(values::from_engine)
        .collect::<Option<_>>()?;
    let arguments: Vec<&data::Value> = arguments.iter().collect();
    let mut budget = Budget::default();
    budget.memory = MEMORY;
    let mut context = Context {
        outside: None,
        budget: &mut budget,
        now_ns: 0,
        seed: 0,
        runtime: &data::Value::Null,
        caches: &CACHES,
        memo: &mut HashMap::new(),
    };
    let value = builtin.call(&mut context, &arguments).ok()?;
    values::to_engine(&value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_there_and_takes_as_many_arguments() {
        for (name, arguments) in OURS {
            let builtin = builtins::get(name).expect(name);
            let declared = (builtin.declaration)().args.len();
            assert_eq!(declared, usize::from(arguments), "{name}");
        }
    }

    #[test]
    fn values_go_there_and_back() {
        let call = |name, arguments: &[Value]| run(builtins::get(name).expect(name), arguments);
        let text = |text: &str| Value::from(text);
        let found = call(
            "regex.find_n",
            &[text("a+"), text("aab a"), Value::from(-1_i64)],
        );
        assert_eq!(found, Some(Value::from(vec![text("aa"), text("a")])));
        assert_eq!(
            call("to_number", &[text("1e3")]),
            Some(Value::from(1000_i64))
        );
        assert_eq!(call("to_number", &[text("six")]), None);
    }
}
