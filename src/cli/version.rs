//! `version`: what this binary is.

/// The engine behind the policies; a test holds it to `Cargo.toml`.
pub(super) const ENGINE: &str = "regorus 0.14.1";

/// The lines of `regate version`.
pub(super) fn text() -> String {
    format!(
        "Version: {}\nBuild Commit: {}\nEngine: {ENGINE}\nPlatform: {}/{}\n",
        env!("CARGO_PKG_VERSION"),
        option_env!("REGATE_BUILD_COMMIT").unwrap_or("unknown"),
        std::env::consts::OS,
        std::env::consts::ARCH,
    )
}
