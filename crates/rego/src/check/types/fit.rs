//! Whether a value can be of two types at once. No variables here: those are in `infer`.

use super::shape::{Kind, Known, Shape, Ty};

/// Comparisons of parts after which two types count as compatible: nothing is refused for being large.
const STEPS: u32 = 1_000_000;

/// Whether some value may be of both types. Of an unknown type no value is known.
pub(super) fn fits(a: &Ty, b: &Ty) -> bool {
    let mut steps = STEPS;
    both(a, b, &mut steps)
}

fn both(a: &Ty, b: &Ty, steps: &mut u32) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return false;
    };
    known(a, b, steps)
}

fn known(a: &Known, b: &Known, steps: &mut u32) -> bool {
    let Some(left) = steps.checked_sub(1) else {
        return true;
    };
    *steps = left;
    match (a.kind(), b.kind()) {
        (Kind::Any(of), Kind::Any(others)) => {
            of.is_empty()
                || others.is_empty()
                || of.iter().any(|a| others.iter().any(|b| known(a, b, steps)))
        }
        (Kind::Any(of), _) => one_of(of, b, steps),
        (_, Kind::Any(of)) => one_of(of, a, steps),
        (Kind::Null, Kind::Null)
        | (Kind::Boolean, Kind::Boolean)
        | (Kind::Number, Kind::Number)
        | (Kind::String, Kind::String) => true,
        (Kind::Array { rest, .. }, Kind::Array { rest: other, .. }) => {
            elements(a, b, steps)
                && elements(b, a, steps)
                && (rest.is_none() || other.is_none() || both(rest, other, steps))
        }
        (Kind::Object { rest, .. }, Kind::Object { rest: other, .. }) => {
            let (rest, other) = (value_of(rest.as_ref()), value_of(other.as_ref()));
            members(a, b, steps)
                && members(b, a, steps)
                && (rest.is_none() || other.is_none() || both(&rest, &other, steps))
        }
        (Kind::Set(a), Kind::Set(b)) => a.is_none() || b.is_none() || both(a, b, steps),
        (Kind::Function(f), Kind::Function(g)) => {
            let mut params = f.params.iter().zip(&g.params);
            f.params.len() == g.params.len() && params.all(|(a, b)| both(&a.of, &b.of, steps))
        }
        _ => false,
    }
}

fn one_of(of: &[Known], other: &Known, steps: &mut u32) -> bool {
    other.function().is_none() && (of.is_empty() || of.iter().any(|one| known(one, other, steps)))
}

fn elements(a: &Shape, b: &Shape, steps: &mut u32) -> bool {
    let (
        Kind::Array { prefix, .. },
        Kind::Array {
            prefix: other,
            rest,
        },
    ) = (a.kind(), b.kind())
    else {
        return false;
    };
    let mut at = prefix.iter().enumerate();
    at.all(|(at, element)| both(element, other.get(at).unwrap_or(rest), steps))
}

fn members(a: &Shape, b: &Shape, steps: &mut u32) -> bool {
    let (Kind::Object { members, rest }, Kind::Object { rest: other, .. }) = (a.kind(), b.kind())
    else {
        return false;
    };
    let open = value_of(rest.as_ref()).is_some() || value_of(other.as_ref()).is_some();
    members.iter().all(|(key, value)| match b.select(key) {
        None => open,
        found => both(value, &found, steps),
    })
}

fn value_of(rest: Option<&(Ty, Ty)>) -> Ty {
    rest.and_then(|(_, value)| value.clone())
}
