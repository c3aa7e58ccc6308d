//! What is wrong with a configuration, and what is only odd: each with its place.

use std::fmt;
use std::path::Path;

/// Everything that is wrong with a configuration, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The defects, as they were found; never none.
    pub problems: Vec<Problem>,
}

/// One defect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// The key's path; empty when it is not about a key.
    pub path: String,
    /// What is wrong, what was expected, what to do.
    pub message: String,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of the configuration file.
    Line(String, usize),
    /// The configuration file as a whole.
    File(String),
    /// A flag, or a variable of the environment.
    Flag(&'static str),
}

/// Something that does not stop the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A key that nobody knows.
    UnknownKey {
        /// Where it stands.
        place: Place,
        /// Its path.
        path: String,
        /// The known path that looks most like it.
        nearest: Option<String>,
    },
    /// Anything else.
    Note {
        /// Where it stands.
        place: Place,
        /// The key's path or the flag.
        path: String,
        /// What an operator should know.
        message: String,
    },
}

/// Collects while a configuration is read.
#[derive(Debug)]
pub(super) struct Report {
    file: String,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
    /// How many problems the check against the schema found; what follows looks at meanings.
    checked: usize,
}

// === impl Report ===

impl Report {
    pub(super) fn new(file: Option<&Path>) -> Self {
        let file = file.map_or_else(String::new, |path| path.display().to_string());
        Self {
            file,
            problems: Vec::new(),
            warnings: Vec::new(),
            checked: 0,
        }
    }

    /// A defect of the value that began on `line`; zero is one that `--set` brought.
    pub(super) fn error(&mut self, line: usize, path: &str, message: impl Into<String>) {
        if self.follows(path) {
            return;
        }
        let place = self.place(line);
        self.problems.push(Problem {
            place,
            path: path.to_owned(),
            message: message.into(),
        });
    }

    /// Ends the check against the schema.
    pub(super) fn end_check(&mut self) {
        self.checked = self.problems.len();
    }

    /// Whether a problem at `path` only follows from one of the check: there, or below it.
    fn follows(&self, path: &str) -> bool {
        self.problems.iter().take(self.checked).any(|problem| {
            let below = problem.path.strip_prefix(path);
            !path.is_empty() && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    pub(super) fn file_error(&mut self, message: String) {
        let place = Place::File(self.file.clone());
        self.problems.push(Problem {
            place,
            path: String::new(),
            message,
        });
    }

    pub(super) fn flag_error(&mut self, flag: &'static str, message: impl Into<String>) {
        let problem = Problem {
            place: Place::Flag(flag),
            path: String::new(),
            message: message.into(),
        };
        self.problems.push(problem);
    }

    pub(super) fn unknown_key(&mut self, line: usize, path: &str, nearest: Option<String>) {
        let place = self.place(line);
        self.warnings.push(Warning::UnknownKey {
            place,
            path: path.to_owned(),
            nearest,
        });
    }

    pub(super) fn note(&mut self, line: usize, path: &str, message: &str) {
        let place = self.place(line);
        self.push_note(place, path, message);
    }

    pub(super) fn file_note(&mut self, path: &str, message: &str) {
        self.push_note(Place::File(self.file.clone()), path, message);
    }

    pub(super) fn flag_note(&mut self, flag: &'static str, message: &str) {
        self.push_note(Place::Flag(flag), "", message);
    }

    pub(super) fn finish(self) -> Result<Vec<Warning>, ConfigError> {
        if self.problems.is_empty() {
            Ok(self.warnings)
        } else {
            Err(ConfigError {
                problems: self.problems,
            })
        }
    }

    pub(super) fn into_error(self) -> ConfigError {
        ConfigError {
            problems: self.problems,
        }
    }

    fn push_note(&mut self, place: Place, path: &str, message: &str) {
        let (path, message) = (path.to_owned(), message.to_owned());
        self.warnings.push(Warning::Note {
            place,
            path,
            message,
        });
    }

    fn place(&self, line: usize) -> Place {
        match line {
            0 => Place::Flag("--set"),
            line => Place::Line(self.file.clone(), line),
        }
    }
}

// === impl ConfigError ===

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

// === impl Problem ===

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "{}: {}", self.place, self.message),
            path => write!(f, "{}: {path}: {}", self.place, self.message),
        }
    }
}

// === impl Place ===

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line) => write!(f, "{file}:{line}"),
            Self::File(file) if file.is_empty() => f.write_str("configuration"),
            Self::File(file) => f.write_str(file),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

// === impl Warning ===

impl Warning {
    /// What is to be said without the place; for unknown keys the words that OPA uses.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::UnknownKey { path, .. } => {
                format!("unknown configuration option \"{path}\" encountered")
            }
            Self::Note { path, message, .. } if path.is_empty() => message.clone(),
            Self::Note { path, message, .. } => format!("{path}: {message}"),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> &Place {
        match self {
            Self::UnknownKey { place, .. } | Self::Note { place, .. } => place,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.message())?;
        match self {
            Self::UnknownKey {
                nearest: Some(nearest),
                ..
            } => {
                write!(f, "; did you mean \"{nearest}\"?")
            }
            _ => Ok(()),
        }
    }
}
