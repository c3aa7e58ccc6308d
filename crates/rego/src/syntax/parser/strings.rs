//! What the text between quotes means: escapes as JSON has them.

use crate::value::Str;

use super::super::ast::{RegoVersion, TemplatePart, Term, TermKind};
use super::super::token::{Kind, Token};
use super::body::LITERAL;
use super::{Parsed, Parser};

/// What a template string takes of the stack, in brackets: it becomes a comprehension and a call.
const TEMPLATE: u32 = LITERAL + 1;

// === impl Parser ===

impl Parser<'_> {
    pub(super) fn string(&mut self) -> Parsed<Term> {
        let token = self.next();
        let text = self.text(token);
        let inner = text.get(1..text.len().saturating_sub(1));
        let inner = inner.unwrap_or_default();
        let text = if token.kind == Kind::RawString {
            Str::from(inner)
        } else {
            self.decoded(token, inner, false)?
        };
        Ok(Term {
            span: token.span,
            kind: TermKind::String(text),
        })
    }

    pub(super) fn template(&mut self) -> Parsed<Term> {
        let v0 = self.options.version == RegoVersion::V0;
        if v0 || !self.options.features.template_strings {
            let message = "template strings are not supported by current capabilities";
            let hint = if v0 {
                "write sprintf: version 0 of the language has no template strings"
            } else {
                "write sprintf, or add the feature template_strings"
            };
            return Err(self.error(self.token().span, message, hint));
        }
        let start = self.next();
        let raw = self.text(start).ends_with('`');
        let mut parts = Vec::new();
        let mut height = 0;
        loop {
            let token = self.next();
            match token.kind {
                Kind::TemplateText => {
                    let text = self.text(token);
                    let text = if raw {
                        Str::from(text.replace("\\{", "{"))
                    } else {
                        self.decoded(token, text, true)?
                    };
                    if !text.is_empty() {
                        parts.push(TemplatePart::Text(text));
                    }
                }
                Kind::TemplateOpen => {
                    if self.at_keyword_with_key() {
                        self.named = Some(self.at);
                    }
                    let term = self.weighted(TEMPLATE, Self::expression)?;
                    self.refuse_unification(&term)?;
                    let with = self.with()?;
                    height = height.max(self.height);
                    if self.kind() != Kind::TemplateClose {
                        return Err(self.unexpected("expected } to end template string expression"));
                    }
                    self.next();
                    parts.push(if with.is_empty() {
                        TemplatePart::Term(term)
                    } else {
                        TemplatePart::Modified(term, with)
                    });
                }
                Kind::TemplateEnd => break,
                _ => {
                    let hint = "close the template string";
                    return Err(self.error(token.span, "invalid template-string expression", hint));
                }
            }
        }
        let span = self.since(start.span);
        self.grow(height, span)?;
        let kind = TermKind::Template(parts);
        Ok(Term { span, kind })
    }

    /// `=` and `:=` stand in no template string, under their names neither.
    fn refuse_unification(&self, term: &Term) -> Parsed<()> {
        let TermKind::Call(call) = &term.kind else {
            return Ok(());
        };
        let what = match &call.operator.head.kind {
            TermKind::Var(name) if call.operator.path.is_empty() => match &**name {
                "eq" => "unification ('=')",
                "assign" => "assignment (':=')",
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        let message = format!("unexpected {what} in template-string expression");
        Err(self.error(term.span, message, "compare with =="))
    }

    fn decoded(&self, token: Token, text: &str, template: bool) -> Parsed<Str> {
        if !text.contains('\\') {
            return Ok(Str::from(text));
        }
        decode(text, template).map_or_else(
            || {
                let hint = r#"known are \" \\ \/ \b \f \n \r \t and \uXXXX; or write a raw string in back-ticks"#;
                Err(self.error(token.span, "illegal escape sequence", hint))
            },
            |text| Ok(Str::from(text)),
        )
    }
}

/// Replaces the escapes in `text`; a half of a surrogate pair becomes U+FFFD.
fn decode(text: &str, template: bool) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at)?);
        let escape = *rest.as_bytes().get(at + 1)?;
        rest = rest.get(at + 2..)?;
        out.push(match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'{' if template => '{',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (found, length) = unicode(rest)?;
                rest = rest.get(length..)?;
                found
            }
            _ => return None,
        });
    }
    out.push_str(rest);
    Some(out)
}

/// The character of `XXXX` or `XXXX\uXXXX`, and how many bytes it took.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 4)?;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    };
    let first = unit(0)?;
    if let Some(found) = char::from_u32(u32::from(first)) {
        return Some((found, 4));
    }
    if text.get(4..6) == Some("\\u")
        && let Some(second) = unit(6)
        && let Some(Ok(found)) = char::decode_utf16([first, second]).next()
    {
        return Some((found, 10));
    }
    Some(('\u{fffd}', 4))
}
