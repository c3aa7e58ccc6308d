//! Numbers against the answers of OPA 1.22.

use std::hash::BuildHasher as _;

use super::*;

fn number(text: &str) -> Number {
    Number::parse(text).unwrap_or_else(|| panic!("no number: {text}"))
}

#[test]
fn a_number_keeps_its_text() {
    for text in [
        "1.50",
        "1e2",
        "1E+2",
        "1.0",
        "-0",
        "-0.0",
        "1e400",
        "0e5",
        "100000000000000000000",
        "-9223372036854775808",
    ] {
        assert_eq!(number(text).to_string(), text);
    }
    for text in [
        "",
        "-",
        "01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        " 1",
        "1_0",
        "0x1",
        "NaN",
        "1e30103",
        "1e-30103000",
        "1e99999999999",
    ] {
        assert!(Number::parse(text).is_none(), "{text}");
    }
}

#[test]
fn forms_of_one_value_are_equal_and_hash_alike() {
    let hasher = foldhash::fast::FixedState::default();
    let groups: [&[&str]; 6] = [
        &["1", "1.0", "1e0", "10e-1", "0.1e1"],
        &["0", "-0", "0.0", "0e999999999", "-0.00e5", "1e-999999999"],
        &["1.5", "1.50", "15e-1", "0.15E1"],
        &[
            "100000000000000000000",
            "1e20",
            "100000000000000000000.0",
            "0.1e21",
        ],
        &[
            "-9223372036854775808",
            "-9223372036854775808.0",
            "-9.223372036854775808e18",
        ],
        &["0.001", "1e-3", "0.1e-2"],
    ];
    for group in groups {
        for (a, b) in group
            .iter()
            .flat_map(|a| group.iter().map(move |b| (number(a), number(b))))
        {
            assert_eq!(a, b);
            assert_eq!(hasher.hash_one(&a), hasher.hash_one(&b), "{a} {b}");
        }
    }
}

#[test]
fn order_is_by_value() {
    let ordered = [
        "-1e400",
        "-1e20",
        "-9223372036854775809",
        "-9223372036854775808",
        "-1.5",
        "-1",
        "-0.5",
        "-1e-400",
        "0",
        "1e-400",
        "0.09",
        "0.1",
        "0.10000000000000000000000000000001",
        "1",
        "1.00000000000000000000000000000001",
        "2",
        "10",
        "9223372036854775807",
        "9223372036854775807.5",
        "9223372036854775808",
        "1e400",
        "1e30102",
    ];
    for (i, a) in ordered.iter().enumerate() {
        for (j, b) in ordered.iter().enumerate() {
            assert_eq!(number(a).cmp(&number(b)), i.cmp(&j), "{a} {b}");
        }
    }
}

