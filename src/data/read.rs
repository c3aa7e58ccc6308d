//! JSON and YAML text as the engine's values: data files, and the data of bundles.

use thiserror::Error;

use super::json::{self, JsonError};
use super::yaml::{self, YamlError};
use super::{NumberError, Value, into_value};

/// Why a text is no value.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It is no JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It is no YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// It is not UTF-8, as YAML has to be.
    #[error("the text is not UTF-8: {0}")]
    Utf8(#[from] std::str::Utf8Error),
    /// It has a number that the engine cannot hold.
    #[error(transparent)]
    Number(#[from] NumberError),
}

/// The value of a JSON text.
pub fn json_value(text: &[u8]) -> Result<Value, ReadError> {
    Ok(into_value(json::parse(text)?)?)
}

/// The value of a text that begins with JSON; what follows it is not looked at.
pub fn first_json_value(text: &[u8]) -> Result<Value, ReadError> {
    Ok(into_value(json::parse_first(text)?)?)
}

/// The value of a YAML text's first document.
pub fn yaml_value(text: &[u8]) -> Result<Value, ReadError> {
    let node = yaml::parse(std::str::from_utf8(text)?)?;
    Ok(into_value(node.into_doc())?)
}
