//! The argument of `http.send`, read: what it names is known, and has its type.

use std::time::Duration;

use crate::builtins::{Error, time};
use crate::value::{Number, Object, Str, Value, write_json};

/// A request, and how it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// Where to, as written.
    pub url: String,
    /// The headers, in the order of their names.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Option<Vec<u8>>,
    /// How long each try may take, if it is said; zero is no limit of its own.
    pub timeout: Option<Duration>,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// How often it is tried again when no response came.
    pub retries: u32,
    /// Which certificates are trusted, and shown.
    pub tls: Tls,
    /// Which responses may be used again.
    pub caching: Caching,
    /// How its body is read where its type does not say it.
    pub force_json: bool,
    /// The same for YAML.
    pub force_yaml: bool,
    /// What tells requests apart: the argument without the headers that caches shall ignore.
    pub key: Object,
}

/// Which certificates are trusted, and shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Whether the server's certificate is believed unseen.
    pub insecure_skip_verify: bool,
    /// The name that the server's certificate must have, in place of the URL's.
    pub server_name: Option<String>,
    /// Whom to trust.
    pub ca: CaCertificates,
    /// The certificate that is shown, and its key.
    pub client: Option<(Pem, Pem)>,
}

/// Whom to trust.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaCertificates {
    /// Whether those of the system are trusted; unsaid, they are where nothing else is named.
    pub system: Option<bool>,
    /// Named certificates.
    pub named: Vec<Pem>,
}

/// Where PEM text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pem {
    /// In the request.
    Inline(String),
    /// In a file.
    File(String),
    /// In a variable of the environment.
    Env(String),
}

/// Which responses may be used again, in other queries too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caching {
    /// Whether those that HTTP's own rules allow.
    pub cache: bool,
    /// For how long all, whatever the rules say.
    pub force_for: Option<Duration>,
}

/// All that a request may name.
const KNOWN: &[&str] = &[
    "body",
    "cache",
    "cache_ignored_headers",
    "caching_mode",
    "enable_redirect",
    "force_cache",
    "force_cache_duration_seconds",
    "force_json_decode",
    "force_yaml_decode",
    "headers",
    "max_retry_attempts",
    "method",
    "raise_error",
    "raw_body",
    "timeout",
    "tls_ca_cert",
    "tls_ca_cert_env_variable",
    "tls_ca_cert_file",
    "tls_client_cert",
    "tls_client_cert_env_variable",
    "tls_client_cert_file",
    "tls_client_key",
    "tls_client_key_env_variable",
    "tls_client_key_file",
    "tls_insecure_skip_verify",
    "tls_server_name",
    "tls_use_system_certs",
    "url",
];

const REQUIRED: &[&str] = &["method", "url"];

/// Refuses what is not known and what is missing.
pub(in crate::builtins) fn parameters(asked: &Object) -> Result<(), Error> {
    let unknown = asked
        .keys()
        .filter(|key| !key.as_str().is_some_and(|name| KNOWN.contains(&name)));
    let unknown: Vec<String> = unknown.map(Value::to_string).collect();
    if !unknown.is_empty() {
        return Err(wrong("invalid request parameters(s)", &unknown));
    }
    let missing = REQUIRED.iter().filter(|name| asked.get_str(name).is_none());
    let missing: Vec<String> = missing.map(|name| format!("\"{name}\"")).collect();
    if !missing.is_empty() {
        return Err(wrong("missing required request parameters(s)", &missing));
    }
    Ok(())
}

/// Whether what goes wrong is an error, and not a response that tells of it.
pub(super) fn raise_error(asked: &Object) -> Result<bool, Error> {
    match asked.get_str("raise_error") {
        None => Ok(true),
        Some(Value::Bool(raise)) => Ok(*raise),
        Some(_) => Err(Error::Failed(
            "invalid value for raise_error field".to_owned(),
        )),
    }
}

// === impl Request ===

