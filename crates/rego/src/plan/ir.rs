//! The program: what the planner makes and the evaluator runs.
//!
//! There is no search at run time. Which variable a statement binds is known, so unification has become
//! assignment, comparison and taking apart; a reference that iterates has become a [`Scan`]; the rest of a body
//! stands inside the scan's own block. A block runs its statements in order; one that does not hold ends the block,
//! and the innermost scan around goes on with its next member. [`Stmt::Yield`] at the end hands out one answer.

use std::sync::Arc;

use super::index::Index;
use super::names::Names;
use crate::builtins::Builtin;
use crate::hir::{BuiltinRef, Place};
use crate::source::File;
use crate::value::{Str, Value};

/// The number of a unit in [`Program::units`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(pub u32);

/// The number of a node in [`Tree::nodes`]; 0 is `data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// The number of a path in [`Program::inputs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputId(pub u32);

/// The number of a path in [`Program::documents`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataId(pub u32);

/// A slot in the frame of a rule, function or query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// A path of constant keys.
pub type Path = Box<[Value]>;

/// A policy, ready to run with any data. Immutable; queries refer to it and bring their own blocks.
#[derive(Debug, Default)]
pub struct Program {
    /// The files that places point into.
    pub files: Vec<Arc<File>>,
    /// The rules of one path each.
    pub units: Vec<Unit>,
    /// Where the units stand below `data`.
    pub tree: Tree,
    /// Constant paths below `input` that are read, each once. The evaluator remembers what it found for each during
    /// a query.
    pub inputs: Vec<Path>,
    /// Constant paths of base data that are read and that no rule stands on, above or below; the evaluator resolves
    /// them when policy and data meet.
    pub documents: Vec<Path>,
    /// Where to find those paths again, for queries that are planned later.
    pub names: Names,
    /// How members of documents are looked up by what they hold, each kind once: what [`By::site`] numbers.
    pub fields: Vec<Fields>,
    /// Where marks stand, in order: rules' heads, literals and their parts. Empty without instruments.
    pub marked: Vec<Marked>,
    /// The sets of labels that rules carry, each once: what [`Held::labels`] numbers. Objects.
    pub labels: Vec<Value>,
}

/// A place where a mark stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// Where.
    pub place: Place,
    /// Whether it is a part of a literal, or the beginning of a loop: what nobody misses where it was not evaluated.
    pub part: bool,
}

/// A look-up of members of a document by values at places in them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fields {
    /// The document: an array, an object or a set.
    pub document: Document,
    /// The places in each member; an empty path is the member itself.
    pub paths: Box<[Path]>,
}

/// A document that stays the same during an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Document {
    /// Base data: it stays the same from one evaluation to the next too.
    Data(DataId),
    /// A place in `input`.
    Input(InputId),
    /// What the rules of a unit give.
    Unit(UnitId),
}

/// The virtual documents, by path.
#[derive(Debug, Default)]
pub struct Tree {
    /// The nodes; the first is `data`.
    pub nodes: Vec<Node>,
}

/// A node of the tree: a package or part of its name, or a unit. Nothing stands below a unit: rules whose ground
/// path goes on below another rule's belong to that unit.
#[derive(Debug, Default)]
pub struct Node {
    /// Its path below `data`.
    pub path: Path,
    /// The unit that stands here.
    pub unit: Option<UnitId>,
    /// What stands below, by key in order.
    pub children: Vec<(Value, NodeId)>,
}

/// All rules of one path.
#[derive(Debug)]
pub struct Unit {
    /// The path below `data`.
    pub path: Path,
    /// What kind of document it is.
    pub kind: UnitKind,
    /// The rules.
    pub rules: Vec<Rule>,
    /// The default's value: for a function, an expression over its parameters' slots.
    pub default: Option<Clause>,
    /// Which rules can hold; without it all are tried.
    pub index: Option<Index>,
    /// Of a partial document: the same of the rules' probes, by how many keys are known, less one. The known keys
    /// are arguments to it, in the slots from 0 on.
    pub probes: Vec<Option<Index>>,
    /// Whether the first answer is the only one possible: all rules give the same constant.
    pub first: bool,
}

