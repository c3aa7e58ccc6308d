//! `application/x-www-form-urlencoded`: a query as a body, shown as an object of arrays.

use crate::authz::url::{self, Text, UrlError};
use crate::data::Doc;

/// Parses a form. Bytes that are not UTF-8 become U+FFFD, other than in the query of the path.
pub(super) fn parse(body: &[u8]) -> Result<Doc<'_>, UrlError> {
    let mut form = url::parse_query(body)?;
    let values = form.iter_mut().flat_map(|(_, values)| values);
    values.for_each(Text::replace_octets);
    Ok(url::parameters_doc(form))
}
