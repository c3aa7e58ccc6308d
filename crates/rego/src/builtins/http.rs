//! `http.send`: what a policy asks for, and what it gets to see. Nothing is sent here: that is up to the host, which
//! reads a [`Request`] from the question and makes the answer with [`Response::answer`].

use super::declare::{named, takes};
use super::outside::{self, Question};
use super::{Builtin, Context, Error, operand};
use crate::types::Type;
use crate::value::{Object, Value};

mod request;
mod response;
#[cfg(test)]
mod tests;

pub(super) use request::parameters;
pub use request::{CaCertificates, Caching, Pem, Request, Tls};
pub use response::Response;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[Builtin::new(
    "http.send",
    "Sends a request over HTTP and gives the response.",
    send,
)
.declared(|| {
    let request = Type::object(Type::String, Type::any());
    let response = Type::object(Type::any(), Type::any());
    takes([named("request", request, "what is sent, and how")]).gives(named(
        "response",
        response,
        "its status, headers and body",
    ))
})
.nondeterministic()];

/// What `raise_error: false` makes of a request that cannot be sent as it stands.
const INTERNAL: &str = "eval_http_send_internal_error";

/// What it makes of one that no response came to.
const NETWORK: &str = "eval_http_send_network_error";

fn send(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let asked = operand::object(args, 0)?;
    parameters(asked)?;
    let raise_error = request::raise_error(asked)?;
    let answer = match Request::read(asked) {
        Ok(request) => remembered(context, &request, asked),
        Err(error) => Err(error),
    };
    match answer {
        Err(Error::Type(message)) if !raise_error => Ok(failure(INTERNAL, &message)),
        Err(Error::Failed(message)) if !raise_error => Ok(failure(NETWORK, &message)),
        Err(Error::Type(message)) => Err(Error::Failed(message)),
        answer => answer,
    }
}

/// Within a query one request is sent once.
fn remembered(
    context: &mut Context<'_>,
    request: &Request,
    asked: &Object,
) -> Result<Value, Error> {
    let key = ("http.send", Value::Object(request.key.clone()));
    if let Some(response) = context.memo.get(&key) {
        return Ok(response.clone());
    }
    let question = Question::HttpSend(Value::Object(asked.clone()));
    let response = outside::ask(context, &question)?;
    context.memo.insert(key, response.clone());
    Ok(response)
}

fn failure(code: &str, message: &str) -> Value {
    let member = |key: &str, value: Value| (Value::from(key), value);
    let error: Object = [
        member("code", code.into()),
        member("message", message.into()),
    ]
    .into_iter()
    .collect();
    let members = [
        member("status_code", 0_i64.into()),
        member("error", error.into()),
    ];
    Value::Object(members.into_iter().collect())
}
