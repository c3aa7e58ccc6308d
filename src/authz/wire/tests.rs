//! The scan by tables of odd bytes, and against prost: both read random messages, whole and
//! damaged, and must agree on everything but the listed differences.

use envoy_types::pb::envoy::config::core::v3 as core;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{
    HttpRequest, Peer, Request as AuthRequest, TlsSession,
};
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};
use envoy_types::pb::google::protobuf::{Any, ListValue, Struct, Timestamp, Value, value::Kind};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::authz::InputEncoding;
use crate::authz::attributes;
use crate::data::Doc;

mod expected;

fn v3(message: &[u8]) -> Result<Request<'_>, WireError> {
    scan(ApiVersion::V3, message)
}

/// A length-delimited field.
fn field(number: u8, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    prost::encoding::encode_varint(inner.len() as u64, &mut out);
    out.extend_from_slice(inner);
    out
}

/// A request whose `attributes.request.http` has these bytes.
fn http(inner: &[u8]) -> Vec<u8> {
    field(1, &field(4, &field(2, inner)))
}

#[test]
fn malformed_bytes_are_an_error() {
    let overlong = [&[0x48][..], &[0x80; 10], &[0]].concat();
    let too_large = [&[0x48][..], &[0xff; 9], &[2]].concat();
    let table: [(&str, &[u8]); 14] = [
        ("a tag without a value", b"\x48"),
        ("field number 0", b"\x02\x00"),
        ("wire type 6", b"\x0e"),
        ("wire type 7", b"\x0f"),
        ("a varint of eleven bytes", &overlong),
        ("a varint of more than 64 bits", &too_large),
        ("a varint cut off", b"\x48\x80"),
        ("a length beyond the end", b"\x22\x05abcd"),
        (
            "a length of almost 2^64",
            b"\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ),
        (
            "a field number above the largest",
            b"\x80\x80\x80\x80\x10\x00",
        ),
        ("four bytes cut off", b"\xfd\x01\x00\x00\x00"),
        ("the end of a group that did not begin", b"\x7c"),
        ("a group without end", b"\x7b\x08\x01"),
        ("a group with another end", b"\x7b\x84\x01"),
    ];
    for (name, bytes) in table {
        assert_eq!(
            v3(&http(bytes)).map(drop),
            Err(WireError::Malformed),
            "{name}"
        );
        let header = [&b"\x0a\x01k"[..], bytes].concat();
        let result = v3(&http(&field(3, &header))).map(drop);
        assert_eq!(result, Err(WireError::Malformed), "{name}, in a header");
    }
}

#[test]
fn unknown_fields_are_passed_over() {
    let table: [(&str, &[u8]); 7] = [
        ("a varint", b"\xf8\x01\xff\x01"),
        ("eight bytes", b"\xf9\x01\0\0\0\0\0\0\0\0"),
        ("a text that is not UTF-8", b"\xfa\x01\x01\xff"),
        ("a group", b"\xfb\x01\x08\x01\xfb\x01\xfc\x01\xfc\x01"),
        ("four bytes", b"\xfd\x01\0\0\0\0"),
        ("a text where a number belongs", b"\x4a\x01\xff"),
        ("a number where a text belongs", b"\x20\x05"),
    ];
    for (name, bytes) in table {
        let message = http(&[&b"\x22\x02/a"[..], bytes, b"\x12\x03GET"].concat());
        let request = v3(&message).expect(name);
        assert_eq!((request.path(), request.method()), ("/a", "GET"), "{name}");
    }
}

#[test]
fn bad_utf8_is_an_error_wherever_it_stands() {
    for number in [1, 2, 4, 5, 6, 7, 8, 10, 11] {
        let result = v3(&http(&field(number, b"\xff"))).map(drop);
        assert_eq!(result, Err(WireError::InvalidUtf8), "field {number}");
    }
    let key = field(3, &field(1, b"\xc0\xaf"));
    let raw_value_is_bytes = field(13, &field(1, &field(3, b"\xff")));
    let header_value = field(13, &field(1, &field(2, b"\xff")));
    assert_eq!(v3(&http(&key)).map(drop), Err(WireError::InvalidUtf8));
    assert_eq!(
        v3(&http(&header_value)).map(drop),
        Err(WireError::InvalidUtf8)
    );
    assert!(v3(&http(&raw_value_is_bytes)).is_ok());
    assert!(v3(&http(&field(12, b"\xff"))).is_ok());
}

#[test]
fn the_last_value_counts_and_messages_merge() {
    let header = |key: &[u8], value: &[u8]| field(3, &[field(1, key), field(2, value)].concat());
    let one = http(&[field(4, b"/a"), header(b"k", b"1"), header(b"K", b"2")].concat());
    let two = http(&[field(4, b""), field(2, b"PUT"), header(b"k", b"3")].concat());
    let message = [one, two].concat();
    let request = v3(&message).expect("well formed");
    assert_eq!((request.path(), request.method()), ("", "PUT"));
    assert_eq!(request.header("k"), Some("3"));
    assert_eq!(request.header("K"), Some("2"));
    assert_eq!(request.header("x"), None);
    assert_eq!(request.raw_body(), b"");
}

#[test]
fn a_map_entry_merges_its_value_and_replaces_the_one_before() {
    let kind = |key: &[u8]| field(1, &[field(1, key), field(2, &field(3, b"v"))].concat());
    let entry = |name: &[u8], values: &[Vec<u8>]| {
        let values: Vec<u8> = values.iter().flat_map(|value| field(2, value)).collect();
        field(1, &[values, field(1, name)].concat())
    };
    let metadata = [
        entry(b"n", &[kind(b"old")]),
        entry(b"n", &[kind(b"a"), kind(b"b")]),
    ]
    .concat();
    let message = field(1, &field(11, &metadata));
    let request = v3(&message).expect("well formed");
    assert_eq!(
        json(&request),
        r#"{"metadataContext":{"filterMetadata":{"n":{"a":"v","b":"v"}}}}"#
    );
}

#[test]
fn nesting_is_bounded_and_needs_no_stack() {
    let nested = |levels: usize| {
        // A list of a list of ...: two messages a level, and Value is the innermost.
        let mut lengths = vec![0];
        for _ in 0..levels {
            let list = lengths[lengths.len() - 1];
            for _ in 0..2 {
                let inner = lengths[lengths.len() - 1];
                lengths.push(inner + 1 + prost::encoding::encoded_len_varint(inner as u64));
            }
            debug_assert!(list < lengths[lengths.len() - 1]);
        }
        let mut value = Vec::new();
        for (at, &length) in lengths[..lengths.len() - 1].iter().enumerate().rev() {
            value.push(if at % 2 == 1 { 6 << 3 | 2 } else { 1 << 3 | 2 });
            prost::encoding::encode_varint(length as u64, &mut value);
        }
        let entry = field(1, &[field(1, b"k"), field(2, &value)].concat());
        field(
            1,
            &field(11, &field(1, &[field(1, b"n"), field(2, &entry)].concat())),
        )
    };
    // CheckRequest, attributes, metadata, struct and the outermost value are five messages.
    let deepest = nested((10_000 - 5) / 2);
    let request = v3(&deepest).expect("allowed");
    let doc = attributes::doc(&request, InputEncoding::Protomap)
        .expect("shown")
        .expect("there");
    crate::data::dismantle(doc);
    assert_eq!(v3(&nested(4_998)).map(drop), Err(WireError::Malformed));
    let groups = [
        &[0xfb, 0x01].repeat(10_001)[..],
        &[0xfc, 0x01].repeat(10_001),
    ]
    .concat();
    assert_eq!(v3(&http(&groups)).map(drop), Err(WireError::Malformed));
}

#[test]
fn v2_has_no_raw_body() {
    let message = http(&field(12, b"raw"));
    assert_eq!(v3(&message).expect("well formed").raw_body(), b"raw");
    let request = scan(ApiVersion::V2, &message).expect("well formed");
    assert_eq!(request.raw_body(), b"");
    assert_eq!(request.version(), ApiVersion::V2);
}

// Against prost.

fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[a-zé/]{0,6}").expect("a pattern")
}

