//! A program as text, for people: for debugging, and for the tests of the planner. The form is not kept stable.

use std::fmt::{self, Display, Formatter};

use super::ir::{
    Block, Clause, Comparison, Comprehension, ComprehensionKind, Emit, Expr, Function, Node,
    Pattern, Program, Replace, Scan, Source, Stmt, Unit, UnitId, UnitKind,
};
use crate::hir::BuiltinRef;
use crate::value::Value;

/// A thing of a program, with the program that its numbers point into.
#[derive(Debug, Clone, Copy)]
struct Shown<'p, T>(&'p Names<'p>, T);

/// What numbers stand for.
#[derive(Debug)]
struct Names<'p> {
    program: &'p Program,
}

/// How far blocks are moved in.
const STEP: usize = 2;

// === impl Program ===

impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names = Names { program: self };
        self.units.iter().try_for_each(|unit| names.unit(f, unit))
    }
}

// === impl Names ===

impl Names<'_> {
    fn unit(&self, f: &mut Formatter<'_>, unit: &Unit) -> fmt::Result {
        let kind = match unit.kind {
            UnitKind::Complete => "complete",
            UnitKind::Function { .. } => "function",
            UnitKind::Partial => "partial",
        };
        let first = if unit.first { " first" } else { "" };
        writeln!(f, "{kind} data{}{first}", path(&unit.path))?;
        for rule in &unit.rules {
            for (at, clause) in rule.clauses.iter().enumerate() {
                self.clause(f, if at == 0 { " rule" } else { " else" }, clause)?;
            }
            for (at, probe) in rule.probes.iter().enumerate() {
                if let Some(probe) = probe {
                    self.clause(f, &format!(" probe {}", at + 1), probe)?;
                }
            }
        }
        unit.default
            .iter()
            .try_for_each(|clause| self.clause(f, " default", clause))
    }

    fn clause(&self, f: &mut Formatter<'_>, head: &str, clause: &Clause) -> fmt::Result {
        writeln!(f, "{head}")?;
        self.block(f, &clause.block, STEP)
    }

    fn block(&self, f: &mut Formatter<'_>, block: &Block, indent: usize) -> fmt::Result {
        block.iter().try_for_each(|stmt| self.stmt(f, stmt, indent))
    }

    fn stmt(&self, f: &mut Formatter<'_>, stmt: &Stmt, indent: usize) -> fmt::Result {
        let inner = indent + STEP;
        write!(f, "{:indent$}", "")?;
        match stmt {
            Stmt::Test(expr) => writeln!(f, "test {}", Shown(self, expr)),
            Stmt::Bind(slot, expr) => writeln!(f, "${} := {}", slot.0, Shown(self, expr)),
            Stmt::Match(pattern, expr) => {
                writeln!(f, "match {} = {}", Shown(self, pattern), Shown(self, expr))
            }
            Stmt::Compare(how, a, b) => {
                writeln!(f, "{} {} {}", Shown(self, a), sign(*how), Shown(self, b))
            }
            Stmt::Scan(scan) => self.scan(f, "scan", scan, indent),
            Stmt::Every(scan) => self.scan(f, "every", scan, indent),
            Stmt::Not(block) => {
                writeln!(f, "not")?;
                self.block(f, block, inner)
            }
            Stmt::Exists(block) => {
                writeln!(f, "exists")?;
                self.block(f, block, inner)
            }
            Stmt::Either(blocks) => blocks.iter().try_for_each(|block| {
                writeln!(f, "either")?;
                self.block(f, block, inner)
            }),
            Stmt::With(with) => {
                write!(f, "with")?;
                for replace in &with.replacements {
                    write!(f, " {}", Shown(self, replace))?;
                }
                writeln!(f)?;
                self.block(f, &with.body, inner)
            }
            Stmt::Leave(block) => {
                writeln!(f, "leave")?;
                self.block(f, block, inner)
            }
            Stmt::Print(_, args) => writeln!(f, "print({})", list(self, args)),
            Stmt::Mark(_) => writeln!(f, "mark"),
            Stmt::Fresh(slots) => {
                let slots = slots.iter().map(|slot| format!("${}", slot.0));
                writeln!(f, "fresh {}", slots.collect::<Vec<_>>().join(", "))
            }
            Stmt::Yield(emit) => writeln!(f, "yield {}", Shown(self, emit)),
        }
    }

    fn scan(&self, f: &mut Formatter<'_>, word: &str, scan: &Scan, indent: usize) -> fmt::Result {
        let (key, value) = (Shown(self, &scan.key), Shown(self, &scan.value));
        match &scan.source {
            Source::Value(expr) => writeln!(f, "{word} {key}, {value} in {}", Shown(self, expr))?,
            Source::Keys { node, keys } => {
                let from = self.node(*node);
                writeln!(
                    f,
                    "{word} {key} in keys of data{}[{}]",
                    path(from),
                    list(self, keys)
                )?;
            }
        }
        self.block(f, &scan.body, indent + STEP)
    }

    fn node(&self, node: super::ir::NodeId) -> &[Value] {
        let node: Option<&Node> = self.program.tree.nodes.get(node.0 as usize);
        node.map_or(&[], |node| &node.path)
    }

    fn unit_path(&self, unit: UnitId) -> &[Value] {
        let unit = self.program.units.get(unit.0 as usize);
        unit.map_or(&[], |unit| &unit.path)
    }
}

