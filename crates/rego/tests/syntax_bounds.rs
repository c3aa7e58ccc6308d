//! Text that is deep or long: it is read or refused, and the stack holds in any case.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::fmt::Write;

use regate_rego::source::File;
use regate_rego::syntax::ast::RegoVersion;
use regate_rego::syntax::{MAX_DEPTH, Options, json, parse_module};

/// Parses on a thread with 2 MiB of stack, the default of threads; walks the tree and drops it there too.
fn accepted(text: String) -> bool {
    let run = move || {
        let file = File::new("t.rego", text);
        let options = Options::default();
        match parse_module(&file, &options) {
            Ok(module) => {
                let copy = module.clone();
                let _ = json::module(&copy);
                copy.rules == module.rules
            }
            Err(errors) => {
                assert!(!errors.is_empty() && errors.len() <= 10);
                false
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run);
    thread.expect("a thread").join().expect("no panic")
}

fn nested(open: &str, inner: &str, close: &str, count: usize) -> String {
    let (open, close) = (open.repeat(count), close.repeat(count));
    format!("package a\nimport future.keywords\np if {{ x := {open}{inner}{close} }}\n")
}

const SHAPES: &[(&str, &str, &str)] = &[
    ("[", "1", "]"),
    ("{", "1", "}"),
    ("(", "1", ")"),
    ("{\"a\": ", "1", "}"),
    ("{[1]: ", "1", "}"),
    ("f(", "1", ")"),
    ("a[", "1", "]"),
    ("[x | y := ", "1", "]"),
    ("{x | y := ", "1", "}"),
    ("{x: y | z := ", "1", "}"),
    ("[x | not ", "1", "]"),
    ("[x | every a in b { c := ", "1", "}]"),
    ("[x | not { c := ", "1", "}]"),
    ("[x | {a} or {c := ", "1", "}]"),
    ("[x | some y in ", "1", "]"),
    ("[x | a with input as ", "1", "]"),
    ("$\"{", "1", "}\""),
    ("-f(", "1", ")"),
    ("", "1", " + 1"),
    ("", "1", " in x"),
    ("1 | ", "1", ""),
    ("", "f(x)", ".y(z)"),
    ("(", "1", " + 1)"),
    ("1 + (", "1", ")"),
];

#[test]
fn what_is_a_little_deep_is_read() {
    for (open, inner, close) in SHAPES {
        assert!(accepted(nested(open, inner, close, 25)), "{open}");
    }
}

#[test]
fn what_is_too_deep_is_refused() {
    for (open, inner, close) in SHAPES {
        for count in [MAX_DEPTH as usize + 1, 100_000] {
            assert!(!accepted(nested(open, inner, close, count)), "{open}");
        }
        assert!(!accepted(nested(open, "", "", 100_000)), "{open}");
    }
}

#[test]
fn the_deepest_trees_that_are_read_fit_the_stack() {
    for (open, inner, close) in SHAPES {
        for count in (60..=MAX_DEPTH as usize).step_by(60) {
            accepted(nested(open, inner, close, count));
        }
    }
}

#[test]
fn chains_of_logic_are_bounded() {
    let chain = |count: usize| {
        let links = " or x and y".repeat(count);
        format!("package a\nimport future.keywords\np if x{links}\n")
    };
    assert!(accepted(chain(50)));
    assert!(!accepted(chain(100_000)));
    let nots = format!("package a\np if {}x", "not ".repeat(100_000));
    assert!(!accepted(nots));
}

#[test]
fn what_is_long_and_flat_is_read() {
    let count = 50_000;
    let reference = format!("package a\np := x{}\n", ".y".repeat(count));
    assert!(accepted(reference));
    let array = format!("package a\np := [{}]\n", "1, ".repeat(count));
    assert!(accepted(array));
    let body = format!("package a\np if {{ {} }}\n", "x\n".repeat(count));
    assert!(accepted(body));
    let bodies = format!("package a\np if {{x}}{}\n", "{x}".repeat(count));
    assert!(accepted(bodies));
    let with = format!("package a\np if x{}\n", " with a as b".repeat(count));
    assert!(accepted(with));
    let mut rules = String::from("package a\n");
    for at in 0..count {
        let _ = writeln!(rules, "p{at} := {at}");
    }
    assert!(accepted(rules));
}

#[test]
fn a_long_head_is_not_copied_without_end() {
    let head = "x, ".repeat(10_000);
    let text = format!("package a\nf({head}) if {{x}}{}\n", "{x}".repeat(10_000));
    assert!(!accepted(text));
}

#[test]
fn errors_are_capped_in_both_versions() {
    let text = "package a\n".to_owned() + &"p := [\n@ ;\n".repeat(10_000);
    for version in [RegoVersion::V0, RegoVersion::V1] {
        let options = Options {
            version,
            ..Options::default()
        };
        let errors = parse_module(&File::new("t.rego", text.as_str()), &options)
            .expect_err("it is no module");
        assert!(errors.len() <= 10, "{}", errors.len());
    }
}
