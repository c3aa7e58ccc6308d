//! The configuration file's schema as data: every key that OPA or this program knows, its type,
//! its default and what becomes of it.
//!
//! Reading, warnings, refusals, defaults and the table in `docs/CONFIG.md` all come from here.

use std::fmt;

mod activation;
mod credentials;
mod logs;
mod plugin;
mod process;
mod services;

/// One key of the configuration file.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Where it stands; `*` is a name that the user chooses.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What it is when it is left out, as YAML.
    pub default: Option<&'static str>,
    /// What becomes of it.
    pub state: State,
    /// What it means, or why it has no effect, or what is missing.
    pub note: &'static str,
    /// Whether its value is never shown.
    pub secret: bool,
    /// Whether this program adds it to what OPA and its Envoy plugin know.
    pub ours: bool,
}

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Keys of its own.
    Section,
    /// Names that the user chooses, each with keys of its own or a value.
    Map,
    /// `true` or `false`.
    Bool,
    /// An integer in these bounds.
    Int(i64, i64),
    /// A number.
    Number,
    /// A string.
    Text,
    /// One of these strings; as in OPA, an empty one is as good as none.
    OneOf(&'static [&'static str]),
    /// A list of strings.
    TextList,
    /// A string or a list of strings.
    TextOrList,
    /// A list of rising numbers.
    Buckets,
    /// A duration such as `1.5s` or `300ms`, or a number of seconds.
    Duration,
    /// A file mode in octal, such as `"0660"`.
    Mode,
    /// Anything.
    Any,
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does what it says.
    Served,
    /// It is read and checked, and has no effect.
    Accepted,
    /// What it asks for is not there yet: it stops the start.
    Later,
}

/// Every key, sections before what stands in them.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    [
        process::KEYS,
        plugin::KEYS,
        services::KEYS,
        activation::KEYS,
        credentials::SIMPLE,
        credentials::OAUTH2,
        credentials::VAULT_IDENTITY,
        credentials::KMS_SIGNING,
        credentials::KMS_SOURCES,
        credentials::KMS_ROLE_SOURCES,
        credentials::S3_SIGNING,
        credentials::S3_SOURCES,
        credentials::S3_ROLE_SOURCES,
        credentials::GCP,
        credentials::AZURE,
        services::BUNDLES,
        logs::KEYS,
    ]
    .into_iter()
    .flatten()
}

/// The key at `path`, whose segments are names in the schema's spelling.
pub(super) fn find(path: &[&str]) -> Option<&'static Key> {
    keys().find(|key| key.matches(path))
}

/// The names that may stand directly under `path`, without the ones that the user chooses.
pub(super) fn children<'a>(path: &'a [&'a str]) -> impl Iterator<Item = &'static str> + 'a {
    keys().filter_map(move |key| {
        let (parent, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        (name != "*" && matches(parent, path)).then_some(name)
    })
}

// === impl Key ===

impl Key {
    fn matches(&self, path: &[&str]) -> bool {
        matches(self.path, path)
    }

    const fn new(path: &'static str, kind: Kind, state: State, note: &'static str) -> Self {
        Self {
            path,
            kind,
            default: None,
            state,
            note,
            secret: false,
            ours: false,
        }
    }

    const fn default(mut self, yaml: &'static str) -> Self {
        self.default = Some(yaml);
        self
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    const fn ours(mut self) -> Self {
        self.ours = true;
        self
    }
}

// === impl Kind ===

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Section => f.write_str("a section"),
            Self::Map => f.write_str("a map of names"),
            Self::Bool => f.write_str("a boolean"),
            Self::Int(0, i64::MAX) => f.write_str("an integer, 0 or more"),
            Self::Int(low, i64::MAX) => write!(f, "an integer, {low} or more"),
            Self::Int(low, high) => write!(f, "an integer from {low} to {high}"),
            Self::Number => f.write_str("a number"),
            Self::Text => f.write_str("a string"),
            Self::OneOf(values) => write!(f, "one of {}", values.join(", ")),
            Self::TextList => f.write_str("a list of strings"),
            Self::TextOrList => f.write_str("a string or a list of strings"),
            Self::Buckets => f.write_str("a list of rising numbers"),
            Self::Duration => f.write_str("a duration such as 500ms, or a number of seconds"),
            Self::Mode => f.write_str("a file mode in octal, such as \"0660\""),
            Self::Any => f.write_str("any value"),
        }
    }
}

// === impl State ===

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Served => "served",
            Self::Accepted => "accepted, no effect",
            Self::Later => "not yet: stops the start",
        })
    }
}

const fn served(path: &'static str, kind: Kind, note: &'static str) -> Key {
    Key::new(path, kind, State::Served, note)
}

const fn accepted(path: &'static str, kind: Kind, note: &'static str) -> Key {
    Key::new(path, kind, State::Accepted, note)
}

const fn later(path: &'static str, kind: Kind, note: &'static str) -> Key {
    Key::new(path, kind, State::Later, note)
}

/// An integer of zero or more.
const COUNT: Kind = Kind::Int(0, i64::MAX);
/// An integer of one or more.
const POSITIVE: Kind = Kind::Int(1, i64::MAX);

fn matches(pattern: &str, path: &[&str]) -> bool {
    if pattern.is_empty() || path.is_empty() {
        return pattern.is_empty() && path.is_empty();
    }
    let mut names = pattern.split('.');
    path.iter().all(|part| {
        names
            .next()
            .is_some_and(|name| name == "*" || name == *part)
    }) && names.next().is_none()
}