fn address() -> impl Strategy<Value = core::Address> {
    use core::address::Address;
    use core::socket_address::PortSpecifier;
    let port = prop_oneof![
        any::<u32>().prop_map(PortSpecifier::PortValue),
        text().prop_map(PortSpecifier::NamedPort)
    ];
    let socket = (
        any::<i32>(),
        text(),
        proptest::option::of(port),
        text(),
        any::<bool>(),
    )
        .prop_map(
            |(protocol, address, port_specifier, resolver_name, ipv4_compat)| core::SocketAddress {
                protocol,
                address,
                resolver_name,
                ipv4_compat,
                network_namespace_filepath: String::new(),
                port_specifier,
            },
        );
    let pipe = (text(), any::<u32>()).prop_map(|(path, mode)| core::Pipe { path, mode });
    let any_of = prop_oneof![
        socket.prop_map(Address::SocketAddress),
        pipe.prop_map(Address::Pipe),
    ];
    proptest::option::of(any_of).prop_map(|address| core::Address { address })
}

fn peer() -> impl Strategy<Value = Peer> {
    let parts = (
        proptest::option::of(address()),
        text(),
        hash_map(text(), text(), 0..3),
        text(),
    );
    parts.prop_map(|(address, service, labels, principal)| Peer {
        address,
        service,
        labels,
        principal,
        certificate: String::new(),
    })
}