/// What kind of document a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitKind {
    /// One value.
    Complete,
    /// A value for given arguments, which stand in the slots from 0 on.
    Function {
        /// How many arguments.
        arity: u32,
    },
    /// An object or a set, put together from what its rules give: see [`Emit::Entry`] and [`Emit::Member`].
    Partial,
}

/// One rule with its else branches: the first clause with an answer is the rule's. All answers of all rules of a
/// complete document or a function must be equal.
#[derive(Debug)]
pub struct Rule {
    /// The body, then the else branches.
    pub clauses: Vec<Clause>,
    /// Of a partial document: the same rule for a look-up with the first `n + 1` keys known, at position `n`. The
    /// known keys stand in the slots from 0 on, and the block begins by matching the head's keys with them. What it
    /// yields is as of the whole rule, keys included. Absent where nobody asks that many keys.
    pub probes: Vec<Option<Clause>>,
}

/// A block with its frame.
#[derive(Debug)]
pub struct Clause {
    /// Where it stands, for errors and tools.
    pub place: Place,
    /// How many slots it has.
    pub slots: u32,
    /// The statements.
    pub block: Block,
}

/// Statements that must hold one after the other. [`Stmt::Scan`], [`Stmt::With`], [`Stmt::Leave`] and
/// [`Stmt::Yield`] stand last.
pub type Block = Vec<Stmt>;

/// A statement.
#[derive(Debug, Clone)]
pub enum Stmt {
    /// Holds when the value is defined and not `false`.
    Test(Expr),
    /// Holds when the value is defined; puts it into the slot.
    Bind(Slot, Expr),
    /// Holds when the value is defined and matches.
    Match(Pattern, Expr),
    /// Holds when both are defined and compare so.
    Compare(Comparison, Expr, Expr),
    /// Runs the block for each member.
    Scan(Box<Scan>),
    /// Holds when the block yields nothing.
    Not(Block),
    /// Holds when the block yields; stops it at its first answer.
    Exists(Block),
    /// Holds when one of the blocks yields; stops at the first answer.
    Either(Vec<Block>),
    /// Holds when the block yields for each member of the source, which must be defined and a collection.
    Every(Box<Scan>),
    /// Runs the block with documents and functions replaced.
    With(Box<With>),
    /// Runs the block, which stands inside a [`Stmt::With`]'s, as if that `With` were not: the rest of a body after
    /// a literal with modifiers.
    Leave(Block),
    /// Prints and holds. Each argument gives a set: every combination of their members is a line, `<undefined>`
    /// stands for an empty one.
    Print(Place, Vec<Expr>),
    /// Says where we are, to a tracer, a profiler or a coverage report: the evaluator runs the rest of the block
    /// inside it. Only in programs that were planned with instruments.
    Mark(Mark),
    /// Says that a rule with labels holds: stands before its [`Stmt::Yield`], whose values are known by then.
    Held(Held),
    /// Empties these slots, which [`Expr::Once`] fills: a loop begins, and what holds during it is not known yet.
    Fresh(Box<[Slot]>),
    /// Hands out an answer.
    Yield(Emit),
}

/// That a rule with labels holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The number of its labels in [`Program::labels`].
    pub labels: u32,
    /// It counts unless the partial document is looked up with more keys than these.
    pub keys: u32,
}

/// What a [`Stmt::Mark`] says of the statements after it in its block.
#[derive(Debug, Clone)]
pub enum Mark {
    /// They are a body: of a rule, a query, or one inside a literal.
    Enter(Box<Scope>),
    /// They begin with those of a literal.
    Literal(Box<Watched>),
    /// The literal that was begun last has a solution; they are what comes after it.
    Holds,
    /// The body has an answer; they hand it out.
    Exit,
}

/// A body as people see it.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The rule's name from `data` on; none of a query and of what stands inside a literal.
    pub name: Option<Str>,
    /// The rule's head, or the first literal.
    pub place: Place,
    /// Its literals, and whether they begin with `not`.
    pub literals: Arc<[(Place, bool)]>,
    /// Whether its first answer is enough.
    pub early: bool,
}

/// A literal as people see it.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Where it stands.
    pub place: Place,
    /// Its parts that OPA evaluates before it, in that order.
    pub parts: Vec<Place>,
    /// The variables in it that have values when it begins.
    pub locals: Vec<(Str, Slot)>,
    /// Its number in its body; its parts have the numbers before.
    pub index: u32,
    /// Whether it begins with `not`: then there is no other solution to ask for.
    pub negated: bool,
}

