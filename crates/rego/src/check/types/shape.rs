//! The types that inference works with: shared, so that a clone is cheap, with parts that may still be unknown.
//!
//! Not [`crate::types::Type`], which is what declarations say. A [`Shape`] knows its size and depth; one that grows
//! beyond what a policy's author could read becomes `any`, which nothing is ever refused for.

use std::cmp::Ordering;
use std::sync::{Arc, LazyLock, OnceLock};

use crate::types::{Named, Type};
use crate::value::{Str, Value};

/// A type of which something is known.
pub(super) type Known = Arc<Shape>;

/// A type; `None` where nothing is known.
pub(super) type Ty = Option<Known>;

/// A type with what is derived from it.
#[derive(Debug)]
pub(super) struct Shape {
    kind: Kind,
    size: u32,
    depth: u32,
    partial: bool,
    keys: OnceLock<Ty>,
    values: OnceLock<Ty>,
}

/// What a type is.
#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    /// These elements, then any number of `rest`.
    Array {
        prefix: Vec<Ty>,
        rest: Ty,
    },
    /// These members by key in order, and any of `rest`.
    Object {
        members: Vec<(Value, Ty)>,
        rest: Option<(Ty, Ty)>,
    },
    /// A set of such members; `None` for the empty set.
    Set(Ty),
    /// One of these, in order; with none any value.
    Any(Vec<Known>),
    Function(Signature),
}

/// A function's arguments and result.
#[derive(Debug, Clone, Default)]
pub(super) struct Signature {
    pub(super) params: Vec<Param>,
    pub(super) variadic: Ty,
    /// Absent where the function gives nothing.
    pub(super) result: Option<Param>,
}

/// A type with the name it is shown by.
#[derive(Debug, Clone, Default)]
pub(super) struct Param {
    pub(super) name: Option<Str>,
    pub(super) of: Ty,
}

/// Parts beyond which a type is `any`.
const MAX_SIZE: u32 = 4_000_000;

/// Nesting beyond which a type is `any`.
const MAX_DEPTH: u32 = 64;

/// Alternatives beyond which a type is `any`.
const MAX_ALTERNATIVES: usize = 256;

static ANY: LazyLock<Known> = LazyLock::new(|| Shape::raw(Kind::Any(Vec::new())));
static NULL: LazyLock<Known> = LazyLock::new(|| Shape::raw(Kind::Null));
static BOOLEAN: LazyLock<Known> = LazyLock::new(|| Shape::raw(Kind::Boolean));
static NUMBER: LazyLock<Known> = LazyLock::new(|| Shape::raw(Kind::Number));
static STRING: LazyLock<Known> = LazyLock::new(|| Shape::raw(Kind::String));

// === impl Shape ===

impl Shape {
    /// A type of this kind, or `any` where it is too large.
    pub(super) fn new(kind: Kind) -> Known {
        let shape = Self::raw(kind);
        if shape.size > MAX_SIZE || shape.depth > MAX_DEPTH {
            return any();
        }
        shape
    }

