//! Reading of a policy's decision: a boolean, or an object with `allowed` and what goes with it.
//!
//! The forms are opa-envoy-plugin's. Everything that is not one of them is an error, and so a
//! refusal; the wording of the errors is the plugin's too, down to its names of types.

use crate::data::{self, Value};
use crate::decision::{CheckError, Stage};

/// What the policy decided.
#[derive(Debug, PartialEq)]
pub struct Verdict<'v> {
    /// Whether the request may pass.
    pub allowed: bool,
    /// What the object form carries; `None` for a plain boolean.
    pub details: Option<Details<'v>>,
}

/// The members of the object form, those that count for its `allowed`.
#[derive(Debug, Default, PartialEq)]
pub struct Details<'v> {
    /// `headers`: to the upstream when allowed, to the client when denied.
    pub headers: Vec<Header<'v>>,
    /// `response_headers_to_add`: to the client when allowed.
    pub response_headers: Vec<Header<'v>>,
    /// `request_headers_to_remove`.
    pub headers_to_remove: Vec<&'v str>,
    /// `query_parameters_to_set`.
    pub parameters_to_set: Vec<(&'v str, &'v str)>,
    /// `query_parameters_to_remove`.
    pub parameters_to_remove: Vec<&'v str>,
    /// `body` of a denial.
    pub body: &'v str,
    /// `http_status` of a denial.
    pub http_status: Option<u16>,
    /// `dynamic_metadata`.
    pub metadata: Option<&'v data::Object>,
}

/// One header of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'v> {
    /// Its name, as the policy spells it.
    pub key: &'v str,
    /// One value.
    pub value: &'v str,
    /// What is done when the header is already there, when the policy says.
    pub action: Option<AppendAction>,
}

/// Envoy's `HeaderValueOption.HeaderAppendAction`, by its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum AppendAction {
    /// `APPEND_IF_EXISTS_OR_ADD`.
    AppendIfExistsOrAdd = 0,
    /// `ADD_IF_ABSENT`.
    AddIfAbsent = 1,
    /// `OVERWRITE_IF_EXISTS_OR_ADD`.
    OverwriteIfExistsOrAdd = 2,
    /// `OVERWRITE_IF_EXISTS`.
    OverwriteIfExists = 3,
}

/// The HTTP status of a denial that does not say one.
pub const FORBIDDEN: u16 = 403;

// === impl Verdict ===

impl<'v> Verdict<'v> {
    /// Reads a decision.
    pub fn read(value: &'v Value) -> Result<Self, CheckError> {
        match value {
            Value::Bool(allowed) => Ok(Self {
                allowed: *allowed,
                details: None,
            }),
            Value::Object(object) => {
                let allowed = allowed(object)?;
                Ok(Self {
                    allowed,
                    details: Some(Details::read(object, allowed)?),
                })
            }
            other => Err(error(
                "response status",
                &format!(
                    "illegal value for policy evaluation result: {}",
                    type_name(other)
                ),
            )),
        }
    }
}

// === impl Details ===

impl<'v> Details<'v> {
    fn read(object: &'v data::Object, allowed: bool) -> Result<Self, CheckError> {
        let mut details = Self {
            metadata: metadata(object)?,
            headers: headers(object, "headers", "response headers")?,
            ..Self::default()
        };
        if allowed {
            details.headers_to_remove = strings(
                object,
                "request_headers_to_remove",
                "request headers to remove",
            )?;
            details.response_headers = headers(
                object,
                "response_headers_to_add",
                "response headers to send to client",
            )?;
            details.parameters_to_remove = strings(
                object,
                "query_parameters_to_remove",
                "request query parameters to remove",
            )?;
            details.parameters_to_set = parameters(object)?;
        } else {
            details.body = body(object)?;
            details.http_status = http_status(object)?;
        }
        Ok(details)
    }
}

// === impl AppendAction ===

impl AppendAction {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "APPEND_IF_EXISTS_OR_ADD" => Self::AppendIfExistsOrAdd,
            "ADD_IF_ABSENT" => Self::AddIfAbsent,
            "OVERWRITE_IF_EXISTS_OR_ADD" => Self::OverwriteIfExistsOrAdd,
            "OVERWRITE_IF_EXISTS" => Self::OverwriteIfExists,
            _ => return None,
        })
    }
}

fn allowed(object: &data::Object) -> Result<bool, CheckError> {
    const WHAT: &str = "response status";
    match member(object, "allowed") {
        Some(Value::Bool(allowed)) => Ok(*allowed),
        Some(other) => Err(expected(WHAT, "allowed", "boolean", other)),
        None => Err(error(
            WHAT,
            "unable to determine evaluation result due to missing \"allowed\" key",
        )),
    }
}

fn metadata(object: &data::Object) -> Result<Option<&data::Object>, CheckError> {
    const WHAT: &str = "dynamic metadata";
    match member(object, "dynamic_metadata") {
        None => Ok(None),
        Some(Value::Object(metadata)) => Ok(Some(metadata)),
        Some(other) => Err(expected(WHAT, "dynamic_metadata", "object", other)),
    }
}

fn headers<'v>(
    object: &'v data::Object,
    name: &str,
    what: &str,
) -> Result<Vec<Header<'v>>, CheckError> {
    let mut headers = Vec::new();
    match member(object, name) {
        None => {}
        Some(Value::Object(one)) => add_headers(&mut headers, one, what)?,
        Some(value) => {
            let several =
                elements(value).ok_or_else(|| expected(what, "headers", "object", value))?;
            for value in several {
                match value {
                    Value::Object(one) => add_headers(&mut headers, one, what)?,
                    other => return Err(expected(what, "headers", "object", other)),
                }
            }
        }
    }
    Ok(headers)
}

