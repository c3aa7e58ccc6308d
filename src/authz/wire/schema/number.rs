//! Numbers of the fields that are read by name, not by table; v2 and v3 agree on them.

/// `CheckRequest.attributes`.
pub const ATTRIBUTES: u8 = 1;
/// `AttributeContext.source`.
pub const SOURCE: u8 = 1;
/// `AttributeContext.request`.
pub const REQUEST: u8 = 4;
/// `AttributeContext.metadata_context`.
pub const METADATA_CONTEXT: u8 = 11;
/// `AttributeContext.route_metadata_context`.
pub const ROUTE_METADATA_CONTEXT: u8 = 13;
/// `AttributeContext.Peer.principal`.
pub const PRINCIPAL: u8 = 4;
/// `AttributeContext.Request.time`.
pub const TIME: u8 = 1;
/// `AttributeContext.Request.http`.
pub const HTTP: u8 = 2;
/// `AttributeContext.HttpRequest.method`.
pub const METHOD: u8 = 2;
/// `AttributeContext.HttpRequest.headers`.
pub const HEADERS: u8 = 3;
/// `AttributeContext.HttpRequest.path`.
pub const PATH: u8 = 4;
/// `AttributeContext.HttpRequest.host`.
pub const HOST: u8 = 5;
/// `AttributeContext.HttpRequest.scheme`.
pub const SCHEME: u8 = 6;
/// `AttributeContext.HttpRequest.body`.
pub const BODY: u8 = 11;
/// `AttributeContext.HttpRequest.raw_body`.
pub const RAW_BODY: u8 = 12;
/// `google.protobuf.Timestamp.seconds`.
pub const SECONDS: u8 = 1;
/// `google.protobuf.Timestamp.nanos`.
pub const NANOS: u8 = 2;
/// `google.protobuf.Any.type_url`.
pub const TYPE_URL: u8 = 1;
/// `google.protobuf.Any.value`.
pub const ANY_VALUE: u8 = 2;
/// The key of a map's entry.
pub const KEY: u8 = 1;
/// The value of a map's entry.
pub const ENTRY_VALUE: u8 = 2;
