//! Nodes and variables to text.

use std::cmp::Ordering;

use super::failed;
use super::parse::{Command, Node};
use crate::builtins::sprintf::shortest;
use crate::builtins::{Budget, Error};
use crate::value::{Value, json};

/// A value under way: numbers of the variables are text to Go, those of the template are not.
#[derive(Clone)]
enum Item {
    Undefined,
    Value(Value),
    Int(i64),
    Float(f64),
}

struct Renderer<'r> {
    output: String,
    root: &'r Value,
    names: Vec<(&'r str, Item)>,
    budget: &'r mut Budget,
}

/// Renders `nodes`; the depth that the parser allows bounds the recursion.
pub(super) fn render(
    nodes: &[Node<'_>],
    vars: &Value,
    budget: &mut Budget,
) -> Result<String, Error> {
    let mut renderer = Renderer {
        output: String::new(),
        root: vars,
        names: Vec::new(),
        budget,
    };
    renderer.list(nodes, &Item::Value(vars.clone()))?;
    Ok(renderer.output)
}

// === impl Renderer ===

impl<'r> Renderer<'r> {
    fn list(&mut self, nodes: &'r [Node<'r>], dot: &Item) -> Result<(), Error> {
        let names = self.names.len();
        for node in nodes {
            self.budget.step(1)?;
            self.node(node, dot)?;
        }
        self.names.truncate(names);
        Ok(())
    }

    fn node(&mut self, node: &'r Node<'r>, dot: &Item) -> Result<(), Error> {
        match node {
            Node::Text(text) => self.write(text),
            Node::Print(command) => match self.command(command, dot)? {
                Item::Undefined | Item::Value(Value::Null) => self.write("<undefined>"),
                Item::Int(int) => self.write(&int.to_string()),
                Item::Float(float) => {
                    self.write(if float.is_sign_negative() { "-" } else { "" })?;
                    self.write(&shortest(float.abs()))
                }
                Item::Value(value) => self.print(&value),
            },
            Node::Assign(name, command) => {
                let item = self.command(command, dot)?;
                self.names.push((name, item));
                Ok(())
            }
            Node::If {
                command,
                with,
                then,
                otherwise,
            } => {
                let item = self.command(command, dot)?;
                if is_true(&item) {
                    self.list(then, if *with { &item } else { dot })
                } else {
                    self.list(otherwise, dot)
                }
            }
            Node::Range {
                names,
                command,
                body,
                otherwise,
            } => {
                let members = members(self.command(command, dot)?)?;
                if members.is_empty() {
                    return self.list(otherwise, dot);
                }
                for (key, item) in members {
                    let known = self.names.len();
                    match names.as_slice() {
                        [] => {}
                        [value] => self.names.push((value, item.clone())),
                        [index, value, ..] => {
                            self.names.push((index, key));
                            self.names.push((value, item.clone()));
                        }
                    }
                    self.list(body, &item)?;
                    self.names.truncate(known);
                }
                Ok(())
            }
        }
    }

    fn command(&mut self, command: &Command<'_>, dot: &Item) -> Result<Item, Error> {
        let Some((name, args)) = command.split_first() else {
            return Ok(Item::Undefined);
        };
        let args = args.iter().map(|word| self.word(word, dot));
        let args = args.collect::<Result<Vec<_>, _>>()?;
        match (*name, args.as_slice()) {
            ("not", [item]) => Ok(Item::Value((!is_true(item)).into())),
            ("and" | "or", [first, rest @ ..]) => {
                let wanted = *name == "or";
                let mut last = first;
                for item in rest {
                    if is_true(last) == wanted {
                        break;
                    }
                    last = item;
                }
                Ok(last.clone())
            }
            ("eq", [first, rest @ ..]) if !rest.is_empty() => {
                let mut equal = false;
                for item in rest {
                    equal |= same(first, item)?;
                }
                Ok(Item::Value(equal.into()))
            }
            ("ne", [first, second]) => Ok(Item::Value((!same(first, second)?).into())),
            ("len", [item]) => length(item),
            ("index", [item, keys @ ..]) => keys.iter().try_fold(item.clone(), index),
            (word, []) => self.word(word, dot),
            (word, _) => Err(failed(&format!("1: function {word:?} not defined"))),
        }
    }

    fn word(&self, word: &str, dot: &Item) -> Result<Item, Error> {
        match word {
            "true" => return Ok(Item::Value(true.into())),
            "false" => return Ok(Item::Value(false.into())),
            "." => return Ok(dot.clone()),
            _ => {}
        }
        if let Some(number) = number(word) {
            return Ok(number);
        }
        if let Some(raw) = word.strip_prefix('`') {
            return Ok(Item::Value(raw.trim_end_matches('`').into()));
        }
        if word.starts_with('"') {
            let text = json::parse(word).map_err(|error| failed(&error.to_string()))?;
            return Ok(Item::Value(text));
        }
        if let Some(path) = word.strip_prefix('.') {
            return path
                .split('.')
                .try_fold(dot.clone(), |item, key| field(&item, key));
        }
        if word.starts_with('$') {
            let (name, path) = word.split_once('.').unwrap_or((word, ""));
            let known = self.names.iter().rev().find(|(known, _)| *known == name);
            let item = match known {
                Some((_, item)) => item.clone(),
                None if name == "$" => Item::Value(self.root.clone()),
                None => return Err(failed(&format!("1: undefined variable {name:?}"))),
            };
            let keys = path.split('.').filter(|key| !key.is_empty());
            return keys
                .into_iter()
                .try_fold(item, |item, key| field(&item, key));
        }
        Err(failed(&format!("1: function {word:?} not defined")))
    }

    /// Writes a value as Go prints one; the depth of values that JSON can show bounds the recursion.
    fn print(&mut self, value: &Value) -> Result<(), Error> {
        if value.depth() > 100 {
            return Err(failed("a value is nested too deeply to be printed"));
        }
        match value {
            Value::Null => self.write("<nil>"),
            Value::String(text) => self.write(text),
            Value::Array(array) => {
                self.write("[")?;
                for (at, item) in array.iter().enumerate() {
                    self.write(if at > 0 { " " } else { "" })?;
                    self.print(item)?;
                }
                self.write("]")
            }
            Value::Object(object) => {
                self.write("map[")?;
                for (at, (key, item)) in object.iter().enumerate() {
                    self.write(if at > 0 { " " } else { "" })?;
                    self.print(key)?;
                    self.write(":")?;
                    self.print(item)?;
                }
                self.write("]")
            }
            Value::Set(_) => Err(failed("a set cannot be printed")),
            scalar => self.write(&scalar.to_string()),
        }
    }

    fn write(&mut self, text: &str) -> Result<(), Error> {
        self.budget.build(text.len() as u64 + 1)?;
        self.output.push_str(text);
        Ok(())
    }
}

