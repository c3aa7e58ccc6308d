//! What a program gave, and whether two answers are one.

use std::collections::BTreeSet;
use std::fmt;

use regate_rego::Value;

use crate::program::json_text;

/// An answer to one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A value, as JSON shows it.
    Value(Value),
    /// No value.
    Undefined,
    /// The evaluation ended with an error of that code.
    Error(String),
    /// The engine itself failed.
    Failed(String),
}

/// What a program gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It does not compile.
    Refused {
        /// How many modules it takes to see that.
        modules: usize,
        /// The errors' codes.
        codes: BTreeSet<String>,
        /// The errors' messages, for people.
        messages: Vec<String>,
    },
    /// The answers to its queries: lenient ones, then in strict mode.
    Answers(Vec<[Answer; 2]>),
    /// The engine itself failed.
    Failed(String),
}

/// Where two outcomes differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The query, if it is about one; `strict` in front of it says in which mode.
    pub query: Option<String>,
    /// In few words, so that alike differences look alike.
    pub kind: String,
    /// OPA's side.
    pub opa: String,
    /// Our side.
    pub ours: String,
}

// === impl Outcome ===

impl Outcome {
    /// A refusal.
    pub fn refused(modules: usize, errors: impl IntoIterator<Item = (String, String)>) -> Self {
        let (codes, messages) = errors
            .into_iter()
            .map(|(code, message)| (code.clone(), format!("{code}: {message}")))
            .unzip();
        Self::Refused {
            modules,
            codes,
            messages,
        }
    }

    /// Where OPA's outcome and ours differ.
    #[must_use]
    pub fn differences(opa: &Self, ours: &Self, queries: &[String]) -> Vec<Difference> {
        let whole = |kind: String| {
            vec![Difference {
                query: None,
                kind,
                opa: opa.to_string(),
                ours: ours.to_string(),
            }]
        };
        match (opa, ours) {
            (Self::Answers(opa), Self::Answers(ours)) => answers(opa, ours, queries),
            (Self::Failed(_), _) => Vec::new(),
            (_, Self::Failed(_)) => whole("ours failed".to_owned()),
            (
                Self::Refused {
                    modules: opa_at,
                    codes: opa_codes,
                    ..
                },
                Self::Refused { modules, codes, .. },
            ) => {
                if opa_codes == codes && opa_at == modules {
                    return Vec::new();
                }
                whole(format!(
                    "opa refuses with {opa_codes:?}, ours with {codes:?}"
                ))
            }
            (Self::Refused { codes, .. }, _) => whole(format!("only opa refuses: {codes:?}")),
            (_, Self::Refused { codes, .. }) => whole(format!("only ours refuses: {codes:?}")),
        }
    }
}

fn answers(opa: &[[Answer; 2]], ours: &[[Answer; 2]], queries: &[String]) -> Vec<Difference> {
    let pairs = opa.iter().zip(ours).zip(queries);
    let mut found = Vec::new();
    for (([opa_lenient, opa_strict], [lenient, strict]), query) in pairs {
        for (mode, opa, ours) in [("", opa_lenient, lenient), ("strict ", opa_strict, strict)] {
            if opa == ours || matches!(opa, Answer::Failed(_)) {
                continue;
            }
            found.push(Difference {
                query: Some(format!("{mode}{query}")),
                kind: format!("opa {}, ours {}", opa.kind(), ours.kind()),
                opa: opa.to_string(),
                ours: ours.to_string(),
            });
        }
    }
    found
}

// === impl Answer ===

impl Answer {
    fn kind(&self) -> String {
        match self {
            Self::Value(_) => "a value".to_owned(),
            Self::Undefined => "undefined".to_owned(),
            Self::Error(code) => code.clone(),
            Self::Failed(_) => "failed".to_owned(),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => f.write_str(&json_text(value)),
            Self::Undefined => f.write_str("undefined"),
            Self::Error(code) => f.write_str(code),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused {
                modules, messages, ..
            } => write!(f, "at module {modules}: {}", messages.join("; ")),
            Self::Answers(answers) => write!(f, "{} answers", answers.len()),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}
