//! Values of flags, in the spellings of `opa run`.

use std::time::Duration;

use crate::config::parse_duration;
use crate::rest::{Authentication, Authorization};
use crate::telemetry::{LogFormat, LogLevel};
use crate::tls::TlsVersion;

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

pub(super) fn log_level(text: &str) -> Result<LogLevel, String> {
    match text {
        "debug" => Ok(LogLevel::Debug),
        "info" => Ok(LogLevel::Info),
        "error" => Ok(LogLevel::Error),
        _ => Err("expected debug, info or error".to_owned()),
    }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "json" => Ok(LogFormat::Json),
        "json-pretty" => Ok(LogFormat::JsonPretty),
        "text" => Ok(LogFormat::Text),
        _ => Err("expected json, json-pretty or text".to_owned()),
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "expected a duration such as 10m or 30s".to_owned())
}

pub(super) fn tls_version(text: &str) -> Result<TlsVersion, String> {
    match text {
        "1.2" => Ok(TlsVersion::V1_2),
        "1.3" => Ok(TlsVersion::V1_3),
        "1.0" | "1.1" => Err("TLS 1.0 and 1.1 are not spoken; expected 1.2 or 1.3".to_owned()),
        _ => Err("expected 1.2 or 1.3".to_owned()),
    }
}

pub(super) fn mode(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err("expected a file mode in octal, such as 755".to_owned()),
    }
}

pub(super) fn authentication(text: &str) -> Result<Authentication, String> {
    match text {
        "off" => Ok(Authentication::Off),
        "token" => Ok(Authentication::Token),
        "tls" => Ok(Authentication::Tls),
        _ => Err("expected off, token or tls".to_owned()),
    }
}

pub(super) fn authorization(text: &str) -> Result<Authorization, String> {
    match text {
        "off" => Ok(Authorization::Off),
        "basic" => Ok(Authorization::Basic),
        _ => Err("expected off or basic".to_owned()),
    }
}
