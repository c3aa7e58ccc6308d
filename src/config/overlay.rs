//! `--set` and `--set-file`: `a.b=1,c[0]=x,d={1,2}` laid over the tree, as Helm writes it.

use std::fmt::Write as _;

use crate::data::yaml::{Entry, Kind, Node};

/// Largest index of a list; a typing error must not fill the memory.
const MAX_INDEX: usize = 65_536;
/// How deep a key may go.
const MAX_DEPTH: usize = 100;

/// Lays `key=value,…` over `tree`, with values typed by their looks.
pub(super) fn set(tree: &mut Node, text: &str) -> Result<(), String> {
    let mut cursor = Cursor {
        chars: text.chars().collect(),
        at: 0,
    };
    while !cursor.at_end() {
        let path = cursor.key()?;
        let value = cursor.value()?;
        put(tree, &path, value)?;
    }
    Ok(())
}

/// Lays `key=FILE,…` over `tree`: the value is the file's content as a string.
pub(super) fn set_file(tree: &mut Node, text: &str) -> Result<(), String> {
    let mut cursor = Cursor {
        chars: text.chars().collect(),
        at: 0,
    };
    while !cursor.at_end() {
        let path = cursor.key()?;
        let (file, _) = cursor.until(&[',']);
        let content = std::fs::read_to_string(&file)
            .map_err(|error| format!("`{}`: `{file}` cannot be read: {error}", show(&path)))?;
        put(tree, &path, given(Kind::String(content.trim().to_owned())))?;
    }
    Ok(())
}

/// Puts `value` at the members `path` of `tree`, and makes the sections on the way.
pub(super) fn put_at(tree: &mut Node, path: &[&str], value: Kind) -> Result<(), String> {
    let steps: Vec<Step> = path
        .iter()
        .map(|name| Step::Member((*name).to_owned()))
        .collect();
    put(tree, &steps, given(value))
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Index(usize),
}

struct Cursor {
    chars: Vec<char>,
    at: usize,
}

// === impl Cursor ===

impl Cursor {
    fn at_end(&self) -> bool {
        self.at >= self.chars.len()
    }

    /// Text up to one of `stops`, which is passed over and returned; a backslash takes what follows
    /// as it is.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut out = String::new();
        while let Some(&c) = self.chars.get(self.at) {
            self.at += 1;
            if stops.contains(&c) {
                return (out, Some(c));
            }
            if c != '\\' {
                out.push(c);
            } else if let Some(&escaped) = self.chars.get(self.at) {
                self.at += 1;
                out.push(escaped);
            }
        }
        (out, None)
    }

    fn key(&mut self) -> Result<Vec<Step>, String> {
        let mut path = Vec::new();
        loop {
            let (name, mut stop) = self.until(&['.', '[', '=', ',']);
            if name.is_empty() {
                return Err(format!("`{}`: a name is empty", show(&path)));
            }
            path.push(Step::Member(name));
            while stop == Some('[') {
                path.push(self.index(&path)?);
                stop = self.chars.get(self.at).copied();
                self.at += 1;
            }
            if path.len() > MAX_DEPTH {
                return Err("a key has too many parts".to_owned());
            }
            match stop {
                Some('.') => {}
                Some('=') => return Ok(path),
                _ => return Err(format!("`{}` has no value; write `key=value`", show(&path))),
            }
        }
    }

    fn index(&mut self, path: &[Step]) -> Result<Step, String> {
        let (digits, stop) = self.until(&[']']);
        match (digits.parse(), stop) {
            (Ok(index), Some(']')) if index <= MAX_INDEX => Ok(Step::Index(index)),
            _ => Err(format!(
                "`{}[{digits}]`: not an index up to {MAX_INDEX}",
                show(path)
            )),
        }
    }

    fn value(&mut self) -> Result<Node, String> {
        if self.chars.get(self.at) != Some(&'{') {
            let (text, _) = self.until(&[',']);
            return Ok(given(typed(&text)));
        }
        self.at += 1;
        let mut items = Vec::new();
        loop {
            let (text, stop) = self.until(&[',', '}']);
            match stop {
                Some('}') if items.is_empty() && text.is_empty() => break,
                Some(stop) => {
                    items.push(given(typed(&text)));
                    if stop == '}' {
                        break;
                    }
                }
                None => return Err("a list has no closing `}`".to_owned()),
            }
        }
        match self.chars.get(self.at) {
            None => {}
            Some(',') => self.at += 1,
            Some(_) => return Err("a comma is missing behind a list".to_owned()),
        }
        Ok(given(Kind::Array(items)))
    }
}

/// A node that no file's line can be named for.
fn given(kind: Kind) -> Node {
    Node { line: 0, kind }
}

/// Helm's rules: booleans, null and integers by their looks; a leading zero makes a string.
fn typed(text: &str) -> Kind {
    match text {
        "true" => Kind::Bool(true),
        "false" => Kind::Bool(false),
        "null" => Kind::Null,
        "0" => Kind::Number("0".to_owned()),
        text if !text.starts_with('0') => match text.parse::<i64>() {
            Ok(value) => Kind::Number(value.to_string()),
            Err(_) => Kind::String(text.to_owned()),
        },
        text => Kind::String(text.to_owned()),
    }
}

fn put(node: &mut Node, path: &[Step], value: Node) -> Result<(), String> {
    let mut at = node;
    for (depth, step) in path.iter().enumerate() {
        let so_far = || show(path.get(..depth).unwrap_or_default());
        at = match step {
            Step::Member(name) => member(at, name)
                .ok_or_else(|| format!("`{}` is not a section, so it has no `{name}`", so_far()))?,
            Step::Index(index) => {
                item(at, *index).ok_or_else(|| format!("`{}` is not a list", so_far()))?
            }
        };
    }
    *at = value;
    Ok(())
}

fn member<'a>(node: &'a mut Node, name: &str) -> Option<&'a mut Node> {
    if node.kind == Kind::Null {
        node.kind = Kind::Object(Vec::new());
    }
    let Kind::Object(entries) = &mut node.kind else {
        return None;
    };
    let at = entries
        .iter()
        .position(|entry| entry.key == name)
        .unwrap_or_else(|| {
            entries.push(Entry {
                key: name.to_owned(),
                line: 0,
                value: given(Kind::Null),
            });
            entries.len() - 1
        });
    entries.get_mut(at).map(|entry| &mut entry.value)
}

fn item(node: &mut Node, index: usize) -> Option<&mut Node> {
    if node.kind == Kind::Null {
        node.kind = Kind::Array(Vec::new());
    }
    let Kind::Array(items) = &mut node.kind else {
        return None;
    };
    if items.len() <= index {
        items.resize(index + 1, given(Kind::Null));
    }
    items.get_mut(index)
}

fn show(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Member(name) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(name);
            }
            Step::Index(index) => {
                // Writing to a string does not fail.
                let _ = write!(out, "[{index}]");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
