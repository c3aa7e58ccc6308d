//! Makes programs: most of them valid, each a little of everything that engines get wrong.
//!
//! It writes from typed templates: every term is made for a type, from what is in scope, so that most programs pass
//! the type checker. What `input` and `data` hold is random but of the shape that the program reads.

mod body;
mod calls;
mod documents;
mod heads;
mod terms;

use regate_rego::syntax::ast::RegoVersion;

use crate::program::{Module, Program, Rule};
use crate::random::Random;
use calls::Signature;

/// A type, as coarse as templates need it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Type {
    Null,
    Bool,
    Number,
    Text,
    /// A small `i`nteger, or a text of some form: a few addresses (`k`), `r`egular expression, `g`lob, `c`idr, `v`ersion, `t`ime, `j`son, `l`ayout of `sprintf`.
    Form(char),
    Array(Box<Type>),
    Set(Box<Type>),
    /// Keys are strings.
    Object(Box<Type>),
    Any,
}

/// A rule that later ones may use.
#[derive(Debug, Clone)]
struct Global {
    package: String,
    name: String,
    of: Type,
    /// Of a function, the types of its arguments.
    arguments: Option<Vec<Type>>,
}

/// What a place in a rule sees.
#[derive(Debug, Clone, Default)]
struct Scope {
    locals: Vec<(String, Type)>,
    /// Those of them that the innermost body declares.
    own: Vec<String>,
    /// Bodies nest so deep.
    depth: usize,
}

/// What is known while a program is made.
#[derive(Debug)]
struct Generator {
    random: Random,
    version: RegoVersion,
    /// Whether rules are written as before OPA 1.0.
    old: bool,
    package: String,
    /// Packages that the module at hand imports under another name.
    aliases: Vec<String>,
    /// Whether the module at hand has `and`, `or` and `not { .. }`.
    logic: bool,
    globals: Vec<Global>,
    calls: Vec<Signature>,
    names: usize,
    /// Variables that `some` declared in bodies that are still open: each must be used.
    declared: Vec<String>,
}

/// The program of a seed; it grows with `size`, of which 1 is the least.
#[must_use]
pub fn program(seed: u64, size: usize) -> Program {
    let mut random = Random::new(seed);
    let old = random.chance(8);
    let mut generator = Generator {
        version: if old || random.chance(3) {
            RegoVersion::V0
        } else {
            RegoVersion::V1
        },
        old,
        random,
        package: String::new(),
        aliases: Vec::new(),
        logic: false,
        globals: Vec::new(),
        calls: calls::table(),
        names: 0,
        declared: Vec::new(),
    };
    let modules = 1 + generator.random.below(1 + size.min(3));
    let sure = generator.random.chance(75);
    let mut made = Vec::new();
    for at in 0..modules {
        generator.module(at, size, sure, &mut made);
    }
    let mut modules = made;
    if generator.random.chance(6) {
        let invalid = generator.invalid();
        modules
            .iter_mut()
            .take(1)
            .for_each(|m| m.rules.extend(invalid.clone()));
    }
    Program {
        modules,
        data: generator.data(),
        input: generator.input(),
    }
}

// === impl Generator ===

impl Generator {
    /// Makes a module beside those that there are. If it must be `sure`, rules that this engine refuses are left out.
    fn module(&mut self, at: usize, size: usize, sure: bool, modules: &mut Vec<Module>) {
        let packages = ["p", "q", "p.sub", "lib.util"];
        // Two modules may be one package.
        let at = if self.random.chance(25) { 0 } else { at };
        let package = packages.get(at).copied().unwrap_or("p");
        package.clone_into(&mut self.package);
        let mut imports = Vec::new();
        if self.old {
            imports.push("future.keywords.in".to_owned());
            imports.push("future.keywords.every".to_owned());
        } else if self.version == RegoVersion::V0 {
            imports.push("rego.v1".to_owned());
        }
        let others = self.globals.iter().map(|global| global.package.clone());
        let mut others: Vec<String> = others.filter(|package| *package != self.package).collect();
        others.dedup();
        others.truncate(2);
        for other in &others {
            let alias = other.replace('.', "_");
            imports.push(format!("data.{other} as {alias}_"));
        }
        self.aliases = others;
        self.logic = self.version == RegoVersion::V1 && self.random.chance(30);
        if self.logic {
            imports.extend(["and", "or", "not"].map(|word| format!("future.keywords.{word}")));
        }
        if self.random.chance(20) {
            imports.push("input.o as io".to_owned());
        }
        let rules = 1 + self.random.below(1 + size);
        let module = Module {
            version: self.version,
            package: self.package.clone(),
            imports,
            rules: Vec::new(),
        };
        let here = modules.len();
        modules.push(module);
        for _ in 0..rules {
            let before = self.globals.len();
            let rules = self.rule();
            let count = rules.len();
            let Some(module) = modules.get_mut(here) else {
                return;
            };
            module.rules.extend(rules);
            if !sure || crate::ours::compiles(modules) {
                continue;
            }
            if let Some(module) = modules.get_mut(here) {
                module.rules.truncate(module.rules.len() - count);
            }
            self.globals.truncate(before);
        }
    }

    fn rule(&mut self) -> Vec<Rule> {
        match self.random.below(100) {
            0..28 => self.complete(),
            28..42 => self.partial_set(),
            42..54 => self.partial_object(),
            54..66 => self.reference_head(),
            66..88 => self.function(),
            _ => self.alternatives(),
        }
    }

    /// A name that nothing has yet.
    fn fresh(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn declare(&mut self, name: &str, of: Type, arguments: Option<Vec<Type>>) {
        self.globals.push(Global {
            package: self.package.clone(),
            name: name.to_owned(),
            of,
            arguments,
        });
    }

    /// How a global is called from here.
    fn path(&mut self, global: &Global) -> String {
        let name = &global.name;
        if global.package == self.package && self.random.chance(80) {
            return name.clone();
        }
        if self.aliases.contains(&global.package) && self.random.chance(50) {
            return format!("{}_.{name}", global.package.replace('.', "_"));
        }
        format!("data.{}.{name}", global.package)
    }

    fn any_type(&mut self, depth: usize) -> Type {
        let of = |g: &mut Self| Box::new(g.any_type(depth.saturating_sub(1)));
        match self.random.below(if depth == 0 { 70 } else { 100 }) {
            0..30 => Type::Number,
            30..50 => Type::Text,
            50..66 => Type::Bool,
            66..68 => Type::Null,
            68..70 => Type::Any,
            70..82 => Type::Array(of(self)),
            82..91 => Type::Set(of(self)),
            _ => Type::Object(of(self)),
        }
    }
}

// === impl Scope ===

impl Scope {
    /// The scope of a body inside this one.
    fn inner(&self) -> Self {
        Self {
            locals: self.locals.clone(),
            own: Vec::new(),
            depth: self.depth + 1,
        }
    }
}

// === impl Type ===

impl Type {
    /// Of a collection, the type of what is in it.
    fn element(&self) -> Option<&Type> {
        match self {
            Self::Array(of) | Self::Set(of) | Self::Object(of) => Some(of),
            _ => None,
        }
    }

    /// Whether a value of `other` can stand where this is wanted, as far as the type checker can tell.
    fn takes(&self, other: &Type) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) | (Self::Text, Self::Form(_)) => true,
            (Self::Array(a), Self::Array(b))
            | (Self::Set(a), Self::Set(b))
            | (Self::Object(a), Self::Object(b)) => a.takes(b),
            (a, b) => a == b,
        }
    }
}