/// A loop over the members of a collection.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Over what. A scalar has no members.
    pub source: Source,
    /// What the key must match: of an array the index, of a set the member. It is matched before the value.
    pub key: Pattern,
    /// What the value must match.
    pub value: Pattern,
    /// What is run for each.
    pub body: Block,
    /// How to find the members that pass the tests at the body's beginning, without trying all.
    pub by: Option<Box<By>>,
}

/// What a loop asks of its members.
#[derive(Debug, Clone)]
pub struct By {
    /// The look-up's number in [`Program::fields`].
    pub site: u32,
    /// For each of its places where the value stands that must be there; none of them can fail.
    pub asks: Box<[Ask]>,
}

/// Where the value stands that a member must have.
#[derive(Debug, Clone, Copy)]
pub enum Ask {
    /// In the pattern of the loop's value, which is a [`Pattern::Equal`].
    Value,
    /// On the left of the comparison that is the body's statement of this number.
    Left(u32),
    /// On its right.
    Right(u32),
}

/// What a scan goes over.
#[derive(Debug, Clone)]
pub enum Source {
    /// A value.
    Value(Expr),
    /// The keys below a place in `data` where rules and base data mix: from `node` follow `keys`, then give each key
    /// that stands there, in order. The value pattern is [`Pattern::Any`].
    Keys {
        /// Where to start.
        node: NodeId,
        /// The way from there.
        keys: Vec<Expr>,
    },
}

/// What a value is matched with.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// Anything.
    Any,
    /// Anything, which goes into the slot.
    Bind(Slot),
    /// What is equal to this.
    Equal(Expr),
    /// An array of just this length.
    Array(Box<[Pattern]>),
    /// An object with just these keys, which are defined where it is matched.
    Object(Box<[(Expr, Pattern)]>),
}

/// How two values must compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`, and `=` where both sides are known.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
}

/// Replacements, and what runs under them.
#[derive(Debug, Clone)]
pub struct With {
    /// In order: each value is computed under those before it.
    pub replacements: Vec<Replace>,
    /// What runs. Where the literal is one that continues into the rest of its body, that rest is in a
    /// [`Stmt::Leave`].
    pub body: Block,
}

/// One replacement.
#[derive(Debug, Clone)]
pub enum Replace {
    /// `input`, or below it; the value is merged in by copying the path.
    Input(Path, Expr),
    /// A document below `data`.
    Data(Path, Expr),
    /// A function: every call of it is a call of the other.
    Function(Function, Function),
    /// A function: every call of it gives this value.
    Constant(Function, Expr),
    /// A function: every call of it asks for this document.
    Document(Function, Expr),
}

/// A function.
#[derive(Debug, Clone)]
pub enum Function {
    /// Of the policy.
    Unit(UnitId),
    /// Built in.
    Builtin(BuiltinRef),
}

/// What an answer is.
#[derive(Debug, Clone)]
pub enum Emit {
    /// That there is one: of `not`, `exists`, `every`.
    Found,
    /// A value: of a complete rule, a function.
    Value(Expr),
    /// An element of an array or set: of a comprehension.
    Item(Expr),
    /// A member of an object: of a comprehension. Two values for one key are a conflict.
    Pair(Expr, Expr),
    /// A value of a partial document at these keys. Two values for the same keys are a conflict.
    Entry(Vec<Expr>, Expr),
    /// A member of the set at these keys of a partial document (no keys: the document is a set).
    Member(Vec<Expr>, Expr),
    /// A row of the query: the slots that its bindings and expressions stand in.
    Row,
}

