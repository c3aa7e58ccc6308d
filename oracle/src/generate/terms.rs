//! Terms of a type.

use regate_rego::syntax::ast::RegoVersion;

use crate::row;
use crate::tree::Tree;

use super::documents::{MEMBERS, form_of};
use super::{Generator, Scope, Type};

impl Generator {
    /// A term of a type, from what is in scope.
    pub(super) fn term(&mut self, of: &Type, scope: &Scope, depth: usize) -> Tree {
        let local = self.local(of, scope);
        let tree = match self.random.below(100) {
            0..30 if local.is_some() => local,
            30..44 => self.document(of),
            44..54 => self.global(of, scope, depth),
            54..66 if depth > 0 => self.call(of, scope, depth),
            66..74 if depth > 0 => self.operation(of, scope, depth),
            74..82 if depth > 0 => self.comprehension(of, scope, depth),
            82..85 if depth > 0 => self.interpolation(of, scope, depth),
            _ => None,
        };
        tree.unwrap_or_else(|| self.literal(of, scope, depth))
            .term()
    }

    /// A term of whose composite values the type checker knows no shape.
    pub(super) fn opaque(&mut self, of: &Type, scope: &Scope, depth: usize) -> Tree {
        let term = match of {
            Type::Array(_) | Type::Object(_) | Type::Any => self.document(of),
            _ => None,
        };
        term.unwrap_or_else(|| self.term(of, scope, depth)).term()
    }

    fn local(&mut self, of: &Type, scope: &Scope) -> Option<Tree> {
        let fits = scope.locals.iter().filter(|(_, local)| of.takes(local));
        let fits: Vec<&str> = fits.map(|(name, _)| name.as_str()).collect();
        self.random
            .of(&fits)
            .map(|name| Tree::Var((*name).to_owned()))
    }

    /// What stands in `input` or `data`.
    pub(super) fn document(&mut self, of: &Type) -> Option<Tree> {
        let member = self.member(of)?;
        Some(match self.random.below(20) {
            0..11 => row!["input.", member],
            11..17 => row!["data.d.", member],
            17 => row!["input[\"", member, "\"]"],
            18 if *of == Type::Number => row!["data.p.base"],
            _ => row!["input.missing.", member],
        })
    }

    fn global(&mut self, of: &Type, scope: &Scope, depth: usize) -> Option<Tree> {
        let fits = self.globals.iter().filter(|global| of.takes(&global.of));
        let fits: Vec<_> = fits.cloned().collect();
        let global = self.random.of(&fits)?.clone();
        let path = self.path(&global);
        let Some(arguments) = &global.arguments else {
            return Some(path.into());
        };
        if depth == 0 {
            return None;
        }
        let arguments: Vec<Tree> = arguments
            .iter()
            .map(|of| self.term(of, scope, depth - 1))
            .collect();
        Some(row![
            path,
            "(",
            Tree::list(arguments, ", ", usize::MAX),
            ")"
        ])
    }

    fn call(&mut self, of: &Type, scope: &Scope, depth: usize) -> Option<Tree> {
        let fits = self.calls.iter().filter(|call| of.takes(&call.result));
        let fits: Vec<_> = fits.cloned().collect();
        let call = self.random.of(&fits)?.clone();
        let arguments: Vec<Tree> = call
            .arguments
            .iter()
            .map(|of| {
                let of = if self.random.chance(1) {
                    &Type::Any
                } else {
                    of
                };
                self.term(of, scope, depth - 1)
            })
            .collect();
        Some(row![
            call.name,
            "(",
            Tree::list(arguments, ", ", usize::MAX),
            ")"
        ])
    }

    fn operation(&mut self, of: &Type, scope: &Scope, depth: usize) -> Option<Tree> {
        let two = |g: &mut Self, of: &Type, operators: &[&'static str]| {
            let (left, right) = (g.term(of, scope, depth - 1), g.term(of, scope, depth - 1));
            row!["(", left, " ", g.random.text(operators), " ", right, ")"]
        };
        Some(match of {
            Type::Number => two(self, of, &["+", "-", "*", "/", "%", "+", "-"]),
            Type::Set(_) => two(self, of, &["&", "|", "-"]),
            Type::Bool => {
                let of = self.any_type(0);
                two(self, &of, &["==", "!=", "<", "<=", ">", ">=", "=="])
            }
            _ => return None,
        })
    }