/// The number that a word is: an integer of any base, or a decimal with a point or an exponent.
fn number(word: &str) -> Option<Item> {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", word.strip_prefix('+').unwrap_or(word)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let (radix, digits) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        _ if digits.len() > 1 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            (if digits.starts_with('0') { 8 } else { 10 }, digits)
        }
        _ => (10, digits),
    };
    if digits.starts_with(|c: char| c.is_ascii_alphanumeric())
        && let Ok(int) = i64::from_str_radix(&format!("{sign}{digits}"), radix)
    {
        return Some(Item::Int(int));
    }
    let decimal = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if radix != 10 || !digits.contains(['.', 'e', 'E']) || !digits.chars().all(decimal) {
        return None;
    }
    let float: f64 = format!("{sign}{digits}").parse().ok()?;
    float.is_finite().then_some(Item::Float(float))
}

/// A number of the variables is true: to Go it is a text that is not empty.
fn is_true(item: &Item) -> bool {
    match item {
        Item::Undefined | Item::Value(Value::Null) => false,
        Item::Int(int) => *int != 0,
        Item::Float(float) => *float != 0.0,
        Item::Value(Value::Bool(value)) => *value,
        Item::Value(Value::String(text)) => !text.is_empty(),
        Item::Value(Value::Array(array)) => !array.is_empty(),
        Item::Value(Value::Object(object)) => !object.is_empty(),
        Item::Value(_) => true,
    }
}

fn field(item: &Item, key: &str) -> Result<Item, Error> {
    match item {
        Item::Value(Value::Object(object)) => {
            let value = object.get_str(key).cloned();
            Ok(value.map_or(Item::Undefined, Item::Value))
        }
        Item::Undefined => Ok(Item::Undefined),
        _ => Err(failed(&format!("can't evaluate field {key}"))),
    }
}

fn index(item: Item, key: &Item) -> Result<Item, Error> {
    let key = match key {
        Item::Undefined => return Err(failed("index of nil")),
        Item::Value(key) => key.clone(),
        Item::Int(int) => (*int).into(),
        Item::Float(_) => return Err(failed("can't index by a float")),
    };
    let Item::Value(value) = item else {
        return Err(failed("can't index this value"));
    };
    match (value.get(&key), &value) {
        (Some(found), _) => Ok(Item::Value(found.clone())),
        (None, Value::Object(_)) => Ok(Item::Undefined),
        _ => Err(failed("error calling index: index out of range")),
    }
}

fn length(item: &Item) -> Result<Item, Error> {
    let len = match item {
        Item::Value(Value::String(text)) => text.len(),
        Item::Value(Value::Array(array)) => array.len(),
        Item::Value(Value::Object(object)) => object.len(),
        _ => return Err(failed("error calling len: len of untyped nil")),
    };
    Ok(Item::Int(i64::try_from(len).unwrap_or(i64::MAX)))
}

fn same(left: &Item, right: &Item) -> Result<bool, Error> {
    match (left, right) {
        (Item::Int(left), Item::Int(right)) => Ok(left == right),
        (Item::Float(left), Item::Float(right)) => {
            Ok(left.partial_cmp(right) == Some(Ordering::Equal))
        }
        (Item::Value(left), Item::Value(right)) if left.type_name() == right.type_name() => {
            Ok(left == right)
        }
        // What is not there is equal to what is not there either.
        _ if is_nothing(left) || is_nothing(right) => Ok(is_nothing(left) && is_nothing(right)),
        _ => Err(failed("incompatible types for comparison")),
    }
}

fn is_nothing(item: &Item) -> bool {
    matches!(item, Item::Undefined | Item::Value(Value::Null))
}

fn members(item: Item) -> Result<Vec<(Item, Item)>, Error> {
    match item {
        Item::Undefined => Ok(Vec::new()),
        Item::Value(Value::Array(array)) => {
            let items = (0..)
                .map(Item::Int)
                .zip(array.iter().cloned().map(Item::Value));
            Ok(items.collect())
        }
        Item::Value(Value::Object(object)) => {
            let items = object.iter();
            let item = |value: &Value| Item::Value(value.clone());
            Ok(items.map(|(key, value)| (item(key), item(value))).collect())
        }
        _ => Err(failed("range can't iterate over this value")),
    }
}
