//! regate: an authorization sidecar for Envoy.
//!
//! It answers ext_authz `Check` calls from a Rego policy that it keeps in memory, and speaks the
//! configuration, bundle, decision-log and metrics formats of OPA's Envoy plugin.
//!
//! This file is the table of contents. Rooms stand on floors; a room may use only rooms on floors
//! below its own. `tests/it/house.rs` reads the list below and fails on an import that points up.
//!
//! ```text
//! floor 9: cli
//! floor 8: app
//! floor 7: config
//! floor 6: authz admin rest status
//! floor 5: instance tool
//! floor 4: bundle files outside
//! floor 3: engine decision_log
//! floor 2: grpc http
//! floor 1: decision socket tls
//! floor 0: data proto task telemetry
//! ```

// What the operator sees.
pub mod app;
pub mod cli;
pub mod config;
pub mod tool;

// What answers requests.
pub mod admin;
pub mod authz;
pub mod rest;
pub mod status;

// What an answer is made from.
pub mod bundle;
pub mod decision_log;
pub mod engine;
pub mod files;
pub mod instance;
pub mod outside;

// What carries it.
pub mod grpc;
pub mod http;
pub mod socket;
pub mod tls;

// Plain things that everyone agrees on.
pub mod data;
pub mod decision;
pub mod proto;
pub mod task;
pub mod telemetry;
