//! Makes argument lists: of the declared types, of other types, and good ones changed in one place.

use regate_rego::Value;
use regate_rego::builtins::Builtin;
use regate_rego::types::{Arg, Type};
use regate_rego::value::{Number, Object};

use super::seeds::Seeds;
use crate::program::json_text;
use crate::random::Random;

/// Argument lists of one function, one after the other.
#[derive(Debug)]
pub struct Arguments<'s> {
    types: Vec<Type>,
    good: &'s [Vec<Value>],
    /// Texts of the good arguments and parts of them.
    texts: Vec<String>,
    small: bool,
    random: Random,
}

/// How deep generated values nest.
const DEPTH: usize = 3;

const NUMBERS: &[&str] = &[
    "0", "-0", "1", "-1", "2", "3", "7", "10", "64", "100", "0.5", "-0.5", "1.0", "1e0", "1.5e3",
    "2.50",
];

const LARGE: &[&str] = &[
    "255",
    "256",
    "2147483647",
    "2147483648",
    "-2147483649",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "1e18",
    "1e19",
    "1e100",
    "1e-7",
    "123456789012345678901234567890",
    "0.1",
    "3.141592653589793238462643383279",
    "1e400",
    "-1e400",
    "1700000000000000000",
];

const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "ab",
    "abc",
    " ",
    "\t\n",
    ".",
    "..",
    "/",
    "a/b",
    "a.b.c",
    "-",
    "0",
    "1",
    "-1",
    "1.5",
    "007",
    "1e3",
    "true",
    "null",
    "{}",
    "[]",
    "{\"a\":1}",
    "[1,2",
    "é",
    "e\u{301}",
    "ß",
    "İ",
    "ǆ",
    "漢字",
    "😀",
    "\u{10ffff}",
    "\u{0}",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{ad}",
    "\u{2028}",
    "\u{fffd}",
    "\u{feff}",
    "\u{e000}",
    "%",
    "%d",
    "%s%v",
    "%2f",
    "\\",
    "\"",
    "'",
    "`",
    "*",
    "**",
    "?",
    "[a-z]",
    "(a|b)+",
    "^$",
    "+",
    "=",
    "==",
    "aGk=",
    "aGk",
    "-_",
    "a,b",
    "a;b",
    "10.0.0.0/8",
    "10.0.0.1",
    "::1",
    "::/0",
    "fe80::1%eth0",
    "2020-01-01T00:00:00Z",
    "1h30m",
    "10Ki",
    "1.2.3",
    "v1.2.3",
    "http://a/b?c=d#e",
    "a=b&c=d",
    "68656c6c6f",
    "yes",
    "~",
    "a: b",
    "- 1",
    "&a",
    "2006-01-02",
    "RFC3339",
    "UTC",
];

// === impl Arguments ===