/// An operation, its operands and OPA's answer.
type Case = (char, &'static str, &'static str, &'static str);

const ANSWERS: &[Case] = &[
    ('+', "0.1", "0.2", "0.3"),
    ('+', "1.50", "0", "1.5"),
    ('+', "1e21", "0", "1000000000000000000000"),
    (
        '+',
        "100000000000000000000001",
        "1",
        "100000000000000000000002",
    ),
    ('+', "9223372036854775807", "1", "9223372036854775808"),
    ('+', "1e-400", "0", "1e-400"),
    ('+', "1e-7", "0", "1e-07"),
    ('+', "1e-5", "0", "1e-05"),
    ('+', "123456.789e3", "0", "123456789"),
    ('+', "-0.0", "-0.0", "0"),
    ('-', "-9223372036854775808", "1", "-9223372036854775809"),
    ('-', "9223372036854775808", "1", "9223372036854775807"),
    (
        '*',
        "9223372036854775807",
        "9223372036854775807",
        "85070591730234615847396907784232501249",
    ),
    ('*', "0.00001234", "1", "1.234e-05"),
    ('*', "-0.5", "0", "-0"),
    ('*', "-0.0", "6.1", "-0"),
    ('*', "-0", "-4.2", "0"),
    ('*', "1e-999999999", "1", "0"),
    ('/', "1", "3", "0.33333333333333333334"),
    ('/', "2", "3", "0.6666666666666666667"),
    ('/', "4", "2", "2"),
    ('/', "-4", "2", "-2"),
    ('/', "7", "2", "3.5"),
    ('/', "1e20", "3", "33333333333333333334"),
    ('/', "1e25", "3", "3333333333333333333200000"),
    ('/', "0", "-5", "-0"),
    ('/', "-0", "-4.2", "0"),
    ('/', "0", "15", "0"),
    ('%', "100000000000000000000001", "10", "1"),
    ('%', "1e2", "7", "2"),
    ('%', "5", "3.0", "2"),
    ('%', "5", "-3", "2"),
    ('%', "-5", "3", "-2"),
    ('a', "-1.50", "", "1.5"),
    ('a', "-3", "", "3"),
    (
        'a',
        "100000000000000000000001",
        "",
        "100000000000000000000000",
    ),
    ('r', "2.5", "", "3"),
    ('r', "-2.5", "", "-3"),
    ('r', "-0.4", "", "0"),
    ('r', "0.49999999999999999999999999", "", "1"),
    ('r', "1e30", "", "1000000000000000000024696061952"),
    ('c', "1.2", "", "2"),
    ('c', "-1.2", "", "-1"),
    ('c', "-0.4", "", "1"),
    ('f', "1.7", "", "1"),
    ('f', "-1.2", "", "-2"),
    ('f', "1e-30", "", "0"),
    (
        'f',
        "100000000000000000000001.5",
        "",
        "100000000000000000000000",
    ),
];

fn calculate(operation: char, a: &str, b: &str) -> Result<Number, NumberError> {
    let other = Number::parse(b).unwrap_or(Number::from(0_i64));
    match operation {
        '+' => number(a).add(&other),
        '-' => number(a).sub(&other),
        '*' => number(a).mul(&other),
        '/' => number(a).div(&other),
        '%' => number(a).rem(&other),
        'a' => number(a).abs(),
        'r' => number(a).round(),
        'c' => number(a).ceil(),
        _ => number(a).floor(),
    }
}

#[test]
fn arithmetic_answers_as_opa_does() {
    for (operation, a, b, expected) in ANSWERS {
        let answer = calculate(*operation, a, b).map(|answer| answer.to_string());
        assert_eq!(answer.as_deref(), Ok(*expected), "{a} {operation} {b}");
    }
}

#[test]
fn what_has_no_answer_is_an_error() {
    let long = "9".repeat(1_000_000);
    let cases = [
        ('/', "1", "0", NumberError::DivideByZero),
        ('/', "1.0", "0.0", NumberError::DivideByZero),
        ('/', "1", "0e5", NumberError::DivideByZero),
        ('%', "1", "0", NumberError::ModuloByZero),
        ('%', "5.5", "3", NumberError::ModuloOnFloat),
        ('+', &long, "1", NumberError::TooBig),
        ('*', &long, "0.5", NumberError::TooBig),
        ('r', &long, "", NumberError::TooBig),
    ];
    for (operation, a, b, error) in cases {
        assert_eq!(calculate(operation, a, b), Err(error));
    }
}

#[test]
fn repeated_squaring_ends_with_an_error() {
    for start in ["1e30000", "1.5e20000", "1e-20000"] {
        let mut value = number(start);
        let end = (0..20).find_map(|_| match value.mul(&value) {
            Ok(square) => {
                value = square;
                None
            }
            Err(error) => Some(error),
        });
        assert_eq!(end, Some(NumberError::TooBig));
    }
}

#[test]
fn doubles_print_as_go_formats_them() {
    let cases = [
        (0.1 + 0.2, "0.30000000000000004"),
        (1.0, "1"),
        (123_456.0, "123456"),
        (1e6, "1e+06"),
        (123_456_789.0, "1.23456789e+08"),
        (1e-5, "1e-05"),
        (0.0001, "0.0001"),
        (-2.5, "-2.5"),
        (0.0, "0"),
        (1e300, "1e+300"),
        (5e-324, "5e-324"),
    ];
    for (double, text) in cases {
        let number = Number::try_from(double).map(|number| number.to_string());
        assert_eq!(number.as_deref(), Ok(text));
    }
    assert!(Number::try_from(f64::NAN).is_err() && Number::try_from(f64::INFINITY).is_err());
}

#[test]
fn conversions_fit_or_fail() {
    assert_eq!(number("1e2").as_i64(), Some(100));
    assert_eq!(number("1.0").as_u64(), Some(1));
    assert_eq!(number("18446744073709551615").as_u64(), Some(u64::MAX));
    assert_eq!(number("18446744073709551616").as_u64(), None);
    assert_eq!(number("-1").as_u64(), None);
    assert_eq!(number("1.5").as_i64(), None);
    assert_eq!(number("1e20").to_bigint(), Some(BigInt::from(10).pow(20)));
    assert_eq!(
        number("-100000000000000000000.0").to_bigint(),
        Some(-BigInt::from(10).pow(20))
    );
    assert_eq!(number("0.5").to_bigint(), None);
    assert_eq!(number(&"9".repeat(1_000_000)).to_bigint(), None);
    assert_eq!(Number::from(u64::MAX).to_string(), u64::MAX.to_string());
    assert_eq!(Number::from(i128::MIN).to_string(), i128::MIN.to_string());
    assert!(number("1e30000").is_integer() && !number("1e-1").is_integer());
    assert!((number("2.50").to_f64() - 2.5).abs() < f64::EPSILON);
}
