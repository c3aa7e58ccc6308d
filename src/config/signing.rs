//! `keys`, `bundles.*.signing` and the flags about signatures into [`Verification`]s.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::flags::Flags;
use super::problem::Report;
use super::section::Section;
use crate::bundle::{Key, Signing, Verification};

/// The keys that signatures can be verified with. Entries with a `private_key` alone are for
/// credentials.
pub(super) fn keys(root: &Section<'_>, report: &mut Report) -> Arc<BTreeMap<String, Key>> {
    let mut keys = BTreeMap::new();
    for (name, section) in root.section("keys").members() {
        let text = |name| section.text(name).unwrap_or_default().to_owned();
        let key = Key {
            text: text("key"),
            algorithm: text("algorithm"),
            scope: text("scope"),
        };
        if key.text.is_empty() {
            if section.text("private_key").is_none() {
                let message = "expected a `key`, a `private_key` or both";
                report.error(section.line(), &section.path, message);
            }
        } else if let Err(reason) = key.check() {
            let message = format!(
                "{reason}; `--set-file {}=FILE` takes it from a file",
                section.path_of("key")
            );
            report.error(section.line_of("key"), &section.path_of("key"), message);
        } else {
            keys.insert(name.to_owned(), key);
        }
    }
    Arc::new(keys)
}

/// `signing` of one bundle.
pub(super) fn of_bundle(
    bundle: &Section<'_>,
    configured: &Section<'_>,
    keys: &Arc<BTreeMap<String, Key>>,
    report: &mut Report,
) -> Verification {
    let section = bundle.section("signing");
    let signing = section.is_there().then(|| {
        let text = |name| section.text(name).unwrap_or_default().to_owned();
        let exclude = section.texts("exclude_files").into_iter();
        Signing {
            key_id: text("keyid"),
            scope: text("scope"),
            exclude_files: exclude.map(|(_, text)| text.to_owned()).collect(),
        }
    });
    if let Some(signing) = &signing {
        check(signing, &section, configured, report);
    }
    Verification {
        keys: keys.clone(),
        signing,
        skip: false,
    }
}

/// `configured` is the section `keys`, with what is wrong in it already reported.
fn check(signing: &Signing, section: &Section<'_>, configured: &Section<'_>, report: &mut Report) {
    let (line, path) = (section.line_of("keyid"), section.path_of("keyid"));
    let key = configured.section(&signing.key_id);
    if configured.members().next().is_none() {
        let message = "asks for a signature, and there is nothing in `keys` to verify it with";
        report.error(section.line(), &section.path, message);
    } else if !signing.key_id.is_empty() && !key.is_there() {
        let message = format!("no key is named `{}` in `keys`", signing.key_id);
        report.error(line, &path, message);
    } else if key.text("private_key").is_some() && key.text("key").is_none() {
        let message = format!("`{}` has no `key` to verify with", key.path);
        report.error(line, &path, message);
    }
    if let Err(error) = signing.check() {
        let line = section.line_of("exclude_files");
        report.error(line, &section.path, error.to_string());
    }
}

/// `--verification-key` and its kin, which are about the bundles of the command line alone.
pub(super) fn of_flags(flags: &Flags, report: &mut Report) -> Verification {
    let given = &flags.verification;
    let Some(key) = given.key.as_ref().filter(|key| !key.is_empty()) else {
        return Verification {
            skip: given.skip,
            ..Verification::default()
        };
    };
    if !flags.bundle {
        let message = "is about bundles of the command line; add --bundle";
        report.flag_error("--verification-key", message);
    }
    let key = Key {
        text: text_or_file(key, report),
        algorithm: given.algorithm.clone(),
        scope: given.scope.clone(),
    };
    if let Err(reason) = key.check() {
        report.flag_error("--verification-key", reason);
    }
    let signing = Signing {
        key_id: given.key_id.clone(),
        scope: given.scope.clone(),
        exclude_files: given.exclude_files.clone(),
    };
    if let Err(error) = signing.check() {
        report.flag_error("--exclude-files-verify", error.to_string());
    }
    Verification {
        keys: Arc::new(BTreeMap::from([(given.key_id.clone(), key)])),
        signing: Some(signing),
        skip: given.skip,
    }
}

/// As for OPA, the flag is the name of a file if there is one of that name.
fn text_or_file(key: &str, report: &mut Report) -> String {
    if !Path::new(key).is_file() {
        return key.to_owned();
    }
    std::fs::read_to_string(key).unwrap_or_else(|error| {
        let message = format!("cannot read `{key}`: {error}");
        report.flag_error("--verification-key", message);
        String::new()
    })
}
