//! Answers of OPA, one row a call.

use crate::builtins::calls::answers;

#[test]
fn networks_hold_what_lies_in_them() {
    answers(&[
        ("net.cidr_contains", r#"["10.0.0.0/8", "10.1.2.3"]"#, "true"),
        (
            "net.cidr_contains",
            r#"["10.9.9.9/8", "10.1.0.0/16"]"#,
            "true",
        ),
        (
            "net.cidr_contains",
            r#"["10.1.0.0/16", "10.0.0.0/8"]"#,
            "false",
        ),
        (
            "net.cidr_contains",
            r#"["10.0.0.0/8", "::ffff:10.1.2.3"]"#,
            "true",
        ),
        (
            "net.cidr_contains",
            r#"["::ffff:10.0.0.0/104", "10.1.2.3"]"#,
            "true",
        ),
        ("net.cidr_contains", r#"["::/0", "10.1.2.3"]"#, "false"),
        ("net.cidr_contains", r#"["::/80", "::/80"]"#, "true"),
        (
            "net.cidr_contains",
            r#"["2001:db8::/32", "2001:db8:1::1"]"#,
            "true",
        ),
        (
            "net.cidr_contains",
            r#"["10.0.0.0/33", "10.1.2.3"]"#,
            "fails",
        ),
        (
            "net.cidr_contains",
            r#"["10.0.0.0/08", "10.1.2.3"]"#,
            "true",
        ),
        (
            "net.cidr_contains",
            r#"["010.0.0.0/8", "10.1.2.3"]"#,
            "fails",
        ),
        (
            "net.cidr_contains",
            r#"["fe80::1%eth0/64", "fe80::1"]"#,
            "fails",
        ),
        ("net.cidr_contains", r#"["10.0.0.0/8", "host"]"#, "fails"),
        (
            "net.cidr_intersects",
            r#"["10.1.0.0/16", "10.0.0.0/8"]"#,
            "true",
        ),
        (
            "net.cidr_intersects",
            r#"["10.1.0.0/16", "10.2.0.0/16"]"#,
            "false",
        ),
        ("net.cidr_is_valid", r#"["::/129"]"#, "false"),
        ("net.cidr_is_valid", "[1]", "false"),
    ]);
}

#[test]
fn collections_give_pairs() {
    answers(&[
        (
            "net.cidr_contains_matches",
            r#"["1.1.1.0/24", "1.1.1.128"]"#,
            r#"{"set()": [["1.1.1.0/24", "1.1.1.128"]]}"#,
        ),
        (
            "net.cidr_contains_matches",
            r#"[["1.1.1.0/24", "1.1.2.0/24"], "1.1.1.128"]"#,
            r#"{"set()": [[0, "1.1.1.128"]]}"#,
        ),
        (
            "net.cidr_contains_matches",
            r#"[[["1.1.1.0/24", "foo", 1], "1.1.2.0/24"], ["1.1.1.128", ["1.1.254.254", "bar"]]]"#,
            r#"{"set()": [[0, 0]]}"#,
        ),
        (
            "net.cidr_contains_matches",
            r#"[{"x": "1.1.1.0/24"}, {"y": ["1.1.1.1", 2]}]"#,
            r#"{"set()": [["x", "y"]]}"#,
        ),
        ("net.cidr_contains_matches", "[[], [1]]", r#"{"set()": []}"#),
        (
            "net.cidr_contains_matches",
            r#"[["x"], []]"#,
            r#"{"set()": []}"#,
        ),
        (
            "net.cidr_contains_matches",
            r#"[["1.1.1.0/24"], [1]]"#,
            "fails",
        ),
    ]);
}

#[test]
fn networks_are_merged_and_expanded() {
    answers(&[
        (
            "net.cidr_merge",
            r#"[["192.0.128.0/24", "192.0.129.0/24"]]"#,
            r#"{"set()": ["192.0.128.0/23"]}"#,
        ),
        (
            "net.cidr_merge",
            r#"[["10.0.0.1"]]"#,
            r#"{"set()": ["10.0.0.1/8"]}"#,
        ),
        (
            "net.cidr_merge",
            r#"[["10.0.0.1", "10.0.0.2"]]"#,
            r#"{"set()": ["10.0.0.0/8"]}"#,
        ),
        (
            "net.cidr_merge",
            r#"[["10.0.0.0/30", "10.0.0.4/31", "10.0.0.6/32"]]"#,
            r#"{"set()": ["10.0.0.0/30", "10.0.0.4/31", "10.0.0.6/32"]}"#,
        ),
        (
            "net.cidr_merge",
            r#"[["::1/128", "::2/128", "::3/128"]]"#,
            r#"{"set()": ["::1/128", "::2/127"]}"#,
        ),
        (
            "net.cidr_merge",
            r#"[["10.0.0.0/8", "::/48"]]"#,
            r#"{"set()": ["::/48"]}"#,
        ),
        ("net.cidr_merge", r#"[["::1"]]"#, "fails"),
        ("net.cidr_merge", "[[1]]", "fails"),
        ("net.cidr_merge", "[[]]", r#"{"set()": []}"#),
        (
            "net.cidr_merge",
            r#"[["0.0.0.0/1", "128.0.0.0/1"]]"#,
            r#"{"set()": ["0.0.0.0/0"]}"#,
        ),
        (
            "net.cidr_expand",
            r#"["192.168.0.1/30"]"#,
            r#"{"set()": ["192.168.0.0", "192.168.0.1", "192.168.0.2", "192.168.0.3"]}"#,
        ),
        (
            "net.cidr_expand",
            r#"["2001:db8::/127"]"#,
            r#"{"set()": ["2001:db8::", "2001:db8::1"]}"#,
        ),
        (
            "net.cidr_expand",
            r#"["255.255.255.255/32"]"#,
            r#"{"set()": ["255.255.255.255"]}"#,
        ),
        ("net.cidr_expand", r#"["x"]"#, "fails"),
    ]);
}