impl Request {
    /// Reads the argument of `http.send`.
    pub fn read(asked: &Object) -> Result<Self, Error> {
        let method = text(asked, "method")?.unwrap_or_default();
        let body = match (asked.get_str("raw_body"), asked.get_str("body")) {
            (Some(Value::String(raw)), _) => Some(raw.as_bytes().to_vec()),
            (Some(_), _) => return Err(bad("\"raw_body\" must be a string")),
            (None, Some(body)) => Some(json(body)),
            (None, None) => None,
        };
        Ok(Self {
            method: method.to_uppercase(),
            url: text(asked, "url")?.unwrap_or_default().to_owned(),
            headers: headers(asked)?,
            body,
            timeout: timeout(asked)?,
            follow_redirects: flag(asked, "enable_redirect"),
            retries: retries(asked)?,
            tls: Tls::read(asked)?,
            caching: Caching::read(asked)?,
            force_json: flag(asked, "force_json_decode"),
            force_yaml: flag(asked, "force_yaml_decode"),
            key: Self::key(asked),
        })
    }

    /// Whether the argument asks for a cache, told without reading the rest of it.
    #[must_use]
    pub fn asks_for_cache(asked: &Object) -> bool {
        flag(asked, "cache") || flag(asked, "force_cache")
    }

    /// What tells requests apart: see [`Request::key`].
    #[must_use]
    pub fn key(asked: &Object) -> Object {
        key(asked)
    }
}

// === impl Tls ===

impl Tls {
    fn read(asked: &Object) -> Result<Self, Error> {
        let system = asked.get_str("tls_use_system_certs");
        let system = system.map(|_| flag(asked, "tls_use_system_certs"));
        let ca = CaCertificates {
            system,
            named: Pem::read(asked, "tls_ca_cert")?,
        };
        // A certificate and a key of different forms are no pair: neither is shown, as in OPA.
        let certs = Pem::read(asked, "tls_client_cert")?;
        let keys = Pem::read(asked, "tls_client_key")?;
        let pair = |cert: Pem| {
            let key = keys.iter().find(|key| key.has_form_of(&cert))?;
            Some((cert, key.clone()))
        };
        Ok(Self {
            insecure_skip_verify: flag(asked, "tls_insecure_skip_verify"),
            server_name: text(asked, "tls_server_name")?.map(str::to_owned),
            ca,
            client: certs.into_iter().find_map(pair),
        })
    }
}

// === impl Pem ===

impl Pem {
    /// What `name`, `name_file` and `name_env_variable` say.
    fn read(asked: &Object, name: &str) -> Result<Vec<Self>, Error> {
        let said = |form: &str| {
            let said = text(asked, &format!("{name}{form}"))?;
            Ok::<_, Error>(said.map(str::to_owned))
        };
        let forms = [
            said("")?.map(Self::Inline),
            said("_file")?.map(Self::File),
            said("_env_variable")?.map(Self::Env),
        ];
        Ok(forms.into_iter().flatten().collect())
    }

