#!/usr/bin/env python3
"""Writes bench/check_request.bin: the CheckRequest that every benchmark sends, framed for gRPC.

It is what Envoy 1.40 sends for a browser's GET with an identity from a gateway: 14 headers, about
640 bytes. Written by hand from field numbers, so that it needs nothing but Python.
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


def check_request():
    http = field(1, "14262906432180157613") + field(2, "GET")
    for name, value in HEADERS.items():
        http += field(3, field(1, name) + field(2, value))
    http += field(4, HEADERS[":path"]) + field(5, HEADERS[":authority"]) + field(6, "http")
    http += field(10, "HTTP/1.1")
    request = field(1, field(1, 1795257600) + field(2, 123456000)) + field(2, http)
    attributes = field(1, peer("10.1.2.3", 51234)) + field(2, peer("10.1.2.9", 8080)) + field(4, request)
    # Present and empty, as Envoy sends them: metadata_context, route_metadata_context.
    attributes += field(11, b"") + field(13, b"")
    return field(1, attributes)


if __name__ == "__main__":
    message = check_request()
    target = pathlib.Path(__file__).with_name("check_request.bin")
    target.write_bytes(struct.pack(">BI", 0, len(message)) + message)
    print(f"{target.name}: {len(message)} bytes, {len(HEADERS)} headers")