/// An expression: one value, or none.
#[derive(Debug, Clone)]
pub enum Expr {
    /// A constant.
    Const(Value),
    /// What a slot holds.
    Slot(Slot),
    /// A place in `input`.
    Input(InputId),
    /// A place in base data.
    Data(DataId),
    /// A unit's whole document.
    Unit(UnitId),
    /// A look-up in a partial unit's document: only rules that can give these keys are run.
    Probe(UnitId, Keys),
    /// From a node follow keys into rules or base data, all known; without keys the whole merged document.
    Descend(NodeId, Keys),
    /// A look-up by keys in a value.
    Dot(Box<Dot>),
    /// An array; undefined if an element is.
    Array(Box<[Expr]>),
    /// An object; undefined if a key or value is; two values for one key are a conflict.
    Object(Box<[(Expr, Expr)]>),
    /// A set; undefined if a member is.
    Set(Box<[Expr]>),
    /// A comprehension.
    Comprehension(Box<Comprehension>),
    /// A call of a function of the policy.
    Call(UnitId, Box<Args>),
    /// A call of a built-in.
    Builtin(&'static Builtin, Box<Args>),
    /// A call of a built-in that does not exist here: an error, unless it is replaced.
    Missing(Box<BuiltinRef>, Box<Args>),
    /// Whether two values compare so, as a value.
    Compare(Comparison, Box<(Expr, Expr)>),
    /// What a loop does not change: evaluated when it is first needed after a [`Stmt::Fresh`] emptied the slot, and
    /// kept there.
    Once(Slot, Box<Expr>),
    /// What depends on no slot: evaluated once under one set of replacements.
    Shared(Box<Expr>),
    /// A comprehension that asks for members by their keys.
    Grouped(Box<Grouped>),
}

// === impl Expr ===

impl Expr {
    /// What it makes, if it is a comprehension.
    #[must_use]
    pub fn makes(&self) -> Option<ComprehensionKind> {
        match self {
            Self::Comprehension(comprehension) => Some(comprehension.kind),
            Self::Grouped(grouped) => Some(grouped.plain.kind),
            Self::Once(_, expr) | Self::Shared(expr) => expr.makes(),
            _ => None,
        }
    }
}

const _: () = assert!(
    size_of::<Expr>() <= 24,
    "an expression is as large as a value"
);

/// Keys behind one word: what is rare shall not make an [`Expr`] larger.
pub type Keys = Box<Box<[Expr]>>;

/// A look-up by keys in a value.
#[derive(Debug, Clone)]
pub struct Dot {
    /// The value.
    pub base: Expr,
    /// The keys, at least one.
    pub keys: Box<[Expr]>,
}

/// The arguments of a call. Boxed, so that an [`Expr`] stays small: there are millions of them.
#[derive(Debug, Clone)]
pub struct Args {
    /// The arguments, as many as declared.
    pub values: Box<[Expr]>,
    /// Where the call stands, for errors.
    pub place: Place,
}

/// A comprehension.
#[derive(Debug, Clone)]
pub struct Comprehension {
    /// What it makes.
    pub kind: ComprehensionKind,
    /// Its body, which ends in [`Emit::Item`] or [`Emit::Pair`].
    pub body: Block,
    /// Where, for conflicts.
    pub place: Place,
}

/// A comprehension whose body compares what it goes over with what is known outside. Where it is asked for again and
/// again, its answers are grouped by those keys in one pass, and then looked up.
#[derive(Debug, Clone)]
pub struct Grouped {
    /// The comprehension as it was written.
    pub plain: Comprehension,
    /// The slots that the table depends on.
    pub captured: Box<[Slot]>,
    /// What is looked up.
    pub keys: Box<[Expr]>,
    /// Goes over all there is: yields pairs of an array of keys and what the comprehension makes for them; of an
    /// object an array of key and value.
    pub table: Block,
}

/// What a comprehension makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComprehensionKind {
    /// An array.
    Array,
    /// A set.
    Set,
    /// An object.
    Object,
}

/// A query, ready to run against a program.
#[derive(Debug)]
pub struct Query {
    /// The files that its places point into, the program's first.
    pub files: Vec<Arc<File>>,
    /// The block; ends in [`Emit::Row`].
    pub clause: Clause,
    /// The variables that people named, and their slots.
    pub bindings: Vec<(Str, Slot)>,
    /// For each literal as written its place and the slot of its value; without one its value is `true`.
    pub expressions: Vec<(Place, Option<Slot>)>,
    /// Paths below `input` that it reads beyond the program's: their [`InputId`]s follow the program's.
    pub inputs: Vec<Path>,
    /// Paths of base data that it reads beyond the program's: their [`DataId`]s follow the program's.
    pub documents: Vec<Path>,
}
