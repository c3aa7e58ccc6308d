//! `bearer`: a token in the Authorization header, from the configuration or from a file.

use std::path::{Path, PathBuf};

use crate::http::client::ClientError;

/// `credentials.bearer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the token comes from.
    pub token: TokenSource,
    /// The word before the token, `Bearer` by default.
    pub scheme: String,
    /// `encode`: the token is written in base64. Left out, that is done for registries alone.
    pub encode: Option<bool>,
}

/// Where a token comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// It stands in the configuration.
    Text(String),
    /// It stands in a file that is read anew for each request.
    File(PathBuf),
}

// === impl Config ===

impl Config {
    /// The Authorization header.
    pub(super) async fn header(&self) -> Result<String, ClientError> {
        let token = self.token.read("the bearer token").await?;
        let token = if self.encode == Some(true) {
            data_encoding::BASE64.encode(token.as_bytes())
        } else {
            token
        };
        Ok(format!("{} {token}", self.scheme))
    }
}

// === impl TokenSource ===

impl TokenSource {
    /// The token as it is now.
    pub(super) async fn read(&self, what: &'static str) -> Result<String, ClientError> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => read_file(path, what).await,
        }
    }
}

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text(..)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

async fn read_file(path: &Path, what: &'static str) -> Result<String, ClientError> {
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|error| ClientError::File {
        path: path.to_owned(),
        what,
        reason: error.to_string(),
    })?;
    Ok(text.trim().to_owned())
}
