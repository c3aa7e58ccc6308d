//! A checked policy: names resolved, sugar gone, each body in an order in which every variable is bound before
//! it is needed. What [`check`](crate::check) makes and [`plan`](crate::plan) reads.
//!
//! What holds of every value of these types:
//!
//! - A [`Local`] is one variable of one rule (or query). Different variables of one name have different numbers;
//!   each `_` is a variable of its own. Numbers run through the head, the body, the else branches and everything
//!   nested in them; a function's or rule's evaluation has one frame with a slot for each.
//! - A literal's variables are bound by the literals before it, or by itself where it can: by [`LiteralKind::Unify`]
//!   and by keys of references ([`ExprKind::Ref`]) that iterate. Inside `not` nothing is bound for the outside.
//! - Calls that stood in an argument of a negated literal have been moved before it, as OPA does.
//! - Ground literals are one [`ExprKind::Const`], whatever their size.
//! - Head terms that iterate or call have been moved into the body; what is left in a head is constants, locals and
//!   collections of them.
//! - `rego.metadata.*` calls are constants; `print` calls are [`LiteralKind::Print`] or gone; a template string is a
//!   call of `internal.template_string`; a call with one argument more than declared is a unification with it.

use std::sync::Arc;

use crate::builtins::Builtin;
use crate::source::{File, Span};
use crate::syntax::ast::RegoVersion;
use crate::types::Function;
use crate::value::{Str, Value};

/// The most parts that the name of a package or rule may have; with more, nothing is planned.
pub const MAX_PATH: usize = 128;

/// A checked policy.
#[derive(Debug, Clone, Default)]
pub struct Hir {
    /// The files that places point into.
    pub files: Vec<Arc<File>>,
    /// All rules, in the order of their files.
    pub rules: Vec<Rule>,
    /// All packages, those without rules too: paths below `data`.
    pub packages: Vec<Vec<Str>>,
    /// What the annotations say, for tools.
    pub annotations: Vec<Annotated>,
}

/// A place in one of the files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The number of the file in [`Hir::files`].
    pub file: u32,
    /// Where in it.
    pub span: Span,
}

/// A variable of a rule or query, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Local(pub u32);

/// What is known of a variable.
#[derive(Debug, Clone)]
pub struct LocalInfo {
    /// Its name as written; `_` for a wildcard; of a variable that the compiler made, a name that says why.
    pub name: Str,
    /// Where it first stands.
    pub place: Place,
    /// Whether the compiler made it.
    pub generated: bool,
}

/// An annotation and what it applies to.
#[derive(Debug, Clone)]
pub struct Annotated {
    /// The path below `data` that it applies to.
    pub path: Vec<Str>,
    /// The rule's number in [`Hir::rules`], where it stands before one.
    pub rule: Option<usize>,
    /// Where.
    pub place: Place,
    /// The annotation.
    pub annotations: crate::syntax::ast::Annotations,
}

/// A rule: one head with one body.
#[derive(Debug, Clone)]
pub struct Rule {
    /// From head to the end of the last else.
    pub place: Place,
    /// The head alone.
    pub head_place: Place,
    /// The version of its module.
    pub version: RegoVersion,
    /// The longest ground prefix of its name, below `data`: package, name, and ground keys that follow. Shared by
    /// rules of one name that follow each other.
    pub path: Arc<[Value]>,
    /// How many parts of `path` are the package.
    pub package: usize,
    /// The rest of its name, from the first key that is not ground on. Empty for most rules.
    pub keys: Box<[Expr]>,
    /// What it gives.
    pub kind: RuleKind,
    /// Whether it is a default.
    pub default: bool,
    /// The body; empty means that it always holds.
    pub body: Body,
    /// The else branches in order.
    pub else_: Box<[Branch]>,
    /// Its variables.
    pub locals: Box<[LocalInfo]>,
}

/// What a rule gives.
#[derive(Debug, Clone)]
pub enum RuleKind {
    /// The value at its path.
    Value(Expr),
    /// A member of the set at its path.
    Member(Expr),
    /// A function's value for these arguments; the parameters are patterns.
    Function {
        /// The parameters.
        params: Vec<Expr>,
        /// The value.
        value: Expr,
    },
}

/// An else branch.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Where.
    pub place: Place,
    /// Its value.
    pub value: Expr,
    /// Its body.
    pub body: Body,
}

/// A query: a body whose variables are asked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// The files that places point into: those of the policy, and the query's own behind them.
    pub files: Vec<Arc<File>>,
    /// The body.
    pub body: Body,
    /// Its variables.
    pub locals: Vec<LocalInfo>,
    /// The variables that people named, in the order of their names.
    pub bindings: Vec<(Str, Local)>,
    /// For each literal as written its text, its place and the variable that took its value; without one its value
    /// is `true`.
    pub expressions: Vec<(Place, Option<Local>)>,
}

