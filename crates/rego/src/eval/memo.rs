//! What an evaluation remembers: documents of units, look-ups in them, results of functions.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use smallvec::SmallVec;

use super::reg::Reg;
use super::reuse::Tables;
use crate::plan::ir::UnitId;
use crate::value::Value;

/// What is remembered under one set of replacements.
#[derive(Debug, Default)]
pub(super) struct Memo<'a> {
    dense: Vec<Known<'a>>,
    units: HashMap<UnitId, Known<'a>, FixedState>,
    probes: HashMap<(UnitId, Keys), Known<'a>, FixedState>,
    calls: HashTable<Call<'a>>,
    /// Expressions that depend on no slot, by where they stand in the program.
    pub(super) shared: HashMap<usize, Known<'a>, FixedState>,
    pub(super) tables: Tables<'a>,
}

/// What is known of a unit's whole document.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Known<'a> {
    /// Nothing yet.
    #[default]
    Nothing,
    /// That it is undefined.
    Undefined,
    /// It.
    Value(&'a Value),
}

/// A call that was answered.
#[derive(Debug)]
struct Call<'a> {
    hash: u64,
    unit: UnitId,
    args: SmallVec<[Value; 2]>,
    result: Known<'a>,
}

/// Keys or arguments.
pub(super) type Keys = SmallVec<[Value; 2]>;

/// Units with numbers below this have a place of their own; clearing them costs less than a hash map's allocation.
const DENSE: usize = 64;

/// Values that are looked at when an argument is hashed; of one that is larger, identity counts.
const HASHED: u32 = 48;

// === impl Memo ===

impl<'a> Memo<'a> {
    /// For a program of so many units; `recycled` lends its memory.
    pub(super) fn sized(units: usize, recycled: Vec<Known<'static>>) -> Self {
        let mut dense: Vec<Known<'a>> = recycled;
        dense.clear();
        dense.resize(units.min(DENSE), Known::Nothing);
        Self {
            dense,
            ..Self::default()
        }
    }

    /// Its memory, for the next evaluation.
    pub(super) fn recycle(&mut self) -> Vec<Known<'static>> {
        recycled(std::mem::take(&mut self.dense))
    }

    #[inline]
    pub(super) fn unit(&self, unit: UnitId) -> Known<'a> {
        match self.dense.get(unit.0 as usize) {
            Some(known) => *known,
            None => self.units.get(&unit).copied().unwrap_or_default(),
        }
    }

    pub(super) fn set_unit(&mut self, unit: UnitId, value: Option<&'a Value>) {
        let known = Known::of(value);
        if let Some(place) = self.dense.get_mut(unit.0 as usize) {
            *place = known;
        } else {
            self.units.insert(unit, known);
        }
    }

    pub(super) fn probe(&self, key: &(UnitId, Keys)) -> Known<'a> {
        self.probes.get(key).copied().unwrap_or_default()
    }

    pub(super) fn set_probe(&mut self, key: (UnitId, Keys), value: Option<&'a Value>) {
        self.probes.insert(key, Known::of(value));
    }

    pub(super) fn call(&self, hash: u64, unit: UnitId, args: &[Reg<'_>]) -> Known<'a> {
        let same = |call: &Call<'_>| {
            call.hash == hash
                && call.unit == unit
                && call.args.len() == args.len()
                && call.args.iter().zip(args).all(|(a, b)| same(a, b))
        };
        let call = self.calls.find(hash, same);
        call.map(|call| call.result).unwrap_or_default()
    }

    pub(super) fn set_call(
        &mut self,
        hash: u64,
        unit: UnitId,
        args: SmallVec<[Value; 2]>,
        result: Option<&'a Value>,
    ) {
        let result = Known::of(result);
        let call = Call {
            hash,
            unit,
            args,
            result,
        };
        self.calls.insert_unique(hash, call, |call| call.hash);
    }
}

// === impl Known ===

impl<'a> Known<'a> {
    pub(super) fn of(value: Option<&'a Value>) -> Self {
        value.map_or(Self::Undefined, Self::Value)
    }
}

// === helpers ===

/// The memory of `old` as an empty vector of another lifetime: collecting in place keeps the allocation.
pub(super) fn recycled<A, B>(mut old: Vec<A>) -> Vec<B> {
    old.clear();
    old.into_iter().filter_map(|_| None).collect()
}

/// A hash of a call. Equal arguments may differ in it where they are large and not the same: then the function runs
/// again, which is right too.
pub(super) fn call_hash(unit: UnitId, args: &[Reg<'_>]) -> u64 {
    hash_with(&unit.0, args)
}

/// The same for other things that depend on values.
pub(super) fn hash_with(what: &impl Hash, args: &[Reg<'_>]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    what.hash(&mut hasher);
    let mut left = HASHED;
    for arg in args {
        hash_value(arg, &mut left, &mut hasher);
    }
    hasher.finish()
}

fn hash_value(value: &Value, left: &mut u32, hasher: &mut impl Hasher) {
    match value {
        Value::Null => 0_u8.hash(hasher),
        Value::Bool(v) => v.hash(hasher),
        Value::Number(v) => v.hash(hasher),
        Value::String(v) => v.hash(hasher),
        Value::Array(v) => {
            if take(v.len(), left, v.first(), hasher) {
                v.iter().for_each(|v| hash_value(v, left, hasher));
            }
        }
        Value::Set(v) => {
            if take(v.len(), left, v.at(0), hasher) {
                v.iter().for_each(|v| hash_value(v, left, hasher));
            }
        }
        Value::Object(v) => {
            if take(v.len() * 2, left, v.at(0).map(|(_, v)| v), hasher) {
                for (key, value) in v.iter() {
                    hash_value(key, left, hasher);
                    hash_value(value, left, hasher);
                }
            }
        }
    }
}

/// Whether so many members may be looked at; if not, where the first one stands says which value it is.
fn take(count: usize, left: &mut u32, first: Option<&Value>, hasher: &mut impl Hasher) -> bool {
    count.hash(hasher);
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    if let Some(rest) = left.checked_sub(count) {
        *left = rest;
        return true;
    }
    if let Some(first) = first {
        std::ptr::from_ref(first).hash(hasher);
    }
    false
}

pub(super) fn same(a: &Value, b: &Value) -> bool {
    let first = |v: &Value| match v {
        Value::Array(v) => v.first().map(|f| (0, v.len(), std::ptr::from_ref(f))),
        Value::Object(v) => v.at(0).map(|(_, f)| (1, v.len(), std::ptr::from_ref(f))),
        Value::Set(v) => v.at(0).map(|f| (2, v.len(), std::ptr::from_ref(f))),
        _ => None,
    };
    let (x, y) = (first(a), first(b));
    (x.is_some() && x == y) || a == b
}
