//! Bundles in registries of container images: a manifest names the layer, whose digest is what it is known by.
//!
//! What comes is believed only when it has the digest that was announced.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use http::StatusCode;
use http::header::{ACCEPT, HeaderName};
use serde::Deserialize;

use crate::http::client::{Client, ClientError, Response};

/// The most bytes of a manifest: as many as registries have to take.
const LARGEST_MANIFEST: u64 = 4 << 20;
/// What a manifest may be.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
/// What the layer must be, as for OPA.
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Where an image is in its registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    repository: String,
    /// A tag, or a digest that pins the content.
    version: String,
}

/// What the last pull has seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    manifest: String,
    layer: String,
}

/// A layer that came whole.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) bytes: Vec<u8>,
    /// Its digest, which serves as its `ETag`.
    pub(super) etag: String,
}

/// Why there is no layer.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// The resource names no image.
    #[error(
        "`{0}` is no image; expected `host/repository:tag` or `host/repository@sha256:…`, in lower case"
    )]
    Reference(String),
    /// The registry did not answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// It answered something else.
    #[error("the registry replied with {status} to `{url}`{hint}")]
    Status {
        /// What.
        status: StatusCode,
        /// To what.
        url: String,
        /// What to look at.
        hint: &'static str,
    },
    /// The manifest cannot be used.
    #[error("the manifest of the image {0}")]
    Manifest(String),
    /// What came is not what was announced.
    #[error("the registry gave a {what} with the digest sha256:{got} in place of {expected}")]
    Digest {
        /// What came.
        what: &'static str,
        /// Its digest.
        got: String,
        /// The announced one.
        expected: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
}

/// The layer of `resource`; none where it is the one that is in force, by `etag`. Of what is larger than `limit`
/// nothing is read.
pub(super) async fn pull(
    client: &Client,
    resource: &str,
    etag: Option<&str>,
    seen: &mut Seen,
    limit: u64,
) -> Result<Option<Layer>, OciError> {
    let reference = Reference::parse(resource)?;
    let path = format!(
        "v2/{}/manifests/{}",
        reference.repository, reference.version
    );
    if etag == Some(&*seen.layer) && is_same(client, &path, &seen.manifest).await? {
        return Ok(None);
    }
    let response = good(
        client,
        &path,
        client.get(&path, &[(ACCEPT, MANIFESTS)]).await?,
    )?;
    let announced = announced(&response).or_else(|| reference.pin());
    let bytes = response.bytes(LARGEST_MANIFEST).await?;
    let manifest = sha256(&bytes);
    for expected in [announced, reference.pin()].into_iter().flatten() {
        check("manifest", &manifest, &expected)?;
    }
    let layer = layer(&bytes)?;
    if layer.size > limit {
        let size = layer.size;
        return Err(OciError::Manifest(format!(
            "names a layer of {size} bytes, of which {limit} are the configured limit (`size_limit_bytes`)"
        )));
    }
    let known = layer.digest.trim_start_matches("sha256:").to_owned();
    *seen = Seen {
        manifest: format!("sha256:{manifest}"),
        layer: known.clone(),
    };
    if etag == Some(&*known) {
        return Ok(None);
    }
    let path = format!("v2/{}/blobs/{}", reference.repository, layer.digest);
    let response = good(client, &path, client.get(&path, &[]).await?)?;
    let bytes = response.bytes(layer.size).await?;
    // Hashing of much takes long.
    let hashed = tokio::task::spawn_blocking(move || (sha256(&bytes), bytes)).await;
    let (hash, bytes) = hashed.map_err(|_| OciError::Manifest("was lost".to_owned()))?;
    check("layer", &hash, &layer.digest)?;
    Ok(Some(Layer { bytes, etag: known }))
}

// === impl Reference ===

impl Reference {
    /// Reads `host/repository:tag` or `host/repository@digest`. As in OPA the service says which host is asked, whatever
    /// stands here.
    pub fn parse(text: &str) -> Result<Self, OciError> {
        let wrong = || OciError::Reference(text.to_owned());
        let (_, rest) = text.split_once('/').ok_or_else(wrong)?;
        let (name, pin) = match rest.split_once('@') {
            Some((name, pin)) => (name, Some(pin)),
            None => (rest, None),
        };
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (name, None),
        };
        let part = |part: &str| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
            part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(plain)
        };
        let word = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let tag_good =
            tag.is_none_or(|it| !it.is_empty() && it.len() <= 128 && it.chars().all(word));
        let pin_good = pin.is_none_or(|pin| hex(pin).is_some());
        let version = pin.or(tag).ok_or_else(wrong)?;
        if !repository.split('/').all(part) || !tag_good || !pin_good {
            return Err(wrong());
        }
        Ok(Self {
            repository: repository.to_owned(),
            version: version.to_owned(),
        })
    }

    /// The digest that pins the content, if one does.
    fn pin(&self) -> Option<String> {
        hex(&self.version).map(|_| self.version.clone())
    }
}