/// Literals in an order that is safe.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// The literals.
    pub literals: Vec<Literal>,
}

/// One literal.
#[derive(Debug, Clone)]
pub struct Literal {
    /// Where.
    pub place: Place,
    /// What it says.
    pub kind: LiteralKind,
    /// Its `with` modifiers in order.
    pub with: Box<[With]>,
}

/// What a literal says.
#[derive(Debug, Clone)]
pub enum LiteralKind {
    /// Must be defined and not false.
    Test(Expr),
    /// Must be equal; locals and patterns on either side may be bound by it.
    Unify(Expr, Expr),
    /// Must have no solution.
    Not {
        /// What must have none.
        body: Body,
        /// Whether it is a body of its own, as `not { … }` is: what its literals need is evaluated inside.
        closed: bool,
    },
    /// Must hold for each member.
    Every {
        /// The key.
        key: Option<Local>,
        /// The value.
        value: Local,
        /// What it ranges over.
        domain: Expr,
        /// What must hold.
        body: Box<Body>,
    },
    /// At least one of the two must have a solution; binds nothing.
    Or(Body, Body),
    /// Prints and holds. Each argument is a set comprehension of its values, empty where it is undefined.
    Print(Vec<Expr>),
}

/// A `with` modifier.
#[derive(Debug, Clone)]
pub struct With {
    /// Where.
    pub place: Place,
    /// What is replaced.
    pub target: Target,
    /// By what.
    pub value: Replacement,
}

/// What a `with` replaces.
#[derive(Debug, Clone)]
pub enum Target {
    /// `input`, or below it.
    Input(Vec<Value>),
    /// A document of `data`: a rule's, a package's, base data.
    Data(Vec<Value>),
    /// A function of the policy, by path.
    Function(Vec<Value>),
    /// A built-in.
    Builtin(BuiltinRef),
}

/// What a `with` puts in place.
#[derive(Debug, Clone)]
pub enum Replacement {
    /// A value; for a function: what every call gives. A reference to `data` is evaluated where the call is.
    Value(Expr),
    /// A function of the policy, by path.
    Function(Vec<Value>),
    /// A built-in.
    Builtin(BuiltinRef),
}

/// An expression: gives one value or none, or iterates where a key of a reference is not bound yet.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Where.
    pub place: Place,
    /// What it is.
    pub kind: ExprKind,
}

/// What an expression is.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A ground value.
    Const(Value),
    /// A variable.
    Local(Local),
    /// A reference: the base, then keys.
    Ref(Box<Ref>),
    /// `[…]` that is not ground.
    Array(Box<[Expr]>),
    /// `{…: …}` that is not ground.
    Object(Box<[(Expr, Expr)]>),
    /// `{…}` that is not ground.
    Set(Box<[Expr]>),
    /// A comprehension.
    Comprehension(Box<Comprehension>),
    /// A call.
    Call(Box<Call>),
}

const _: () = assert!(
    size_of::<Expr>() <= 40,
    "a large policy has millions of expressions"
);

/// A reference. `input` and `data` alone are references without keys.
#[derive(Debug, Clone)]
pub struct Ref {
    /// Where it starts.
    pub base: Base,
    /// The keys.
    pub keys: Vec<Expr>,
}

/// Where a reference starts.
#[derive(Debug, Clone)]
pub enum Base {
    /// The input document.
    Input,
    /// The data document, base and virtual.
    Data,
    /// A variable, a call, a literal.
    Expr(Box<Expr>),
}

/// A comprehension.
#[derive(Debug, Clone)]
pub struct Comprehension {
    /// What it makes.
    pub head: ComprehensionHead,
    /// Its body. Variables that are bound outside keep their values in it.
    pub body: Body,
}

/// What a comprehension makes.
#[derive(Debug, Clone)]
pub enum ComprehensionHead {
    /// An array.
    Array(Expr),
    /// A set.
    Set(Expr),
    /// An object: key and value.
    Object(Expr, Expr),
}

/// A call.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is called.
    pub callee: Callee,
    /// The arguments, as many as declared.
    pub args: Vec<Expr>,
}

/// What is called.
#[derive(Debug, Clone)]
pub enum Callee {
    /// A function of the policy, by path below `data`.
    Function(Vec<Value>),
    /// A built-in.
    Builtin(BuiltinRef),
}

/// A built-in function by declaration.
#[derive(Debug, Clone)]
pub enum BuiltinRef {
    /// One of ours.
    Known(&'static Builtin),
    /// One that only the capabilities name; calling it is an error, mocking it is not.
    Declared(Arc<Declared>),
}

/// A built-in that only the capabilities name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: Str,
    /// Its type.
    pub declaration: Function,
    /// Whether it may answer the same arguments differently.
    pub nondeterministic: bool,
}