impl Display for Shown<'_, &Expr> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names = self.0;
        let (inputs, documents) = (&names.program.inputs, &names.program.documents);
        match self.1 {
            Expr::Const(value) => write!(f, "{}", Literal(value)),
            Expr::Slot(slot) => write!(f, "${}", slot.0),
            Expr::Input(id) => {
                let found = inputs.get(id.0 as usize);
                write!(f, "input{}", found.map_or(String::new(), |p| path(p)))
            }
            Expr::Data(id) => {
                let found = documents.get(id.0 as usize);
                write!(f, "base data{}", found.map_or(String::new(), |p| path(p)))
            }
            Expr::Unit(unit) => write!(f, "data{}", path(names.unit_path(*unit))),
            Expr::Probe(unit, keys) => {
                write!(
                    f,
                    "probe data{}[{}]",
                    path(names.unit_path(*unit)),
                    list(names, keys)
                )
            }
            Expr::Descend(node, keys) => {
                write!(
                    f,
                    "descend data{}[{}]",
                    path(names.node(*node)),
                    list(names, keys)
                )
            }
            Expr::Dot(dot) => {
                write!(f, "{}[{}]", Shown(names, &dot.base), list(names, &dot.keys))
            }
            Expr::Array(items) => write!(f, "[{}]", list(names, items)),
            Expr::Set(items) => write!(f, "{{{}}}", list(names, items)),
            Expr::Object(members) => {
                let member =
                    |(k, v): &(Expr, Expr)| format!("{}: {}", Shown(names, k), Shown(names, v));
                write!(
                    f,
                    "{{{}}}",
                    members.iter().map(member).collect::<Vec<_>>().join(", ")
                )
            }
            Expr::Comprehension(comprehension) => names.comprehension(f, comprehension),
            Expr::Grouped(grouped) => {
                write!(f, "by {} ", list(names, &grouped.keys))?;
                names.comprehension(f, &grouped.plain)
            }
            Expr::Once(slot, value) => write!(f, "once ${} ({})", slot.0, Shown(names, &**value)),
            Expr::Shared(value) => write!(f, "shared ({})", Shown(names, &**value)),
            Expr::Call(unit, args) => {
                write!(
                    f,
                    "data{}({})",
                    path(names.unit_path(*unit)),
                    list(names, &args.values)
                )
            }
            Expr::Builtin(builtin, args) => {
                write!(f, "{}({})", builtin.name, list(names, &args.values))
            }
            Expr::Missing(builtin, args) => {
                write!(f, "{}({})", name(builtin), list(names, &args.values))
            }
            Expr::Compare(how, sides) => {
                write!(
                    f,
                    "({} {} {})",
                    Shown(names, &sides.0),
                    sign(*how),
                    Shown(names, &sides.1)
                )
            }
        }
    }
}

