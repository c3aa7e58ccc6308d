//! What several integration tests share: the binary and Envoy as child processes, an upstream that
//! remembers, a client, the recorded cases. No assertions about regate's behaviour live here.

pub(crate) mod archive;
pub(crate) mod bundles;
pub(crate) mod call;
pub(crate) mod check_response;
pub(crate) mod client;
pub(crate) mod corpus;
pub(crate) mod envoy;
pub(crate) mod in_process;
pub(crate) mod known;
pub(crate) mod mesh;
pub(crate) mod normal;
pub(crate) mod opa;
pub(crate) mod process;
pub(crate) mod protojson;
pub(crate) mod recorded;
pub(crate) mod signature;
pub(crate) mod upstream;
pub(crate) mod values;

/// Says aloud that a test did not run; where nothing may be skipped, fails instead.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub(crate) fn skip(what: &str) {
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "{what}; nothing is skipped in CI"
    );
    eprintln!("SKIPPED: {what}");
}
