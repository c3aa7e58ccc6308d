//! Literals of bodies.

use crate::row;
use crate::tree::Tree;

use super::documents::MEMBERS;
use super::{Generator, Scope, Type};

impl Generator {
    /// Up to `most` literals; what they declare is in scope afterwards.
    pub(super) fn literals(&mut self, scope: &mut Scope, most: usize, depth: usize) -> Vec<Tree> {
        let count = 1 + self.random.below(most);
        (0..count)
            .map(|_| self.literal_of_body(scope, depth))
            .collect()
    }

    fn literal_of_body(&mut self, scope: &mut Scope, depth: usize) -> Tree {
        match self.random.below(100) {
            0..4 if self.logic => self.logic(scope, depth),
            0..18 => self.assignment(scope, depth),
            18..34 => self.comparison(scope, depth),
            34..46 => self.loop_over(scope, depth),
            46..54 => self.reference_with_variable(scope),
            54..62 => self.unification(scope, depth),
            62..68 => self.negation(scope, depth),
            68..74 => self.every(scope, depth),
            74..80 => self.membership(scope, depth),
            80..88 => self.with(scope, depth),
            88..90 => self.walk(scope, depth),
            _ => self.term(&Type::Bool, scope, depth),
        }
    }

    /// A name for a new local: sometimes one that a scope around has, or a rule.
    fn new_local(&mut self, scope: &mut Scope, of: Type) -> String {
        let shadowed = scope.depth > 0 && self.random.chance(8);
        let known = self.random.of(&scope.locals).map(|(name, _)| name.clone());
        let name = match known {
            Some(name) if shadowed && !scope.own.contains(&name) => name,
            _ => self.fresh("v"),
        };
        scope.own.push(name.clone());
        scope.locals.retain(|(known, _)| *known != name);
        scope.locals.push((name.clone(), of));
        name
    }

    /// A new local that `some` declares.
    fn some_local(&mut self, scope: &mut Scope, of: Type) -> String {
        let name = self.new_local(scope, of);
        self.declared.push(name.clone());
        name
    }

    /// Sees to it that what `some` declared since there were `before` of them is used.
    pub(super) fn use_all(&mut self, before: usize, head: &Tree, body: &mut Vec<Tree>) {
        let text: Vec<String> = body.iter().chain([head]).map(Tree::to_string).collect();
        let text = text.join(" ");
        for name in self.declared.drain(before..) {
            let after = |at: usize| {
                text.get(at + name.len()..)
                    .and_then(|rest| rest.chars().next())
            };
            let uses = text.match_indices(&name);
            let uses = uses.filter(|(at, _)| after(*at).is_none_or(|c| !c.is_ascii_alphanumeric()));
            if uses.count() < 2 {
                body.push(row![name.clone(), " == ", name]);
            }
        }
    }

    fn assignment(&mut self, scope: &mut Scope, depth: usize) -> Tree {
        let of = self.any_type(2);
        let value = self.term(&of, scope, depth);
        let name = self.new_local(scope, of);
        if self.random.chance(15) {
            return row![name, " = ", value];
        }
        Tree::Assign(name, Box::new(value))
    }

    fn comparison(&mut self, scope: &Scope, depth: usize) -> Tree {
        let of = self.any_type(1);
        let other = if self.random.chance(1) {
            self.any_type(1)
        } else {
            of.clone()
        };
        let operator = self.random.text(&["==", "==", "!=", "<", "<=", ">", ">="]);
        let (left, right) = (
            self.opaque(&of, scope, depth),
            self.term(&other, scope, depth),
        );
        row![left, " ", operator, " ", right]
    }

