//! Answers: from a verdict or an error to the bytes that Envoy gets.
//!
//! This is the one place that turns errors into answers. A `CheckResponse` that lacks a status is
//! an allow to Envoy, so there is no type here that could be one: a [`Reply`] is made from a
//! [`Verdict`] or a [`CheckError`], and each way through this file writes the status first.

use bytes::Bytes;

use crate::authz::encode::Encoder;
use crate::authz::verdict::{AppendAction, Details, FORBIDDEN, Header, Verdict};
use crate::data::{self, Value, octets, quote, write};
use crate::decision::{ApiVersion, CheckError, DecisionId, Stage};
use crate::grpc::{Code, Reply, Status};

/// What of the configuration decides the form of answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Responder {
    /// `dry-run`: denials are answered as allows.
    pub dry_run: bool,
    /// `error-response`: engine errors are a `CheckResponse` with `error_response`.
    pub error_response: bool,
    /// `decision-id-header`: the header to the client that carries the decision id.
    pub decision_id_header: Option<String>,
}

/// What an answer is made from, beside the verdict.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it borrows a function")]
pub struct Context<'a> {
    /// The API that the caller speaks.
    pub version: ApiVersion,
    /// The decision's id.
    pub id: &'a DecisionId,
    /// Looks up a header of the request, by its lower-case name.
    pub request_header: &'a dyn Fn(&str) -> Option<&'a str>,
}

/// `google.rpc.Code` values that stand in `CheckResponse.status`.
const OK: i32 = 0;
const PERMISSION_DENIED: i32 = 7;

/// The member of `dynamic_metadata` that is always ours.
const DECISION_ID: &str = "decision_id";

// === impl Responder ===

impl Responder {
    /// The answer to a verdict. The error is for the decision log: it says why a verdict that was
    /// reached could not be sent as it is.
    pub fn verdict(
        &self,
        verdict: &Verdict<'_>,
        context: Context<'_>,
    ) -> Result<Reply, CheckError> {
        let mut out = Encoder::framed();
        let passes = verdict.allowed || self.dry_run;
        status(&mut out, if passes { OK } else { PERMISSION_DENIED }, "");
        match (&verdict.details, verdict.allowed) {
            (Some(details), true) => self.ok(&mut out, details, context)?,
            // A dry run drops what the denial says, and only shows its metadata.
            (_, false) if self.dry_run => self.ok(&mut out, &Details::default(), context)?,
            (Some(details), false) => self.denied(&mut out, details, context)?,
            (None, true) if self.names_id(context) => {
                self.ok(&mut out, &Details::default(), context)?;
            }
            (None, false) if self.names_id(context) => {
                self.denied(&mut out, &Details::default(), context)?;
            }
            (None, _) => {}
        }
        if context.version == ApiVersion::V3 {
            let metadata = verdict
                .details
                .as_ref()
                .and_then(|details| details.metadata);
            out.message(4, |out| metadata_struct(out, metadata, context.id))?;
        }
        Ok(framed(out))
    }

    /// The answer to a failure.
    pub fn error(&self, error: &CheckError, version: ApiVersion) -> Reply {
        match error.stage {
            Stage::Request => denial(400, &format!("{}: {}", error.code, error.message)),
            // Why is the operator's business; the log has the message.
            Stage::Refused => denial(FORBIDDEN, error.code),
            Stage::Answer => grpc_error(Code::Internal, error),
            stage if self.error_response && version == ApiVersion::V3 => {
                engine_error(code(stage), error)
            }
            stage => grpc_error(code(stage), error),
        }
    }

    fn names_id(&self, context: Context<'_>) -> bool {
        self.decision_id_header.is_some() && context.version == ApiVersion::V3
    }

    fn ok(
        &self,
        out: &mut Encoder,
        details: &Details<'_>,
        context: Context<'_>,
    ) -> Result<(), CheckError> {
        out.message(3, |out| {
            for header in &details.headers {
                upstream_header(out, header, context)?;
            }
            if context.version == ApiVersion::V2 {
                return Ok(());
            }
            for name in &details.headers_to_remove {
                out.member_string(5, utf8(name)?);
            }
            for header in &details.response_headers {
                client_header(out, 6, header, context.version)?;
            }
            if let Some(name) = &self.decision_id_header {
                id_header(out, 6, name, context.id);
            }
            for (key, value) in &details.parameters_to_set {
                out.message(7, |out| {
                    out.string(1, utf8(key)?);
                    out.string(2, utf8(value)?);
                    Ok::<_, CheckError>(())
                })?;
            }
            for name in &details.parameters_to_remove {
                out.member_string(8, utf8(name)?);
            }
            Ok(())
        })
    }

