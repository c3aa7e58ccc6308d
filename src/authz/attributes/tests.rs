//! What the recorded cases do not show: pruning, proto3 JSON, and what cannot be shown.

use super::*;
use crate::authz::wire;
use crate::data::write;

/// A length-delimited field.
fn field(number: u8, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    prost::encoding::encode_varint(inner.len() as u64, &mut out);
    out.extend_from_slice(inner);
    out
}

fn entry(number: u8, key: &str, value: &[u8]) -> Vec<u8> {
    field(
        number,
        &[field(1, key.as_bytes()), field(2, value)].concat(),
    )
}

/// A request with a bit of everything.
fn message() -> Vec<u8> {
    let socket = [&b"\x08\x01"[..], &field(2, b"10.0.0.1"), b"\x18\x50"].concat();
    let source = [field(1, &field(1, &socket)), field(4, b"spiffe://a")].concat();
    let http = [
        field(2, b"GET"),
        entry(3, "a", b"1"),
        entry(3, "b", b"2"),
        entry(3, "a", b"3"),
        field(4, b"/p?q=1"),
        b"\x48\x07".to_vec(),
        field(12, b"\x00\xff"),
    ]
    .concat();
    let time = b"\x08\xa0\x8d\x06\x10\x80\xca\xb5\xee\x01";
    let any = [field(1, b"t/x.Y"), field(2, b"\x01")].concat();
    let user = [
        entry(1, "name", &field(3, b"ann")),
        entry(1, "age", b"\x11\0\0\0\0\0\0\x45\x40"),
    ];
    let claims = entry(1, "user", &field(5, &user.concat()));
    let metadata = [entry(1, "jwt", &claims), entry(2, "typed", &any)].concat();
    let attributes = [
        field(1, &source),
        field(4, &[field(1, time), field(2, &http)].concat()),
        entry(10, "k", b"v"),
        field(11, &metadata),
    ];
    field(1, &attributes.concat())
}

