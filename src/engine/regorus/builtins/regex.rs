//! `regex.*`: patterns as RE2 reads them, texts and templates as Go treats them.

use std::cell::RefCell;
use std::rc::Rc;

use regex::{Captures, Regex};

use super::cache::Cache;
use super::re2::{self, Translated};
use regorus::Value;

/// A pattern that is compiled.
struct Pattern {
    regex: Regex,
    names: Vec<Option<String>>,
    /// Whether the pattern is no text at all.
    empty: bool,
}

thread_local! {
    /// Patterns by their text, `None` for one that does not compile.
    static PATTERNS: RefCell<Cache<Option<Rc<Pattern>>>> = RefCell::new(Cache::new());
}

/// `regex.is_valid(pattern)`.
pub(super) fn is_valid(arguments: &[Value]) -> Option<Value> {
    let [pattern] = arguments else { return None };
    let valid = text(pattern).is_some_and(|pattern| compiled(pattern).is_some());
    Some(Value::Bool(valid))
}

/// `regex.match(pattern, value)`.
pub(super) fn is_match(arguments: &[Value]) -> Option<Value> {
    let [pattern, value] = texts(arguments)?;
    Some(Value::Bool(compiled(pattern)?.regex.is_match(value)))
}

/// `regex.find_n(pattern, value, number)`.
pub(super) fn find_n(arguments: &[Value]) -> Option<Value> {
    let (pattern, value, most) = searched(arguments)?;
    let found = pattern.regex.find_iter(value).take(most);
    Some(
        found
            .map(|found| Value::from(found.as_str()))
            .collect::<Vec<_>>()
            .into(),
    )
}

/// `regex.find_all_string_submatch_n(pattern, value, number)`.
pub(super) fn find_submatches(arguments: &[Value]) -> Option<Value> {
    let (pattern, value, most) = searched(arguments)?;
    let groups = |found: Captures<'_>| {
        let group = |group: Option<regex::Match<'_>>| Value::from(group.map_or("", |g| g.as_str()));
        Value::from(found.iter().map(group).collect::<Vec<_>>())
    };
    let found = pattern.regex.captures_iter(value).take(most);
    Some(found.map(groups).collect::<Vec<_>>().into())
}

/// `regex.split(pattern, value)`.
pub(super) fn split(arguments: &[Value]) -> Option<Value> {
    let [pattern, value] = texts(arguments)?;
    let pattern = compiled(pattern)?;
    if value.is_empty() && !pattern.empty {
        return Some(vec![Value::from("")].into());
    }
    let (mut parts, mut from, mut end) = (Vec::new(), 0, 0);
    for found in pattern.regex.find_iter(value) {
        end = found.start();
        // Nothing is before an empty match at the very beginning.
        if found.end() != 0 {
            parts.push(Value::from(value.get(from..end)?));
        }
        from = found.end();
    }
    if end != value.len() {
        parts.push(Value::from(value.get(from..)?));
    }
    Some(parts.into())
}

/// `regex.replace(value, pattern, template)`.
pub(super) fn replace(arguments: &[Value]) -> Option<Value> {
    let [value, pattern, template] = texts(arguments)?;
    let pattern = compiled(pattern)?;
    let (mut out, mut from) = (String::with_capacity(value.len()), 0);
    for found in pattern.regex.captures_iter(value) {
        let whole = found.get(0)?;
        out.push_str(value.get(from..whole.start())?);
        expand(template, &pattern.names, &found, &mut out);
        from = whole.end();
    }
    out.push_str(value.get(from..)?);
    Some(Value::from(out))
}

/// `regex.template_match(template, value, start, end)`: the template is text, with patterns between
/// the delimiters.
pub(super) fn template_match(arguments: &[Value]) -> Option<Value> {
    let [template, value, start, end] = texts(arguments)?;
    let (&[start], &[end]) = (start.as_bytes(), end.as_bytes()) else {
        return None;
    };
    let pattern = template_pattern(template, start, end)?;
    Some(Value::Bool(compiled(&pattern)?.regex.is_match(value)))
}

fn template_pattern(template: &str, start: u8, end: u8) -> Option<String> {
    let mut pattern = "^".to_owned();
    let (mut level, mut from, mut after) = (0_u32, 0, 0);
    for (at, byte) in template.bytes().enumerate() {
        if byte == start {
            level += 1;
            if level == 1 {
                from = at;
            }
        } else if byte == end {
            level = level.checked_sub(1)?;
            if level == 0 {
                let inner = template.get(from + 1..at)?;
                compiled(&format!("^{inner}$"))?;
                pattern.push_str(&re2::quote(template.get(after..from)?));
                pattern.extend(["(", inner, ")"]);
                after = at + 1;
            }
        }
    }
    pattern.push_str(&re2::quote(template.get(after..)?));
    pattern.push('$');
    (level == 0).then_some(pattern)
}

