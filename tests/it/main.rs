//! Integration tests: the real program, in process or as a binary, through its real sockets.

#[cfg(test)]
mod support;

/// Health and metrics over HTTP.
#[cfg(test)]
mod admin;
/// Path, query and body of the recorded requests.
#[cfg(test)]
mod body;
/// Bundles from archives and servers.
#[cfg(test)]
mod bundle;
/// Configuration files and flags.
#[cfg(test)]
mod config;
/// The recorded cases, whole.
#[cfg(test)]
mod conformance;
/// How the client of services shows who it is.
#[cfg(test)]
mod credentials;
/// Events of the decision log against the recorded ones.
#[cfg(test)]
mod decision_log;
/// What is pruned of an input changes no decision.
#[cfg(test)]
mod demand;
/// Policies on the recorded inputs.
#[cfg(test)]
mod engine;
/// The engine against OPA on generated programs.
#[cfg(test)]
mod engine_oracle;
/// Requests through a real Envoy to the real binary.
#[cfg(test)]
mod envoy;
/// What a decision may cost, counted in system calls.
#[cfg(test)]
mod gates;
/// The gRPC listener.
#[cfg(test)]
mod grpc;
/// Evaluations that give way to others.
#[cfg(test)]
mod heavy;
/// Imports point down, crates have their doors, files stay readable.
#[cfg(test)]
mod house;
/// HTTP ext_authz through its socket.
#[cfg(test)]
mod http_authz;
/// What policies ask of servers.
#[cfg(test)]
mod http_send;
/// An instance on files and bundles.
#[cfg(test)]
mod instance;
/// Starts that fail, reloads, limits, and the end.
#[cfg(test)]
mod life;
/// What can be configured beyond the peer.
#[cfg(test)]
mod options;
/// The language as OPA has it.
#[cfg(test)]
mod oracle;
/// The sample policies on their own requests.
#[cfg(test)]
mod policies;
/// The REST API against the answers of OPA.
#[cfg(test)]
mod rest;
/// Reports on the program's own state.
#[cfg(test)]
mod status;
/// Logs, metrics and spans.
#[cfg(test)]
mod telemetry;
/// HTTPS and certificates.
#[cfg(test)]
mod tls;
/// Tokens that are remembered.
#[cfg(test)]
mod tokens;
/// The commands for people who write policies.
#[cfg(test)]
mod tools;
/// Two engines asked at once.
#[cfg(test)]
mod verify;
/// The attributes of the recorded requests.
#[cfg(test)]
mod wire;
