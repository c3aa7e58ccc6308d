//! Rules of each kind.

use crate::program::Rule;
use crate::row;
use crate::tree::Tree;

use super::{Generator, Scope, Type};

/// How deep terms nest.
const DEPTH: usize = 2;

impl Generator {
    /// `p := x if { .. }`, several of them, with a default now and then.
    pub(super) fn complete(&mut self) -> Vec<Rule> {
        let of = self.any_type(2);
        let name = self.fresh("r");
        let mut rules = Vec::new();
        if self.random.chance(35) {
            let value = self.constant(&of);
            rules.push(row!["default ", name.clone(), " := ", value]);
        }
        // Several definitions conflict more often than not, but where they give a constant.
        let count = if self.random.chance(25) { 2 } else { 1 };
        let shared = self.constant(&of);
        for _ in 0..count {
            let mut scope = Scope::default();
            let body = self.literals(&mut scope, 4, DEPTH);
            let value = if count > 1 && self.random.chance(60) {
                shared.clone()
            } else {
                self.term(&of, &scope, DEPTH)
            };
            let body = (!self.random.chance(15)).then_some(body);
            let boolean = of == Type::Bool && body.is_some() && self.random.chance(60);
            if body.is_none() {
                self.declared.clear();
                let value = self.term(&of, &Scope::default(), DEPTH);
                rules.push(row![name.clone(), " := ", value]);
            } else if boolean {
                rules.push(self.with_body(name.clone().into(), body));
            } else {
                rules.push(self.with_body(row![name.clone(), " := ", value], body));
            }
        }
        self.declare(&name, of, None);
        vec![rule(name, false, rules)]
    }

    pub(super) fn partial_set(&mut self) -> Vec<Rule> {
        let of = self.any_type(1);
        let name = self.fresh("s");
        let count = 1 + self.random.below(3);
        let rules = (0..count).map(|_| {
            let mut scope = Scope::default();
            let body = self.literals(&mut scope, 3, DEPTH);
            let value = self.term(&of, &scope, 1);
            let head = if self.old {
                row![name.clone(), "[", value, "]"]
            } else {
                row![name.clone(), " contains ", value]
            };
            self.with_body(head, Some(body))
        });
        let rules = rules.collect();
        self.declare(&name, Type::Set(Box::new(of)), None);
        vec![rule(name, false, rules)]
    }

    pub(super) fn partial_object(&mut self) -> Vec<Rule> {
        let of = self.any_type(1);
        let name = self.fresh("o");
        let count = 1 + self.random.below(3);
        let rules = (0..count).map(|_| {
            let mut scope = Scope::default();
            let body = self.literals(&mut scope, 3, DEPTH);
            let key = self.term(&Type::Text, &scope, 1);
            let value = self.term(&of, &scope, 1);
            self.with_body(row![name.clone(), "[", key, "] := ", value], Some(body))
        });
        let rules = rules.collect();
        self.declare(&name, Type::Object(Box::new(of)), None);
        vec![rule(name, false, rules)]
    }

    /// Heads with several parts, constant and variable, that share their first.
    pub(super) fn reference_head(&mut self) -> Vec<Rule> {
        let of = self.any_type(1);
        let name = self.fresh("h");
        let count = 1 + self.random.below(4);
        let usual = 1 + self.random.below(3);
        let rules = (0..count).map(|_| {
            let mut scope = Scope::default();
            let body = self.literals(&mut scope, 3, 1);
            let parts = if self.random.chance(10) {
                1 + self.random.below(3)
            } else {
                usual
            };
            let parts = (0..parts).map(|_| match self.random.below(10) {
                0..5 => row![".", self.key_name()],
                5..6 => row!["[\"", self.key(), "\"]"],
                6..9 => row!["[", self.term(&Type::Text, &scope, 0), "]"],
                _ => row!["[", self.term(&Type::Number, &scope, 0), "]"],
            });
            let parts = parts.collect();
            let value = self.term(&of, &scope, 1);
            let head = row![name.clone(), Tree::list(parts, "", 1)];
            let head = match self.random.below(10) {
                0..6 => row![head, " := ", value],
                6..9 if !self.old => row![head, " contains ", value],
                _ => head,
            };
            let body = (!self.random.chance(10)).then_some(body);
            match body {
                None => {
                    self.declared.clear();
                    row![
                        name.clone(),
                        ".",
                        self.key_name(),
                        " := ",
                        self.constant(&of)
                    ]
                }
                body => self.with_body(head, body),
            }
        });
        let rules = rules.collect();
        self.declare(&name, Type::Object(Box::new(Type::Any)), None);
        vec![rule(name, false, rules)]
    }