    /// `some x in xs`, `some k, v in xs`, with patterns now and then.
    fn loop_over(&mut self, scope: &mut Scope, depth: usize) -> Tree {
        let (collection, of) = self.collection(scope, depth);
        let element = of.element().cloned().unwrap_or(Type::Any);
        let key = match &of {
            Type::Array(_) => Type::Number,
            Type::Set(_) => element.clone(),
            Type::Object(_) => Type::Text,
            _ => Type::Any,
        };
        match self.random.below(10) {
            0..5 => row!["some ", self.some_local(scope, element), " in ", collection],
            5..8 => {
                let key = self.some_local(scope, key);
                let value = self.some_local(scope, element);
                row!["some ", key, ", ", value, " in ", collection]
            }
            8 => row![
                "some _, ",
                self.some_local(scope, element),
                " in ",
                collection
            ],
            _ => {
                let before = scope.own.len();
                let pattern = self.pattern(&element, scope, 1);
                self.declared.extend(scope.own.iter().skip(before).cloned());
                row!["some ", pattern, " in ", collection]
            }
        }
    }

    /// `some i; xs[i] == 1`, `x := xs[_]`, `xs[_].a`.
    fn reference_with_variable(&mut self, scope: &mut Scope) -> Tree {
        let (place, of) = self.place(scope);
        let element = of.element().cloned().unwrap_or(Type::Any);
        match self.random.below(6) {
            0 => {
                let value = self.new_local(scope, element);
                Tree::Assign(value, Box::new(row![place, "[_]"]))
            }
            1 | 2 => {
                let index = self.fresh("i");
                let value = self.new_local(scope, element);
                let index_type = if matches!(of, Type::Array(_)) {
                    Type::Number
                } else {
                    Type::Any
                };
                scope.locals.push((index.clone(), index_type));
                row![
                    "some ",
                    index.clone(),
                    "\n\t",
                    value,
                    " := ",
                    place,
                    "[",
                    index,
                    "]"
                ]
            }
            3 => {
                let key = self.term(&Type::Any, scope, 0);
                row![place, "[", key, "]"]
            }
            4 => {
                let value = self.term(&element, scope, 0);
                row![place, "[_] == ", value]
            }
            _ => {
                let index = self.fresh("i");
                let value = self.new_local(scope, Type::Any);
                row![
                    "some ",
                    index.clone(),
                    "\n\t",
                    place,
                    "[",
                    index,
                    "] = ",
                    value
                ]
            }
        }
    }

    /// A pattern for values of a type: new variables, wildcards, terms.
    pub(super) fn pattern(&mut self, of: &Type, scope: &mut Scope, depth: usize) -> Tree {
        let count = self.random.below(3);
        match (of, self.random.below(10)) {
            (_, 0) => "_".into(),
            (Type::Array(of), 1..8) if depth > 0 => {
                let items = (0..=count).map(|_| self.pattern(of, scope, depth - 1));
                let items = items.collect();
                row!["[", Tree::list(items, ", ", 0), "]"]
            }
            (Type::Object(of), 1..8) if depth > 0 => {
                let items = (0..count).map(|at| {
                    let key = ["a", "b", "c"].get(at).copied().unwrap_or("x");
                    row!["\"", key, "\": ", self.pattern(of, scope, depth - 1)]
                });
                let items = items.collect();
                row!["{", Tree::list(items, ", ", 0), "}"]
            }
            (Type::Set(_), _) | (_, 1..3) => self.term(of, scope, 0),
            _ => self.new_local(scope, of.clone()).into(),
        }
    }

    /// Patterns against values, values against patterns, patterns against patterns.
    fn unification(&mut self, scope: &mut Scope, depth: usize) -> Tree {
        if self.random.chance(40) {
            let mut later = scope.clone();
            let (left, right) = self.both(scope, &mut later, 2);
            *scope = later;
            return row![left, " = ", right];
        }
        let of = match self.random.below(3) {
            0 => Type::Array(Box::new(Type::Number)),
            1 => Type::Object(Box::new(Type::Number)),
            _ => self.any_type(2),
        };
        let value = self.opaque(&of, scope, depth);
        let pattern = self.pattern(&of, scope, 2);
        if self.random.chance(40) {
            return row![value, " = ", pattern];
        }
        row![pattern, " = ", value]
    }

