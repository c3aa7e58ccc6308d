//! `config check`: the configuration is read as a run would, and nothing is served.

use std::io::Write as _;

use super::args::{CheckArgs, Format};
use super::{Exit, complain, out};
use crate::config::{Config, Flags, Strings};

pub(super) fn check(args: CheckArgs, env: &dyn Strings) -> Exit {
    let flags = Flags {
        config_file: Some(args.file),
        set: args.set,
        set_file: args.set_file,
        ..Flags::default()
    };
    let loaded = match Config::load(&flags, env) {
        Ok(loaded) => loaded,
        Err(error) => {
            complain(&error.to_string());
            return Exit::Usage;
        }
    };
    for warning in &loaded.warnings {
        let _ = writeln!(std::io::stderr().lock(), "warning: {warning}");
    }
    match args.format {
        Format::Yaml => out(&loaded.effective.to_yaml()),
        Format::Json => out(&format!("{}\n", loaded.effective.to_json())),
    }
}
