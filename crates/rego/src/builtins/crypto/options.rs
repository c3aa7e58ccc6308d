//! What is asked of a certificate, as policies say it.

use super::usage::Usage;
use super::verify::Options;
use crate::builtins::{Error, operand};
use crate::value::{Object, Value};

/// Reads options; what they leave out stays as it is in `options`.
pub(super) fn parse(given: &Object, mut options: Options) -> Result<Options, Error> {
    for (key, value) in given {
        // Keys that are no strings are passed over, as OPA passes over them.
        let Value::String(key) = key else {
            continue;
        };
        match &**key {
            "DNSName" => {
                let Value::String(host) = value else {
                    return Err(not("DNSName", "a string"));
                };
                host.trim_matches('"').clone_into(&mut options.host);
            }
            "CurrentTime" => options.now_ns = int("CurrentTime", value)?.into(),
            // Comparisons are bounded by the evaluation's budget.
            "MaxConstraintComparisons" => {
                int("MaxConstraintComparisons", value)?;
            }
            "KeyUsages" => options.usages = usages(value)?,
            other => return Err(Error::Failed(format!("invalid option {other:?}"))),
        }
    }
    Ok(options)
}

fn int(name: &str, value: &Value) -> Result<i64, Error> {
    operand::int(&[value], 0).map_err(|_| not(name, "a number of 64 bits"))
}

fn usages(value: &Value) -> Result<Vec<Usage>, Error> {
    let names = match value {
        Value::Array(names) => names.iter(),
        Value::Set(names) => names.iter(),
        _ => return Err(not("KeyUsages", "an array or a set")),
    };
    let mut usages = Vec::new();
    for name in names.filter_map(Value::as_str) {
        let name = name.trim_matches('"');
        let usage = Usage::named(name);
        let unknown = || Error::Failed(format!("'KeyUsages': invalid entry {name:?}"));
        usages.push(usage.ok_or_else(unknown)?);
    }
    Ok(usages)
}

fn not(name: &str, what: &str) -> Error {
    Error::Failed(format!("'{name}' should be {what}"))
}
