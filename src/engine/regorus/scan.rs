//! A look at a module's text before the engine's parser sees it: what would make that parser run for
//! minutes is refused here. It knows strings, raw strings, comments and brackets, and no more of Rego.

use crate::engine::CompileError;

/// How deep brackets may nest. The engine's parser takes twice as long for each level.
pub(super) const MAX_NESTING: usize = 10;

/// Refuses `text` when the engine's parser must not see it.
pub(super) fn check(file: &str, text: &str) -> Result<(), CompileError> {
    let mut scanner = Scanner {
        chars: text.chars().peekable(),
        line: 1,
        column: 0,
    };
    let mut depth = 0_usize;
    while let Some(c) = scanner.next() {
        match c {
            '#' => scanner.skip_until(|c| c == '\n'),
            '`' => scanner.skip_until(|c| c == '`'),
            '"' => scanner.skip_string(),
            '$' if matches!(scanner.chars.peek(), Some('"' | '`')) => {
                let text = "string interpolation (`$\"…\"`) is not there yet; use `sprintf`";
                return Err(scanner.error(file, text.to_owned()));
            }
            '(' | '[' | '{' => {
                depth += 1;
                if depth > MAX_NESTING {
                    let text = format!(
                        "brackets nest deeper than {MAX_NESTING} levels; give the inner part a rule of its own"
                    );
                    return Err(scanner.error(file, text));
                }
            }
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

struct Scanner<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    line: u32,
    column: u32,
}

impl Scanner<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        if c == '\n' {
            self.line += 1;
            self.column = 0;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    fn skip_until(&mut self, end: impl Fn(char) -> bool) {
        while let Some(c) = self.next() {
            if end(c) {
                return;
            }
        }
    }

    /// A line's end closes a string too: the parser reports it, and nothing after it is hidden.
    fn skip_string(&mut self) {
        while let Some(c) = self.next() {
            match c {
                '\\' => drop(self.next()),
                '"' | '\n' => return,
                _ => {}
            }
        }
    }

    fn error(&self, file: &str, message: String) -> CompileError {
        CompileError::new("rego_parse_error", message).at(file, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_brackets_and_interpolation_are_refused_with_their_place() {
        let deep = |n: usize| format!("package a\nx := {}1{}\n", "[".repeat(n), "]".repeat(n));
        let quoted = format!(
            "package a\nx := \"\\\"{}\" # {}\ny := `{}`",
            "[".repeat(20),
            "{".repeat(20),
            "(".repeat(20)
        );
        let cases: [(String, Option<&str>); 6] = [
            (deep(10), None),
            (deep(11), Some("a.rego:2:16")),
            (deep(500), Some("a.rego:2:16")),
            (quoted, None),
            (
                "package a\nx := \"open\ny := [[[[[[[[[[[1]]]]]]]]]]]".to_owned(),
                Some("a.rego:3:16"),
            ),
            ("package a\nx := $\"{y}\"".to_owned(), Some("a.rego:2:6")),
        ];
        for (text, want) in cases {
            let got = check("a.rego", &text).err().map(|e| e.to_string());
            match want {
                None => assert_eq!(got, None, "{text}"),
                Some(place) => assert!(
                    got.as_deref().is_some_and(|e| e.starts_with(place)),
                    "{text}: {got:?}"
                ),
            }
        }
    }
}