    fn raw(kind: Kind) -> Known {
        let mut shape = Self {
            size: 1,
            depth: 0,
            partial: kind.lacks(),
            kind,
            keys: OnceLock::new(),
            values: OnceLock::new(),
        };
        let (mut size, mut depth, mut partial) = (1_u32, 0_u32, shape.partial);
        shape.kind.each(&mut |part: &Known| {
            size = size.saturating_add(part.size);
            depth = depth.max(part.depth + 1);
            partial |= part.partial;
        });
        // What stands in a union does not make the union unknown.
        shape.partial = partial && !matches!(shape.kind, Kind::Any(_));
        (shape.size, shape.depth) = (size, depth);
        Arc::new(shape)
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether it is `any` without alternatives.
    pub(super) fn is_any(&self) -> bool {
        matches!(&self.kind, Kind::Any(of) if of.is_empty())
    }

    pub(super) fn function(&self) -> Option<&Signature> {
        match &self.kind {
            Kind::Function(signature) => Some(signature),
            _ => None,
        }
    }

    /// Whether it is a collection that can hold nothing.
    pub(super) fn is_empty_collection(&self) -> bool {
        match &self.kind {
            Kind::Array { prefix, rest } => prefix.is_empty() && rest.is_none(),
            Kind::Object { members, rest } => members.is_empty() && rest.is_none(),
            Kind::Set(of) => of.is_none(),
            _ => false,
        }
    }

    /// The type of the keys that a reference may iterate over.
    pub(super) fn keys(&self) -> Ty {
        let keys = self.keys.get_or_init(|| match &self.kind {
            Kind::Array { .. } => number(),
            Kind::Object { members, rest } => {
                let fixed = members.iter().map(|(key, _)| Some(of_value(key)));
                union(fixed.chain(rest.iter().map(|(key, _)| key.clone())))
            }
            Kind::Set(of) => of.clone(),
            Kind::Any(of) if of.is_empty() => Some(any()),
            Kind::Any(of) => union(of.iter().map(|one| one.keys())),
            _ => None,
        });
        keys.clone()
    }

    /// The type of the values that a reference with an unknown key may find.
    pub(super) fn values(&self) -> Ty {
        let values = self.values.get_or_init(|| match &self.kind {
            Kind::Array { prefix, rest } => union(prefix.iter().chain([rest]).cloned()),
            Kind::Object { members, rest } => {
                let fixed = members.iter().map(|(_, value)| value.clone());
                union(fixed.chain(rest.iter().map(|(_, value)| value.clone())))
            }
            Kind::Set(of) => of.clone(),
            Kind::Any(of) if of.is_empty() => Some(any()),
            Kind::Any(of) => union(of.iter().map(|one| one.values())),
            _ => None,
        });
        values.clone()
    }

    /// The type of what a reference finds under `key`.
    pub(super) fn select(&self, key: &Value) -> Ty {
        match &self.kind {
            Kind::Array { prefix, rest } => {
                let Value::Number(at) = key else { return None };
                // Types know only positions that are written as integers: neither `1.0` nor `1e0`.
                let at = at.with_text(str::parse::<i64>).ok()?;
                let at = usize::try_from(at).ok()?;
                prefix.get(at).map_or_else(|| rest.clone(), Clone::clone)
            }
            Kind::Object { members, rest } => {
                if let Ok(at) = members.binary_search_by(|(name, _)| name.cmp(key)) {
                    return members.get(at).and_then(|(_, value)| value.clone());
                }
                let (keys, value) = rest.as_ref()?;
                let fits = keys.as_ref()?.contains(&of_value(key));
                value.clone().filter(|_| fits)
            }
            Kind::Set(of) => {
                let (of, key) = (of.as_ref()?, of_value(key));
                of.contains(&key).then_some(key)
            }
            Kind::Any(of) if of.is_empty() => Some(any()),
            Kind::Any(of) => union(of.iter().map(|one| one.select(key))),
            _ => None,
        }
    }

    /// Whether every value of `other` is one of these, as far as that is seen at once.
    fn contains(&self, other: &Known) -> bool {
        match &self.kind {
            Kind::Any(of) if of.is_empty() => other.function().is_none(),
            Kind::Any(of) => of.binary_search_by(|one| compare(one, other)).is_ok(),
            _ => compare_shapes(self, other) == Ordering::Equal,
        }
    }
}

impl Kind {
    /// Whether a part that a type of this kind must have is unknown.
    fn lacks(&self) -> bool {
        match self {
            Self::Array { prefix, .. } => prefix.iter().any(Option::is_none),
            Self::Object { members, rest } => {
                let rest = rest.as_ref();
                members.iter().any(|(_, value)| value.is_none())
                    || rest.is_some_and(|(key, value)| key.is_none() || value.is_none())
            }
            Self::Set(of) => of.is_none(),
            Self::Function(signature) => {
                let result = signature.result.as_ref();
                signature.params.iter().any(|param| param.of.is_none())
                    || result.is_none_or(|result| result.of.is_none())
            }
            _ => false,
        }
    }

    fn each(&self, see: &mut dyn FnMut(&Known)) {
        match self {
            Self::Array { prefix, rest } => prefix.iter().chain([rest]).flatten().for_each(see),
            Self::Object { members, rest } => {
                let fixed = members.iter().map(|(_, value)| value);
                let rest = rest.iter().flat_map(|(key, value)| [key, value]);
                fixed.chain(rest).flatten().for_each(see);
            }
            Self::Set(of) => of.iter().for_each(see),
            Self::Any(of) => of.iter().for_each(see),
            Self::Function(signature) => {
                let params = signature.params.iter().chain(&signature.result);
                let parts = params.map(|param| &param.of);
                parts.chain([&signature.variadic]).flatten().for_each(see);
            }
            Self::Null | Self::Boolean | Self::Number | Self::String => {}
        }
    }
}

// === helpers ===

/// Any value.
pub(super) fn any() -> Known {
    ANY.clone()
}

/// A boolean.
#[expect(
    clippy::unnecessary_wraps,
    reason = "taken where something may be unknown"
)]
pub(super) fn boolean() -> Ty {
    Some(BOOLEAN.clone())
}

/// A number.
#[expect(
    clippy::unnecessary_wraps,
    reason = "taken where something may be unknown"
)]
pub(super) fn number() -> Ty {
    Some(NUMBER.clone())
}

