//! `default_decision` and `server` into [`rest::Config`].

use super::flags::Flags;
use super::section::Section;
use crate::data::Value;
use crate::rest::{self, Authorization, DecodingConfig, EncodingConfig};

pub(super) fn read(root: &Section<'_>, flags: &Flags) -> rest::Config {
    let server = root.section("server");
    let decoding = server.section("decoding");
    let unpacked = decoding.section("gzip").count("max_length");
    let encoding = server.section("encoding").section("gzip");
    let min_length = encoding.count("min_length");
    let level = encoding.count("compression_level");
    let authorizes = flags.authorization == Authorization::Basic;
    let authorization = root.text("default_authorization_decision");
    let authorization = authorization.unwrap_or("/system/authz/allow");
    rest::Config {
        authentication: flags.authentication,
        authorization: authorizes.then(|| names(authorization)),
        default_decision: names(root.text("default_decision").unwrap_or("/system/main")),
        decoding: DecodingConfig {
            max_length: decoding.count("max_length").unwrap_or(256 << 20),
            gzip_max_length: unpacked.unwrap_or(512 << 20),
        },
        encoding: EncodingConfig {
            min_length: min_length
                .map_or(1024, |length| usize::try_from(length).unwrap_or(usize::MAX)),
            compression_level: level
                .and_then(|level| u32::try_from(level).ok())
                .unwrap_or(9),
        },
        rego_version: flags.rego_version,
        decision_ids: root.section("decision_logs").is_there(),
        debug: flags.pprof,
        // It shows the whole tree, which is not known here.
        shown: Value::Null,
        nd_builtin_cache: root.flag("nd_builtin_cache"),
    }
}

fn names(path: &str) -> Vec<String> {
    let names = path.split('/').filter(|name| !name.is_empty());
    names.map(ToOwned::to_owned).collect()
}
