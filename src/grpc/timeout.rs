//! `grpc-timeout`: up to eight digits and a unit.

use std::time::Duration;

use http::HeaderMap;

use super::{Code, Status};

/// The timeout that a caller states; none is stated by none.
pub(super) fn parse(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get("grpc-timeout") else {
        return Ok(None);
    };
    decode(value.as_bytes()).map(Some).ok_or_else(|| {
        let shown = String::from_utf8_lossy(value.as_bytes());
        let message = format!(
            "malformed grpc-timeout: `{shown}` is not one to eight digits and a unit of H, M, S, m, u or n"
        );
        Status::new(Code::Internal, message)
    })
}

fn decode(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let mut number = 0_u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u64::from(digit - b'0');
    }
    Some(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit() {
        for (text, nanos) in [
            ("1H", 3_600_000_000_000),
            ("2M", 120_000_000_000),
            ("3S", 3_000_000_000),
            ("200m", 200_000_000),
            ("5u", 5_000),
            ("7n", 7),
            ("0m", 0),
            ("00000001S", 1_000_000_000),
            ("99999999H", 359_999_996_400_000_000_000_u128),
        ] {
            assert_eq!(decode(text.as_bytes()).unwrap().as_nanos(), nanos, "{text}");
        }
    }

    #[test]
    fn what_is_malformed_is_an_error() {
        for text in [
            "",
            "m",
            "5",
            "-1S",
            "+1S",
            "1.5S",
            "1s",
            "1 S",
            "123456789m",
            "1mm",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", text.parse().unwrap());
            let status = parse(&headers).unwrap_err();
            assert_eq!(status.code, Code::Internal, "{text}");
            assert!(
                status.message.starts_with("malformed grpc-timeout: "),
                "{}",
                status.message
            );
        }
    }
}
