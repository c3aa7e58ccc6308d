//! A certificate's subject as one text, in the order and with the escapes that Go writes it in.

use crate::data::Value;

/// The parts of a name in the order in which they are written, by the fields that a parsed certificate has.
const PARTS: [(&str, &str); 9] = [
    ("SerialNumber", "SERIALNUMBER"),
    ("CommonName", "CN"),
    ("OrganizationalUnit", "OU"),
    ("Organization", "O"),
    ("PostalCode", "POSTALCODE"),
    ("StreetAddress", "STREET"),
    ("Locality", "L"),
    ("Province", "ST"),
    ("Country", "C"),
];

/// The subject of the first of some parsed certificates.
pub(super) fn subject(certificates: &Value) -> Option<String> {
    let Value::Array(certificates) = certificates else {
        return None;
    };
    let subject = certificates.first()?.get_str("Subject")?;
    let parts = PARTS.into_iter().filter_map(|(field, name)| {
        let texts: Vec<&str> = match subject.get_str(field)? {
            Value::String(text) if !text.is_empty() => vec![text],
            Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let shown: Vec<String> = texts
            .into_iter()
            .map(|text| format!("{name}={}", escaped(text)))
            .collect();
        (!shown.is_empty()).then(|| shown.join("+"))
    });
    Some(parts.collect::<Vec<_>>().join(","))
}

/// A value with the escapes of RFC 2253.
fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        let escapes = match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            '#' => at == 0,
            ' ' => at == 0 || at == last,
            _ => false,
        };
        if escapes {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read;

    #[test]
    fn a_subject_is_written_as_go_writes_it() {
        let certificates = r#"[{"Subject": {
            "CommonName": "client #1", "SerialNumber": "7", "Country": ["DE"], "Province": [" lead"],
            "Locality": ["X"], "Organization": ["Org, One"], "OrganizationalUnit": ["u1", "u2"],
            "PostalCode": null, "StreetAddress": ["\\z"]
        }}]"#;
        let certificates = read::json_value(certificates.as_bytes()).expect("JSON");
        let want =
            "SERIALNUMBER=7,CN=client #1,OU=u1+OU=u2,O=Org\\, One,STREET=\\\\z,L=X,ST=\\ lead,C=DE";
        assert_eq!(subject(&certificates).as_deref(), Some(want));
        assert_eq!(subject(&Value::Null), None);
    }
}