    fn interpolation(&mut self, of: &Type, scope: &Scope, depth: usize) -> Option<Tree> {
        if *of != Type::Text || self.version == RegoVersion::V0 {
            return None;
        }
        let parts = (0..=self.random.below(2)).map(|_| {
            let of = self.any_type(1);
            let inner = self.term(&of, scope, depth - 1);
            let text = self.random.text(&["a", "", "x=", "\\{", "\\n", "é"]);
            row![text, "{", inner, "}"]
        });
        let parts = parts.collect();
        Some(row!["$\"", Tree::list(parts, "", 1), "\""])
    }

    /// `[..|..]`, `{..|..}`, `{..: ..|..}`.
    fn comprehension(&mut self, of: &Type, scope: &Scope, depth: usize) -> Option<Tree> {
        if scope.depth > 2 {
            return None;
        }
        let element = of.element()?.clone();
        let mut inner = scope.inner();
        let before = self.declared.len();
        let mut body = self.literals(&mut inner, 2, depth - 1);
        let head = self.term(&element, &inner, depth.min(2) - 1);
        let head = match of {
            Type::Object(_) => row![self.term(&Type::Text, &inner, 0), ": ", head],
            _ => head,
        };
        self.use_all(before, &head, &mut body);
        let body = Tree::list(body, "; ", 1);
        Some(match of {
            Type::Array(_) => row!["[", head, " | ", body, "]"],
            _ => row!["{", head, " | ", body, "}"],
        })
    }

    /// A literal of a type; composite ones hold terms.
    pub(super) fn literal(&mut self, of: &Type, scope: &Scope, depth: usize) -> Tree {
        let count = self.random.below(4);
        let below = depth.saturating_sub(1);
        let items = |g: &mut Self, of: &Type, count: usize| -> Vec<Tree> {
            (0..count).map(|_| g.term(of, scope, below)).collect()
        };
        match of {
            Type::Null => "null".into(),
            Type::Bool => self.random.text(&["true", "true", "false"]).into(),
            Type::Number => self.number_text().into(),
            Type::Text => match self.string_text() {
                text if !text.contains('\\') && self.random.chance(10) => row!["`", text, "`"],
                text => row!["\"", text, "\""],
            },
            Type::Form(form) => self.form(*form),
            Type::Array(of) => row!["[", Tree::list(items(self, of, count), ", ", 0), "]"],
            Type::Set(_) if count == 0 => "set()".into(),
            Type::Set(of) => row!["{", Tree::list(items(self, of, count), ", ", 1), "}"],
            Type::Object(of) => {
                let members = (0..count).map(|at| {
                    let key = ["a", "b", "c", "x"].get(at).copied().unwrap_or("y");
                    row!["\"", key, "\": ", self.term(of, scope, below)]
                });
                let members = members.collect();
                row!["{", Tree::list(members, ", ", 0), "}"]
            }
            Type::Any => {
                let of = self.any_type(depth.min(2));
                let of = if of == Type::Any { Type::Number } else { of };
                self.literal(&of, scope, depth)
            }
        }
    }

    /// A string of some form.
    fn form(&mut self, form: char) -> Tree {
        self.random.text(texts_of(form)).into()
    }

    /// A collection to loop over, and the type of what is in it.
    pub(super) fn collection(&mut self, scope: &Scope, depth: usize) -> (Tree, Type) {
        if self.random.chance(65) {
            return self.place(scope);
        }
        let members = MEMBERS.iter().map(|(_, form)| form_of(form));
        let mut kinds: Vec<Type> = members.filter(|of| of.element().is_some()).collect();
        let locals = scope.locals.iter().map(|(_, of)| of);
        kinds.extend(locals.filter(|of| of.element().is_some()).cloned());
        let globals = self
            .globals
            .iter()
            .filter(|global| global.arguments.is_none());
        kinds.extend(
            globals
                .map(|global| global.of.clone())
                .filter(|of| of.element().is_some()),
        );
        let of = self.random.of(&kinds).cloned().unwrap_or(Type::Any);
        let term = self.term(&of, scope, depth.min(1));
        // A reference into what is known to be empty is refused.
        if ["[]", "set()", "{}"].contains(&term.to_string().as_str()) {
            return self.place(scope);
        }
        (term, of)
    }