/// A string.
#[expect(
    clippy::unnecessary_wraps,
    reason = "taken where something may be unknown"
)]
pub(super) fn string() -> Ty {
    Some(STRING.clone())
}

/// An array of any number of `of`.
pub(super) fn array(of: Ty) -> Known {
    let prefix = Vec::new();
    Shape::new(Kind::Array { prefix, rest: of })
}

/// An array of these elements.
pub(super) fn tuple(prefix: Vec<Ty>) -> Known {
    Shape::new(Kind::Array { prefix, rest: None })
}

/// A set.
pub(super) fn set(of: Ty) -> Known {
    Shape::new(Kind::Set(of))
}

/// An object; of equal keys the last one counts.
pub(super) fn object(mut members: Vec<(Value, Ty)>, rest: Option<(Ty, Ty)>) -> Known {
    members.reverse();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members.dedup_by(|a, b| a.0 == b.0);
    Shape::new(Kind::Object { members, rest })
}

/// A function.
pub(super) fn function(signature: Signature) -> Known {
    Shape::new(Kind::Function(signature))
}

/// Whether something of it is unknown.
pub(super) fn unknown(ty: &Ty) -> bool {
    ty.as_ref().is_none_or(|ty| ty.partial)
}

/// The type of a value.
pub(super) fn of_value(value: &Value) -> Known {
    match value {
        Value::Null => NULL.clone(),
        Value::Bool(_) => BOOLEAN.clone(),
        Value::Number(_) => NUMBER.clone(),
        Value::String(_) => STRING.clone(),
        Value::Array(items) => tuple(items.iter().map(|item| Some(of_value(item))).collect()),
        Value::Object(members) => {
            let members = members.iter().map(|(k, v)| (k.clone(), Some(of_value(v))));
            let members = members.collect();
            let rest = None;
            Shape::new(Kind::Object { members, rest })
        }
        Value::Set(members) => set(union(members.iter().map(|member| Some(of_value(member))))),
    }
}

/// The type of a declaration.
pub(super) fn of_type(ty: &Type) -> Known {
    let of = |ty: &Type| Some(of_type(ty));
    match ty {
        Type::Null => NULL.clone(),
        Type::Boolean => BOOLEAN.clone(),
        Type::Number => NUMBER.clone(),
        Type::String => STRING.clone(),
        Type::Array { prefix, rest } => Shape::new(Kind::Array {
            prefix: prefix.iter().map(of).collect(),
            rest: rest.as_deref().and_then(of),
        }),
        Type::Set(member) => set(of(member)),
        Type::Object { members, rest } => object(
            members.iter().map(|(k, v)| (k.clone(), of(v))).collect(),
            rest.as_deref().map(|(k, v)| (of(k), of(v))),
        ),
        Type::Any(alternatives) if alternatives.is_empty() => any(),
        Type::Any(alternatives) => {
            let mut alternatives: Vec<_> = alternatives.iter().map(of_type).collect();
            alternatives.sort_by(compare);
            Shape::new(Kind::Any(alternatives))
        }
        Type::Function(declaration) => function(of_declaration(declaration)),
    }
}

/// The arguments and result of a declaration.
pub(super) fn of_declaration(declaration: &crate::types::Function) -> Signature {
    let param = |named: &Named| Param {
        name: named.name.clone(),
        of: Some(of_type(&named.of)),
    };
    Signature {
        params: declaration.args.iter().map(param).collect(),
        variadic: declaration.variadic.as_ref().map(of_type),
        result: declaration.result.as_ref().map(param),
    }
}

/// One of these; unknown ones say nothing.
pub(super) fn union(types: impl IntoIterator<Item = Ty>) -> Ty {
    let mut types = types.into_iter().flatten();
    let mut known = types.next()?;
    for ty in types {
        known = match or_known(&known, &ty) {
            Some(known) => known,
            // A function and something else have nothing in common; what follows starts again.
            None => ty,
        };
    }
    Some(known)
}

/// One of the two. `None` also where only one of them is a function.
pub(super) fn or(a: &Ty, b: &Ty) -> Ty {
    match (a, b) {
        (Some(a), Some(b)) => or_known(a, b),
        (None, known) | (known, None) => known.clone(),
    }
}

