#!/usr/bin/env python3
"""Writes the CheckRequests that benchmarks send, framed for gRPC, by hand from field numbers: only Python is needed.

check_request.bin is what Envoy 1.40 sends for a browser's GET with an identity from a gateway: 14 headers, about 640
bytes. claims_request.bin is a call to an API with a token that the jwt_authn filter has verified: its claims stand in
the filter metadata, as workload (a) of `make bench-engine` asks for them.
"""
import pathlib
import struct

HEADERS = {
    ":authority": "shop.example.com",
    ":method": "GET",
    ":path": "/orders/2026/17?expand=lines",
    ":scheme": "http",
    "accept": "application/json",
    "accept-encoding": "gzip, br",
    "accept-language": "en-GB,en;q=0.8",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
    "x-envoy-internal": "true",
    "x-forwarded-for": "10.1.2.3",
    "x-forwarded-proto": "http",
    "x-request-id": "6c1b7c0e-5c3e-4b55-9d3c-2f6f4a9f0a11",
    "x-tenant": "acme",
    "x-user": "alice",
}
API_HEADERS = {
    ":authority": "192.168.99.100:31380",
    ":method": "GET",
    ":path": "/api/v1/products/42?x=1",
    ":scheme": "http",
    "accept": "*/*",
    "authorization": "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "user-agent": "curl/8.14.1",
    "x-envoy-internal": "true",
    "x-forwarded-for": "172.17.0.1",
    "x-forwarded-proto": "http",
    "x-request-id": "92a6c0f7-0250-944b-9cfc-ae10cbcedd8e",
}
CLAIMS = {
    "iss": "https://issuer.example.com/",
    "sub": "user-1234",
    "aud": ["orders-api", "account"],
    "exp": 1900000000,
    "iat": 1800000000,
    "email": "jane@example.com",
    "realm_access": {"roles": ["guest", "viewer", "editor"]},
}


def varint(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def field(number, value):
    """A field: numbers as varints, text and messages with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def peer(address, port):
    socket_address = field(2, address) + field(3, port)
    return field(1, field(1, socket_address))


def struct_of(members):
    """A google.protobuf.Struct."""
    return b"".join(field(1, field(1, name) + field(2, value_of(member))) for name, member in members.items())


def value_of(value):
    """A google.protobuf.Value: a struct, a list, a string or a number."""
    if isinstance(value, dict):
        return field(5, struct_of(value))
    if isinstance(value, list):
        return field(6, b"".join(field(1, value_of(item)) for item in value))
    if isinstance(value, str):
        return field(3, value)
    return varint(2 << 3 | 1) + struct.pack("<d", value)


def check_request(headers, metadata):
    http = field(1, "14262906432180157613") + field(2, "GET")
    for name, value in headers.items():
        http += field(3, field(1, name) + field(2, value))
    http += field(4, headers[":path"]) + field(5, headers[":authority"]) + field(6, "http")
    http += field(10, "HTTP/1.1")
    request = field(1, field(1, 1795257600) + field(2, 123456000)) + field(2, http)
    attributes = field(1, peer("10.1.2.3", 51234)) + field(2, peer("10.1.2.9", 8080)) + field(4, request)
    # Present and empty, as Envoy sends them: metadata_context, route_metadata_context.
    attributes += field(11, metadata) + field(13, b"")
    return field(1, attributes)


def framed(headers, metadata):
    """The message with gRPC's frame around it."""
    message = check_request(headers, metadata)
    return struct.pack(">BI", 0, len(message)) + message


def write(name, headers, metadata):
    frame = framed(headers, metadata)
    pathlib.Path(__file__).with_name(name).write_bytes(frame)
    print(f"{name}: {len(frame) - 5} bytes, {len(headers)} headers")


if __name__ == "__main__":
    write("check_request.bin", HEADERS, b"")
    verified = struct_of({"verified_jwt": CLAIMS})
    write("claims_request.bin", API_HEADERS, field(1, field(1, "envoy.filters.http.jwt_authn") + field(2, verified)))