    /// Two patterns of one shape: at each leaf one has a new variable and the other a term.
    fn both(&mut self, scope: &Scope, later: &mut Scope, depth: usize) -> (Tree, Tree) {
        let count = 1 + self.random.below(3);
        match self.random.below(if depth == 0 { 6 } else { 10 }) {
            0..6 => {
                let of = self.any_type(1);
                let value = self.term(&of, scope, 0);
                let name = self.new_local(later, of).into();
                if self.random.chance(50) {
                    (name, value)
                } else {
                    (value, name)
                }
            }
            6..8 => {
                let items = (0..count).map(|_| self.both(scope, later, depth - 1));
                let (left, right): (Vec<_>, Vec<_>) = items.unzip();
                let list = |items| row!["[", Tree::list(items, ", ", usize::MAX), "]"];
                (list(left), list(right))
            }
            _ => {
                let items = (0..count).map(|at| {
                    let key = ["a", "b", "c"].get(at).copied().unwrap_or("x");
                    let (left, right) = self.both(scope, later, depth - 1);
                    (
                        row!["\"", key, "\": ", left],
                        row!["\"", key, "\": ", right],
                    )
                });
                let (left, right): (Vec<_>, Vec<_>) = items.unzip();
                let list = |items| row!["{", Tree::list(items, ", ", usize::MAX), "}"];
                (list(left), list(right))
            }
        }
    }

    fn negation(&mut self, scope: &Scope, depth: usize) -> Tree {
        let literal = match self.random.below(10) {
            0..4 => self.comparison(scope, depth),
            4..6 => self.membership(scope, depth),
            6 => self.reference_without_variable(scope),
            7 => {
                let target = self.replacement(scope).unwrap_or_else(|| "".into());
                row![self.comparison(scope, depth), target]
            }
            // No literal: of a body that is only `not true` OPA makes none at all.
            _ => {
                let of = self.any_type(1);
                let document = self.document(&of);
                document.unwrap_or_else(|| self.comparison(scope, depth))
            }
        };
        row!["not ", literal]
    }

    /// `A or B`, `{ .. } and B`, `not { .. }`: what is bound inside stays inside.
    fn logic(&mut self, scope: &Scope, depth: usize) -> Tree {
        match self.random.below(4) {
            0 => row![self.side(scope, depth), " or ", self.side(scope, depth)],
            1 => row![self.side(scope, depth), " and ", self.side(scope, depth)],
            _ => row!["not ", self.block(scope, depth)],
        }
    }

    fn side(&mut self, scope: &Scope, depth: usize) -> Tree {
        if self.random.chance(50) {
            return self.block(scope, depth);
        }
        // Without parentheses its operators would be read as the sides'.
        let of = self.any_type(1);
        let document = self.document(&of);
        document.unwrap_or_else(|| self.comparison(scope, depth))
    }

    fn block(&mut self, scope: &Scope, depth: usize) -> Tree {
        let mut inner = scope.inner();
        let before = self.declared.len();
        let mut body = self.literals(&mut inner, 2, depth.saturating_sub(1));
        self.use_all(before, &row![], &mut body);
        row!["{ ", Tree::list(body, "; ", 1), " }"]
    }

    fn reference_without_variable(&mut self, scope: &Scope) -> Tree {
        let (place, of) = self.place(scope);
        let key = match of {
            Type::Array(_) => Type::Number,
            _ => Type::Text,
        };
        row![place, "[", self.term(&key, scope, 0), "]"]
    }

    fn every(&mut self, scope: &Scope, depth: usize) -> Tree {
        if depth == 0 || scope.depth > 2 {
            return self.comparison(scope, depth);
        }
        let (collection, of) = self.collection(scope, 0);
        let element = of.element().cloned().unwrap_or(Type::Any);
        let mut inner = scope.inner();
        let before = self.declared.len();
        let key = if self.random.chance(30) {
            row![self.some_local(&mut inner, Type::Any), ", "]
        } else {
            row![]
        };
        let value = self.some_local(&mut inner, element);
        let mut body = self.literals(&mut inner, 2, depth - 1);
        self.use_all(before, &row![key.clone(), " ", value.clone()], &mut body);
        row![
            "every ",
            key,
            value,
            " in ",
            collection,
            " {\n\t\t",
            Tree::list(body, "\n\t\t", 1),
            "\n\t}"
        ]
    }

