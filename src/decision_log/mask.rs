//! What a mask policy's answer does to an event: paths below `/input`, `/result` and
//! `/nd_builtin_cache` are removed or replaced.
//!
//! A rule reaches every part of the document, also those that OPA's own masks pass over in silence
//! (`parsed_path`, values of `parsed_query`, form bodies, `version`). A rule that cannot be
//! understood is an error; what the event then shows is decided by the caller.

use crate::data::{Object, Value};

/// The parts of an event that a mask can change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Maskable {
    /// `input`; none when it is not shown.
    pub input: Option<Value>,
    /// `result`; none when there is none.
    pub result: Option<Value>,
    /// `nd_builtin_cache`; none when there is none.
    pub nd_builtin_cache: Option<Value>,
}

/// What masks did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masked {
    /// Paths whose values are gone.
    pub erased: Vec<String>,
    /// Paths whose values were replaced or set.
    pub masked: Vec<String>,
}

/// Why a mask policy's answer cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    /// The answer is not a collection of rules.
    #[error("the mask decision must be a set or an array of rules")]
    NotACollection,
    /// A rule is neither a path nor an object.
    #[error("a mask rule must be a path or an object with `op` and `path`")]
    NotARule,
    /// `op` is missing or is not one of the two.
    #[error("the mask rule's `op` must be `remove` or `upsert`")]
    Op,
    /// `path` is missing or starts elsewhere.
    #[error(
        "the mask rule's path must be a text that starts with `/input`, `/result` or \
         `/nd_builtin_cache`"
    )]
    Path,
}

struct Rule {
    path: String,
    root: Root,
    segments: Vec<String>,
    op: Op,
}

#[derive(Clone, Copy)]
enum Root {
    Input,
    Result,
    NdBuiltinCache,
}

enum Op {
    Remove,
    Upsert(Value),
}

// === impl Maskable ===

impl Maskable {
    /// The parts by their names.
    pub(super) fn parts(&self) -> [(&'static str, Option<&Value>); 3] {
        [
            ("result", self.result.as_ref()),
            ("input", self.input.as_ref()),
            ("nd_builtin_cache", self.nd_builtin_cache.as_ref()),
        ]
    }

    /// Applies the mask policy's answer, rule by rule, in the answer's order.
    ///
    /// # Errors
    ///
    /// A rule that is malformed; nothing is changed then.
    pub fn apply(&mut self, answer: &Value) -> Result<Masked, MaskError> {
        let rules = rules(answer)?;
        let mut done = Masked::default();
        for rule in rules {
            let part = match rule.root {
                Root::Input => &mut self.input,
                Root::Result => &mut self.result,
                Root::NdBuiltinCache => &mut self.nd_builtin_cache,
            };
            let (changed, list) = match rule.op {
                Op::Remove => (remove(part, &rule.segments), &mut done.erased),
                Op::Upsert(value) => (upsert(part, &rule.segments, value), &mut done.masked),
            };
            if changed && !list.contains(&rule.path) {
                list.push(rule.path);
            }
        }
        Ok(done)
    }
}

// === impl Rule ===

impl Rule {
    fn read(rule: &Value) -> Result<Self, MaskError> {
        match rule {
            Value::String(path) => Self::new(path, Op::Remove),
            Value::Object(members) => {
                let member = |name: &str| members.get_str(name);
                let op = match member("op") {
                    Some(Value::String(op)) if &**op == "remove" => Op::Remove,
                    Some(Value::String(op)) if &**op == "upsert" => {
                        Op::Upsert(member("value").cloned().unwrap_or(Value::Null))
                    }
                    _ => return Err(MaskError::Op),
                };
                match member("path") {
                    Some(Value::String(path)) => Self::new(path, op),
                    _ => Err(MaskError::Path),
                }
            }
            _ => Err(MaskError::NotARule),
        }
    }