impl Names<'_> {
    fn comprehension(&self, f: &mut Formatter<'_>, comprehension: &Comprehension) -> fmt::Result {
        let word = match comprehension.kind {
            ComprehensionKind::Array => "array",
            ComprehensionKind::Set => "set",
            ComprehensionKind::Object => "object",
        };
        writeln!(f, "{word} of")?;
        self.block(f, &comprehension.body, 4 * STEP)?;
        write!(f, "{:1$}end", "", 3 * STEP)
    }
}

impl Display for Shown<'_, &Pattern> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.1 {
            Pattern::Any => f.write_str("_"),
            Pattern::Bind(slot) => write!(f, "${}", slot.0),
            Pattern::Equal(expr) => write!(f, "={}", Shown(self.0, expr)),
            Pattern::Array(items) => {
                let items = items.iter().map(|item| Shown(self.0, item).to_string());
                write!(f, "[{}]", items.collect::<Vec<_>>().join(", "))
            }
            Pattern::Object(members) => {
                let member = |(k, v): &(Expr, Pattern)| {
                    format!("{}: {}", Shown(self.0, k), Shown(self.0, v))
                };
                write!(
                    f,
                    "{{{}}}",
                    members.iter().map(member).collect::<Vec<_>>().join(", ")
                )
            }
        }
    }
}

impl Display for Shown<'_, &Replace> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let function = |function: &Function| match function {
            Function::Unit(unit) => format!("data{}", path(self.0.unit_path(*unit))),
            Function::Builtin(builtin) => name(builtin).to_owned(),
        };
        match self.1 {
            Replace::Input(at, expr) => write!(f, "input{} as {}", path(at), Shown(self.0, expr)),
            Replace::Data(at, expr) => write!(f, "data{} as {}", path(at), Shown(self.0, expr)),
            Replace::Function(of, by) => write!(f, "{} as {}", function(of), function(by)),
            Replace::Constant(of, by) | Replace::Document(of, by) => {
                write!(f, "{} as {}", function(of), Shown(self.0, by))
            }
        }
    }
}

impl Display for Shown<'_, &Emit> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names = self.0;
        match self.1 {
            Emit::Found => f.write_str("found"),
            Emit::Row => f.write_str("row"),
            Emit::Value(value) | Emit::Item(value) => Shown(names, value).fmt(f),
            Emit::Pair(key, value) => write!(f, "{}: {}", Shown(names, key), Shown(names, value)),
            Emit::Entry(keys, value) => {
                write!(f, "[{}]: {}", list(names, keys), Shown(names, value))
            }
            Emit::Member(keys, value) => write!(
                f,
                "[{}] contains {}",
                list(names, keys),
                Shown(names, value)
            ),
        }
    }
}

/// A constant; composites in short.
struct Literal<'v>(&'v Value);

impl Display for Literal<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let all = |items: &mut dyn Iterator<Item = &Value>| {
            items
                .map(|item| Literal(item).to_string())
                .collect::<Vec<_>>()
                .join(", ")
        };
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => value.fmt(f),
            Value::Number(value) => value.fmt(f),
            Value::String(value) => write!(f, "{value:?}"),
            Value::Array(items) => write!(f, "[{}]", all(&mut items.iter())),
            Value::Set(items) => write!(f, "{{{}}}", all(&mut items.iter())),
            Value::Object(members) => {
                let member = |(k, v): (&Value, &Value)| format!("{}: {}", Literal(k), Literal(v));
                write!(
                    f,
                    "{{{}}}",
                    members.iter().map(member).collect::<Vec<_>>().join(", ")
                )
            }
        }
    }
}

fn path(keys: &[Value]) -> String {
    let part = |key: &Value| match key {
        Value::String(key) => format!(".{key}"),
        key => format!("[{}]", Literal(key)),
    };
    keys.iter().map(part).collect()
}

fn list(names: &Names<'_>, exprs: &[Expr]) -> String {
    let exprs = exprs.iter().map(|expr| Shown(names, expr).to_string());
    exprs.collect::<Vec<_>>().join(", ")
}

fn name(builtin: &BuiltinRef) -> &str {
    match builtin {
        BuiltinRef::Known(builtin) => builtin.name,
        BuiltinRef::Declared(declared) => &declared.name,
    }
}

fn sign(how: Comparison) -> &'static str {
    match how {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterEqual => ">=",
    }
}
