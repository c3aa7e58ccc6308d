//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    (
        "internal.template_string",
        r#"[["a",{1},set()]]"#,
        r#""a1<undefined>""#,
    ),
    (
        "internal.template_string",
        r#"[[{"x"},{[1,"a"]},{{"k":1}},{null},{true},{1.50},{{1,2}},{""}]]"#,
        r#""x[1, \"a\"]{\"k\": 1}nulltrue1.50{1, 2}""#,
    ),
    ("internal.member_2", "[1,[1,2]]", "true"),
    ("internal.member_2", r#"[1,{"a":1}]"#, "true"),
    ("internal.member_2", r#"["a",{"a"}]"#, "true"),
    ("internal.member_2", r#"["a",1]"#, "false"),
    ("internal.member_3", "[0,1,[1,2]]", "true"),
    ("internal.member_3", r#"["a",1,{"a":1}]"#, "true"),
    ("internal.member_3", r#"["a","a",{"a"}]"#, "true"),
    ("internal.member_3", r#"["a",1,1]"#, "false"),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}
