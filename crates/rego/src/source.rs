//! Source files, spans in them, and errors that point into them.

use std::fmt;
use std::sync::Arc;

/// One Rego file, shared by everything that points into it.
#[derive(Debug, PartialEq, Eq)]
pub struct File {
    /// Its name as errors show it.
    pub name: String,
    /// Its text.
    pub text: Arc<str>,
    lines: Vec<u32>,
}

/// A range of bytes of one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Where it starts.
    pub start: u32,
    /// Where it ends, exclusive.
    pub end: u32,
}

/// How many bytes of a line are looked at for a column, so that a long line costs what a short one does.
const COUNTED: u32 = 1 << 16;

/// How many characters of a line an error marks.
const CARETS: usize = 80;

/// A place for people: row and column count from one, the column in characters as OPA's does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file's name.
    pub file: Arc<str>,
    /// The line, from one.
    pub row: u32,
    /// The column in characters, from one.
    pub col: u32,
}

/// The kind of an error, by OPA's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// `rego_parse_error`.
    Parse,
    /// `rego_compile_error`.
    Compile,
    /// `rego_type_error`.
    Type,
    /// `rego_unsafe_var_error`.
    UnsafeVar,
    /// `rego_recursion_error`.
    Recursion,
}

/// An error in a policy: what, where, and what would fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind.
    pub code: Code,
    /// What is wrong, in one sentence without the place.
    pub message: String,
    /// Where.
    pub location: Location,
    /// The line of the file that it points to, and the caret's width in characters.
    pub line: Option<(String, u32)>,
    /// What would fix it.
    pub hint: Option<String>,
}

// === impl File ===

impl File {
    /// Takes the file in.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Arc<Self> {
        let text = text.into();
        let starts = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let lines = std::iter::once(0)
            .chain(starts.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)))
            .collect();
        let name = name.into();
        Arc::new(Self { name, text, lines })
    }

    /// The text of `span`.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    /// Row and column of the byte at `offset`, both from one; columns are characters, far into a line bytes.
    #[must_use]
    pub fn row_col(&self, offset: u32) -> (u32, u32) {
        let row = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(row.saturating_sub(1)).copied().unwrap_or(0);
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        let bytes = offset.saturating_sub(start);
        let before = self.text.get(start as usize..offset as usize);
        let col = match before {
            Some(before) if bytes <= COUNTED => u32::try_from(before.chars().count()),
            _ => Ok(bytes),
        };
        (row, col.unwrap_or(bytes) + 1)
    }

    /// Whether a line begins at `offset`.
    #[must_use]
    pub fn starts_line(&self, offset: u32) -> bool {
        self.lines.binary_search(&offset).is_ok()
    }

    /// The line of number `row`, from one, without its end.
    #[must_use]
    pub fn line(&self, row: u32) -> &str {
        let start = self.lines.get((row as usize).saturating_sub(1)).copied();
        let rest = start.and_then(|start| self.text.get(start as usize..));
        rest.and_then(|rest| rest.lines().next())
            .unwrap_or_default()
    }

    /// The place of `span`.
    #[must_use]
    pub fn location(&self, span: Span) -> Location {
        let (row, col) = self.row_col(span.start);
        let file = self.name.as_str().into();
        Location { file, row, col }
    }

    /// An error at `span`.
    #[must_use]
    pub fn diagnostic(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        let location = self.location(span);
        let line = self.line(location.row).to_owned();
        let text = self.slice(span).lines().next().unwrap_or_default();
        let width = text.chars().take(CARETS).count().max(1);
        let width = u32::try_from(width).unwrap_or(1);
        Diagnostic {
            code,
            message: message.into(),
            location,
            line: Some((line, width)),
            hint: None,
        }
    }
}

// === impl Span ===

impl Span {
    /// From the start of `self` to the end of `other`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

// === impl Code ===

impl Code {
    /// OPA's name of it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "rego_parse_error",
            Self::Compile => "rego_compile_error",
            Self::Type => "rego_type_error",
            Self::UnsafeVar => "rego_unsafe_var_error",
            Self::Recursion => "rego_recursion_error",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Location ===

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.row)
    }
}

// === impl Diagnostic ===

impl Diagnostic {
    /// Adds what would fix it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    /// `file:row:col: code: message`, then the line, a caret under it, and the hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Location { file, row, col } = &self.location;
        write!(f, "{file}:{row}:{col}: {}: {}", self.code, self.message)?;
        if let Some((line, width)) = &self.line {
            // Tabs stay tabs, so that the caret stands under its column.
            let pad: String = line
                .chars()
                .take(*col as usize - 1)
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            let caret = "^".repeat(*width as usize);
            write!(f, "\n\t{line}\n\t{pad}{caret}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n\t{hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}
