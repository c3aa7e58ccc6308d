//! Integration tests: the real program, in process or as a binary, through its real sockets.

/// Imports point down, crates have their doors, files stay readable.
mod house;
mod support;
mod wire;
mod body;
mod support;
mod engine;
mod bundle;
mod support;
