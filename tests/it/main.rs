//! Integration tests: the real program, in process or as a binary, through its real sockets.

mod support;

/// Path, query and body of the recorded requests.
mod body;
/// Bundles from archives and servers.
mod bundle;
/// Policies on the recorded inputs.
mod engine;
/// Imports point down, crates have their doors, files stay readable.
mod house;
/// The attributes of the recorded requests.
mod wire;