fn struct_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(None),
        Just(Some(Kind::NullValue(0))),
        (-1e9..1e9).prop_map(|n: f64| Some(Kind::NumberValue(n))),
        text().prop_map(|text| Some(Kind::StringValue(text))),
        any::<bool>().prop_map(|value| Some(Kind::BoolValue(value))),
    ]
    .prop_map(|kind| Value { kind });
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(|values| Kind::ListValue(ListValue { values })),
            hash_map(text(), inner, 0..3).prop_map(|fields| Kind::StructValue(Struct { fields })),
        ]
        .prop_map(|kind| Value { kind: Some(kind) })
    })
}

fn metadata() -> impl Strategy<Value = core::Metadata> {
    let structs = hash_map(text(), struct_value(), 0..3).prop_map(|fields| Struct { fields });
    let anything =
        (text(), vec(any::<u8>(), 0..4)).prop_map(|(type_url, value)| Any { type_url, value });
    (
        hash_map(text(), structs, 0..2),
        hash_map(text(), anything, 0..2),
    )
        .prop_map(|(filter_metadata, typed_filter_metadata)| core::Metadata {
            filter_metadata,
            typed_filter_metadata,
        })
}

fn http_request() -> impl Strategy<Value = HttpRequest> {
    let header = (text(), text(), vec(any::<u8>(), 0..3)).prop_map(|(key, value, raw_value)| {
        core::HeaderValue {
            key,
            value,
            raw_value,
        }
    });
    let header_map = vec(header, 0..3).prop_map(|headers| core::HeaderMap { headers });
    let parts = (
        (text(), text(), text(), text(), any::<i64>()),
        hash_map(text(), text(), 0..4),
        proptest::option::of(header_map),
        vec(any::<u8>(), 0..4),
        text(),
    );
    parts.prop_map(
        |((method, path, host, scheme, size), headers, header_map, raw_body, body)| HttpRequest {
            method,
            path,
            host,
            scheme,
            size,
            headers,
            header_map,
            raw_body,
            body,
            ..HttpRequest::default()
        },
    )
}

fn check_request() -> impl Strategy<Value = CheckRequest> {
    let time =
        (any::<i64>(), any::<i32>()).prop_map(|(seconds, nanos)| Timestamp { seconds, nanos });
    let request = (
        proptest::option::of(time),
        proptest::option::of(http_request()),
    )
        .prop_map(|(time, http)| AuthRequest { time, http });
    let parts = (
        proptest::option::of(peer()),
        proptest::option::of(peer()),
        proptest::option::of(request),
        hash_map(text(), text(), 0..3),
        proptest::option::of(metadata()),
        proptest::option::of(text().prop_map(|sni| TlsSession { sni })),
    );
    parts.prop_map(
        |(source, destination, request, extensions, metadata, tls_session)| CheckRequest {
            attributes: Some(AttributeContext {
                source,
                destination,
                request,
                context_extensions: extensions,
                metadata_context: metadata,
                route_metadata_context: None,
                tls_session,
            }),
        },
    )
}