fn asked(version: ApiVersion, encoding: InputEncoding, paths: &[&[&str]]) -> String {
    let bytes = message();
    let request = wire::scan(version, &bytes).expect("well formed");
    let mut demand = Demand::nothing();
    for path in paths {
        demand.add(path.iter().copied());
    }
    let value = value(&request, encoding, &demand)
        .expect("shown")
        .expect("there");
    let mut out = Vec::new();
    write::value(&mut out, &value);
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[test]
fn only_what_is_asked_for_is_made() {
    let table: [(&[&[&str]], &str); 9] = [
        (&[], "{}"),
        (
            &[&["request", "http", "method"]],
            r#"{"request":{"http":{"method":"GET"}}}"#,
        ),
        (
            &[&["request", "http", "headers"]],
            r#"{"request":{"http":{"headers":{"a":"3","b":"2"}}}}"#,
        ),
        (
            &[
                &["request", "http", "headers", "a"],
                &["request", "http", "headers", "x"],
            ],
            r#"{"request":{"http":{"headers":{"a":"3"}}}}"#,
        ),
        (
            &[&["request", "http", "nothing"]],
            r#"{"request":{"http":{}}}"#,
        ),
        (&[&["destination", "principal"]], "{}"),
        (
            &[&["source", "address", "socketAddress", "portValue"]],
            r#"{"source":{"address":{"socketAddress":{"portValue":80}}}}"#,
        ),
        (
            &[&["metadataContext", "filterMetadata", "jwt", "user", "name"]],
            r#"{"metadataContext":{"filterMetadata":{"jwt":{"user":{"name":"ann"}}}}}"#,
        ),
        // A demand below something that is no object gets all of it.
        (
            &[
                &["request", "http", "method", "x"],
                &["contextExtensions", "k", "y"],
            ],
            r#"{"contextExtensions":{"k":"v"},"request":{"http":{"method":"GET"}}}"#,
        ),
    ];
    for (paths, want) in table {
        assert_eq!(
            asked(ApiVersion::V3, InputEncoding::Protomap, paths),
            want,
            "{paths:?}"
        );
    }
}

#[test]
fn v2_has_names_of_its_own() {
    let asked = |paths: &[&[&str]]| asked(ApiVersion::V2, InputEncoding::Protomap, paths);
    assert_eq!(
        asked(&[&["source", "address"], &["metadata_context"]]),
        r#"{"metadata_context":{"filter_metadata":{"jwt":{"user":{"age":42,"name":"ann"}}}},"#
            .to_owned()
            + r#""source":{"address":{"Address":{"SocketAddress":{"PortSpecifier":"#
            + r#"{"PortValue":80},"address":"10.0.0.1","protocol":1}}}}}"#
    );
    let port = &[
        "source",
        "address",
        "Address",
        "SocketAddress",
        "PortSpecifier",
        "PortValue",
    ];
    assert_eq!(
        asked(&[port]),
        r#"{"source":{"address":{"Address":{"SocketAddress":{"PortSpecifier":{"PortValue":80}}}}}}"#
    );
    assert_eq!(asked(&[&["metadataContext"]]), "{}");
}

#[test]
fn proto3_json_writes_times_enums_and_long_integers_as_text() {
    let asked = asked(
        ApiVersion::V3,
        InputEncoding::Protojson,
        &[
            &["request"],
            &["source", "address"],
            &["metadataContext", "typedFilterMetadata"],
        ],
    );
    assert_eq!(
        asked,
        r#"{"metadataContext":{"typedFilterMetadata":{"typed":{"@type":"t/x.Y","value":"AQ=="}}},"#
            .to_owned()
            + r#""request":{"http":{"headers":{"a":"3","b":"2"},"method":"GET","path":"/p?q=1","#
            + r#""rawBody":"AP8=","size":"7"},"time":"1970-01-02T03:46:40.500Z"},"#
            + r#""source":{"address":{"socketAddress":{"address":"10.0.0.1","portValue":80,"#
            + r#""protocol":"UDP"}}}}"#
    );
}

#[test]
fn times_have_0_3_6_or_9_digits() {
    let varint = |number: u8, value: i64| {
        let mut out = vec![number << 3];
        prost::encoding::encode_varint(value.cast_unsigned(), &mut out);
        out
    };
    let table = [
        ((0, 0), Ok("1970-01-01T00:00:00Z")),
        ((-1, 500_000_000), Ok("1969-12-31T23:59:59.500Z")),
        ((1, 1_000), Ok("1970-01-01T00:00:01.000001Z")),
        ((1, 1), Ok("1970-01-01T00:00:01.000000001Z")),
        (
            (253_402_300_799, 999_999_999),
            Ok("9999-12-31T23:59:59.999999999Z"),
        ),
        ((-62_135_596_800, 0), Ok("0001-01-01T00:00:00Z")),
        ((253_402_300_800, 0), Err(AttributesError::TimeRange)),
        ((0, -1), Err(AttributesError::TimeRange)),
        ((0, 1_000_000_000), Err(AttributesError::TimeRange)),
        ((i64::MAX, 0), Err(AttributesError::TimeRange)),
    ];
    for ((seconds, nanos), want) in table {
        let time = [varint(1, seconds), varint(2, nanos)].concat();
        let bytes = field(1, &field(4, &field(1, &time)));
        let request = wire::scan(ApiVersion::V3, &bytes).expect("well formed");
        let got = doc(&request, InputEncoding::Protojson);
        let want = want.map(|text| {
            let time = ("time".into(), Doc::String(text.into()));
            Some(Doc::Object(vec![(
                "request".into(),
                Doc::Object(vec![time]),
            )]))
        });
        assert_eq!(got, want);
    }
}

#[test]
fn what_json_cannot_express_is_refused_even_when_nobody_asks() {
    let nan = [&[0x11][..], &f64::NAN.to_le_bytes()].concat();
    let table = [
        (nan, "\"NaN\"", AttributesError::NotFinite),
        (
            [&[0x11][..], &f64::NEG_INFINITY.to_le_bytes()].concat(),
            "\"-Infinity\"",
            AttributesError::NotFinite,
        ),
        (Vec::new(), "null", AttributesError::NoKind),
    ];
    for (kind, shown, error) in table {
        let metadata = entry(1, "n", &entry(1, "k", &kind));
        let bytes = field(1, &field(11, &metadata));
        let v3 = wire::scan(ApiVersion::V3, &bytes).expect("well formed");
        let v2 = wire::scan(ApiVersion::V2, &bytes).expect("well formed");
        let mut out = Vec::new();
        let shown_v3 = doc(&v3, InputEncoding::Protomap)
            .expect("shown")
            .expect("there");
        write::doc(&mut out, &shown_v3);
        let want = format!(r#"{{"metadataContext":{{"filterMetadata":{{"n":{{"k":{shown}}}}}}}}}"#);
        assert_eq!(String::from_utf8_lossy(&out), want);
        for demand in [Demand::nothing(), Demand::All] {
            assert_eq!(value(&v2, InputEncoding::Protomap, &demand), Err(error));
            assert_eq!(value(&v3, InputEncoding::Protojson, &demand), Err(error));
            assert!(value(&v3, InputEncoding::Protomap, &demand).is_ok());
        }
    }
}

#[test]
fn no_attributes_are_not_empty_attributes() {
    for (bytes, want) in [(&b""[..], None), (b"\x0a\x00", Some(Doc::Object(vec![])))] {
        let request = wire::scan(ApiVersion::V3, bytes).expect("well formed");
        assert_eq!(doc(&request, InputEncoding::Protomap), Ok(want));
    }
}
