//! The syntax tree. Every node knows its span in the module's file.

use std::sync::Arc;

use crate::source::{File, Span};
use crate::value::{Number, Str, Value};

/// A version of the language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RegoVersion {
    /// Rego before OPA 1.0, without `import rego.v1`.
    V0,
    /// Rego since OPA 1.0; a v0 file with `import rego.v1` is read as this too.
    #[default]
    V1,
}

/// One file.
#[derive(Debug, Clone)]
pub struct Module {
    /// The file.
    pub file: Arc<File>,
    /// The version it is read in.
    pub version: RegoVersion,
    /// `package a.b`; `data` is put in front: `data.a.b`.
    pub package: Package,
    /// The imports in order.
    pub imports: Vec<Import>,
    /// The rules in order; chained bodies are rules of their own that share the head.
    pub rules: Vec<Rule>,
    /// The METADATA blocks, each with what it stands before.
    pub annotations: Vec<Annotations>,
    /// All comments in order, for tools.
    pub comments: Vec<Comment>,
}

/// The package clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Where.
    pub span: Span,
    /// The path with `data` in front; the other parts are strings.
    pub path: Ref,
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Where.
    pub span: Span,
    /// What: a reference that begins with `data`, `input`, `rego` or `future`.
    pub path: Ref,
    /// `as NAME`.
    pub alias: Option<Var>,
}

impl Import {
    /// Whether it makes of every `not` a body of its own: `future.keywords.not`, all future keywords, and `rego.v2`.
    #[must_use]
    pub fn enables_not(&self) -> bool {
        let TermKind::Var(head) = &self.path.head.kind else {
            return false;
        };
        let key = |at: usize| match self.path.path.get(at).map(|key| &key.kind) {
            Some(TermKind::String(text)) => Some(&**text),
            _ => None,
        };
        match &**head {
            "rego" => key(0) == Some("v2"),
            "future" => matches!(key(1), None | Some("not")),
            _ => false,
        }
    }
}

/// A variable's name where it stands. A `_` is called `_` here; each one is another variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Var {
    /// Where.
    pub span: Span,
    /// The name.
    pub name: Str,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Where, from the head (or `default`) to the end of the last else.
    pub span: Span,
    /// `default NAME := VALUE`.
    pub default: bool,
    /// The head.
    pub head: Head,
    /// The body; empty where none was written.
    pub body: Body,
    /// The else branches in order.
    pub else_: Vec<Else>,
    /// Whether this is a chained body, or one of several bodies that share a head.
    pub chained: bool,
}

/// A rule's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Where.
    pub span: Span,
    /// The name with all that follows: `a.b[x].c`. In a v0 partial rule without `contains` (`p[x]`) and in a
    /// v1 partial object the last key is part of it.
    pub reference: Ref,
    /// The parameters of a function.
    pub args: Option<Vec<Term>>,
    /// What the rule gives.
    pub kind: HeadKind,
}

/// What a rule gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadKind {
    /// The value at `reference`, `true` where none was written.
    Value {
        /// The value; `None` where none was written.
        value: Option<Term>,
        /// Whether `:=` was written, not `=`.
        assign: bool,
    },
    /// `contains KEY`, or v0's `p[KEY]`: a member of the set at `reference`, which is then without the key.
    Contains(Term),
}

/// An else branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Else {
    /// Where.
    pub span: Span,
    /// Its value; `None` where none was written.
    pub value: Option<Term>,
    /// Whether `:=` was written, not `=`.
    pub assign: bool,
    /// Its body; empty where none was written.
    pub body: Body,
}

/// Literals, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// Where, without braces.
    pub span: Span,
    /// Whether it stands in braces of its own.
    pub braces: bool,
    /// The literals in the order they were written.
    pub literals: Vec<Literal>,
}

/// One statement of a body (OPA calls it an expression).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Where, `not` and `with` included.
    pub span: Span,
    /// Whether `not` stands before it.
    pub negated: bool,
    /// What it says.
    pub kind: LiteralKind,
    /// The `with` modifiers in order.
    pub with: Vec<With>,
}

/// What a literal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiteralKind {
    /// A term that must be defined and not false; calls and infix operators except the two below too.
    Term(Term),
    /// `LEFT = RIGHT`.
    Unify(Box<Term>, Box<Term>),
    /// `LEFT := RIGHT`.
    Assign(Box<Term>, Box<Term>),
    /// `some x, y`.
    Some(Vec<Var>),
    /// `some KEY, VALUE in COLLECTION`.
    SomeIn {
        /// The key, where one was written.
        key: Option<Box<Term>>,
        /// The value.
        value: Box<Term>,
        /// What it is in.
        collection: Box<Term>,
    },
    /// `every KEY, VALUE in DOMAIN { BODY }`.
    Every {
        /// The key, where one was written.
        key: Option<Box<Var>>,
        /// The value.
        value: Box<Var>,
        /// What it ranges over.
        domain: Box<Term>,
        /// What must hold of each.
        body: Box<Body>,
    },
    /// `not { BODY }` (`negated` is not set for it).
    NotBody(Body),
    /// `LEFT and RIGHT`, behind `future.keywords.and`.
    And(Box<Body>, Box<Body>),
    /// `LEFT or RIGHT`, behind `future.keywords.or`.
    Or(Box<Body>, Box<Body>),
}

