//! Integration tests: the real program, in process or as a binary, through its real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic, in its helpers too"
)]

mod grpc;
mod tls;