    fn new(path: &str, op: Op) -> Result<Self, MaskError> {
        let mut segments = path.strip_prefix('/').ok_or(MaskError::Path)?.split('/');
        let root = match segments.next() {
            Some("input") => Root::Input,
            Some("result") => Root::Result,
            Some("nd_builtin_cache") => Root::NdBuiltinCache,
            _ => return Err(MaskError::Path),
        };
        let segments = segments.map(str::to_owned).collect();
        Ok(Self {
            path: path.to_owned(),
            root,
            segments,
            op,
        })
    }
}

fn rules(answer: &Value) -> Result<Vec<Rule>, MaskError> {
    match answer {
        Value::Set(rules) => rules.iter().map(Rule::read).collect(),
        Value::Array(rules) => rules.iter().map(Rule::read).collect(),
        _ => Err(MaskError::NotACollection),
    }
}

fn remove(part: &mut Option<Value>, segments: &[String]) -> bool {
    if segments.is_empty() {
        return part.take().is_some();
    }
    let changed = part.as_ref().and_then(|whole| without(whole, segments));
    let found = changed.is_some();
    if found {
        *part = changed;
    }
    found
}

fn upsert(part: &mut Option<Value>, segments: &[String], value: Value) -> bool {
    if segments.is_empty() {
        *part = Some(value);
        return true;
    }
    // Without a document there is nothing to hide, and nothing to hang a new member on.
    let changed = part.as_ref().and_then(|whole| with(whole, segments, value));
    let found = changed.is_some();
    if found {
        *part = changed;
    }
    found
}

/// A copy of `whole` in which nothing stands at `segments`; none where nothing stood there before.
fn without(whole: &Value, segments: &[String]) -> Option<Value> {
    let (first, rest) = segments.split_first()?;
    match whole {
        Value::Object(members) => {
            let key = key(members, first)?;
            let others = members.iter().filter(|(other, _)| **other != key);
            let mut members: Vec<(Value, Value)> =
                others.map(|(k, v)| (k.clone(), v.clone())).collect();
            if !rest.is_empty() {
                let changed = without(whole.get(&key)?, rest)?;
                members.push((key, changed));
            }
            Some(Value::Object(Object::from(members)))
        }
        Value::Array(_) | Value::Set(_) => {
            let mut items = items(whole);
            let index = index(first).filter(|index| *index < items.len())?;
            if rest.is_empty() {
                items.remove(index);
            } else {
                let item = items.get_mut(index)?;
                *item = without(item, rest)?;
            }
            Some(Value::from(items))
        }
        _ => None,
    }
}

/// A copy of `whole` with `value` at `segments`. Objects on the way are made where there are none; only objects
/// take new members.
fn with(whole: &Value, segments: &[String], value: Value) -> Option<Value> {
    let Some((first, rest)) = segments.split_first() else {
        return Some(value);
    };
    match whole {
        Value::Object(members) => {
            let key = key(members, first).unwrap_or_else(|| Value::from(first.as_str()));
            let none = Value::Object(Object::default());
            let changed = with(members.get(&key).unwrap_or(&none), rest, value)?;
            let others = members.iter().map(|(k, v)| (k.clone(), v.clone()));
            // Of two equal keys the last one counts.
            Some(Value::Object(others.chain([(key, changed)]).collect()))
        }
        Value::Array(_) | Value::Set(_) => {
            let mut items = items(whole);
            let item = items.get_mut(index(first)?)?;
            *item = with(item, rest, value)?;
            Some(Value::from(items))
        }
        _ => None,
    }
}

/// A set is shown as an array, so a rule addresses it as one.
fn items(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.to_vec(),
        Value::Set(items) => items.iter().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The key that `segment` means: its own text, or what it says percent-encoded, or a key that is
/// not a text but is shown as this one.
fn key(members: &Object, segment: &str) -> Option<Value> {
    let literal = Value::from(segment);
    if members.get(&literal).is_some() {
        return Some(literal);
    }
    if let Some(decoded) = percent_decoded(segment).map(Value::from)
        && members.get(&decoded).is_some()
    {
        return Some(decoded);
    }
    members
        .keys()
        .find(|key| !matches!(key, Value::String(_)) && key.to_string() == segment)
        .cloned()
}

fn percent_decoded(segment: &str) -> Option<String> {
    if !segment.contains('%') {
        return None;
    }
    let mut bytes = segment.bytes();
    let mut out = Vec::with_capacity(segment.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

fn index(segment: &str) -> Option<usize> {
    let canonical = segment == "0" || !segment.starts_with(['0', '+']);
    segment.parse().ok().filter(|_| canonical)
}

#[cfg(test)]
mod tests;