/// `with TARGET as VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct With {
    /// Where.
    pub span: Span,
    /// What is replaced: a reference or a variable (`input`, a function's name).
    pub target: Term,
    /// By what.
    pub value: Term,
}

/// A reference: a head and at least one key, or in a rule's head and a package perhaps none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref {
    /// Where.
    pub span: Span,
    /// A variable, a call or a literal collection.
    pub head: Box<Term>,
    /// The keys; `.name` is the string `name`.
    pub path: Vec<Term>,
}

// A large policy is millions of these: what is rare in them stands in a box.
const _: () = assert!(size_of::<Term>() <= 48 && size_of::<Literal>() <= 96);

/// A term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Where.
    pub span: Span,
    /// What it is.
    pub kind: TermKind,
}

/// What a term is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number, with its text.
    Number(Number),
    /// A string, raw or not, decoded.
    String(Str),
    /// `$"…{TERM}…"`.
    Template(Vec<TemplatePart>),
    /// A variable; not a reference: `input` alone is a variable too.
    Var(Str),
    /// A reference with at least one key.
    Ref(Ref),
    /// `[…]`.
    Array(Vec<Term>),
    /// `{…: …}`, in the order it was written.
    Object(Vec<(Term, Term)>),
    /// `{…}` or `set()`.
    Set(Vec<Term>),
    /// `[TERM | BODY]`.
    ArrayComprehension(Box<Term>, Box<Body>),
    /// `{TERM | BODY}`.
    SetComprehension(Box<Term>, Box<Body>),
    /// `{KEY: VALUE | BODY}`.
    ObjectComprehension(Box<Term>, Box<Term>, Box<Body>),
    /// A call.
    Call(Box<Call>),
}

/// One part of a template string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplatePart {
    /// Text between the braces.
    Text(Str),
    /// What stands in braces.
    Term(Term),
    /// What stands in braces, with modifiers: `{TERM with TARGET as VALUE}`.
    Modified(Term, Vec<With>),
}

/// A call of a function, or an infix operator by OPA's name of it (`plus`, `equal`, `internal.member_2`, …).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The function's name, a variable with or without keys; of an operator its span is the operator's.
    pub operator: Ref,
    /// The arguments.
    pub args: Vec<Term>,
    /// Whether it was written as an operator.
    pub infix: bool,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Where, from the `#`.
    pub span: Span,
    /// The text after the `#`.
    pub text: Str,
}

/// A METADATA block: the fields that OPA knows, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotations {
    /// Where the comments stand.
    pub span: Span,
    /// `package`, `subpackages`, `rule` or `document`; the default where none is given follows from the target.
    pub scope: Scope,
    /// The whole block as OPA shows it in `rego.metadata.rule()` (without `scope`'s default added).
    pub value: Value,
    /// The number of the rule in `Module::rules` it stands before; `None` for the package.
    pub rule: Option<usize>,
    /// Whether it declares an entrypoint.
    pub entrypoint: bool,
    /// `schemas`: path (`input.x`, `data.y`) and either the path of a schema (`schema.input`) or one inline.
    pub schemas: Vec<SchemaAnnotation>,
}

/// What annotations apply to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The package.
    Package,
    /// The package and those below.
    Subpackages,
    /// One rule.
    Rule,
    /// All rules of one name.
    Document,
}

/// One entry of `schemas`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaAnnotation {
    /// What has the schema: `input` or `data` with keys.
    pub path: Ref,
    /// Where the schema is: by reference below `schema`, or here.
    pub schema: SchemaSource,
}

/// A schema in an annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaSource {
    /// `schema.a.b`.
    Ref(Ref),
    /// A JSON schema in place.
    Inline(Value),
}

// === impl Body ===

impl Body {
    /// Whether it is one expression without variables.
    #[must_use]
    pub fn is_ground(&self) -> bool {
        match self.literals.as_slice() {
            [literal] => match &literal.kind {
                LiteralKind::Term(term) => is_ground(term),
                _ => false,
            },
            _ => false,
        }
    }
}

/// Whether a term has no variables. The parser bounds how deep it is.
fn is_ground(term: &Term) -> bool {
    let all = |terms: &[Term]| terms.iter().all(is_ground);
    match &term.kind {
        TermKind::Var(name) => matches!(&**name, "input" | "data"),
        TermKind::Ref(reference) => match &reference.head.kind {
            // A package or an import may stand behind the name; the reference is one value all the same.
            TermKind::Var(_) => all(&reference.path),
            _ => is_ground(&reference.head) && all(&reference.path),
        },
        TermKind::Array(items) | TermKind::Set(items) => all(items),
        TermKind::Object(members) => {
            let mut members = members.iter();
            members.all(|(key, value)| is_ground(key) && is_ground(value))
        }
        TermKind::Call(call) => all(&call.args),
        _ => true,
    }
}