    fn has_form_of(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

// === impl Caching ===

impl Caching {
    /// Whether a response may be kept for other queries.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.cache || self.force_for.is_some()
    }

    fn read(asked: &Object) -> Result<Self, Error> {
        let force = boolean(asked, "force_cache")?;
        let seconds = asked.get_str("force_cache_duration_seconds");
        let force_for = match (force, seconds) {
            (false, _) => None,
            (true, Some(Value::Number(seconds))) => {
                let seconds = seconds.as_u64();
                let seconds = seconds.ok_or_else(|| {
                    bad("\"force_cache_duration_seconds\" must be a whole number of seconds")
                })?;
                Some(Duration::from_secs(seconds))
            }
            (true, Some(_)) => {
                return Err(bad("\"force_cache_duration_seconds\" must be a number"));
            }
            (true, None) => {
                return Err(bad(
                    "'force_cache' set but 'force_cache_duration_seconds' parameter is missing",
                ));
            }
        };
        // OPA keeps nothing where it does not know the mode; here a response is kept in one form only.
        let mode = asked.get_str("caching_mode").map(Value::as_str);
        if !matches!(mode, None | Some(Some("serialized" | "deserialized"))) {
            return Ok(Self::default());
        }
        Ok(Self {
            cache: boolean(asked, "cache")?,
            force_for,
        })
    }
}

// === helpers ===

fn headers(asked: &Object) -> Result<Vec<(String, String)>, Error> {
    let Some(headers) = asked.get_str("headers") else {
        return Ok(Vec::new());
    };
    let Value::Object(headers) = headers else {
        return Err(bad("invalid type for headers key"));
    };
    let one = |(name, value): (&Value, &Value)| match (name, value) {
        (Value::String(name), Value::String(value)) => Ok((name.to_string(), value.to_string())),
        (Value::String(_), value) => {
            Err(bad(&format!("invalid type for headers value \"{value}\"")))
        }
        _ => Err(bad("invalid type for headers key")),
    };
    headers.iter().map(one).collect()
}

/// What is less than nothing is no limit either, as in OPA.
fn timeout(asked: &Object) -> Result<Option<Duration>, Error> {
    let nanoseconds = match asked.get_str("timeout") {
        None => return Ok(None),
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => {
            let read = time::duration(text);
            let wrong = || bad(&format!("invalid timeout value \"{text}\""));
            Some(read.ok_or_else(wrong)?)
        }
        Some(_) => return Err(bad("'timeout' must be a string or a number")),
    };
    let nanoseconds =
        nanoseconds.ok_or_else(|| bad("'timeout' must be a number of nanoseconds"))?;
    let nanoseconds = u64::try_from(nanoseconds).unwrap_or(0);
    Ok(Some(Duration::from_nanos(nanoseconds)))
}

fn retries(asked: &Object) -> Result<u32, Error> {
    let Some(said) = asked.get_str("max_retry_attempts") else {
        return Ok(0);
    };
    let number = match said {
        Value::Number(number) => Number::as_u64(number),
        _ => None,
    };
    let number = number.and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| {
        bad(&format!(
            "invalid value {said} for field \"max_retry_attempts\""
        ))
    })
}

fn key(asked: &Object) -> Object {
    let Some(ignored) = asked.get_str("cache_ignored_headers") else {
        return asked.clone();
    };
    let ignored: Vec<&Str> = match ignored {
        Value::Array(names) => names.iter().filter_map(string).collect(),
        Value::Set(names) => names.iter().filter_map(string).collect(),
        _ => Vec::new(),
    };
    let Some(Value::Object(headers)) = asked.get_str("headers") else {
        return asked.clone();
    };
    let kept = headers.iter().filter(|(name, _)| {
        let name = name.as_str().unwrap_or_default();
        !ignored.iter().any(|ignored| ***ignored == *name)
    });
    let kept: Object = kept
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    asked.insert("headers".into(), kept.into())
}

fn string(value: &Value) -> Option<&Str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// What is not a boolean is none, as in OPA.
fn flag(asked: &Object, name: &str) -> bool {
    asked.get_str(name) == Some(&Value::Bool(true))
}

fn boolean(asked: &Object, name: &str) -> Result<bool, Error> {
    match asked.get_str(name) {
        None => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(bad(&format!("invalid value for \"{name}\" field"))),
    }
}

fn text<'v>(asked: &'v Object, name: &str) -> Result<Option<&'v str>, Error> {
    match asked.get_str(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(bad(&format!("\"{name}\" must be a string"))),
    }
}

fn json(value: &Value) -> Vec<u8> {
    let mut text = String::new();
    // Text can be written to always; a value too odd to write is sent as nothing.
    let _ = write_json(value, &mut text);
    text.into_bytes()
}

/// The request's own fault; what is to become of it is up to `raise_error`.
fn bad(message: &str) -> Error {
    Error::Type(message.to_owned())
}

fn wrong(what: &str, names: &[String]) -> Error {
    Error::Type(format!("operand 1 {what}: {{{}}}", names.join(", ")))
}
