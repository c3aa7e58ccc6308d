//! `rand.intn`.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::declare::{number, string, takes};
use super::operand;
use super::{Builtin, Context, Error};
use crate::value::Value;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[Builtin::new(
    "rand.intn",
    "Makes up a number below another; the same arguments give the same number in a query.",
    below,
)
.declared(|| {
    takes([
        string("str", "any text"),
        number("n", "the number to stay below; 0 gives 0"),
    ])
    .gives(number("y", "the number, 0 or more"))
})
.categories(&["numbers"])
.nondeterministic()];

/// The answer follows from the query's seed and the arguments, so that nothing needs to be remembered.
fn below(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let key = operand::string(args, 0)?;
    let bound = operand::int(args, 1)?.unsigned_abs();
    let mut hasher = DefaultHasher::new();
    (context.seed, "rand.intn", &**key, bound).hash(&mut hasher);
    let number = hasher.finish().checked_rem(bound).unwrap_or(0);
    Ok(Value::from(i64::try_from(number).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use crate::builtins::calls::{answers, call};

    #[test]
    fn numbers_stay_below_the_bound_and_the_same() {
        answers(&[
            ("rand.intn", r#"["a", 0]"#, "0"),
            ("rand.intn", r#"["a", 1]"#, "0"),
            ("rand.intn", r#"["a", -1]"#, "0"),
        ]);
        let one = call("rand.intn", r#"["a", 1000000]"#);
        assert_eq!(one, call("rand.intn", r#"["a", -1000000]"#));
        assert_ne!(one, call("rand.intn", r#"["b", 1000000]"#));
    }
}
