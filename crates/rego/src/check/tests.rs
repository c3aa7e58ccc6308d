//! Modules and the errors that OPA 1.22.0 finds in them; shapes of what is made of them; size.

use super::{Capabilities, Checked, Options, QueryContext, check, query};
use crate::hir::LiteralKind;
use crate::source::{Diagnostic, File};
use crate::syntax::{self, ast::RegoVersion};

fn checked(text: &str, capabilities: &Capabilities) -> Result<Checked, Vec<Diagnostic>> {
    let flags = text.lines().next().filter(|line| line.starts_with('#'));
    let strict = flags.is_some_and(|flags| flags.contains("strict"));
    let version = if flags.is_some_and(|flags| flags.contains("v0")) {
        RegoVersion::V0
    } else {
        RegoVersion::V1
    };
    let read = syntax::Options {
        version,
        ..syntax::Options::default()
    };
    let module = syntax::parse_module(&File::new("m.rego", text), &read)?;
    check(&[module], &options(capabilities, strict))
}

fn options(capabilities: &Capabilities, strict: bool) -> Options<'_> {
    Options {
        capabilities,
        strict,
        prints: true,
        max_errors: 0,
        data: None,
    }
}

#[test]
fn modules_have_the_errors_that_opa_finds() {
    let capabilities = Capabilities::default();
    let mut wrong = Vec::new();
    for case in include_str!("tests/modules.txt").split("\n====\n").skip(1) {
        let (text, want) = case.split_once("\n>>>>").unwrap_or((case, ""));
        let found = checked(text, &capabilities).err().unwrap_or_default();
        let found: Vec<String> = found
            .iter()
            .map(|d| {
                format!(
                    "{} {} {}",
                    d.location.row,
                    d.code,
                    d.message.lines().next().unwrap_or_default()
                )
            })
            .collect();
        let mut want: Vec<&str> = want.trim().lines().collect();
        let mut found: Vec<&str> = found.iter().map(String::as_str).collect();
        want.sort_unstable();
        want.dedup();
        found.sort_unstable();
        found.dedup();
        if want != found {
            wrong.push(format!("{text}\nOPA: {want:#?}\nhere: {found:#?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_variables_come_by_literal_and_name() {
    let cases = [
        ("p := y + x + z if { a < b }", "x y z a b"),
        ("p if { b < a; d > c }", "a b c d"),
        ("p contains {\"a\": x, \"b\": y} if { not z }", "x y"),
        ("p if { z == y; y == x; x > w }", "y z x w"),
        ("p if { not x = 1; x == y }", "x y"),
        ("p if { count(z) > y with input as x }", "x y z"),
        ("p if { y; x; not a; b == 1 }", "y x a b"),
        ("p := [c, b, a] if { input.x == d }", "c b a"),
    ];
    for (text, want) in cases {
        let text = format!("package m\n\n{text}\n");
        let errors = checked(&text, &Capabilities::default()).unwrap_err();
        let names: Vec<&str> = errors
            .iter()
            .map(|error| error.message.split(' ').nth(1).unwrap())
            .collect();
        assert_eq!(names.join(" "), want, "{text}");
    }
}

#[test]
fn an_unsafe_variable_says_what_would_help() {
    let hint = |text: &str| {
        let errors = checked(text, &Capabilities::default()).unwrap_err();
        errors[0].hint.clone().unwrap_or_default()
    };
    let asked = hint("package a\np if { x in input.xs; x > 1 }");
    assert!(asked.ends_with("write some x in …"), "{asked}");
    let needed = hint("package a\np if x > 1");
    assert_eq!(needed, "nothing gives x a value before it is needed");
    let near = hint("package a\np if cuont([1])");
    assert_eq!(near, "did you mean count?");
}

#[test]
fn bodies_are_put_in_an_order_that_binds_first() {
    let text = "package a\np if { x > 1; y = x; x = input.x }";
    let checked = checked(text, &Capabilities::default()).unwrap();
    let body = &checked.hir.rules[0].body.literals;
    let starts: Vec<u32> = body
        .iter()
        .map(|literal| literal.place.span.start)
        .collect();
    assert_eq!(starts, [31, 17, 24]);
}

#[test]
fn what_a_negated_literal_needs_goes_before_it() {
    let text = "package a\np if not startswith(input.x, \"a\")";
    let checked = checked(text, &Capabilities::default()).unwrap();
    let body = &checked.hir.rules[0].body.literals;
    assert!(matches!(body[0].kind, LiteralKind::Unify(..)), "{body:#?}");
    assert!(matches!(body[1].kind, LiteralKind::Not { .. }), "{body:#?}");
}

#[test]
fn a_query_names_its_variables_and_values() {
    let capabilities = Capabilities::default();
    let checked = checked("package a\np := 1", &capabilities).unwrap();
    let file = File::new("query", "x := data.a.p; _ = x; x + 1");
    let body = syntax::parse_query(&file, &syntax::Options::default()).unwrap();
    let query = query(
        &body,
        &file,
        &QueryContext::default(),
        &checked,
        &options(&capabilities, false),
    )
    .unwrap();
    let names: Vec<&str> = query.bindings.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["x"]);
    let values: Vec<bool> = query
        .expressions
        .iter()
        .map(|(_, value)| value.is_some())
        .collect();
    assert_eq!(values, [false, false, true]);
}

#[test]
fn long_bodies_are_ordered_in_reverse_too() {
    let literals: Vec<String> = (0..10_000).map(|i| format!("x{i} = x{}", i + 1)).collect();
    let literals = literals.join("\n");
    let text = format!("package a\np if {{\n{literals}\nx10000 = 1\n}}");
    assert!(checked(&text, &Capabilities::default()).is_ok());
}

#[test]
fn what_the_host_forbids_is_refused() {
    let capabilities = Capabilities::default().forbid(["time.now_ns".into()]);
    for text in [
        "package a\np := time.now_ns()",
        "package a\np if { count([1]) with count as time.now_ns }",
    ] {
        let errors = checked(text, &capabilities).unwrap_err();
        assert_eq!(errors[0].code.as_str(), "rego_type_error", "{errors:?}");
    }
    let mocked = "package a\np if { q with time.now_ns as 1 }\nq := 1";
    assert!(checked(mocked, &capabilities).is_ok());
}
