//! `application/x-www-form-urlencoded`: a query as a body, shown as an object of arrays.

use crate::authz::url::{self, UrlError};
use crate::data::Doc;

/// Parses a form.
pub(super) fn parse(body: &[u8]) -> Result<Doc<'_>, UrlError> {
    url::parse_query(body).map(url::parameters_doc)
}
