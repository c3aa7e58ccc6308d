//! What a `CheckRequest` consists of, as tables: the messages, their fields and the names that a
//! policy sees. Not how they are read (`scan.rs`) and not how they are shown (`attributes.rs`).

pub mod number;

/// A message type.
#[derive(Debug)]
pub struct Message {
    /// What the message is beyond a bag of fields.
    pub shape: Shape,
    /// The fields; a field stands at the index of its number.
    pub fields: &'static [Option<Field>],
    /// The key under which Go's `encoding/json` shows the message's oneof (v2 only).
    pub wrapper: Option<Name>,
}

/// What a message is beyond a bag of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Nothing else.
    Plain,
    /// `google.protobuf.Timestamp`.
    Timestamp,
    /// `google.protobuf.Any`.
    Any,
    /// `google.protobuf.Struct`.
    Struct,
    /// `google.protobuf.Value`.
    Value,
    /// `google.protobuf.ListValue`.
    ListValue,
}

/// One field of a message.
#[derive(Debug)]
pub struct Field {
    /// The field's number.
    pub number: u8,
    /// The field's name in the `.proto` file.
    pub proto: &'static str,
    /// The key under which a policy sees the field.
    pub name: Name,
    /// The type of its values.
    pub kind: Kind,
    /// How many there may be.
    pub label: Label,
    /// Whether it belongs to the message's oneof (no message here has two).
    pub oneof: bool,
}

/// The type of a field's values.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `string`: UTF-8.
    String,
    /// `bytes`.
    Bytes,
    /// `bool`.
    Bool,
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// `uint32`.
    Uint32,
    /// `double`.
    Double,
    /// An enum, with the names of its numbers from zero on.
    Enum(&'static [&'static str]),
    /// Another message.
    Message(&'static Message),
}

/// How many values a field may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// At most one.
    Singular,
    /// A list.
    Repeated,
    /// A map with `string` keys.
    Map,
}

/// A key of the input document, by its place in [`NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name(u8);

// === impl Message ===

impl Message {
    /// The field with this number.
    #[must_use]
    pub fn field(&self, number: u32) -> Option<&'static Field> {
        self.fields.get(usize::try_from(number).ok()?)?.as_ref()
    }
}

// === impl Field ===

impl Field {
    const fn new(number: u8, proto: &'static str, name: &str, kind: Kind) -> Self {
        Self {
            number,
            proto,
            name: Name::of(name),
            kind,
            label: Label::Singular,
            oneof: false,
        }
    }

    const fn repeated(mut self) -> Self {
        self.label = Label::Repeated;
        self
    }

    const fn map(mut self) -> Self {
        self.label = Label::Map;
        self
    }

    const fn oneof(mut self) -> Self {
        self.oneof = true;
        self
    }
}

// === impl Name ===

impl Name {
    /// The name's place in [`NAMES`]; it is sought while compiling, and a name that is missing
    /// there does not compile.
    const fn of(name: &str) -> Self {
        let mut at = 0;
        while !same(NAMES[at as usize], name) {
            at += 1;
        }
        Self(at)
    }

    /// The name's place in [`NAMES`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        NAMES.get(self.index()).copied().unwrap_or_default()
    }
}

/// Every key that the fixed part of an input document can have.
pub const NAMES: &[&str] = &[
    "",
    "@type",
    "Address",
    "NamedPort",
    "Pipe",
    "PortSpecifier",
    "PortValue",
    "SocketAddress",
    "address",
    "attributes",
    "body",
    "certificate",
    "contextExtensions",
    "context_extensions",
    "destination",
    "endpointId",
    "envoyInternalAddress",
    "filterMetadata",
    "filter_metadata",
    "fragment",
    "headerMap",
    "headers",
    "host",
    "http",
    "id",
    "ipv4Compat",
    "ipv4_compat",
    "key",
    "labels",
    "metadataContext",
    "metadata_context",
    "method",
    "mode",
    "namedPort",
    "nanos",
    "networkNamespaceFilepath",
    "path",
    "pipe",
    "portValue",
    "principal",
    "protocol",
    "query",
    "rawBody",
    "rawValue",
    "request",
    "resolverName",
    "resolver_name",
    "routeMetadataContext",
    "scheme",
    "seconds",
    "serverListenerName",
    "service",
    "size",
    "sni",
    "socketAddress",
    "source",
    "time",
    "tlsSession",
    "typeUrl",
    "typedFilterMetadata",
    "value",
];

/// `@type`, the key of an `Any`'s type in proto3 JSON.
pub const AT_TYPE: Name = Name::of("@type");
/// `value`, the key of an `Any`'s bytes.
pub const VALUE: Name = Name::of("value");

/// The names of `SocketAddress.Protocol`.
const PROTOCOLS: &[&str] = &["TCP", "UDP"];
/// The names of `google.protobuf.NullValue`.
const NULL_VALUES: &[&str] = &["NULL_VALUE"];