    fn membership(&mut self, scope: &Scope, depth: usize) -> Tree {
        let (collection, of) = self.collection(scope, depth);
        let element = of.element().cloned().unwrap_or(Type::Any);
        let value = self.term(&element, scope, depth);
        if self.random.chance(25) {
            let key = self.term(&Type::Any, scope, 0);
            return row![key, ", ", value, " in ", collection];
        }
        row![value, " in ", collection]
    }

    fn walk(&mut self, scope: &mut Scope, depth: usize) -> Tree {
        let (place, _) = self.collection(scope, depth.min(1));
        let path = self.new_local(scope, Type::Array(Box::new(Type::Any)));
        let value = self.new_local(scope, Type::Any);
        match self.random.below(3) {
            0 => row![
                "walk(",
                place,
                ", [_, ",
                value.clone(),
                "])\n\tis_number(",
                value,
                ")"
            ],
            _ => row!["walk(", place, ", [", path, ", ", value, "])"],
        }
    }

    /// A literal with other documents, functions or built-ins.
    fn with(&mut self, scope: &mut Scope, depth: usize) -> Tree {
        let count = 1 + self.random.below(3);
        let targets = (0..count).filter_map(|_| self.replacement(scope));
        let targets: Vec<Tree> = targets.collect();
        let literal = match self.random.below(4) {
            0 => self.comparison(scope, depth),
            1 => self.membership(scope, depth),
            _ => {
                let of = self.any_type(1);
                let value = self.term(&of, scope, depth);
                Tree::Assign(self.new_local(scope, of), Box::new(value))
            }
        };
        row![literal, Tree::list(targets, "", 0)]
    }

    fn replacement(&mut self, scope: &Scope) -> Option<Tree> {
        let member = |g: &mut Self, root: &str| {
            let (name, form) = g.random.of(&MEMBERS).copied()?;
            let of = super::documents::form_of(form);
            let value = g.term(&of, scope, 1);
            Some(row![format!(" with {root}.{name} as "), value])
        };
        match self.random.below(12) {
            0..4 => member(self, "input"),
            4..7 => member(self, "data.d"),
            7 => {
                let value = self.term(&Type::Object(Box::new(Type::Number)), scope, 1);
                Some(row![" with input as ", value])
            }
            8..10 => {
                let global = self.random.of(&self.globals.clone())?.clone();
                let value = self.term(&global.of, scope, 1);
                Some(row![
                    format!(" with data.{}.{} as ", global.package, global.name),
                    value
                ])
            }
            10 => {
                let (from, to) = *self.random.of(&[
                    ("lower", "upper"),
                    ("count", "\"7\""),
                    ("abs", "ceil"),
                    ("sum", "3"),
                    ("startswith", "endswith"),
                    ("object.get", "false"),
                    ("concat", "\"mock\""),
                    ("concat", "input.s"),
                    ("sprintf", "concat"),
                    ("upper", "trim_space"),
                    ("to_number", "input.n"),
                    ("object.get", "input.o"),
                    ("numbers.range", "[1, 2]"),
                    ("json.marshal", "\"{}\""),
                    ("regex.match", "true"),
                    ("time.now_ns", "1"),
                ])?;
                Some(row![format!(" with {from} as {to}")])
            }
            _ => {
                let functions = self.globals.iter().filter(|g| g.arguments.is_some());
                let functions: Vec<_> = functions.cloned().collect();
                let (a, b) = (
                    self.random.of(&functions)?.clone(),
                    self.random.of(&functions)?.clone(),
                );
                let to = format!("data.{}.{}", b.package, b.name);
                let from = format!("data.{}.{}", a.package, a.name);
                (a.arguments == b.arguments).then(|| row![format!(" with {from} as {to}")])
            }
        }
    }
}
