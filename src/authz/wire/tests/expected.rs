//! What prost's structs should look like, written down once more and without the tables.

use std::collections::HashMap;

use data_encoding::BASE64;
use envoy_types::pb::envoy::config::core::v3::address::Address as AddressKind;
use envoy_types::pb::envoy::config::core::v3::envoy_internal_address::AddressNameSpecifier;
use envoy_types::pb::envoy::config::core::v3::socket_address::PortSpecifier;
use serde_json::{Map, Number, Value as Json};

use super::*;

#[derive(Default)]
struct Object(Map<String, Json>);

impl Object {
    fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        let value = value.into();
        let empty = match &value {
            Json::String(text) => text.is_empty(),
            Json::Number(number) => number.to_string() == "0",
            Json::Bool(value) => !value,
            Json::Null => true,
            _ => false,
        };
        if !empty {
            self.0.insert(key.into(), value);
        }
        self
    }

    fn set(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }
}

impl From<Object> for Json {
    fn from(object: Object) -> Self {
        Json::Object(object.0)
    }
}

pub(super) fn attributes(request: &CheckRequest) -> Json {
    let Some(a) = &request.attributes else {
        return Json::Null;
    };
    Object::default()
        .with("source", optional(a.source.as_ref(), peer))
        .with("destination", optional(a.destination.as_ref(), peer))
        .with("request", optional(a.request.as_ref(), auth_request))
        .with("contextExtensions", strings(&a.context_extensions))
        .with(
            "metadataContext",
            optional(a.metadata_context.as_ref(), metadata),
        )
        .with(
            "routeMetadataContext",
            optional(a.route_metadata_context.as_ref(), metadata),
        )
        .with(
            "tlsSession",
            optional(a.tls_session.as_ref(), |t| {
                Object::default().with("sni", t.sni.clone()).into()
            }),
        )
        .into()
}

fn optional<T>(value: Option<&T>, show: impl Fn(&T) -> Json) -> Json {
    value.map_or(Json::Null, show)
}

fn strings(map: &HashMap<String, String>) -> Json {
    mapped(map, |value| value.clone().into())
}

fn mapped<T>(map: &HashMap<String, T>, show: impl Fn(&T) -> Json) -> Json {
    if map.is_empty() {
        return Json::Null;
    }
    map.iter()
        .map(|(key, value)| (key.clone(), show(value)))
        .collect()
}

fn peer(p: &Peer) -> Json {
    Object::default()
        .with("address", optional(p.address.as_ref(), address))
        .with("service", p.service.clone())
        .with("labels", strings(&p.labels))
        .with("principal", p.principal.clone())
        .with("certificate", p.certificate.clone())
        .into()
}

fn address(a: &core::Address) -> Json {
    let object = Object::default();
    match &a.address {
        None => object.into(),
        Some(AddressKind::Pipe(pipe)) => {
            let inner = Object::default()
                .with("path", pipe.path.clone())
                .with("mode", pipe.mode);
            object.set("pipe", inner).into()
        }
        Some(AddressKind::SocketAddress(socket)) => {
            object.set("socketAddress", socket_address(socket)).into()
        }
        Some(AddressKind::EnvoyInternalAddress(internal)) => {
            let mut inner = Object::default().with("endpointId", internal.endpoint_id.clone());
            if let Some(AddressNameSpecifier::ServerListenerName(name)) =
                &internal.address_name_specifier
            {
                inner = inner.set("serverListenerName", name.clone());
            }
            object.set("envoyInternalAddress", inner).into()
        }
    }
}

fn socket_address(s: &core::SocketAddress) -> Json {
    let object = Object::default()
        .with("protocol", s.protocol)
        .with("address", s.address.clone())
        .with("resolverName", s.resolver_name.clone())
        .with("ipv4Compat", s.ipv4_compat)
        .with(
            "networkNamespaceFilepath",
            s.network_namespace_filepath.clone(),
        );
    match &s.port_specifier {
        None => object,
        Some(PortSpecifier::PortValue(port)) => object.set("portValue", *port),
        Some(PortSpecifier::NamedPort(name)) => object.set("namedPort", name.clone()),
    }
    .into()
}

fn auth_request(r: &AuthRequest) -> Json {
    let time = |t: &Timestamp| {
        Object::default()
            .with("seconds", t.seconds)
            .with("nanos", t.nanos)
            .into()
    };
    Object::default()
        .with("time", optional(r.time.as_ref(), time))
        .with("http", optional(r.http.as_ref(), http))
        .into()
}

fn http(h: &HttpRequest) -> Json {
    Object::default()
        .with("id", h.id.clone())
        .with("method", h.method.clone())
        .with("headers", strings(&h.headers))
        .with("headerMap", optional(h.header_map.as_ref(), header_map))
        .with("path", h.path.clone())
        .with("host", h.host.clone())
        .with("scheme", h.scheme.clone())
        .with("query", h.query.clone())
        .with("fragment", h.fragment.clone())
        .with("size", h.size)
        .with("protocol", h.protocol.clone())
        .with("body", h.body.clone())
        .with("rawBody", BASE64.encode(&h.raw_body))
        .into()
}

fn header_map(map: &core::HeaderMap) -> Json {
    let header = |h: &core::HeaderValue| -> Json {
        Object::default()
            .with("key", h.key.clone())
            .with("value", h.value.clone())
            .with("rawValue", BASE64.encode(&h.raw_value))
            .into()
    };
    let headers = match &*map.headers {
        [] => Json::Null,
        headers => headers.iter().map(header).collect(),
    };
    Object::default().with("headers", headers).into()
}

fn metadata(m: &core::Metadata) -> Json {
    let anything = |a: &Any| -> Json {
        Object::default()
            .with("typeUrl", a.type_url.clone())
            .with("value", BASE64.encode(&a.value))
            .into()
    };
    Object::default()
        .with("filterMetadata", mapped(&m.filter_metadata, structure))
        .with(
            "typedFilterMetadata",
            mapped(&m.typed_filter_metadata, anything),
        )
        .into()
}

fn structure(s: &Struct) -> Json {
    s.fields
        .iter()
        .map(|(key, v)| (key.clone(), value(v)))
        .collect::<Map<_, _>>()
        .into()
}

fn value(v: &Value) -> Json {
    match &v.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::NumberValue(n)) if n.is_nan() => "NaN".into(),
        Some(Kind::NumberValue(n)) if n.is_infinite() => {
            if *n > 0.0 {
                "Infinity".into()
            } else {
                "-Infinity".into()
            }
        }
        Some(Kind::NumberValue(n)) => {
            let text = crate::data::float::json_text(*n);
            Json::Number(serde_json::from_str::<Number>(&text).expect("a number"))
        }
        Some(Kind::StringValue(text)) => text.clone().into(),
        Some(Kind::BoolValue(value)) => (*value).into(),
        Some(Kind::StructValue(s)) => structure(s),
        Some(Kind::ListValue(list)) => list.values.iter().map(value).collect(),
    }
}