fn add_headers<'v>(
    headers: &mut Vec<Header<'v>>,
    object: &'v data::Object,
    what: &str,
) -> Result<(), CheckError> {
    for (key, value) in object.iter() {
        let key = header_key(key, what)?;
        if let Some(header) = header(key, value) {
            headers.push(header);
            continue;
        }
        let values = elements(value)
            .ok_or_else(|| error(what, &format!("type assertion error for header '{key}'")))?;
        for value in values {
            headers.push(header(key, value).ok_or_else(|| {
                error(
                    what,
                    &format!("invalid value type {} for header '{key}'", type_name(value)),
                )
            })?);
        }
    }
    Ok(())
}

/// A header from a string, or from this program's own form `{"value": …, "append_action": …}`.
fn header<'v>(key: &'v str, value: &'v Value) -> Option<Header<'v>> {
    match value {
        Value::String(value) => Some(Header {
            key,
            value,
            action: None,
        }),
        Value::Object(object) if object.len() == 2 => {
            let value = text(member(object, "value")?)?;
            let action = AppendAction::from_name(text(member(object, "append_action")?)?)?;
            Some(Header {
                key,
                value,
                action: Some(action),
            })
        }
        _ => None,
    }
}

fn header_key<'v>(key: &'v Value, what: &str) -> Result<&'v str, CheckError> {
    text(key).ok_or_else(|| {
        error(
            what,
            &format!(
                "expected header names to be strings but got '{}'",
                type_name(key)
            ),
        )
    })
}

fn strings<'v>(
    object: &'v data::Object,
    name: &str,
    what: &str,
) -> Result<Vec<&'v str>, CheckError> {
    let Some(value) = member(object, name) else {
        return Ok(Vec::new());
    };
    let values = elements(value).ok_or_else(|| expected(what, name, "[]string", value))?;
    values
        .map(|value| {
            text(value).ok_or_else(|| expected(what, &format!("{name} value"), "string", value))
        })
        .collect()
}

fn parameters(object: &data::Object) -> Result<Vec<(&str, &str)>, CheckError> {
    const WHAT: &str = "request query parameters to set";
    let mut parameters = Vec::new();
    let object = match member(object, "query_parameters_to_set") {
        None => return Ok(parameters),
        Some(Value::Object(object)) => object,
        Some(other) => {
            return Err(error(
                WHAT,
                &format!(
                    "type assertion error, expected query_parameters_to_set to be a map but got '{}'",
                    type_name(other)
                ),
            ));
        }
    };
    for (key, value) in object.iter() {
        let key = header_key(key, WHAT)?;
        if let Some(value) = text(value) {
            parameters.push((key, value));
            continue;
        }
        let values = elements(value).ok_or_else(|| {
            error(
                WHAT,
                &format!(
                    "type assertion error, expected value to be string or array but got '{}'",
                    type_name(value)
                ),
            )
        })?;
        for value in values {
            let value = text(value).ok_or_else(|| {
                error(
                    WHAT,
                    &format!(
                        "type assertion error: expected array element to be string but got '{}'",
                        type_name(value)
                    ),
                )
            })?;
            parameters.push((key, value));
        }
    }
    Ok(parameters)
}

fn body(object: &data::Object) -> Result<&str, CheckError> {
    match member(object, "body") {
        None => Ok(""),
        Some(value) => {
            text(value).ok_or_else(|| expected("response body", "body", "string", value))
        }
    }
}

fn http_status(object: &data::Object) -> Result<Option<u16>, CheckError> {
    const WHAT: &str = "response http status";
    let Some(value) = member(object, "http_status") else {
        return Ok(None);
    };
    let Value::Number(number) = value else {
        return Err(expected(WHAT, "http_status", "number", value));
    };
    let code = number
        .is_integer()
        .then(|| number.as_i64())
        .flatten()
        .ok_or_else(|| error(WHAT, "error converting JSON number to int"))?;
    u16::try_from(code)
        .ok()
        .filter(|code| is_answerable(*code))
        .map(Some)
        .ok_or_else(|| error(WHAT, &format!("invalid HTTP status code {code}")))
}

/// Whether a status is known to Go's `net/http` and to Envoy's `StatusCode` enum alike.
fn is_answerable(code: u16) -> bool {
    matches!(
        code,
        100 | 200..=208 | 226 | 300..=305 | 307 | 308 | 400..=417 | 421..=424 | 426 | 428 | 429
            | 431 | 500..=508 | 510 | 511
    )
}

fn member<'v>(object: &'v data::Object, name: &str) -> Option<&'v Value> {
    object.get_str(name)
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The elements of an array or, in the order of values, of a set.
fn elements(value: &Value) -> Option<Box<dyn Iterator<Item = &Value> + '_>> {
    match value {
        Value::Array(array) => Some(Box::new(array.iter())),
        Value::Set(set) => Some(Box::new(set.iter())),
        _ => None,
    }
}

/// The type of a value in the plugin's words, which are Go's.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(_) => "json.Number",
        Value::String(_) => "string",
        Value::Array(_) | Value::Set(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn expected(what: &str, name: &str, type_wanted: &str, got: &Value) -> CheckError {
    error(
        what,
        &format!(
            "type assertion error, expected {name} to be of type '{type_wanted}' but got '{}'",
            type_name(got)
        ),
    )
}

fn error(what: &str, why: &str) -> CheckError {
    CheckError {
        stage: Stage::Result,
        code: "envoyauth_result_error",
        message: format!("failed to get {what}: {why}"),
        location: None,
    }
}
