//! Tokens: what the lexer hands to the parser, without their text.

use crate::source::Span;

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// Where.
    pub(super) span: Span,
    /// What.
    pub(super) kind: Kind,
    /// Whether white space or a comment stands before it.
    pub(super) space: bool,
    /// Whether a line ends between it and the token before.
    pub(super) newline: bool,
    /// Of an opening bracket: the number of the token that closes it.
    pub(super) close: u32,
}

/// The tokens of a file, in pieces, so that those which were read can be freed while a large file is parsed.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pieces: Vec<Vec<Token>>,
    len: usize,
    freed: usize,
}

/// How many tokens a piece holds.
const PIECE: usize = 4096;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Eof,
    Illegal,
    /// A name that is no keyword anywhere.
    Ident,
    Number,
    String,
    RawString,
    /// `$"` or a raw one's start.
    TemplateStart,
    /// Text of a template.
    TemplateText,
    /// `{` in a template.
    TemplateOpen,
    /// The `}` that goes with it.
    TemplateClose,
    /// The end of a template.
    TemplateEnd,
    // Keywords in all versions.
    Package,
    Import,
    As,
    Default,
    Else,
    Not,
    Some,
    With,
    Null,
    True,
    False,
    // Keywords where the version or an import says so.
    If,
    Contains,
    In,
    Every,
    And,
    Or,
    // Punctuation.
    LBrace,
    RBrace,
    LBracket,
    RBracket,
    LParen,
    RParen,
    Comma,
    Semicolon,
    Colon,
    Dot,
    Assign,
    Unify,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Ampersand,
    Pipe,
}

// === impl Tokens ===

impl Tokens {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, token: Token) {
        if self.len.is_multiple_of(PIECE) {
            let room = if self.len == 0 { 0 } else { PIECE };
            self.pieces.push(Vec::with_capacity(room));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(token);
            self.len += 1;
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<&Token> {
        self.pieces.get(at / PIECE)?.get(at % PIECE)
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Token> {
        self.pieces.get_mut(at / PIECE)?.get_mut(at % PIECE)
    }

    /// Frees what stands before the token `at`; it is looked at no more.
    pub(super) fn free_before(&mut self, at: usize) {
        while self.freed < at / PIECE {
            if let Some(piece) = self.pieces.get_mut(self.freed) {
                *piece = Vec::new();
            }
            self.freed += 1;
        }
    }
}

// === impl Kind ===

impl Kind {
    /// The kind of the word `text`.
    pub(super) fn of_word(text: &str) -> Self {
        match text {
            "package" => Self::Package,
            "import" => Self::Import,
            "as" => Self::As,
            "default" => Self::Default,
            "else" => Self::Else,
            "not" => Self::Not,
            "some" => Self::Some,
            "with" => Self::With,
            "null" => Self::Null,
            "true" => Self::True,
            "false" => Self::False,
            "if" => Self::If,
            "contains" => Self::Contains,
            "in" => Self::In,
            "every" => Self::Every,
            "and" => Self::And,
            "or" => Self::Or,
            _ => Self::Ident,
        }
    }

    /// Whether it is a word of any kind.
    pub(super) fn is_word(self) -> bool {
        self == Self::Ident || self.is_keyword() || self.is_soft()
    }

    /// Whether it is a keyword in all versions.
    pub(super) fn is_keyword(self) -> bool {
        matches!(
            self,
            Self::Package
                | Self::Import
                | Self::As
                | Self::Default
                | Self::Else
                | Self::Not
                | Self::Some
                | Self::With
                | Self::Null
                | Self::True
                | Self::False
        )
    }

    /// Whether it is a keyword only where the version or an import says so.
    pub(super) fn is_soft(self) -> bool {
        matches!(
            self,
            Self::If | Self::Contains | Self::In | Self::Every | Self::And | Self::Or
        )
    }

    /// Whether a term can go on with it after a closing bracket.
    pub(super) fn is_infix(self) -> bool {
        self.operator().is_some() || matches!(self, Self::Assign | Self::Unify)
    }

    /// How strongly it binds and OPA's name of it, if it is an infix operator other than `in`.
    pub(super) fn operator(self) -> Option<(u8, &'static str)> {
        Some(match self {
            Self::Equal => (1, "equal"),
            Self::NotEqual => (1, "neq"),
            Self::Less => (1, "lt"),
            Self::LessEqual => (1, "lte"),
            Self::Greater => (1, "gt"),
            Self::GreaterEqual => (1, "gte"),
            Self::Pipe => (2, "or"),
            Self::Ampersand => (3, "and"),
            Self::Plus => (4, "plus"),
            Self::Minus => (4, "minus"),
            Self::Star => (5, "mul"),
            Self::Slash => (5, "div"),
            Self::Percent => (5, "rem"),
            _ => return None,
        })
    }

    /// The name that OPA's errors have for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Eof => "eof",
            Self::Illegal => "illegal",
            Self::Ident => "ident",
            Self::Number => "number",
            Self::String | Self::RawString => "string",
            Self::TemplateStart | Self::TemplateText | Self::TemplateEnd => "template-string",
            Self::Package => "package",
            Self::Import => "import",
            Self::As => "as",
            Self::Default => "default",
            Self::Else => "else",
            Self::Not => "not",
            Self::Some => "some",
            Self::With => "with",
            Self::Null => "null",
            Self::True => "true",
            Self::False => "false",
            Self::If => "if",
            Self::Contains => "contains",
            Self::In => "in",
            Self::Every => "every",
            Self::And | Self::Ampersand => "and",
            Self::Or | Self::Pipe => "or",
            Self::LBrace | Self::TemplateOpen => "{",
            Self::RBrace | Self::TemplateClose => "}",
            Self::LBracket => "[",
            Self::RBracket => "]",
            Self::LParen => "(",
            Self::RParen => ")",
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Colon => ":",
            Self::Dot => ".",
            Self::Assign => "assign",
            Self::Unify => "eq",
            Self::Equal => "equal",
            Self::NotEqual => "neq",
            Self::Less => "lt",
            Self::LessEqual => "lte",
            Self::Greater => "gt",
            Self::GreaterEqual => "gte",
            Self::Plus => "plus",
            Self::Minus => "minus",
            Self::Star => "mul",
            Self::Slash => "div",
            Self::Percent => "rem",
        }
    }
}
