//! The parameters of a request's query string, read as Go reads them.

/// Names and values in the order they came in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Params(Vec<(String, String)>);

// === impl Params ===

impl Params {
    /// Reads a query string. A pair that has a semicolon or a bad escape is left out.
    pub(super) fn read(query: &str) -> Self {
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.contains(';'));
        let pairs = pairs.filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name, true)?, decoded(value, true)?))
        });
        Self(pairs.collect())
    }

    /// The first value of `name`.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a switch is on: alone, or said to be `true`, at least once.
    pub(super) fn asks(&self, name: &str) -> bool {
        let mut pairs = self.0.iter();
        pairs.any(|(key, value)| {
            key == name && (value.is_empty() || value.eq_ignore_ascii_case("true"))
        })
    }

    /// The values of each name, the names in the order in which they first came.
    pub(super) fn by_name(&self) -> Vec<(&str, Vec<&str>)> {
        let mut named: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, value) in &self.0 {
            match named.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value),
                None => named.push((name, vec![value])),
            }
        }
        named
    }
}

/// Undoes percent-encoding, and `+` where that stands for a space. What is no valid escape, or no UTF-8, is nothing.
pub(super) fn decoded(text: &str, plus: bool) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' if plus => b' ',
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_as_go_reads_them() {
        let params = Params::read("pretty&x=a+b%21&metrics=TRUE&odd=%zz&a;b=1&x=2&provenance=1");
        assert!(params.asks("pretty") && params.asks("metrics"));
        assert!(!params.asks("provenance") && !params.asks("odd"));
        assert_eq!(params.first("x"), Some("a b!"));
        assert_eq!(params.by_name()[1], ("x", vec!["a b!", "2"]));
    }

    #[test]
    fn escapes_are_undone_or_refused() {
        assert_eq!(decoded("a%2Fb+c", false).as_deref(), Some("a/b+c"));
        for bad in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decoded(bad, false), None, "{bad}");
        }
    }
}