    fn denied(
        &self,
        out: &mut Encoder,
        details: &Details<'_>,
        context: Context<'_>,
    ) -> Result<(), CheckError> {
        out.message(2, |out| {
            let status = details.http_status.unwrap_or(FORBIDDEN);
            http_status(out, status);
            for header in &details.headers {
                client_header(out, 2, header, context.version)?;
            }
            if let Some(name) = &self.decision_id_header {
                id_header(out, 2, name, context.id);
            }
            out.string(3, utf8(details.body)?);
            Ok(())
        })
    }
}

/// The gRPC code of a stage's failures. None of them is OK.
fn code(stage: Stage) -> Code {
    match stage {
        Stage::Deadline => Code::DeadlineExceeded,
        Stage::Unavailable => Code::Unavailable,
        Stage::Evaluation | Stage::Result => Code::Unknown,
        Stage::Request | Stage::Refused | Stage::Answer | Stage::Internal => Code::Internal,
    }
}

fn grpc_error(code: Code, error: &CheckError) -> Reply {
    Reply::Error(Status {
        code,
        message: error.message.clone(),
    })
}

/// A denial that no policy gave: of a request that does not parse, which is the client's fault, or of one that must not
/// pass whatever Envoy does with failures.
fn denial(http: u16, message: &str) -> Reply {
    let mut out = Encoder::framed();
    status(&mut out, PERMISSION_DENIED, message);
    infallible(out.message(2, |out| {
        http_status(out, http);
        out.string(3, message);
        Ok(())
    }));
    framed(out)
}

/// `error_response` without a status of its own leaves the choice to Envoy's `status_on_error`.
fn engine_error(code: Code, error: &CheckError) -> Reply {
    let mut out = Encoder::framed();
    status(&mut out, i32::from(code as u8), &error.message);
    infallible(out.message(5, |_| Ok(())));
    framed(out)
}

fn status(out: &mut Encoder, code: i32, message: &str) {
    infallible(out.message(1, |out| {
        out.int32(1, code);
        out.string(2, message);
        Ok(())
    }));
}

fn http_status(out: &mut Encoder, status: u16) {
    infallible(out.message(1, |out| {
        out.int32(1, i32::from(status));
        Ok(())
    }));
}

/// A header for the upstream. Both `append` and `append_action` say "overwrite": with both unset,
/// Envoy 1.37 lets a client's own header of that name survive. What a policy asks for beyond that
/// is done here, because Envoy's versions disagree about `append_action` on request headers.
fn upstream_header(
    out: &mut Encoder,
    header: &Header<'_>,
    context: Context<'_>,
) -> Result<(), CheckError> {
    let lower = header.key.to_ascii_lowercase();
    let present = (context.request_header)(&lower);
    let joined;
    let value = match (header.action, present) {
        (Some(AppendAction::AddIfAbsent), Some(_))
        | (Some(AppendAction::OverwriteIfExists), None) => return Ok(()),
        (Some(AppendAction::AppendIfExistsOrAdd), Some(present)) => {
            joined = format!("{present},{}", header.value);
            joined.as_str()
        }
        _ => header.value,
    };
    out.message(2, |out| {
        header_value(out, header.key, value)?;
        out.message(2, |_| Ok::<_, CheckError>(()))?;
        if context.version == ApiVersion::V3 {
            out.int32(3, AppendAction::OverwriteIfExistsOrAdd as i32);
        }
        Ok(())
    })
}

/// A header for the client: `append_action` stays unset unless the policy sets it, so that two
/// `Set-Cookie` stay two.
fn client_header(
    out: &mut Encoder,
    field: u32,
    header: &Header<'_>,
    version: ApiVersion,
) -> Result<(), CheckError> {
    out.message(field, |out| {
        header_value(out, header.key, header.value)?;
        if let (Some(action), ApiVersion::V3) = (header.action, version) {
            out.int32(3, action as i32);
        }
        Ok(())
    })
}

