//! Messages of a descriptor made here: what the recorded cases do not have.

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MethodDescriptorProto, ServiceDescriptorProto, descriptor_proto::ExtensionRange,
};

use super::*;
use crate::authz::url::{self, Text};
use crate::data::Doc;

const WELL_KNOWN: [&str; 7] = [
    "Any",
    "Timestamp",
    "Duration",
    "FieldMask",
    "Value",
    "Struct",
    "FloatValue",
];

fn field(name: &str, number: i32, kind: Type, type_name: Option<&str>) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(kind.into()),
        type_name: type_name.map(str::to_owned),
        ..FieldDescriptorProto::default()
    }
}

fn set() -> Vec<u8> {
    let mut fields: Vec<_> = WELL_KNOWN
        .iter()
        .zip(1..)
        .map(|(name, number)| {
            let type_name = format!(".google.protobuf.{name}");
            field(
                &name.to_lowercase(),
                number,
                Type::Message,
                Some(&type_name),
            )
        })
        .collect();
    let mut required = field("must", 1, Type::Bool, None);
    required.label = Some(Label::Required.into());
    fields.push(field("inner", 20, Type::Message, Some(".t.Strict")));
    fields.push(field("group", 21, Type::Group, Some(".t.Root")));
    fields.push(field("fl", 22, Type::Float, None));
    let mut extension = field("ext", 100, Type::Bool, None);
    extension.extendee = Some(".t.Root".to_owned());
    let root = DescriptorProto {
        name: Some("Root".to_owned()),
        field: fields,
        extension_range: vec![ExtensionRange {
            start: Some(100),
            end: Some(200),
            options: None,
        }],
        ..DescriptorProto::default()
    };
    let strict = DescriptorProto {
        name: Some("Strict".to_owned()),
        field: vec![required],
        ..DescriptorProto::default()
    };
    let method = MethodDescriptorProto {
        name: Some("M".to_owned()),
        input_type: Some(".t.Root".to_owned()),
        output_type: Some(".t.Root".to_owned()),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("S".to_owned()),
        method: vec![method],
        options: None,
    };
    let names = [
        "any",
        "timestamp",
        "duration",
        "field_mask",
        "struct",
        "wrappers",
    ];
    let imports = names.map(|name| format!("google/protobuf/{name}.proto"));
    let mut file: Vec<FileDescriptorProto> = DescriptorPool::global()
        .files()
        .map(|file| file.file_descriptor_proto().clone())
        .collect();
    file.push(FileDescriptorProto {
        name: Some("t.proto".to_owned()),
        package: Some("t".to_owned()),
        dependency: imports.to_vec(),
        message_type: vec![root, strict],
        service: vec![service],
        extension: vec![extension],
        ..FileDescriptorProto::default()
    });
    FileDescriptorSet { file }.encode_to_vec()
}

fn run(message: &[u8]) -> Result<Doc<'static>, String> {
    let descriptor = Descriptor::load(&set()).unwrap();
    let raw_body = [&[0, 0, 0, 0, u8::try_from(message.len()).unwrap()], message].concat();
    let path: Vec<Text<'_>> = url::parse("/t.S/M").unwrap().path;
    let source = Source {
        headers: &|_| None,
        body: "",
        raw_body: raw_body.leak(),
        parsed_path: path.leak(),
    };
    parse(&source, &descriptor)
        .map(|parsed| parsed.doc)
        .map_err(|error| error.to_string())
}

fn delimited(number: u8, content: &[u8]) -> Vec<u8> {
    let key = u16::from(number) << 3 | 2;
    let mut out = Vec::new();
    prost::encoding::encode_varint(key.into(), &mut out);
    prost::encoding::encode_varint(content.len() as u64, &mut out);
    out.extend_from_slice(content);
    out
}

fn any(url: &str, value: &[u8]) -> Vec<u8> {
    let any = prost_types::Any {
        type_url: url.to_owned(),
        value: value.to_vec(),
    };
    delimited(1, &any.encode_to_vec())
}

