//! Tables of calls and answers for the families' tests: `("count", r#"["héé"]"#, "3")` reads as
//! `count("héé")` is `3`. Terms are written as Rego writes ground ones, sets included.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::{Budget, Caches, Context, Error, get};
use crate::value::{Number, Object, Set, Value};

/// A call and its answer: name, arguments as an array, and a term, `undefined`, or an error's message.
pub(super) type Case = (&'static str, &'static str, &'static str);

/// Runs each case and shows all that answer otherwise.
pub(super) fn holds(cases: &[Case]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(name, args, want)| {
            let got = answer(name, args);
            (got != *want).then(|| format!("{name}({args})\n  want {want}\n  got  {got}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a call answers, as text.
pub(super) fn answer(name: &str, args: &str) -> String {
    match call(name, args, &mut Budget::default()) {
        Ok(value) => show(&value),
        Err(Error::Undefined) => "undefined".to_owned(),
        Err(Error::Type(message)) => format!("type error: {message}"),
        Err(error) => format!("error: {error}"),
    }
}

/// Calls under a budget.
pub(super) fn call(name: &str, args: &str, budget: &mut Budget) -> Result<Value, Error> {
    let builtin = get(name).expect("a known name");
    let Value::Array(args) = read(args) else {
        panic!("arguments are an array: {args}");
    };
    let mut context = Context {
        budget,
        now_ns: 0,
        seed: 0,
        runtime: &Value::Null,
        caches: &Caches::default(),
        outside: None,
        memo: &mut HashMap::new(),
    };
    let args: Vec<&Value> = args.iter().collect();
    builtin.call(&mut context, &args)
}

/// Reads a ground term.
pub(super) fn read(text: &str) -> Value {
    let mut reader = Reader { rest: text };
    let value = reader.value();
    assert_eq!(reader.rest.trim(), "", "nothing stands behind {text}");
    value
}

/// Writes a term.
pub(super) fn show(value: &Value) -> String {
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(v) => v.to_string(),
        Value::Number(v) => v.to_string(),
        Value::String(v) => serde_json::to_string(&**v).expect("strings can be written"),
        Value::Array(v) => format!("[{}]", list(&mut v.iter().map(show))),
        Value::Set(v) if v.is_empty() => "set()".to_owned(),
        Value::Set(v) => format!("{{{}}}", list(&mut v.iter().map(show))),
        Value::Object(v) => {
            let members = &mut v.iter().map(|(k, v)| format!("{}: {}", show(k), show(v)));
            format!("{{{}}}", list(members))
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn value(&mut self) -> Value {
        self.rest = self.rest.trim_start();
        if self.eat("set()") {
            return Set::default().into();
        }
        if self.eat("[") {
            return self.list("]").into();
        }
        if self.eat("{") {
            return self.members();
        }
        let mut scalars = serde_json::Deserializer::from_str(self.rest).into_iter();
        let scalar: &RawValue = scalars.next().expect("a term").expect("JSON");
        self.rest = self.rest.get(scalars.byte_offset()..).unwrap_or_default();
        match scalar.get() {
            "null" => Value::Null,
            "true" => true.into(),
            "false" => false.into(),
            text if text.starts_with('"') => {
                let text: String = serde_json::from_str(text).expect("a string");
                text.into()
            }
            number => Number::parse(number).expect("a number").into(),
        }
    }

    fn list(&mut self, end: &str) -> Vec<Value> {
        let mut items = Vec::new();
        while !self.eat(end) {
            items.push(self.value());
            self.eat(",");
        }
        items
    }

    fn members(&mut self) -> Value {
        if self.eat("}") {
            return Object::default().into();
        }
        let first = self.value();
        if !self.eat(":") {
            self.eat(",");
            let mut members = self.list("}");
            members.push(first);
            return Set::from(members).into();
        }
        let mut members = vec![(first, self.value())];
        while self.eat(",") {
            let key = self.value();
            assert!(self.eat(":"), "a key has a value: {}", self.rest);
            members.push((key, self.value()));
        }
        assert!(self.eat("}"), "an object ends: {}", self.rest);
        Object::from(members).into()
    }

    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}