/// A message of the tables: shape and fields in the order of their numbers, `_` where a number is
/// not in use.
macro_rules! message {
    ($(#[$doc:meta])* $name:ident, $shape:ident, $wrapper:expr, [$($field:tt),* $(,)?]) => {
        $(#[$doc])*
        pub static $name: Message = Message {
            shape: Shape::$shape,
            fields: &[None, $(slot!($field)),*],
            wrapper: $wrapper,
        };
    };
}

/// One slot of a message: `(number proto_name shown_name kind, label)` or `_`.
macro_rules! slot {
    (_) => {
        None
    };
    (($number:literal $proto:literal $name:literal $kind:expr)) => {
        Some(Field::new($number, $proto, $name, $kind))
    };
    (($number:literal $proto:literal $name:literal $kind:expr, $label:ident)) => {
        Some(Field::new($number, $proto, $name, $kind).$label())
    };
}

use Kind::{Bool, Bytes, Double, Enum, Int32, Int64, Message as Sub, String as Text, Uint32};

message!(
    /// `envoy.service.auth.v3.CheckRequest`.
    CHECK_V3, Plain, None,
    [(1 "attributes" "attributes" Sub(&ATTRIBUTES_V3))]
);

message!(
    /// `envoy.service.auth.v3.AttributeContext`.
    ATTRIBUTES_V3, Plain, None,
    [
        (1 "source" "source" Sub(&PEER_V3)),
        (2 "destination" "destination" Sub(&PEER_V3)),
        _,
        (4 "request" "request" Sub(&REQUEST_V3)),
        _, _, _, _, _,
        (10 "context_extensions" "contextExtensions" Text, map),
        (11 "metadata_context" "metadataContext" Sub(&METADATA_V3)),
        (12 "tls_session" "tlsSession" Sub(&TLS_SESSION)),
        (13 "route_metadata_context" "routeMetadataContext" Sub(&METADATA_V3)),
    ]
);

message!(
    /// `envoy.service.auth.v3.AttributeContext.Peer`.
    PEER_V3, Plain, None,
    [
        (1 "address" "address" Sub(&ADDRESS_V3)),
        (2 "service" "service" Text),
        (3 "labels" "labels" Text, map),
        (4 "principal" "principal" Text),
        (5 "certificate" "certificate" Text),
    ]
);

message!(
    /// `envoy.service.auth.v3.AttributeContext.Request`.
    REQUEST_V3, Plain, None,
    [
        (1 "time" "time" Sub(&TIMESTAMP)),
        (2 "http" "http" Sub(&HTTP_V3)),
    ]
);

message!(
    /// `envoy.service.auth.v3.AttributeContext.HttpRequest`.
    HTTP_V3, Plain, None,
    [
        (1 "id" "id" Text),
        (2 "method" "method" Text),
        (3 "headers" "headers" Text, map),
        (4 "path" "path" Text),
        (5 "host" "host" Text),
        (6 "scheme" "scheme" Text),
        (7 "query" "query" Text),
        (8 "fragment" "fragment" Text),
        (9 "size" "size" Int64),
        (10 "protocol" "protocol" Text),
        (11 "body" "body" Text),
        (12 "raw_body" "rawBody" Bytes),
        (13 "header_map" "headerMap" Sub(&HEADER_MAP)),
    ]
);

message!(
    /// `envoy.service.auth.v3.AttributeContext.TLSSession`.
    TLS_SESSION, Plain, None,
    [(1 "sni" "sni" Text)]
);

message!(
    /// `envoy.config.core.v3.HeaderMap`.
    HEADER_MAP, Plain, None,
    [(1 "headers" "headers" Sub(&HEADER_VALUE), repeated)]
);

message!(
    /// `envoy.config.core.v3.HeaderValue`.
    HEADER_VALUE, Plain, None,
    [
        (1 "key" "key" Text),
        (2 "value" "value" Text),
        (3 "raw_value" "rawValue" Bytes),
    ]
);

message!(
    /// `envoy.config.core.v3.Metadata`.
    METADATA_V3, Plain, None,
    [
        (1 "filter_metadata" "filterMetadata" Sub(&STRUCT), map),
        (2 "typed_filter_metadata" "typedFilterMetadata" Sub(&ANY), map),
    ]
);

message!(
    /// `envoy.config.core.v3.Address`.
    ADDRESS_V3, Plain, None,
    [
        (1 "socket_address" "socketAddress" Sub(&SOCKET_ADDRESS_V3), oneof),
        (2 "pipe" "pipe" Sub(&PIPE), oneof),
        (3 "envoy_internal_address" "envoyInternalAddress" Sub(&INTERNAL_ADDRESS), oneof),
    ]
);

message!(
    /// `envoy.config.core.v3.SocketAddress`.
    SOCKET_ADDRESS_V3, Plain, None,
    [
        (1 "protocol" "protocol" Enum(PROTOCOLS)),
        (2 "address" "address" Text),
        (3 "port_value" "portValue" Uint32, oneof),
        (4 "named_port" "namedPort" Text, oneof),
        (5 "resolver_name" "resolverName" Text),
        (6 "ipv4_compat" "ipv4Compat" Bool),
        (7 "network_namespace_filepath" "networkNamespaceFilepath" Text),
    ]
);

message!(
    /// `envoy.config.core.v3.Pipe`, and v2's, which is the same.
    PIPE, Plain, None,
    [
        (1 "path" "path" Text),
        (2 "mode" "mode" Uint32),
    ]
);

message!(
    /// `envoy.config.core.v3.EnvoyInternalAddress`.
    INTERNAL_ADDRESS, Plain, None,
    [
        (1 "server_listener_name" "serverListenerName" Text, oneof),
        (2 "endpoint_id" "endpointId" Text),
    ]
);

message!(
    /// `google.protobuf.Timestamp`.
    TIMESTAMP, Timestamp, None,
    [
        (1 "seconds" "seconds" Int64),
        (2 "nanos" "nanos" Int32),
    ]
);

message!(
    /// `google.protobuf.Any`.
    ANY, Any, None,
    [
        (1 "type_url" "typeUrl" Text),
        (2 "value" "value" Bytes),
    ]
);

message!(
    /// `google.protobuf.Struct`.
    STRUCT, Struct, None,
    [(1 "fields" "" Sub(&STRUCT_VALUE), map)]
);

message!(
    /// `google.protobuf.Value`.
    STRUCT_VALUE, Value, None,
    [
        (1 "null_value" "" Enum(NULL_VALUES), oneof),
        (2 "number_value" "" Double, oneof),
        (3 "string_value" "" Text, oneof),
        (4 "bool_value" "" Bool, oneof),
        (5 "struct_value" "" Sub(&STRUCT), oneof),
        (6 "list_value" "" Sub(&LIST_VALUE), oneof),
    ]
);

message!(
    /// `google.protobuf.ListValue`.
    LIST_VALUE, ListValue, None,
    [(1 "values" "" Sub(&STRUCT_VALUE), repeated)]
);

message!(
    /// `envoy.service.auth.v2.CheckRequest`.
    CHECK_V2, Plain, None,
    [(1 "attributes" "attributes" Sub(&ATTRIBUTES_V2))]
);

message!(
    /// `envoy.service.auth.v2.AttributeContext`.
    ATTRIBUTES_V2, Plain, None,
    [
        (1 "source" "source" Sub(&PEER_V2)),
        (2 "destination" "destination" Sub(&PEER_V2)),
        _,
        (4 "request" "request" Sub(&REQUEST_V2)),
        _, _, _, _, _,
        (10 "context_extensions" "context_extensions" Text, map),
        (11 "metadata_context" "metadata_context" Sub(&METADATA_V2)),
    ]
);

message!(
    /// `envoy.service.auth.v2.AttributeContext.Peer`.
    PEER_V2, Plain, None,
    [
        (1 "address" "address" Sub(&ADDRESS_V2)),
        (2 "service" "service" Text),
        (3 "labels" "labels" Text, map),
        (4 "principal" "principal" Text),
        (5 "certificate" "certificate" Text),
    ]
);

message!(
    /// `envoy.service.auth.v2.AttributeContext.Request`.
    REQUEST_V2, Plain, None,
    [
        (1 "time" "time" Sub(&TIMESTAMP)),
        (2 "http" "http" Sub(&HTTP_V2)),
    ]
);

message!(
    /// `envoy.service.auth.v2.AttributeContext.HttpRequest`.
    HTTP_V2, Plain, None,
    [
        (1 "id" "id" Text),
        (2 "method" "method" Text),
        (3 "headers" "headers" Text, map),
        (4 "path" "path" Text),
        (5 "host" "host" Text),
        (6 "scheme" "scheme" Text),
        (7 "query" "query" Text),
        (8 "fragment" "fragment" Text),
        (9 "size" "size" Int64),
        (10 "protocol" "protocol" Text),
        (11 "body" "body" Text),
    ]
);

message!(
    /// `envoy.api.v2.core.Metadata`.
    METADATA_V2, Plain, None,
    [(1 "filter_metadata" "filter_metadata" Sub(&STRUCT), map)]
);

message!(
    /// `envoy.api.v2.core.Address`.
    ADDRESS_V2, Plain, Some(Name::of("Address")),
    [
        (1 "socket_address" "SocketAddress" Sub(&SOCKET_ADDRESS_V2), oneof),
        (2 "pipe" "Pipe" Sub(&PIPE), oneof),
    ]
);

message!(
    /// `envoy.api.v2.core.SocketAddress`.
    SOCKET_ADDRESS_V2, Plain, Some(Name::of("PortSpecifier")),
    [
        (1 "protocol" "protocol" Enum(PROTOCOLS)),
        (2 "address" "address" Text),
        (3 "port_value" "PortValue" Uint32, oneof),
        (4 "named_port" "NamedPort" Text, oneof),
        (5 "resolver_name" "resolver_name" Text),
        (6 "ipv4_compat" "ipv4_compat" Bool),
    ]
);

/// Whether two strings are the same, in a way that the compiler can compute.
const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests;
