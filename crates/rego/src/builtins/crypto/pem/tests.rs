use super::Blocks;

#[test]
fn blocks_are_found_as_go_finds_them() {
    let cases: [(&str, &[(&str, &str)]); 14] = [
        ("-----BEGIN A-----\nYQ==\n-----END A-----\n", &[("A", "a")]),
        (
            "x\n-----BEGIN A-----\r\nY Q=\t=\r\n-----END A-----",
            &[("A", "a")],
        ),
        (
            "-----BEGIN A-----\nk: v\nl: w\n\nYQ==\n-----END A-----",
            &[("A", "a")],
        ),
        (
            "-----BEGIN A-----\n-----END A-----\n-----BEGIN B-----\nYg==\n-----END B-----",
            &[("A", ""), ("B", "b")],
        ),
        // An opening that nothing closes is passed over.
        (
            "-----BEGIN A-----\nYQ==\n-----BEGIN B-----\nYg==\n-----END B-----",
            &[("B", "b")],
        ),
        (
            "-----BEGIN A-----\nYQ==\n-----END B-----\n-----BEGIN B-----\nYg==\n-----END B-----",
            &[("B", "b")],
        ),
        (
            "-----BEGIN A-----\n!\n-----END A-----\n-----BEGIN B-----\nYg==\n-----END B-----",
            &[("B", "b")],
        ),
        ("-----BEGIN A-----\nYQ==\n-----END A-----x\n", &[]),
        (
            "-----BEGIN A-----\nYQ==\n-----END A----- \t\n",
            &[("A", "a")],
        ),
        (" -----BEGIN A-----\nYQ==\n-----END A-----", &[]),
        ("-----BEGIN A-----YQ==-----END A-----", &[]),
        ("-----BEGIN A\nYQ==\n-----END A-----", &[]),
        ("-----BEGIN A-----\nk: v\n-----END A-----", &[]),
        ("", &[]),
    ];
    for (text, want) in cases {
        let blocks: Vec<_> = Blocks::of(text.as_bytes()).collect();
        let got: Vec<(&str, &str)> = blocks
            .iter()
            .map(|block| {
                let kind = str::from_utf8(block.kind).expect("text");
                (kind, str::from_utf8(&block.bytes).expect("text"))
            })
            .collect();
        assert_eq!(got, want, "{text}");
    }
}
