//! `.signatures.json`: whether a bundle's files are those that somebody signed. It parses the
//! signature, and of the files no more than their hashes need.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use regate_rego::builtins::{SignedToken, VerificationKey, digest};
use serde::Deserialize;

use super::content::{FilePath, Kind};
use crate::data::{Doc, canonical, dismantle, json, yaml};

/// What is asked of a bundle's signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// `keys` that have something to verify with, by name.
    pub keys: Arc<BTreeMap<String, Key>>,
    /// `signing`: where it is there, a bundle must be signed.
    pub signing: Option<Signing>,
    /// `--skip-verify`: signatures are not looked at.
    pub skip: bool,
}

/// A key that signatures are verified with.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// PEM of a public key or a certificate; a secret where the algorithm is an HMAC.
    pub text: String,
    /// The algorithm's name.
    pub algorithm: String,
    /// The scope that signatures must have where `signing` names none.
    pub scope: String,
}

/// `signing` of a bundle. What is empty is not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signing {
    /// The key's name.
    pub key_id: String,
    /// The scope that the signature must have.
    pub scope: String,
    /// Names and globs of files that the signature need not cover.
    pub exclude_files: Vec<String>,
}

/// Why a bundle's signature is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("the bundle is missing its .signatures.json file; sign it, or take `signing` away")]
    Missing,
    /// There is nothing to verify it with.
    #[error("the bundle is signed and no verification key is provided; add one to `keys`")]
    NoKey,
    /// The file does not hold what it should.
    #[error(".signatures.json {0}")]
    File(String),
    /// Nobody says which key it is.
    #[error("neither the signature nor `signing.keyid` names the verification key")]
    KeyUnnamed,
    /// The named key is not configured.
    #[error("the verification key `{0}` is not among `keys`")]
    KeyUnknown(String),
    /// The configured key is none.
    #[error("the verification key `{name}` cannot be used: {reason}")]
    Key {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Somebody else signed, or what was signed was changed.
    #[error("the signature does not verify under the key `{0}`")]
    Forged(String),
    /// It was signed for another purpose.
    #[error("scope mismatch: the signature has `{found}`, expected `{expected}`")]
    Scope {
        /// The signature's.
        found: String,
        /// The configured one.
        expected: String,
    },
    /// A file is not what was signed.
    #[error("the file `{name}` {reason}")]
    Contents {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A glob of `exclude_files` is none.
    #[error("`exclude_files` has the pattern `{pattern}`: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        reason: String,
    },
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    signatures: Vec<String>,
    #[serde(default)]
    plugin: String,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    files: Vec<Signed>,
    #[serde(default)]
    keyid: String,
    #[serde(default)]
    scope: String,
    /// Nothing comes of it; something else than a number is a mistake.
    #[serde(default, rename = "iat")]
    _issued_at: i64,
}

/// What was signed of a file.
#[derive(Deserialize)]
struct Signed {
    name: String,
    hash: String,
    #[serde(default)]
    algorithm: String,
}

// === impl Verification ===

impl Verification {
    /// Whether files matter that are no part of a policy.
    pub(super) fn covers_all_files(&self) -> bool {
        !self.skip && !self.keys.is_empty()
    }

    /// Checks `files` against the bundle's `.signatures.json`. Names in it may begin with `prefix`,
    /// if all of them do.
    pub(super) fn check(
        &self,
        files: &[(FilePath, Vec<u8>)],
        signatures: Option<&[u8]>,
        prefix: &str,
    ) -> Result<(), SignatureError> {
        match signatures {
            _ if self.skip => Ok(()),
            None if self.signing.is_some() => Err(SignatureError::Missing),
            None => Ok(()),
            Some(_) if self.keys.is_empty() => Err(SignatureError::NoKey),
            Some(signatures) => {
                let mut signed = self.signed_files(signatures)?;
                if signed.iter().all(|file| file.name.starts_with(prefix)) {
                    for file in &mut signed {
                        file.name.drain(..prefix.len());
                    }
                }
                compare(files, &signed, &self.excluded()?)
            }
        }
    }

    /// The files that a signature vouches for, if it is by the right key and for the right purpose.
    fn signed_files(&self, signatures: &[u8]) -> Result<Vec<Signed>, SignatureError> {
        let token = only_token(signatures)?;
        let signed = SignedToken::parse(&token)
            .map_err(|error| SignatureError::File(format!("has a token that is none: {error}")))?;
        let payload = signed
            .payload()
            .map_err(|error| SignatureError::File(format!("has no payload: {error}")))?;
        let payload: Payload = serde_json::from_slice(&payload).map_err(|error| {
            SignatureError::File(format!("has a payload that is none: {error}"))
        })?;
        let said = self.signing.as_ref();
        let configured = said.map_or("", |signing| &signing.key_id);
        let name = [configured, signed.key_id(), &payload.keyid]
            .into_iter()
            .find(|name| !name.is_empty())
            .ok_or(SignatureError::KeyUnnamed)?;
        let unknown = || SignatureError::KeyUnknown(name.to_owned());
        let key = self.keys.get(name).ok_or_else(unknown)?;
        let verifying = key.verifying().map_err(|reason| SignatureError::Key {
            name: name.to_owned(),
            reason,
        })?;
        if !signed.verifies(&verifying) {
            return Err(SignatureError::Forged(name.to_owned()));
        }
        let scope = said.map_or("", |signing| &signing.scope);
        let expected = if scope.is_empty() { &key.scope } else { scope };
        if payload.scope != expected {
            return Err(SignatureError::Scope {
                found: payload.scope,
                expected: expected.to_owned(),
            });
        }
        Ok(payload.files)
    }