    /// Something that a reference can go into: no literal.
    pub(super) fn place(&mut self, scope: &Scope) -> (Tree, Type) {
        let locals = scope.locals.iter().filter(|(_, of)| of.element().is_some());
        let mut places: Vec<(String, Type)> = locals.cloned().collect();
        for (name, form) in MEMBERS {
            let of = form_of(form);
            if of.element().is_some() {
                places.push((format!("input.{name}"), of.clone()));
                places.push((format!("data.d.{name}"), of));
            }
        }
        let globals = self.globals.iter().filter(|g| g.arguments.is_none());
        let globals = globals.filter(|g| g.of.element().is_some());
        for _ in 0..2 {
            places.extend(
                globals
                    .clone()
                    .map(|g| (format!("data.{}.{}", g.package, g.name), g.of.clone())),
            );
        }
        let found = self.random.of(&places).cloned();
        let (place, of) = found.unwrap_or_else(|| ("input.y".to_owned(), Type::Any));
        (place.into(), of)
    }
}

/// What a string of some form may be.
fn texts_of(form: char) -> &'static [&'static str] {
    match form {
        'r' => &[
            "`a`",
            "`^a.*$`",
            "`(a)(b)?`",
            "`[a-c]+`",
            "`\\d+`",
            "`(`",
            "`(?i)A`",
            "`x*`",
        ],
        'g' => &[
            "\"a*\"",
            "\"**\"",
            "\"*.b\"",
            "\"{a,b}\"",
            "\"[a-c]?\"",
            "\"a.?\"",
            "\"[\"",
        ],
        'c' => &[
            "\"10.0.0.0/8\"",
            "\"10.1.0.0/30\"",
            "\"10.0.0.1\"",
            "\"::1/127\"",
            "\"bad\"",
        ],
        // Small ones: what is large takes OPA's memory.
        'i' => &["0", "1", "3", "-2", "7", "2.0", "1.5"],
        'k' => &["\"10.1.0.0/30\"", "\"::1/127\"", "\"bad\""],
        'v' => &[
            "\"1.0.0\"",
            "\"1.2.3-rc1\"",
            "\"2.0.0+b\"",
            "\"v1\"",
            "\"1.10.0\"",
        ],
        't' => &[
            "\"2020-01-02T03:04:05Z\"",
            "\"2024-02-29T00:00:00+02:00\"",
            "\"nope\"",
        ],
        'j' => &[
            "`{\"a\": [1, 2.0]}`",
            "`[1e2, null]`",
            "`{`",
            "`\"x\"`",
            "`1.10`",
        ],
        _ => other_texts_of(form),
    }
}

fn other_texts_of(form: char) -> &'static [&'static str] {
    match form {
        'p' => &[
            "[{\"op\": \"add\", \"path\": \"/a\", \"value\": 1}]",
            "[{\"op\": \"remove\", \"path\": \"a/b\"}]",
            "[{\"op\": \"replace\", \"path\": [\"b\", 0], \"value\": null}]",
            "[{\"op\": \"move\", \"from\": \"a\", \"path\": \"c\"}]",
            "[{\"op\": \"copy\", \"from\": \"\", \"path\": \"x\"}]",
            "[{\"op\": \"test\", \"path\": \"/a\", \"value\": 1.0}]",
            "[{\"op\": \"add\", \"path\": \"/b/-\", \"value\": {1}}]",
            "[]",
        ],
        'm' => &[
            "\"a\"",
            "\"$1\"",
            "`{{.a}}`",
            "`{{.a.b}}-{{.c}}`",
            "`{{`",
            "\"${1}x\"",
        ],
        'd' => &[
            "\"1h\"",
            "\"1.5s\"",
            "\"-2m3s\"",
            "\"1\"",
            "\"µs\"",
            "\"300000h\"",
        ],
        'y' => &[
            "\"2006-01-02\"",
            "\"RFC3339\"",
            "\"2006-01-02T15:04:05Z07:00\"",
        ],
        'b' => &[
            "\"10Ki\"", "\"1.5k\"", "\"10\"", "\"1e3\"", "\"K\"", "\"1 KB\"", "\"100m\"", "\"0x1\"",
        ],
        _ => &[
            "\"%v\"",
            "\"%s\"",
            "\"%d\"",
            "\"%06.2f|%e|%g\"",
            "\"%x %X %o %b\"",
            "\"%[2]v %[1]v\"",
            "\"%*d\"",
            "\"%+v %#v %T\"",
            "\"%c%U\"",
            "\"%!\"",
            "\"%10.3s|\"",
            "\"%p\"",
            "\"%d-%s\"",
            "\"%.2f\"",
            "\"%5d|%-5s|\"",
            "\"%q %x\"",
            "\"%t%%\"",
            "\"%v %v\"",
        ],
    }
}
