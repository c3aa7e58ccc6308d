//! A `CheckRequest`'s bytes in both versions: the scan against prost, and the input that is made of
//! what was scanned.

use std::sync::Arc;

use envoy_types::pb::envoy::service::auth::v3;
use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use regate::authz::input::InputBuilder;
use regate::authz::wire::schema::{Kind, Label, Message, number};
use regate::authz::wire::{self, Request};
use regate::authz::{InputEncoding, ParsedBodyErrors};
use regate::data::into_value;
use regate::decision::ApiVersion;
use regate::engine::Demand;
use regate::proto::envoy::service::auth::v2;

/// What both versions have, as prost reads it.
#[derive(Default)]
struct Http {
    texts: [String; 5],
    raw_body: Vec<u8>,
    headers: Vec<(String, String)>,
    principal: String,
}

/// The target.
pub fn check_request(data: &[u8]) {
    for version in [ApiVersion::V3, ApiVersion::V2] {
        let scanned = wire::scan(version, data);
        agree(version, data, scanned.as_ref());
        if let Ok(request) = scanned {
            inputs(&request);
        }
    }
}

fn agree(version: ApiVersion, data: &[u8], scanned: Result<&Request<'_>, &wire::WireError>) {
    // prost reads a map's entry whatever its wire type; to Go it is an unknown field.
    if has_map_of_other_wire_type(wire::root(version), data) {
        return;
    }
    match (scanned, decode(version, data)) {
        (Ok(request), Ok(http)) => {
            let texts = [
                request.method(),
                request.path(),
                request.host(),
                request.scheme(),
                request.body(),
            ];
            assert_eq!(texts.as_slice(), http.texts, "texts");
            assert_eq!(request.raw_body(), http.raw_body, "raw body");
            assert_eq!(request.source_principal(), http.principal, "principal");
            for (name, value) in &http.headers {
                assert_eq!(request.header(name), Some(value.as_str()), "header");
            }
        }
        (Err(_), Err(_)) => {}
        (Ok(_), Err(error)) => {
            // prost refuses a known field of another wire type, which to Go is an unknown field,
            // and more than 100 levels.
            let why = error.to_string();
            assert!(
                why.contains("invalid wire type") || why.contains("recursion limit"),
                "only prost refuses: {why}"
            );
        }
        (Err(error), Ok(_)) => panic!("only the scan refuses: {error}"),
    }
}

fn decode(version: ApiVersion, data: &[u8]) -> Result<Http, prost::DecodeError> {
    Ok(match version {
        ApiVersion::V3 => {
            let attributes = v3::CheckRequest::decode(data)?
                .attributes
                .unwrap_or_default();
            let http = attributes
                .request
                .and_then(|request| request.http)
                .unwrap_or_default();
            Http {
                texts: [http.method, http.path, http.host, http.scheme, http.body],
                raw_body: http.raw_body,
                headers: http.headers.into_iter().collect(),
                principal: attributes.source.unwrap_or_default().principal,
            }
        }
        ApiVersion::V2 => {
            let attributes = v2::CheckRequest::decode(data)?
                .attributes
                .unwrap_or_default();
            let http = attributes
                .request
                .and_then(|request| request.http)
                .unwrap_or_default();
            Http {
                texts: [http.method, http.path, http.host, http.scheme, http.body],
                raw_body: Vec::new(),
                headers: http.headers.into_iter().collect(),
                principal: attributes.source.unwrap_or_default().principal,
            }
        }
    })
}

/// Whether a map field comes with a wire type that is not that of its entries.
fn has_map_of_other_wire_type(message: &Message, mut bytes: &[u8]) -> bool {
    while let Ok((tag, wire)) = decode_key(&mut bytes) {
        let field = message.field(tag);
        if wire != WireType::LengthDelimited {
            if field.is_some_and(|field| field.label == Label::Map) {
                return true;
            }
            if skip_field(wire, tag, &mut bytes, DecodeContext::default()).is_err() {
                return false;
            }
            continue;
        }
        let Some(inner) = delimited(&mut bytes) else {
            return false;
        };
        let Some(Kind::Message(message)) = field.map(|field| field.kind) else {
            continue;
        };
        let found = match field.map(|field| field.label) {
            Some(Label::Map) => entry_values(inner)
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
fn entry_values(mut entry: &[u8]) -> Vec<&[u8]> {
    let mut values = Vec::new();
    while let Ok((tag, wire)) = decode_key(&mut entry) {
        if wire != WireType::LengthDelimited {
            if skip_field(wire, tag, &mut entry, DecodeContext::default()).is_err() {
                break;
            }
            continue;
        }
        let Some(inner) = delimited(&mut entry) else {
            break;
        };
        if tag == u32::from(number::ENTRY_VALUE) {
            values.push(inner);
        }
    }
    values
}

fn delimited<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(decode_varint(bytes).ok()?).ok()?;
    let (inner, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(inner)
}

/// The decision log's document and the policy's value are of one mind, whatever is configured.
fn inputs(request: &Request<'_>) {
    let descriptor = crate::descriptor();
    for encoding in [InputEncoding::Protomap, InputEncoding::Protojson] {
        for (skip_body, body_errors) in [
            (true, ParsedBodyErrors::Deny),
            (false, ParsedBodyErrors::Deny),
            (false, ParsedBodyErrors::Policy),
        ] {
            let builder = InputBuilder {
                skip_body,
                body_errors,
                encoding,
                descriptor: Some(Arc::clone(&descriptor)),
            };
            one_mind(&builder, request);
        }
    }
}

fn one_mind(builder: &InputBuilder, request: &Request<'_>) {
    let parse = || builder.parse(request);
    let (Ok(for_log), Ok(for_policy), Ok(for_little)) = (parse(), parse(), parse()) else {
        assert!(parse().is_err(), "what is refused is refused again");
        return;
    };
    let doc = builder.doc(for_log);
    let value = builder.value(for_policy, &Demand::All);
    let little = builder.value(for_little, &Demand::nothing());
    match (doc, value) {
        (Ok(doc), Ok(value)) => {
            assert!(little.is_ok(), "what is not read refuses nothing");
            let whole = into_value(doc);
            assert!(
                whole.is_ok_and(|whole| whole == value),
                "the log and the policy see the same"
            );
        }
        (Ok(doc), Err(error)) => {
            // Only a number that the engine cannot hold stands between the two.
            assert!(
                into_value(doc).is_err(),
                "only the log has an input: {error}"
            );
        }
        (Err(error), Ok(_)) => panic!("only the policy has an input: {error}"),
        (Err(_), Err(_)) => assert!(little.is_err(), "what cannot be shown is refused unread"),
    }
}