fn or_known(a: &Known, b: &Known) -> Ty {
    if Arc::ptr_eq(a, b) {
        return Some(a.clone());
    }
    match (&a.kind, &b.kind) {
        (Kind::Function(f), Kind::Function(g)) => or_functions(f, g),
        (Kind::Function(_), _) | (_, Kind::Function(_)) => None,
        (Kind::Any(of), Kind::Any(others)) => {
            if of.is_empty() {
                return Some(a.clone());
            }
            if others.is_empty() {
                return Some(b.clone());
            }
            Some(alternatives(of.iter().chain(others).cloned().collect()))
        }
        (Kind::Any(of), _) => Some(with_alternative(a, of, b)),
        (_, Kind::Any(of)) => Some(with_alternative(b, of, a)),
        _ if compare(a, b) == Ordering::Equal => Some(a.clone()),
        _ => Some(alternatives(vec![a.clone(), b.clone()])),
    }
}

fn with_alternative(union: &Known, of: &[Known], one: &Known) -> Known {
    if of.is_empty() {
        return union.clone();
    }
    match of.binary_search_by(|other| compare(other, one)) {
        Ok(_) => union.clone(),
        Err(at) => {
            let (before, after) = of.split_at(at);
            let all = before.iter().chain([one]).chain(after).cloned();
            alternatives(all.collect())
        }
    }
}

fn alternatives(mut of: Vec<Known>) -> Known {
    of.sort_by(compare);
    of.dedup_by(|a, b| compare(a, b) == Ordering::Equal);
    if of.len() > MAX_ALTERNATIVES {
        return any();
    }
    Shape::new(Kind::Any(of))
}

fn or_functions(f: &Signature, g: &Signature) -> Ty {
    if f.params.len() != g.params.len() || f.variadic.is_some() != g.variadic.is_some() {
        return None;
    }
    let either = |a: &Param, b: &Param| Param {
        name: None,
        of: or(&a.of, &b.of),
    };
    let params = f.params.iter().zip(&g.params);
    let result = match (&f.result, &g.result) {
        (Some(a), Some(b)) => Some(either(a, b)),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    Some(function(Signature {
        params: params.map(|(a, b)| either(a, b)).collect(),
        variadic: or(&f.variadic, &g.variadic),
        result,
    }))
}

fn compare(a: &Known, b: &Known) -> Ordering {
    if Arc::ptr_eq(a, b) {
        return Ordering::Equal;
    }
    compare_shapes(a, b)
}

/// The order in which alternatives are shown.
fn compare_shapes(a: &Shape, b: &Shape) -> Ordering {
    match (&a.kind, &b.kind) {
        (Kind::Array { prefix, rest }, Kind::Array { prefix: p, rest: r }) => {
            compare_ty(rest, r).then_with(|| compare_all(prefix.iter(), p.iter()))
        }
        (
            Kind::Object { members, rest },
            Kind::Object {
                members: m,
                rest: r,
            },
        ) => {
            let pairs = |rest: &Option<(Ty, Ty)>| rest.clone();
            let rests = match (pairs(rest), pairs(r)) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Less,
                (Some(_), None) => Ordering::Greater,
                (Some(a), Some(b)) => compare_ty(&a.0, &b.0).then_with(|| compare_ty(&a.1, &b.1)),
            };
            let members = members.iter();
            rests.then_with(|| {
                members
                    .clone()
                    .zip(m)
                    .map(|(a, b)| a.0.cmp(&b.0).then_with(|| compare_ty(&a.1, &b.1)))
                    .find(|order| order.is_ne())
                    .unwrap_or_else(|| members.len().cmp(&m.len()))
            })
        }
        (Kind::Set(a), Kind::Set(b)) => compare_ty(a, b),
        (Kind::Any(a), Kind::Any(b)) => {
            let order = a.iter().zip(b).map(|(a, b)| compare(a, b));
            let first = order.into_iter().find(|order| order.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Kind::Function(f), Kind::Function(g)) => {
            let lengths = f.params.len().cmp(&g.params.len());
            let parts = |s: &Signature| {
                let params = s.params.iter().chain(&s.result);
                params.map(|param| param.of.clone()).collect::<Vec<_>>()
            };
            lengths.then_with(|| compare_all(parts(f).iter(), parts(g).iter()))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

fn compare_ty(a: &Ty, b: &Ty) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn compare_all<'a>(
    a: impl ExactSizeIterator<Item = &'a Ty>,
    b: impl ExactSizeIterator<Item = &'a Ty>,
) -> Ordering {
    let lengths = a.len().cmp(&b.len());
    let mut order = a.zip(b).map(|(a, b)| compare_ty(a, b));
    order.find(|order| order.is_ne()).unwrap_or(lengths)
}

fn rank(shape: &Shape) -> u8 {
    match shape.kind {
        Kind::Null => 0,
        Kind::Boolean => 1,
        Kind::Number => 2,
        Kind::String => 3,
        Kind::Array { .. } => 4,
        Kind::Object { .. } => 5,
        Kind::Set(_) => 6,
        Kind::Any(_) => 7,
        Kind::Function(_) => 8,
    }
}
