//! What `input` and `data` hold: the members that programs read, most of them of the type that is expected.

use std::fmt::Write as _;

use regate_rego::Value;
use regate_rego::value::{Data, json};

use super::{Generator, Type};

/// The members that `input` and `data.d` have, with their types.
pub(super) const MEMBERS: [(&str, &str); 14] = [
    ("n", "n"),
    ("m", "n"),
    ("s", "s"),
    ("t", "s"),
    ("b", "b"),
    ("xs", "[n]"),
    ("ss", "[s]"),
    ("o", "{n}"),
    ("os", "{s}"),
    ("oo", "{{n}}"),
    ("oxs", "{[s]}"),
    ("recs", "[{y}]"),
    ("mat", "[[n]]"),
    ("y", "y"),
];

const NUMBERS: [&str; 48] = [
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "-1",
    "10",
    "100",
    "0.5",
    "1.5",
    "2.0",
    "1.0",
    "-0",
    "0.1",
    "0.2",
    "1e2",
    "1E2",
    "1.10",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551616",
    "100000000000000000000",
    "1e21",
    "1e-7",
    "0.000001",
    "123456789.123456789",
    "1e3",
    "3.7",
    "-2.5",
    "1e100",
    "7",
    "1e0",
    "0e0",
    "10e-1",
    "2.00",
    "-0.0",
    "15e-1",
    "1e20",
    "12345678901234567890.5",
    "123456789012345678901234567890",
    "-123456789012345678.9",
    "9007199254740993.0",
    "1e-400",
    "4294967296",
    "0.30000000000000004",
];

const TEXTS: [&str; 40] = [
    "", "a", "b", "c", "ab", "abc", "x", "A", "a b", " a ", "a,b", "/a/b", "1", "1.5", "true", "ä",
    "日本", "é", "10Ki", "a.b", "\\u0000", "<&>", "aXbXc", "foo bar", "İ", "ß", "ǅ", "e\\u0301",
    "😀", "\\u2028", "\\u00a0a", "%d", "%", "01", "1e0", "0x1", "-1", "a\\tb", "null", "[1]",
];

// === impl Generator ===

impl Generator {
    /// The input of a program; sometimes there is none.
    pub(super) fn input(&mut self) -> Option<Value> {
        if self.random.chance(4) {
            return None;
        }
        let text = if self.random.chance(4) {
            self.json("y", 2)
        } else {
            self.members()
        };
        json::parse(text).ok()
    }

    /// The base documents: some of them beside rules.
    pub(super) fn data(&mut self) -> Value {
        let mut text = format!("{{\"d\": {}", self.members());
        for package in ["p", "q"] {
            if self.random.chance(40) {
                let base = self.json("n", 0);
                let more = self.json("{n}", 1);
                let _ = write!(
                    text,
                    ", \"{package}\": {{\"base\": {base}, \"deep\": {{\"more\": {more}}}}}"
                );
            }
        }
        text.push('}');
        let data = json::parse(text).unwrap_or(Value::Null);
        self.overlapped(data)
    }

    /// Now and then a base document stands where rules put members, or where a rule stands.
    fn overlapped(&mut self, data: Value) -> Value {
        let globals: Vec<_> = self
            .globals
            .iter()
            .filter(|g| g.arguments.is_none())
            .collect();
        let Some(global) = self.random.of(&globals) else {
            return data;
        };
        let below = matches!(global.of, Type::Object(_));
        let mut path: Vec<Value> = global.package.split('.').map(Value::from).collect();
        path.push(global.name.as_str().into());
        if !self.random.chance(if below { 15 } else { 2 }) {
            return data;
        }
        if below {
            path.push(self.key().into());
        }
        let value = json::parse(self.json("y", 2)).unwrap_or(Value::Null);
        Data::new(data.clone())
            .put(&path, value)
            .map_or(data, |data| data.root().clone())
    }

    fn members(&mut self) -> String {
        let mut members = Vec::new();
        for (name, of) in MEMBERS {
            if self.random.chance(8) {
                continue;
            }
            let of = if self.random.chance(5) { "y" } else { of };
            members.push(format!("{name:?}: {}", self.json(of, 3)));
        }
        format!("{{{}}}", members.join(", "))
    }

    /// JSON of a type.
    fn json(&mut self, of: &str, depth: usize) -> String {
        let mut inner = of.get(1..of.len().saturating_sub(1)).unwrap_or("y");
        let mut kind = of.chars().next().unwrap_or('y');
        if kind == 'y' {
            kind = *self
                .random
                .of(&['n', 's', 'b', 'z', '[', '{'])
                .unwrap_or(&'n');
            inner = "y";
        }
        let count = if depth == 0 { 0 } else { self.random.below(5) };
        match kind {
            'n' => self.number_text().to_owned(),
            's' => format!("\"{}\"", self.random.text(&TEXTS)),
            'b' => self.random.text(&["true", "false"]).to_owned(),
            '[' => {
                let items: Vec<String> = (0..count).map(|_| self.json(inner, depth - 1)).collect();
                format!("[{}]", items.join(", "))
            }
            '{' => {
                let items: Vec<String> = (0..count)
                    .map(|_| format!("\"{}\": {}", self.key(), self.json(inner, depth - 1)))
                    .collect();
                format!("{{{}}}", items.join(", "))
            }
            _ => "null".to_owned(),
        }
    }

    /// A number's text; small ones most of the time.
    pub(super) fn number_text(&mut self) -> &'static str {
        let limit = if self.random.chance(80) {
            8
        } else {
            NUMBERS.len()
        };
        self.random.text(NUMBERS.get(..limit).unwrap_or(&NUMBERS))
    }

    /// A string's text, without its quotes.
    pub(super) fn string_text(&mut self) -> &'static str {
        let limit = if self.random.chance(60) {
            6
        } else {
            TEXTS.len()
        };
        self.random.text(TEXTS.get(..limit).unwrap_or(&TEXTS))
    }

    /// A key of objects.
    pub(super) fn key(&mut self) -> &'static str {
        self.random.text(&["a", "b", "c", "x", "é", "ab"])
    }

    /// A member of `input` or `data.d` that should be of that type.
    pub(super) fn member(&mut self, of: &Type) -> Option<&'static str> {
        let astray = self.random.chance(4);
        let fits = MEMBERS
            .iter()
            .filter(|(_, form)| astray || of.takes(&form_of(form)));
        let fits: Vec<_> = fits.map(|(name, _)| *name).collect();
        self.random.of(&fits).copied()
    }
}

/// The type that a member should have.
pub(super) fn form_of(form: &str) -> Type {
    let inner = || {
        Box::new(form_of(
            form.get(1..form.len().saturating_sub(1)).unwrap_or("y"),
        ))
    };
    match form.chars().next() {
        Some('n') => Type::Number,
        Some('s') => Type::Text,
        Some('b') => Type::Bool,
        Some('[') => Type::Array(inner()),
        Some('{') => Type::Object(inner()),
        _ => Type::Any,
    }
}