/// One damage to a message.
#[derive(Debug, Clone)]
enum Damage {
    Set(usize, u8),
    Insert(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Repeat(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = || 0..512_usize;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        at().prop_map(Damage::Cut),
        (at(), 1..8_usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        (at(), 1..64_usize).prop_map(|(at, length)| Damage::Repeat(at, length)),
    ]
}

fn damaged(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        let length = bytes.len();
        let within = |at: usize| at % (length + 1);
        match *damage {
            Damage::Set(at, byte) => {
                if let Some(old) = bytes.get_mut(within(at)) {
                    *old = byte;
                }
            }
            Damage::Insert(at, byte) => bytes.insert(within(at), byte),
            Damage::Cut(at) => bytes.truncate(within(at)),
            Damage::Remove(at, count) => {
                drop(bytes.drain(within(at)..length.min(within(at) + count)));
            }
            Damage::Repeat(at, count) => {
                let again = bytes[within(at)..length.min(within(at) + count)].to_vec();
                bytes.splice(within(at)..within(at), again);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whole_messages_read_as_prost_reads_them(request in check_request()) {
        let bytes = request.encode_to_vec();
        let scanned = v3(&bytes).expect("prost wrote it");
        prop_assert_eq!(parsed(&scanned), expected::attributes(&request));
        agree_on_accessors(&scanned, &request)?;
    }

    #[test]
    fn damaged_messages_read_as_prost_reads_them(
        request in check_request(),
        damages in vec(damage(), 1..4),
    ) {
        let bytes = damaged(request.encode_to_vec(), &damages);
        // prost reads a map's entry whatever its wire type; to Go it is an unknown field.
        prop_assume!(!has_map_of_other_wire_type(&schema::CHECK_V3, &bytes));
        match (v3(&bytes), CheckRequest::decode(&*bytes)) {
            (Ok(scanned), Ok(decoded)) => {
                prop_assert_eq!(parsed(&scanned), expected::attributes(&decoded));
                agree_on_accessors(&scanned, &decoded)?;
            }
            (Err(_), Err(_)) => {}
            (Ok(_), Err(error)) => {
                // prost refuses a known field of another wire type, which to Go is an unknown
                // field, and more than 100 levels of messages or groups.
                let why = error.to_string();
                prop_assert!(
                    why.contains("invalid wire type") || why.contains("recursion limit"),
                    "only prost refuses: {}", why
                );
            }
            (Err(error), Ok(_)) => prop_assert!(false, "only the scan refuses: {}", error),
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..64), v2: bool) {
        let version = if v2 { ApiVersion::V2 } else { ApiVersion::V3 };
        if let Ok(request) = scan(version, &bytes) {
            let _ = attributes::doc(&request, InputEncoding::Protomap);
            let _ = attributes::doc(&request, InputEncoding::Protojson);
        }
    }
}

/// Whether a map field comes with a wire type that is not that of its entries.
fn has_map_of_other_wire_type(message: &schema::Message, bytes: &[u8]) -> bool {
    let mut rest = decode::Cursor::new(bytes);
    while let Ok((number, wire)) = rest.tag() {
        let Some(field) = message.field(number) else {
            if rest.skip(number, wire).is_err() {
                return false;
            }
            continue;
        };
        if wire != decode::WireType::Length {
            if field.label == schema::Label::Map {
                return true;
            }
            if rest.skip(number, wire).is_err() {
                return false;
            }
            continue;
        }
        let Ok(inner) = rest.length_delimited() else {
            return false;
        };
        let schema::Kind::Message(message) = field.kind else {
            continue;
        };
        let found = match field.label {
            schema::Label::Map => entry_values(inner)
                .iter()
                .any(|value| has_map_of_other_wire_type(message, value)),
            _ => has_map_of_other_wire_type(message, inner),
        };
        if found {
            return true;
        }
    }
    false
}

/// The values of a map's entry.
fn entry_values(entry: &[u8]) -> Vec<&[u8]> {
    let mut rest = decode::Cursor::new(entry);
    let mut values = Vec::new();
    while let Ok((number, wire)) = rest.tag() {
        if (number, wire) == (u32::from(number::ENTRY_VALUE), decode::WireType::Length) {
            values.extend(rest.length_delimited().ok());
        } else if rest.skip(number, wire).is_err() {
            break;
        }
    }
    values
}

fn agree_on_accessors(scanned: &Request<'_>, decoded: &CheckRequest) -> Result<(), TestCaseError> {
    let attributes = decoded.attributes.clone().unwrap_or_default();
    let principal = attributes.source.unwrap_or_default().principal;
    let http = attributes
        .request
        .and_then(|request| request.http)
        .unwrap_or_default();
    prop_assert_eq!(scanned.source_principal(), principal);
    prop_assert_eq!(scanned.method(), http.method);
    prop_assert_eq!(scanned.path(), http.path);
    prop_assert_eq!(scanned.host(), http.host);
    prop_assert_eq!(scanned.scheme(), http.scheme);
    prop_assert_eq!(scanned.body(), http.body);
    prop_assert_eq!(scanned.raw_body(), http.raw_body);
    for (name, value) in &http.headers {
        prop_assert_eq!(scanned.header(name), Some(value.as_str()));
    }
    prop_assert_eq!(scanned.header("not there"), None);
    Ok(())
}

fn json(request: &Request<'_>) -> String {
    let doc = attributes::doc(request, InputEncoding::Protomap).expect("shown");
    let mut out = Vec::new();
    crate::data::write::doc(&mut out, &doc.unwrap_or(Doc::Null));
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn parsed(request: &Request<'_>) -> serde_json::Value {
    serde_json::from_str(&json(request)).expect("valid JSON")
}
