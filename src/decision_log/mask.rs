//! What a mask policy's answer does to an event: paths below `/input`, `/result` and
//! `/nd_builtin_cache` are removed or replaced.
//!
//! A rule reaches every part of the document, also those that OPA's own masks pass over in silence
//! (`parsed_path`, values of `parsed_query`, form bodies, `version`). A rule that cannot be
//! understood is an error; what the event then shows is decided by the caller.

use crate::data::Value;

/// The parts of an event that a mask can change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Maskable {
    /// `input`; none when it is not shown.
    pub input: Option<Value>,
    /// `result`; none when there is none.
    pub result: Option<Value>,
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
                // Events carry none so far, so nothing of it can leak.
                Root::NdBuiltinCache => continue,
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
                let member = |name: &str| members.get(&Value::from(name));
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
        Value::Set(rules) => rules.iter_sorted().map(Rule::read).collect(),
        Value::Array(rules) => rules.iter().map(Rule::read).collect(),
        _ => Err(MaskError::NotACollection),
    }
}

fn remove(part: &mut Option<Value>, segments: &[String]) -> bool {
    let Some((last, way)) = segments.split_last() else {
        return part.take().is_some();
    };
    let Some(mut at) = part.as_mut() else {
        return false;
    };
    for segment in way {
        let Some(next) = child(at, segment) else {
            return false;
        };
        at = next;
    }
    remove_child(at, last)
}

fn upsert(part: &mut Option<Value>, segments: &[String], value: Value) -> bool {
    if segments.is_empty() {
        *part = Some(value);
        return true;
    }
    // Without a document there is nothing to hide, and nothing to hang a new member on.
    let Some(mut at) = part.as_mut() else {
        return false;
    };
    for segment in segments {
        if child(at, segment).is_none() && !add_member(at, segment) {
            return false;
        }
        let Some(next) = child(at, segment) else {
            return false;
        };
        at = next;
    }
    *at = value;
    true
}

/// The value at `segment`, by key or by index.
fn child<'a>(parent: &'a mut Value, segment: &str) -> Option<&'a mut Value> {
    ordered(parent);
    match parent {
        Value::Object(_) => {
            let key = key(parent, segment)?;
            parent.as_object_mut().ok()?.get_mut(&key)
        }
        Value::Array(_) => parent.as_array_mut().ok()?.get_mut(index(segment)?),
        _ => None,
    }
}

fn remove_child(parent: &mut Value, segment: &str) -> bool {
    ordered(parent);
    match parent {
        Value::Object(_) => key(parent, segment)
            .and_then(|key| parent.as_object_mut().ok()?.remove(&key))
            .is_some(),
        Value::Array(items) => {
            let mut items = items.to_vec();
            let Some(index) = index(segment).filter(|index| *index < items.len()) else {
                return false;
            };
            items.remove(index);
            *parent = Value::from(items);
            true
        }
        _ => false,
    }
}

/// Adds an empty object as member `segment`; only objects take new members.
fn add_member(parent: &mut Value, segment: &str) -> bool {
    let Ok(members) = parent.as_object_mut() else {
        return false;
    };
    members.insert(Value::from(segment), Value::new_object());
    true
}

/// A set is shown as an array, so a rule addresses it as one.
fn ordered(value: &mut Value) {
    if let Value::Set(items) = value {
        *value = Value::from(items.iter_sorted().cloned().collect::<Vec<_>>());
    }
}

/// The key that `segment` means: its own text, or what it says percent-encoded, or a key that is
/// not a text but is shown as this one.
fn key(object: &Value, segment: &str) -> Option<Value> {
    let members = object.as_object().ok()?;
    let literal = Value::from(segment);
    if members.contains_key(&literal) {
        return Some(literal);
    }
    if let Some(decoded) = percent_decoded(segment).map(Value::from)
        && members.contains_key(&decoded)
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
