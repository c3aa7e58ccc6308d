//! Texts in the part of Go's text/template syntax that OPA accepts.

use crate::builtins::{Context, Error, operand};
use crate::value::Value;

pub(super) fn render_template(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    operand::string(args, 0)?;
    operand::object(args, 1)?;
    Err(Error::Failed("templates are not rendered yet".to_owned()))
}
