//! A module: package, imports, rules; after an error it goes on at the next rule.

use crate::value::Str;

use super::super::annotations::Target;
use crate::source::Span;

use super::super::ast::{Import, Module, Package, Ref, RegoVersion, Rule, Term, TermKind, Var};
use super::super::lexer::Lexer;
use super::super::token::Kind;
use super::{Keywords, MAX_ERRORS, Parsed, Parser};
use crate::source::Diagnostic;

// === impl Parser ===

impl Parser<'_> {
    pub(in super::super) fn module(mut self) -> Result<Module, Vec<Diagnostic>> {
        if self.version == RegoVersion::V1 && !self.options.features.rego_v1 {
            let message = "illegal capabilities: rego_v1 feature required for parsing v1 Rego";
            let error = self.error(Span::default(), message, "");
            return self.finish(Err(error));
        }
        let package = match self.start() {
            Ok(package) => package,
            Err(error) => return self.finish(Err(error)),
        };
        let mut imports = Vec::new();
        let mut rules = Vec::new();
        let mut targets = vec![(package.span.start, Target::Package)];
        while !self.at_end() && self.errors.len() < MAX_ERRORS {
            let (from, known) = (self.at, rules.len());
            let target = if self.at_import() {
                Target::Import
            } else {
                Target::Rule(known)
            };
            targets.push((self.token().span.start, target));
            let result = self.item(&mut imports, &mut rules);
            let chained = (known..).zip(rules.iter().skip(known)).skip(1);
            targets.extend(chained.map(|(at, rule)| (rule.span.start, Target::Rule(at))));
            if let Err(error) = result {
                self.report(*error.0);
                self.recover(from);
            }
            if self.outline {
                rules.iter_mut().skip(known).for_each(Rule::outline);
            }
        }
        self.lexed();
        if !self.errors.is_empty() {
            self.errors.sort_by(|a, b| a.location.cmp(&b.location));
            return Err(self.errors);
        }
        let comments = self.lexer.get_mut().comments();
        let mut annotations = Vec::new();
        if self.options.process_annotations {
            let (found, mut errors) =
                super::super::annotations::read(self.file, &comments, &targets);
            if !errors.is_empty() {
                errors.truncate(MAX_ERRORS);
                return Err(errors);
            }
            annotations = found;
        }
        Ok(Module {
            file: self.file.clone(),
            version: self.version,
            package,
            imports,
            rules,
            annotations,
            comments,
        })
    }

    /// The package, and what holds from the first rule on.
    pub(super) fn start(&mut self) -> Parsed<Package> {
        let package = self.package()?;
        self.look_for_v1();
        Ok(package)
    }

    pub(super) fn at_end(&self) -> bool {
        self.kind() == Kind::Eof
    }

    /// An import, or a rule with the bodies chained to it.
    pub(super) fn item(&mut self, imports: &mut Vec<Import>, rules: &mut Vec<Rule>) -> Parsed<()> {
        // A span ends where the token before it ends.
        self.lexer.get_mut().free_before(self.at.saturating_sub(1));
        if self.at_import() {
            self.import().map(|import| imports.push(import))
        } else {
            self.rule(rules)
        }
    }

    fn at_import(&self) -> bool {
        self.kind() == Kind::Import && !self.at_keyed_word()
    }

    /// An `import rego.v1` asks the rules before it for v1's heads too.
    fn look_for_v1(&mut self) {
        if self.version == RegoVersion::V1 || !self.file.text.contains("rego.v1") {
            return;
        }
        let mut lexer = Lexer::new(self.file);
        for at in 0.. {
            let [import, rego, dot, v1] = [0, 1, 2, 3].map(|ahead| lexer.token(at + ahead));
            if import.kind == Kind::Eof {
                return;
            }
            if import.kind == Kind::Import
                && self.text(rego) == "rego"
                && dot.kind == Kind::Dot
                && self.text(v1) == "v1"
            {
                self.version = RegoVersion::V1;
                return;
            }
            lexer.free_before(at);
        }
    }

    fn package(&mut self) -> Parsed<Package> {
        let start = self.token();
        if start.kind == Kind::Eof {
            let hint = "a module begins with `package NAME`";
            return Err(self.error(start.span, "empty module", hint));
        }
        if start.kind != Kind::Package {
            let hint = "put `package NAME` before all else in the file";
            return Err(self.error(start.span, "package expected", hint));
        }
        self.next();
        let first = self.token();
        if !first.kind.is_word() {
            return Err(self.unexpected("expected the package's name"));
        }
        self.next();
        let mut path = vec![Term {
            span: first.span,
            kind: TermKind::String(Str::from(self.text(first))),
        }];
        self.keys(&mut path)?;
        for key in &path {
            if !matches!(key.kind, TermKind::String(_)) {
                let hint = "write names and strings: package a.b[\"c-d\"]";
                return Err(self.error(
                    key.span,
                    "package name cannot contain variables or non-string values",
                    hint,
                ));
            }
        }
        let span = self.since(start.span);
        let head = Term {
            span: first.span,
            kind: TermKind::Var(Str::from("data")),
        };
        let path = Ref {
            span: self.since(first.span),
            head: Box::new(head),
            path,
        };
        Ok(Package { span, path })
    }

    fn import(&mut self) -> Parsed<Import> {
        let start = self.next().span;
        let from = self.token().span;
        if self.kind() == Kind::LParen {
            let message = "import keyword cannot be used for rule name";
            return Err(self.error(start, message, "write `import data.a.b`"));
        }
        let term = self.primary()?;
        let path =
            match term.kind {
                TermKind::Ref(reference) => reference,
                TermKind::Var(_) => Ref {
                    span: term.span,
                    head: Box::new(term),
                    path: Vec::new(),
                },
                _ => return Err(self.error(
                    from,
                    "unexpected import path, must begin with one of: {data, future, input, rego}",
                    "write `import data.a.b`",
                )),
            };
        self.check_import(&path)?;
        let alias = if self.text(self.token()) == "as" {
            self.check_alias(&path)?;
            self.next();
            Some(self.alias()?)
        } else {
            None
        };
        if alias.is_none() {
            self.check_last(&path)?;
        }
        let span = self.since(start);
        let import = Import { span, path, alias };
        self.enable(&import)?;
        Ok(import)
    }

    fn check_import(&self, path: &Ref) -> Parsed<()> {
        let head = match &path.head.kind {
            TermKind::Var(name) => &**name,
            _ => "",
        };
        if !matches!(head, "data" | "input" | "future" | "rego") {
            let message =
                "unexpected import path, must begin with one of: {data, future, input, rego}";
            return Err(self.error(
                path.span,
                message,
                "write `import data.a.b` or `import input.a`",
            ));
        }
        match path
            .path
            .iter()
            .find(|key| !matches!(key.kind, TermKind::String(_)))
        {
            Some(key) => Err(self.error(
                key.span,
                "unexpected import path: expecting string keys",
                "the keys of an import are names and strings",
            )),
            None => Ok(()),
        }
    }

    /// The last key of an import is a name, and so no keyword.
    fn check_last(&self, path: &Ref) -> Parsed<()> {
        let Some(last) = path.path.last() else {
            return Ok(());
        };
        let kind = text(last).map_or(Kind::Ident, Kind::of_word);
        let own =
            !matches!(&path.head.kind, TermKind::Var(head) if matches!(&**head, "future" | "rego"));
        let v1 = self.options.version == RegoVersion::V1;
        let soft = v1 && self.is_keyword(kind) && !matches!(kind, Kind::And | Kind::Or);
        if own && (kind.is_keyword() || soft) {
            let message = format!(
                "unexpected import path, must not end with a keyword, got: {}",
                kind.name()
            );
            let hint = "import a different path or use an alias";
            return Err(self.error(last.span, message, hint));
        }
        Ok(())
    }

    fn alias(&mut self) -> Parsed<Var> {
        let token = self.token();
        let name = self.var("expected var")?;
        if matches!(&*name.name, "input" | "data") {
            let message = format!(
                "unexpected import alias, must not be a reserved name, got: {}",
                name.name
            );
            return Err(self.error(token.span, message, "take another name"));
        }
        let mut keys = Vec::new();
        self.keys(&mut keys)?;
        if !keys.is_empty() {
            return Err(self.unexpected("expected var"));
        }
        Ok(name)
    }

    fn check_alias(&self, path: &Ref) -> Parsed<()> {
        if let TermKind::Var(head) = &path.head.kind
            && matches!(&**head, "future" | "rego")
        {
            let message = format!("`{head}` imports cannot be aliased");
            return Err(self.error(self.token().span, message, "leave out `as` and the name"));
        }
        Ok(())
    }

    /// Takes into account what `import future…` and `import rego…` change.
    fn enable(&mut self, import: &Import) -> Parsed<()> {
        let TermKind::Var(head) = &import.path.head.kind else {
            return Ok(());
        };
        let keys: Vec<&str> = import.path.path.iter().filter_map(text).collect();
        let known = match (&**head, keys.as_slice()) {
            ("rego", ["v1"]) => {
                self.version = RegoVersion::V1;
                let v1 = Keywords::of(RegoVersion::V1);
                self.keywords = Keywords {
                    not: self.keywords.not,
                    and: self.keywords.and,
                    or: self.keywords.or,
                    ..v1
                };
                true
            }
            ("rego", ["v2"]) => {
                self.version = RegoVersion::V1;
                self.keywords = Keywords::all();
                true
            }
            // OPA takes a path that is too long for all of them.
            ("future", ["keywords"] | ["keywords", _, _, ..]) => {
                self.keywords = Keywords::all().within(self.options.features);
                true
            }
            ("future", ["keywords", name]) => self.enable_one(name),
            ("rego" | "future", _) => false,
            _ => true,
        };
        if known {
            return Ok(());
        }
        let hint = "known are future.keywords, future.keywords.NAME (and, contains, every, if, in, not, or), rego.v1 and rego.v2";
        Err(self.error(import.path.span, "invalid import", hint))
    }

    fn enable_one(&mut self, name: &str) -> bool {
        let features = self.options.features;
        let keywords = &mut self.keywords;
        match name {
            "if" => keywords.if_ = true,
            "contains" => keywords.contains = true,
            "in" => keywords.in_ = true,
            "every" => {
                keywords.every = true;
                keywords.in_ = true;
            }
            "not" if features.not => keywords.not = true,
            "and" if features.and => keywords.and = true,
            "or" if features.or => keywords.or = true,
            _ => return false,
        }
        true
    }

    /// Goes on to where the next rule seems to begin: a word at the start of a line.
    fn recover(&mut self, from: usize) {
        if self.at == from {
            self.next();
        }
        while self.kind() != Kind::Eof {
            let token = self.token();
            let starts = self.file.starts_line(token.span.start);
            if starts && token.kind.is_word() && token.kind != Kind::Else {
                break;
            }
            self.next();
        }
    }
}

fn text(key: &Term) -> Option<&str> {
    match &key.kind {
        TermKind::String(text) => Some(text),
        _ => None,
    }
}
