use super::{BitString, Oid, Reader, Time, tag};

#[test]
fn lengths_are_as_short_as_can_be() {
    let long = [&[4, 0x81, 0x80][..], &[7; 0x80]].concat();
    let good: [&[u8]; 3] = [&[4, 0], &[4, 1, 9], &long];
    for bytes in good {
        assert!(Reader::new(bytes).any().is_some(), "{bytes:?}");
    }
    let bad: [&[u8]; 8] = [
        &[],
        &[4],
        &[4, 2, 1],
        &[4, 0x80],
        &[4, 0x81, 1, 9],
        &[4, 0x82, 0, 1, 9],
        &[4, 0x85, 0, 0, 0, 0, 1, 9],
        &[0x1f, 1, 0],
    ];
    for bytes in bad {
        assert!(Reader::new(bytes).any().is_none(), "{bytes:?}");
    }
}

#[test]
fn integers_are_as_short_as_can_be() {
    let int = |content: &[u8]| {
        let element = [&[2, u8::try_from(content.len()).expect("short")], content].concat();
        Reader::new(&element).int()
    };
    assert_eq!(int(&[0]), Some(0));
    assert_eq!(int(&[0xff]), Some(-1));
    assert_eq!(int(&[0, 0x80]), Some(128));
    assert_eq!(int(&[0x80, 0, 0, 0, 0, 0, 0, 0]), Some(i64::MIN));
    for wrong in [&[][..], &[0, 1], &[0xff, 0x80], &[1; 9]] {
        assert_eq!(int(wrong), None, "{wrong:?}");
    }
}

#[test]
fn identifiers_are_read_and_written() {
    let cases: [(&[u8], &str); 4] = [
        (&[0x2a, 0x86, 0x48], "1.2.840"),
        (&[0x55, 0x1d, 0x0f], "2.5.29.15"),
        (&[0x27], "0.39"),
        (&[0x81, 0x34], "2.100"),
    ];
    for (bytes, text) in cases {
        let oid = Oid::short(bytes).expect("an identifier");
        assert_eq!(oid.text(), text);
        let parts = oid.small_parts().expect("small parts");
        let parts: Vec<String> = parts.iter().map(u32::to_string).collect();
        assert_eq!(parts.join("."), text);
    }
    let large = [&[0x2a][..], &[0xff; 9], &[0x7f]].concat();
    assert!(Oid::short(&large).is_none());
    let large = Oid::long(&large).expect("a long identifier");
    assert_eq!(large.text(), "1.2.1180591620717411303423");
    for bytes in [&[][..], &[0x80, 1], &[0x2a, 0x86]] {
        assert!(Oid::long(bytes).is_none(), "{bytes:?}");
    }
}

#[test]
fn bits_are_counted_and_aligned() {
    let bits = BitString::parse(&[3, 0b1010_1000]).expect("bits");
    assert_eq!(bits.len(), 5);
    assert!(bits.at(0) && !bits.at(1) && bits.at(4) && !bits.at(5));
    assert_eq!(bits.right_aligned(), [0b0001_0101]);
    let bits = BitString::parse(&[4, 0x12, 0x30]).expect("bits");
    assert_eq!(bits.right_aligned(), [0x01, 0x23]);
    assert_eq!(BitString::parse(&[0]).map(|bits| bits.len()), Some(0));
    for wrong in [&[][..], &[1], &[8, 0], &[1, 1]] {
        assert!(BitString::parse(wrong).is_none(), "{wrong:?}");
    }
}

#[test]
fn times_are_what_go_makes_of_them() {
    let cases = [
        (tag::UTC_TIME, "491231235959Z", Some("2049-12-31T23:59:59Z")),
        (tag::UTC_TIME, "500101000000Z", Some("1950-01-01T00:00:00Z")),
        (
            tag::UTC_TIME,
            "2101010101+0130",
            Some("2021-01-01T01:01:00+01:30"),
        ),
        (tag::UTC_TIME, "210229000000Z", None),
        (tag::UTC_TIME, "210101000060Z", None),
        (tag::UTC_TIME, "210101000000+0000", None),
        (tag::UTC_TIME, "210101000000+0060", None),
        (tag::UTC_TIME, "210101000000", None),
        (
            tag::GENERALIZED_TIME,
            "99991231235959Z",
            Some("9999-12-31T23:59:59Z"),
        ),
        (
            tag::GENERALIZED_TIME,
            "00000101000000Z",
            Some("0000-01-01T00:00:00Z"),
        ),
        (tag::GENERALIZED_TIME, "202101010101Z", None),
        (tag::GENERALIZED_TIME, "20210101010101.5Z", None),
        (tag::GENERALIZED_TIME, "20210101010101+2400", None),
        (tag::UTF8, "210101000000Z", None),
    ];
    for (tag, text, want) in cases {
        let got = Time::parse(tag, text.as_bytes()).and_then(Time::text);
        assert_eq!(got.as_deref(), want, "{text}");
    }
    let noon = Time::parse(tag::UTC_TIME, b"700101120000+0100").expect("a time");
    assert_eq!(noon.nanoseconds(), 11 * 3600 * 1_000_000_000);
}