impl<'s> Arguments<'s> {
    /// Those of a function, always the same from the same seed.
    #[must_use]
    pub fn new(builtin: &Builtin, seeds: &'s Seeds, seed: u64) -> Self {
        let name = builtin.name.bytes();
        let own = name.fold(seed, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        let good = seeds.good(builtin.name);
        let mut texts = Vec::new();
        good.iter()
            .flatten()
            .for_each(|arg| gather(arg, &mut texts));
        let types = (builtin.declaration)().args;
        Self {
            types: types.into_iter().map(|Arg { of, .. }| of).collect(),
            good,
            texts,
            small: seeds.is_small(builtin.name),
            random: Random::new(own),
        }
    }

    /// Makes the next list.
    pub fn list(&mut self) -> Vec<Value> {
        let good = self.random.of(self.good).cloned();
        if let Some(mut args) = good.filter(|_| self.random.chance(70)) {
            for _ in 0..self.random.below(3) {
                let at = self.random.below(args.len());
                if let Some(arg) = args.get_mut(at) {
                    *arg = self.changed(arg, DEPTH);
                }
            }
            return args;
        }
        let types = self.types.clone();
        types.iter().map(|of| self.of_type(of, DEPTH)).collect()
    }

    /// A value of a type; now and then of another.
    fn of_type(&mut self, of: &Type, depth: usize) -> Value {
        if self.random.chance(6) {
            return self.any(depth);
        }
        let below = depth.saturating_sub(1);
        match of {
            Type::Null | Type::Function(_) => Value::Null,
            Type::Boolean => Value::Bool(self.random.chance(50)),
            Type::Number => self.number(),
            Type::String => self.text().into(),
            Type::Array { prefix, rest } => {
                let mut items: Vec<Value> =
                    prefix.iter().map(|of| self.of_type(of, below)).collect();
                if let Some(of) = rest {
                    items.extend((0..self.random.below(4)).map(|_| self.of_type(of, below)));
                }
                items.into()
            }
            Type::Set(of) => {
                let count = self.random.below(4);
                Value::Set((0..count).map(|_| self.of_type(of, below)).collect())
            }
            Type::Object { members, rest } => {
                let known = members.iter();
                let mut pairs: Vec<(Value, Value)> = known
                    .map(|(key, of)| (key.clone(), self.of_type(of, below)))
                    .collect();
                if let Some(of) = rest {
                    for _ in 0..self.random.below(4) {
                        pairs.push((self.of_type(&of.0, below), self.of_type(&of.1, below)));
                    }
                }
                Value::Object(pairs.into())
            }
            Type::Any(of) => match self.random.of(of).cloned() {
                Some(of) => self.of_type(&of, depth),
                None => self.any(depth),
            },
        }
    }

    fn any(&mut self, depth: usize) -> Value {
        let kinds = if depth == 0 { 4 } else { 7 };
        let any = Type::any();
        let of = match self.random.below(kinds) {
            0 => Type::Null,
            1 => Type::Boolean,
            2 => Type::Number,
            3 => Type::String,
            4 => Type::array(any),
            5 => Type::set(any),
            _ => Type::object(Type::String, any),
        };
        self.of_type(&of, depth)
    }

    fn number(&mut self) -> Value {
        let large = !self.small && self.random.chance(40);
        let text = self.random.text(if large { LARGE } else { NUMBERS });
        Number::parse(text).map_or(Value::Null, Value::Number)
    }

    fn text(&mut self) -> String {
        if self.random.chance(40)
            && let Some(text) = self.random.of(&self.texts).cloned()
        {
            return text;
        }
        let mut text = self.random.text(TEXTS).to_owned();
        while self.random.chance(25) {
            text.push_str(self.random.text(TEXTS));
        }
        if self.random.chance(2) {
            text = text.repeat(200);
        }
        text
    }

    /// A value like another.
    fn changed(&mut self, value: &Value, depth: usize) -> Value {
        if self.random.chance(8) {
            return self.any(depth);
        }
        let below = depth.saturating_sub(1);
        match value {
            Value::Null => Value::Bool(true),
            Value::Bool(holds) => Value::Bool(!holds),
            Value::Number(_) => self.number(),
            Value::String(text) => self.edited(text).into(),
            Value::Array(array) => {
                let items = self.among(array.iter().cloned().collect(), |own, item| {
                    own.changed(item, below)
                });
                items.into()
            }
            Value::Set(set) => {
                let items = set.iter().cloned().collect();
                let items = self.among(items, |own, item| own.changed(item, below));
                Value::Set(items.into_iter().collect())
            }
            Value::Object(object) => {
                let pairs = object.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                let pairs = self.among(pairs, |own, (key, value)| {
                    if own.random.chance(15) {
                        (own.changed(key, below), value.clone())
                    } else {
                        (key.clone(), own.changed(value, below))
                    }
                });
                Value::Object(Object::from(pairs))
            }
        }
    }

    /// Changes, drops or doubles one of `items`.
    fn among<T: Clone>(
        &mut self,
        mut items: Vec<T>,
        change: impl FnOnce(&mut Self, &T) -> T,
    ) -> Vec<T> {
        let at = self.random.below(items.len());
        let Some(item) = items.get(at).cloned() else {
            return items;
        };
        match self.random.below(6) {
            0 => drop(items.remove(at)),
            1 => items.push(item),
            _ => {
                let new = change(self, &item);
                items.splice(at..=at, [new]);
            }
        }
        items
    }

    /// A text like another.
    fn edited(&mut self, text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let at = self.random.below(chars.len() + 1);
        let (head, tail) = chars.split_at(at.min(chars.len()));
        let (head, tail): (String, String) = (head.iter().collect(), tail.iter().collect());
        match self.random.below(8) {
            0 => head,
            1 => tail,
            2 => format!("{head}{}", tail.chars().skip(1).collect::<String>()),
            3 => format!("{head}{}{tail}", self.random.text(TEXTS)),
            4 => format!("{head}{}", tail.to_uppercase()),
            5 => format!("{text}{tail}"),
            6 => {
                let next = self.random.text(TEXTS);
                format!("{head}{next}{}", tail.chars().skip(1).collect::<String>())
            }
            _ => self.text(),
        }
    }
}

/// A value as a term of Rego, with JSON's escapes.
#[must_use]
pub fn term(value: &Value) -> String {
    let mut text = String::new();
    write_term(value, &mut text);
    text
}

fn write_term(value: &Value, text: &mut String) {
    let items = |items: &mut dyn Iterator<Item = &Value>, close: char, text: &mut String| {
        for (at, item) in items.enumerate() {
            text.push_str(if at > 0 { ", " } else { "" });
            write_term(item, text);
        }
        text.push(close);
    };
    match value {
        Value::Array(array) => {
            text.push('[');
            items(&mut array.iter(), ']', text);
        }
        Value::Set(set) if set.is_empty() => text.push_str("set()"),
        Value::Set(set) => {
            text.push('{');
            items(&mut set.iter(), '}', text);
        }
        Value::Object(object) => {
            text.push('{');
            for (at, (key, value)) in object.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                write_term(key, text);
                text.push_str(": ");
                write_term(value, text);
            }
            text.push('}');
        }
        scalar => {
            // OPA refuses a byte-order mark in a module.
            text.push_str(&json_text(scalar).replace('\u{feff}', "\\ufeff"));
        }
    }
}

fn gather(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.to_string()),
        Value::Array(array) => array.iter().for_each(|item| gather(item, texts)),
        Value::Set(set) => set.iter().for_each(|item| gather(item, texts)),
        Value::Object(object) => {
            for (key, value) in object.iter() {
                gather(key, texts);
                gather(value, texts);
            }
        }
        _ => {}
    }
}