    /// Functions: patterns for arguments, several definitions, defaults.
    pub(super) fn function(&mut self) -> Vec<Rule> {
        let result = self.any_type(1);
        let arity = 1 + self.random.below(2);
        let arguments: Vec<Type> = (0..arity).map(|_| self.any_type(1)).collect();
        let name = self.fresh("f");
        let mut rules = Vec::new();
        if self.random.chance(20) {
            let names: Vec<&str> = arguments.iter().map(|_| "_").collect();
            let value = self.constant(&result);
            rules.push(row![
                "default ",
                name.clone(),
                "(",
                names.join(", "),
                ") := ",
                value
            ]);
        }
        for _ in 0..=self.random.below(3) {
            let mut scope = Scope::default();
            let patterns = arguments.iter().map(|of| {
                if self.random.chance(70) {
                    let name = self.fresh("a");
                    scope.locals.push((name.clone(), of.clone()));
                    return name.into();
                }
                // A pattern of a head holds constants and variables, and no reference to either.
                self.head_pattern(of, &mut scope, 2)
            });
            let patterns: Vec<Tree> = patterns.collect();
            let body = self.literals(&mut scope, 2, 1);
            let value = self.term(&result, &scope, 1);
            let head = row![
                name.clone(),
                "(",
                Tree::list(patterns, ", ", usize::MAX),
                ")"
            ];
            let head = match result {
                Type::Bool if self.random.chance(50) => head,
                _ => row![head, " := ", value],
            };
            rules.push(self.with_body(head, Some(body)));
        }
        self.declare(&name, result, Some(arguments));
        vec![rule(name, true, rules)]
    }

    fn head_pattern(&mut self, of: &Type, scope: &mut Scope, depth: usize) -> Tree {
        match (of, self.random.below(10)) {
            (_, 0) => "_".into(),
            (Type::Array(of), 1..8) if depth > 0 => {
                let items = (0..=self.random.below(2))
                    .map(|_| self.head_pattern(of, scope, depth - 1))
                    .collect();
                row!["[", Tree::list(items, ", ", 0), "]"]
            }
            (Type::Object(of), 1..8) if depth > 0 => {
                row!["{\"a\": ", self.head_pattern(of, scope, depth - 1), "}"]
            }
            (of, 1..5) => self.constant(of),
            (of, _) => {
                let name = self.fresh("a");
                scope.locals.push((name.clone(), of.clone()));
                name.into()
            }
        }
    }

    /// Else chains and chained bodies.
    pub(super) fn alternatives(&mut self) -> Vec<Rule> {
        let of = self.any_type(1);
        let name = self.fresh("e");
        let function = self.random.chance(40);
        let mut scope = Scope::default();
        let head = if function {
            scope.locals.push(("a".to_owned(), Type::Number));
            row![name.clone(), "(a)"]
        } else {
            row![name.clone()]
        };
        let mut first = scope.clone();
        let body = self.literals(&mut first, 3, 1);
        let value = self.term(&of, &first, 1);
        let first = self.with_body(row![head, " := ", value], Some(body));
        let mut pieces = Vec::new();
        for _ in 0..=self.random.below(3) {
            let mut inner = scope.clone();
            let body = self.literals(&mut inner, 2, 1);
            let value = self.term(&of, &inner, 1);
            pieces.push(self.with_body(row![" else := ", value], Some(body)));
        }
        if self.random.chance(50) {
            pieces.push(row![" else := ", self.constant(&of)]);
        }
        self.declare(&name, of, function.then(|| vec![Type::Number]));
        let whole = row![first, Tree::list(pieces, "", 0)];
        vec![rule(name, function, vec![whole])]
    }

    /// What is refused, or should be.
    pub(super) fn invalid(&mut self) -> Vec<Rule> {
        let name = self.fresh("z");
        let text = match self.random.below(12) {
            0 => "N := x",
            1 => "N if { not x == 1 }",
            2 => "N := N2 if { input.n }\n\nN2 := N",
            3 => "N := count(1, 2)",
            4 => "N if { 1 == \"a\" }",
            5 => "N := 1\n\nN contains 2",
            6 => "N(x) := x\n\nN(x, y) := x",
            7 => "default N := 1\n\ndefault N := 2",
            8 => "N := {x | y := 1}",
            9 => "N if { x := 1; x := 2 }",
            10 => "N := undefined_function(1)",
            _ => "N if { every x in [1] { x > y } }",
        };
        let function = text.starts_with("N(");
        let text = text.replace('N', &name);
        vec![rule(name, function, vec![text.into()])]
    }

    /// A head with its body, in the way of the version.
    fn with_body(&mut self, head: Tree, body: Option<Vec<Tree>>) -> Tree {
        let Some(mut body) = body else {
            return head;
        };
        self.use_all(0, &head, &mut body);
        if self.old {
            return row![head, " {\n\t", Tree::body(body), "\n}"];
        }
        match <[Tree; 1]>::try_from(body) {
            Ok([only]) if self.random.chance(40) && !only.to_string().contains('\n') => {
                row![head, " if ", only]
            }
            Ok(only) => row![head, " if {\n\t", Tree::body(only.into()), "\n}"],
            Err(body) => row![head, " if {\n\t", Tree::body(body), "\n}"],
        }
    }

    fn constant(&mut self, of: &Type) -> Tree {
        match of {
            Type::Array(_) => "[]".into(),
            Type::Set(_) => "set()".into(),
            Type::Object(_) => "{}".into(),
            Type::Any => "1".into(),
            of => self.literal(of, &Scope::default(), 0),
        }
    }

    fn key_name(&mut self) -> &'static str {
        self.random.text(&["a", "b", "c", "x"])
    }
}

fn rule(name: String, function: bool, rules: Vec<Tree>) -> Rule {
    let tree = Tree::list(rules, "\n\n", 1);
    Rule {
        name,
        function,
        tree,
    }
}
