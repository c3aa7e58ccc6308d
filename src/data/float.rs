//! The text of floats, as Go's `encoding/json` writes them. Not the reading of numbers.

/// The JSON text of a finite float: the shortest digits that give it back, with an exponent from
/// 1e21 on and below 1e-6.
#[must_use]
pub fn json_text(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        return if text.contains("e-") {
            text
        } else {
            text.replace('e', "e+")
        };
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        let table = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1_516_239_022.0, "1516239022"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (9_223_372_036_854_775_808.0, "9223372036854776000"),
        ];
        for (value, text) in table {
            assert_eq!(json_text(value), text);
        }
    }
}