#[test]
fn well_known_types_have_their_forms() {
    let time = |seconds, nanos| prost_types::Timestamp { seconds, nanos }.encode_to_vec();
    let span = |seconds, nanos| prost_types::Duration { seconds, nanos }.encode_to_vec();
    let mask = |path: &str| prost_types::FieldMask {
        paths: vec![path.into(), "b".into()],
    };
    for (message, want) in [
        (
            delimited(2, &time(0, 0)),
            r#"{"timestamp":"1970-01-01T00:00:00Z"}"#,
        ),
        (
            delimited(2, &time(-62_135_596_800, 1_000)),
            r#"{"timestamp":"0001-01-01T00:00:00.000001Z"}"#,
        ),
        (
            delimited(2, &time(1, 5_000_000)),
            r#"{"timestamp":"1970-01-01T00:00:01.005Z"}"#,
        ),
        (
            delimited(3, &span(-1, -500_000_000)),
            r#"{"duration":"-1.500s"}"#,
        ),
        (delimited(3, &span(0, 1)), r#"{"duration":"0.000000001s"}"#),
        (
            delimited(4, &mask("a_bc.d").encode_to_vec()),
            r#"{"fieldmask":"aBc.d,b"}"#,
        ),
        (delimited(5, &[8, 0]), r#"{"value":null}"#),
        (delimited(6, &[]), r#"{"struct":{}}"#),
        (
            delimited(7, &[0x0d, 0, 0, 0xc0, 0x7f]),
            r#"{"floatvalue":"NaN"}"#,
        ),
        (delimited(7, &[]), r#"{"floatvalue":0}"#),
        (delimited(1, &[]), r#"{"any":{}}"#),
        (
            any("x/google.protobuf.Duration", &span(1, 0)),
            r#"{"any":{"@type":"x/google.protobuf.Duration","value":"1s"}}"#,
        ),
        (
            any("google.protobuf.Empty", &[]),
            r#"{"any":{"@type":"google.protobuf.Empty","value":{}}}"#,
        ),
        (
            any("google.protobuf.EnumValue", &[0x0a, 1, b'n']),
            r#"{"any":{"@type":"google.protobuf.EnumValue","name":"n"}}"#,
        ),
        // A group; a field of a group as bytes; an extension; both floats that are zero.
        (
            vec![0xab, 1, 0xab, 1, 0xac, 1, 0xac, 1],
            r#"{"group":{"group":{}}}"#,
        ),
        (delimited(21, &[]), "{}"),
        (vec![0xa0, 6, 1], "{}"),
        (vec![0xb5, 1, 0, 0, 0, 0x80], r#"{"fl":-0}"#),
        (vec![0xb5, 1, 0xca, 0xf2, 0x49, 0x71], r#"{"fl":1e+30}"#),
    ] {
        let want = crate::data::json::parse(want.as_bytes()).unwrap();
        assert_eq!(run(&message), Ok(want), "{message:?}");
    }
}

#[test]
fn what_may_not_be_is_refused() {
    let mut deep = Vec::new();
    for _ in 0..=decode::MAX_DEPTH {
        deep.extend([0xab, 1]);
    }
    for _ in 0..=decode::MAX_DEPTH {
        deep.extend([0xac, 1]);
    }
    let bad_time = prost_types::Timestamp {
        seconds: 1 << 60,
        nanos: 0,
    }
    .encode_to_vec();
    let bad_span = prost_types::Duration {
        seconds: 1,
        nanos: -1,
    }
    .encode_to_vec();
    for (message, want) in [
        (
            delimited(20, &[]),
            "proto: required field t.Strict.must not set",
        ),
        (
            any("t.Root", &[]),
            "proto: google.protobuf.Any: unable to resolve its type",
        ),
        (
            any("", &[1]),
            "proto: google.protobuf.Any: type_url is not set",
        ),
        (
            delimited(2, &bad_time),
            "proto: google.protobuf.Timestamp: out of range",
        ),
        (
            delimited(3, &bad_span),
            "proto: google.protobuf.Duration: out of range",
        ),
        (
            delimited(4, &[0x0a, 1, b'A']),
            "proto: google.protobuf.FieldMask: irreversible path \"A\"",
        ),
        (
            delimited(5, &[]),
            "proto: google.protobuf.Value: none of the oneof fields is set",
        ),
        (vec![0x0c], "proto: cannot parse invalid wire-format data"),
        (
            vec![0xab, 1],
            "proto: cannot parse invalid wire-format data",
        ),
        (
            vec![0xab, 1, 0xb4, 1],
            "proto: cannot parse invalid wire-format data",
        ),
    ] {
        assert_eq!(run(&message), Err(want.to_owned()), "{message:?}");
    }
    let kind = Descriptor::load(&set())
        .unwrap()
        .request_of("t.S", "M")
        .unwrap();
    assert_eq!(
        decode::decode(kind, &deep, 0).unwrap_err(),
        GrpcError::Depth
    );
}
