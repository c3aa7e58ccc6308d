//! Integration tests: the real program, in process or as a binary, through its real sockets.

/// Requests through a real Envoy to the real binary.
#[cfg(test)]
mod envoy;
/// What a decision may cost, counted in system calls.
#[cfg(test)]
mod gates;
/// What the tests share: processes, a mesh around them, a client.
#[cfg(test)]
mod support;
