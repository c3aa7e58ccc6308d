//! Names and values as forms and queries write them.

use form_urlencoded::byte_serialize;

/// As the body of a form: blanks become plus signs.
pub(super) fn body<'f>(fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> String {
    let fields = fields.into_iter();
    let fields = fields.map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    fields.collect::<Vec<_>>().join("&")
}

/// As a query: blanks become `%20`, which every server reads.
pub(super) fn query<'f>(fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> String {
    body(fields).replace('+', "%20")
}

fn escape(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_and_values_are_escaped() {
        let fields = [("a b", "1+2"), ("c", "&=ü")];
        assert_eq!(super::body(fields), "a+b=1%2B2&c=%26%3D%C3%BC");
        assert_eq!(super::query(fields), "a%20b=1%2B2&c=%26%3D%C3%BC");
    }
}