fn searched(arguments: &[Value]) -> Option<(Rc<Pattern>, &str, usize)> {
    let [pattern, value, number] = arguments else {
        return None;
    };
    let number = number.as_i64().ok()?;
    // Less than nothing stands for all.
    let most = usize::try_from(number).unwrap_or(usize::MAX);
    Some((compiled(text(pattern)?)?, text(value)?, most))
}

fn compiled(pattern: &str) -> Option<Rc<Pattern>> {
    PATTERNS.with_borrow_mut(|patterns| patterns.get(pattern, || compile(pattern).map(Rc::new)))
}

fn compile(text: &str) -> Option<Pattern> {
    let Translated { pattern, names } = re2::translate(text)?;
    let regex = Regex::new(&pattern).ok()?;
    Some(Pattern {
        regex,
        names,
        empty: text.is_empty(),
    })
}

/// Writes `template` with the groups of a match: `$1`, `${1}`, `$name`, `${name}`, and `$$` for `$`.
fn expand(template: &str, names: &[Option<String>], found: &Captures<'_>, out: &mut String) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = reference(rest) {
            let group = group_of(name, names).and_then(|number| found.get(number));
            out.push_str(group.map_or("", |group| group.as_str()));
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
}

/// The name at the head of `text`, as long as it can be, and what follows.
fn reference(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{');
    let body = inner.unwrap_or(text);
    let end = body
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(body.len());
    let (name, after) = body.split_at_checked(end)?;
    let after = if inner.is_some() {
        after.strip_prefix('}')?
    } else {
        after
    };
    (!name.is_empty()).then_some((name, after))
}

fn group_of(name: &str, names: &[Option<String>]) -> Option<usize> {
    let number =
        name.bytes().all(|b| b.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    if number {
        return name.parse().ok();
    }
    let named = |own: &Option<String>| own.as_deref() == Some(name);
    names.iter().position(named).map(|at| at + 1)
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn texts<const N: usize>(arguments: &[Value]) -> Option<[&str; N]> {
    let texts: Vec<&str> = arguments.iter().map(text).collect::<Option<_>>()?;
    texts.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        Value::from_json_str(text).expect("JSON")
    }

    fn call(function: fn(&[Value]) -> Option<Value>, arguments: &str) -> Value {
        let arguments = json(arguments);
        let arguments: Vec<Value> = arguments
            .as_array()
            .expect("a list")
            .iter()
            .cloned()
            .collect();
        function(&arguments).unwrap_or(Value::Undefined)
    }

    #[test]
    fn texts_are_taken_apart_as_go_does() {
        type Case = (fn(&[Value]) -> Option<Value>, &'static str, &'static str);
        let cases: [Case; 17] = [
            (find_n, r#"["o.", "foo bob", -1]"#, r#"["oo", "ob"]"#),
            (find_n, r#"["o*", "foo", -1]"#, r#"["", "oo"]"#),
            (find_n, r#"["o", "foo", 1]"#, r#"["o"]"#),
            (find_n, r#"["o", "foo", 0]"#, "[]"),
            (
                find_submatches,
                r#"["a(x*)(y)?", "-axx-", -1]"#,
                r#"[["axx", "xx", ""]]"#,
            ),
            (split, r#"["a", ""]"#, r#"[""]"#),
            (split, r#"["", ""]"#, "[]"),
            (split, r#"["", "abc"]"#, r#"["a", "b", "c"]"#),
            (split, r#"["a", "abaca"]"#, r#"["", "b", "c", ""]"#),
            (split, r#"["/+", "/a//b"]"#, r#"["", "a", "b"]"#),
            (
                replace,
                r#"["-ab-axxb-", "a(x*)b", "${1}W"]"#,
                r#""-W-xxW-""#,
            ),
            (replace, r#"["-ab-axxb-", "a(x*)b", "$1W"]"#, r#""---""#),
            (
                replace,
                r#"["ab", "(?P<n>a)", "$$$n.$0 ${n $"]"#,
                r#""$a.a ${n $b""#,
            ),
            (replace, r#"["abc", "", "-"]"#, r#""-a-b-c-""#),
            (
                template_match,
                r#"["urn:foo:{.*}", "urn:foo:bar:baz", "{", "}"]"#,
                "true",
            ),
            (
                template_match,
                r#"["a.<[0-9]{2,3}>", "axx12", "<", ">"]"#,
                "false",
            ),
            (is_valid, "[3]", "false"),
        ];
        for (function, arguments, want) in cases {
            assert_eq!(call(function, arguments), json(want), "{arguments}");
        }
    }

    #[test]
    fn what_is_no_pattern_has_no_answer() {
        for arguments in [r#"["(?=a)", "a"]"#, r#"["a", 1]"#, r#"[1, "a"]"#] {
            assert_eq!(call(is_match, arguments), Value::Undefined, "{arguments}");
        }
        for arguments in [
            r#"["<a", "a", "<", ">"]"#,
            r#"["a>", "a", "<", ">"]"#,
            r#"["a", "a", "<<", ">"]"#,
        ] {
            assert_eq!(
                call(template_match, arguments),
                Value::Undefined,
                "{arguments}"
            );
        }
    }
}