// === impl OciError ===

impl OciError {
    /// The status of the answer, where there was one.
    pub(super) fn http_status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(status.as_u16()),
            _ => None,
        }
    }

    /// Whether nothing was seen of the content.
    pub(super) fn is_no_answer(&self) -> bool {
        matches!(self, Self::Client(_) | Self::Status { .. })
    }
}

/// Whether the manifest at `path` still is the one with this digest, without reading it.
async fn is_same(client: &Client, path: &str, manifest: &str) -> Result<bool, OciError> {
    let response = client.head(path, &[(ACCEPT, MANIFESTS)]).await?;
    Ok(response.status == StatusCode::OK && announced(&response).as_deref() == Some(manifest))
}

fn good(client: &Client, path: &str, response: Response) -> Result<Response, OciError> {
    match response.status {
        StatusCode::OK => Ok(response),
        status => Err(OciError::Status {
            status,
            url: client.display_url(path),
            hint: match status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                    "; look at the `credentials` of its service"
                }
                StatusCode::NOT_FOUND => "; look at its `resource` and the `url` of its service",
                _ => "",
            },
        }),
    }
}

/// The digest that the registry gives with its answer, if it is of the kind that is checked here.
fn announced(response: &Response) -> Option<String> {
    let digest = response.header(DIGEST)?;
    hex(digest).map(|_| digest.to_owned())
}

/// The one layer that is a bundle.
fn layer(manifest: &[u8]) -> Result<Descriptor, OciError> {
    let wrong = |what: &str| OciError::Manifest(what.to_owned());
    let manifest: Manifest =
        serde_json::from_slice(manifest).map_err(|_| wrong("is not JSON with `layers`"))?;
    let mut layers = manifest.layers.into_iter();
    let layer = layers.find(|layer| layer.media_type == LAYER);
    let layer = layer.ok_or_else(|| wrong(&format!("names no layer of the type {LAYER}")))?;
    match hex(&layer.digest) {
        Some(_) => Ok(layer),
        None => Err(wrong(
            "names a layer by something else than a sha256 digest",
        )),
    }
}

fn check(what: &'static str, got: &str, expected: &str) -> Result<(), OciError> {
    if hex(expected) == Some(got) {
        return Ok(());
    }
    Err(OciError::Digest {
        what,
        got: got.to_owned(),
        expected: expected.to_owned(),
    })
}

/// The digits of a sha256 digest.
fn hex(digest: &str) -> Option<&str> {
    let digits = digest.strip_prefix("sha256:")?;
    let good = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    (digits.len() == 64 && digits.chars().all(good)).then_some(digits)
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read() {
        let pin = format!("sha256:{}", "0a".repeat(32));
        let both = format!("h/a@{pin}");
        let tagged = format!("h:1/a/b-c_d.e:v1@{pin}");
        for (text, repository, version) in [
            ("ghcr.io/org/repo:v1.0", "org/repo", "v1.0"),
            ("h:5000/a/b:T_1", "a/b", "T_1"),
            (&both, "a", &pin),
            (&tagged, "a/b-c_d.e", &pin),
        ] {
            let read = Reference::parse(text).unwrap();
            assert_eq!((&*read.repository, &*read.version), (repository, version));
        }
        for bad in [
            "",
            "repo:v1",
            "h/repo",
            "h/repo:",
            "h/Repo:v1",
            "h/a/../b:v1",
            "h/a:v 1",
            "h/a@sha256:0a",
            "h/a@md5:x",
            "h//a:v1",
            "bundles/authz",
        ] {
            assert!(Reference::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_layer_is_found_by_its_type() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let manifest = |kind: &str, digest: &str| {
            format!(
                r#"{{"layers": [{{"mediaType": "x", "digest": "y", "size": 1}},
                {{"mediaType": "{kind}", "digest": "{digest}", "size": 7}}]}}"#
            )
        };
        let read = layer(manifest(LAYER, &digest).as_bytes()).unwrap();
        assert_eq!((read.digest.as_str(), read.size), (digest.as_str(), 7));
        for (bad, said) in [
            (manifest("x", &digest), "no layer"),
            (manifest(LAYER, "sha512:1"), "sha256"),
            ("{}".to_owned(), "no layer"),
            ("[".to_owned(), "JSON"),
        ] {
            let error = layer(bad.as_bytes()).err().unwrap().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