    fn excluded(&self) -> Result<GlobSet, SignatureError> {
        let patterns = self.signing.iter().flat_map(|it| &it.exclude_files);
        exclusion(patterns)
    }
}

// === impl Key ===

impl Key {
    /// Why it can verify nothing, if so.
    pub fn check(&self) -> Result<(), String> {
        self.verifying().map(|_| ())
    }

    fn verifying(&self) -> Result<VerificationKey, String> {
        VerificationKey::new(&self.algorithm, &self.text).map_err(|error| error.to_string())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may be a secret.
        f.debug_struct("Key")
            .field("algorithm", &self.algorithm)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

// === impl Signing ===

impl Signing {
    /// What is wrong with its patterns, if anything is.
    pub fn check(&self) -> Result<(), SignatureError> {
        exclusion(&self.exclude_files).map(|_| ())
    }
}

fn exclusion<'a>(
    patterns: impl IntoIterator<Item = &'a String>,
) -> Result<GlobSet, SignatureError> {
    let mut set = GlobSetBuilder::new();
    let refuse = |pattern: &str, error: &globset::Error| SignatureError::Pattern {
        pattern: pattern.to_owned(),
        reason: error.kind().to_string(),
    };
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        set.add(glob.map_err(|error| refuse(pattern, &error))?);
    }
    set.build().map_err(|error| refuse("", &error))
}

/// The one token of a `.signatures.json`.
fn only_token(signatures: &[u8]) -> Result<String, SignatureError> {
    let refuse = |reason: String| SignatureError::File(reason);
    let file: File = serde_json::from_slice(signatures)
        .map_err(|error| refuse(format!("is not what it should be: {error}")))?;
    // `opa` names its own way of signing so.
    if !matches!(file.plugin.as_str(), "" | "_default") {
        let plugin = file.plugin;
        return Err(refuse(format!(
            "asks for the plugin `{plugin}`, and there are none"
        )));
    }
    let count = file.signatures.len();
    let mut tokens = file.signatures.into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(token), None) => Ok(token),
        _ => Err(refuse(format!(
            "has {count} tokens (JWT), expected exactly one"
        ))),
    }
}

/// Holds each file against its hash, and both lists of names against each other.
fn compare(
    files: &[(FilePath, Vec<u8>)],
    signed: &[Signed],
    excluded: &GlobSet,
) -> Result<(), SignatureError> {
    let wrong = |name: &str, reason: String| SignatureError::Contents {
        name: name.to_owned(),
        reason,
    };
    let mut left: HashMap<&str, Vec<&Signed>> = HashMap::with_capacity(signed.len());
    for file in signed {
        left.entry(&file.name).or_default().push(file);
    }
    for (path, bytes) in files {
        let name = path.to_string();
        let hashes = left.remove(name.as_str());
        if excluded.is_match(&name) {
            continue;
        }
        let hashes =
            hashes.ok_or_else(|| wrong(&name, "is not included in the signature".to_owned()))?;
        let hashed = hashed_bytes(path.kind(), bytes).map_err(|reason| wrong(&name, reason))?;
        for expected in hashes {
            check_hash(expected, &hashed).map_err(|reason| wrong(&name, reason))?;
        }
    }
    let missing = left.into_keys().filter(|name| !excluded.is_match(name));
    match missing.min() {
        None => Ok(()),
        Some(name) => Err(wrong(
            name,
            "is named in the signature and not in the bundle".to_owned(),
        )),
    }
}

fn check_hash(expected: &Signed, bytes: &[u8]) -> Result<(), String> {
    let algorithm = &expected.algorithm;
    let found = digest(algorithm, bytes)
        .ok_or_else(|| format!("is hashed by `{algorithm}`, which is not computed here"))?;
    let found = data_encoding::HEXLOWER.encode(&found);
    if found.eq_ignore_ascii_case(&expected.hash) {
        return Ok(());
    }
    Err(format!(
        "is not the one that was signed: its digest is {found}, expected {}",
        expected.hash
    ))
}

/// What a file is hashed as: documents by what they say, whatever their spaces, others as they are.
fn hashed_bytes(kind: Kind, bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    let text = |doc: Doc<'_>| {
        let text = canonical::text(&doc);
        dismantle(doc);
        Cow::Owned(text)
    };
    match kind {
        Kind::Json | Kind::Manifest => json::parse(bytes).map(text).map_err(|e| e.to_string()),
        Kind::Yaml => std::str::from_utf8(bytes)
            .map_err(|error| error.to_string())
            .and_then(|source| yaml::parse(source).map_err(|error| error.to_string()))
            .map(|node| text(node.into_doc())),
        _ => Ok(Cow::Borrowed(bytes)),
    }
    .map_err(|reason| format!("cannot be hashed: {reason}"))
}

#[cfg(test)]
mod tests;