fn id_header(out: &mut Encoder, field: u32, name: &str, id: &DecisionId) {
    infallible(out.message(field, |out| {
        infallible(out.message(1, |out| {
            out.string(1, name);
            out.string(2, id.as_str());
            Ok(())
        }));
        out.int32(3, AppendAction::OverwriteIfExistsOrAdd as i32);
        Ok(())
    }));
}

fn header_value(out: &mut Encoder, key: &str, value: &str) -> Result<(), CheckError> {
    out.message(1, |out| {
        out.string(1, utf8(key)?);
        out.string(2, utf8(value)?);
        Ok(())
    })
}

/// `google.protobuf.Struct`: the policy's metadata, and the decision id over whatever it says.
fn metadata_struct(
    out: &mut Encoder,
    metadata: Option<&data::Object>,
    id: &DecisionId,
) -> Result<(), CheckError> {
    if let Some(metadata) = metadata {
        for (key, value) in metadata.iter() {
            let key = metadata_key(key);
            if key != DECISION_ID {
                struct_entry(out, &key, |out| metadata_value(out, value))?;
            }
        }
    }
    struct_entry(out, DECISION_ID, |out| {
        out.member_string(3, id.as_str());
        Ok(())
    })
}

fn struct_entry(
    out: &mut Encoder,
    key: &str,
    value: impl FnOnce(&mut Encoder) -> Result<(), CheckError>,
) -> Result<(), CheckError> {
    out.message(1, |out| {
        out.string(1, metadata_utf8(key)?);
        out.message(2, value)
    })
}

/// `google.protobuf.Value`; a value that JSON cannot say becomes what its JSON text would be.
fn metadata_value(out: &mut Encoder, value: &Value) -> Result<(), CheckError> {
    match value {
        Value::Null => out.varint(1, 0),
        Value::Bool(value) => out.varint(4, u64::from(*value)),
        Value::Number(number) => out.double(
            2,
            Some(number.to_f64())
                .filter(|value| value.is_finite())
                .ok_or_else(|| {
                    metadata_error(&format!(
                        "expected a number that fits a double but got `{number}`"
                    ))
                })?,
        ),
        Value::String(text) => out.member_string(3, metadata_utf8(text)?),
        Value::Array(array) => metadata_list(out, array.iter())?,
        Value::Set(set) => metadata_list(out, set.iter())?,
        Value::Object(object) => out.message(5, |out| {
            for (key, value) in object.iter() {
                struct_entry(out, &metadata_key(key), |out| metadata_value(out, value))?;
            }
            Ok::<_, CheckError>(())
        })?,
    }
    Ok(())
}

fn metadata_list<'v>(
    out: &mut Encoder,
    values: impl Iterator<Item = &'v Value>,
) -> Result<(), CheckError> {
    out.message(6, |out| {
        for value in values {
            out.message(1, |out| metadata_value(out, value))?;
        }
        Ok(())
    })
}

fn metadata_key(key: &Value) -> std::borrow::Cow<'_, str> {
    match key {
        Value::String(key) => (&**key).into(),
        other => {
            let mut text = Vec::new();
            write::value(&mut text, other);
            String::from_utf8_lossy(&text).into_owned().into()
        }
    }
}

fn metadata_utf8(text: &str) -> Result<&str, CheckError> {
    if octets::has_octets(text) {
        let shown = quote::quote(&octets::to_bytes(text));
        return Err(metadata_error(&format!(
            "proto: invalid UTF-8 in string: {shown}"
        )));
    }
    Ok(text)
}

fn metadata_error(why: &str) -> CheckError {
    CheckError {
        stage: Stage::Result,
        code: "envoyauth_result_error",
        message: format!("failed to get dynamic metadata: {why}"),
        location: None,
    }
}

/// Text that goes into a protobuf string. A request's percent-escapes can bring bytes into a policy
/// that are not UTF-8; an answer that repeats them cannot be sent.
fn utf8(text: &str) -> Result<&str, CheckError> {
    if octets::has_octets(text) {
        return Err(CheckError {
            stage: Stage::Answer,
            code: "envoyauth_result_error",
            message: "grpc: error while marshaling: string field contains invalid UTF-8".to_owned(),
            location: None,
        });
    }
    Ok(text)
}

fn framed(out: Encoder) -> Reply {
    Reply::Framed(Bytes::from(out.into_frame()))
}

fn infallible(done: Result<(), std::convert::Infallible>) {
    let Ok(()) = done;
}

#[cfg(test)]
mod tests;
