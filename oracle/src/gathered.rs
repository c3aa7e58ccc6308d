//! A program in which all answers of `walk` are gathered before the first is used.
//!
//! OPA's `walk` stops when what uses its answer needs no more, also where that stands outside of the rule that walks: a
//! rule that would have two values then has one. Gathered answers show what the rule gives.

/// The module with each `walk(DOCUMENT, ANSWER)` as `ANSWER = [w | walk(DOCUMENT, w)][_]`, and with each
/// `walk(DOCUMENT)` as the same reference; nothing where it does not walk.
#[must_use]
pub fn gathered(module: &str) -> Option<String> {
    let mut out = String::with_capacity(module.len());
    let mut rest = module;
    let mut calls = 0;
    while let Some((before, behind)) = next_call(rest) {
        let Some((args, behind)) = arguments(behind) else {
            break;
        };
        out.push_str(before);
        match args.as_slice() {
            [document] => out.push_str(&answers(document, calls)),
            [document, answer] => {
                out.push_str(answer.trim());
                out.push_str(" = ");
                out.push_str(&answers(document, calls));
            }
            _ => return None,
        }
        calls += 1;
        rest = behind;
    }
    out.push_str(rest);
    (calls > 0).then_some(out)
}

// === helpers ===

fn answers(document: &str, number: usize) -> String {
    let document = gathered(document).unwrap_or_else(|| document.to_owned());
    format!("[walked{number} | walk({document}, walked{number})][_]")
}

/// What stands before the next call, and what behind its opening parenthesis.
fn next_call(text: &str) -> Option<(&str, &str)> {
    const CALL: &str = "walk(";
    let mut found = text.match_indices(CALL);
    let (at, _) = found.find(|(at, _)| {
        let before = text
            .get(..*at)
            .and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
    })?;
    Some((text.get(..at)?, text.get(at + CALL.len()..)?))
}

/// The arguments of a call, and what stands behind its closing parenthesis.
fn arguments(text: &str) -> Option<(Vec<&str>, &str)> {
    let mut args = Vec::new();
    let (mut depth, mut from) = (0_usize, 0);
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some('"'), '\\') => {
                chars.next();
            }
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')') if depth == 0 => {
                args.push(text.get(from..at)?);
                return Some((args, text.get(at + 1..)?));
            }
            (None, ')' | ']' | '}') => depth = depth.checked_sub(1)?,
            (None, ',') if depth == 0 => {
                args.push(text.get(from..at)?);
                from = at + 1;
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::gathered;

    #[test]
    fn answers_are_gathered_in_both_forms() {
        let given = gathered("a if walk([\")\", x], [_, v])\nb := walk(input)\nc := sidewalk(1)\n");
        let wanted = "a if [_, v] = [walked0 | walk([\")\", x], walked0)][_]\n\
            b := [walked1 | walk(input, walked1)][_]\nc := sidewalk(1)\n";
        assert_eq!(given.as_deref(), Some(wanted));
        assert_eq!(gathered("a := 1\n"), None);
    }
}
