//! Answers of OPA, one row a call.

use crate::builtins::calls::answers;

#[test]
fn moments_are_written_by_layouts() {
    answers(&[
        (
            "time.format",
            "[1700000000123456789]",
            r#""2023-11-14T22:13:20.123456789Z""#,
        ),
        (
            "time.format",
            "[[1700000000123456789]]",
            r#""2023-11-14T22:13:20.123456789Z""#,
        ),
        (
            "time.format",
            r#"[[1700000000123456789, "America/New_York"]]"#,
            r#""2023-11-14T17:13:20.123456789-05:00""#,
        ),
        (
            "time.format",
            r#"[[1700000000123456789, "Asia/Kolkata", "RFC822"]]"#,
            r#""15 Nov 23 03:43 IST""#,
        ),
        (
            "time.format",
            r#"[[1700000000123456789, "", "ANSIC"]]"#,
            r#""Tue Nov 14 22:13:20 2023""#,
        ),
        (
            "time.format",
            r#"[[1700000000123456789, "UTC", "RFC1123Z"]]"#,
            r#""Tue, 14 Nov 2023 22:13:20 +0000""#,
        ),
        (
            "time.format",
            r#"[[1700000000123456789, "America/Sao_Paulo", "Mon Monday Jan January 1 01 2 02 _2 06 2006 15 3 03 PM pm 4 04 5 05 MST"]]"#,
            r#""Tue Tuesday Nov November 11 11 14 14 14 23 2023 19 7 07 PM pm 13 13 20 20 -03""#,
        ),
        (
            "time.format",
            r#"[[1700000000123456789, "Australia/Lord_Howe", ".000 .999 ,00 -07 -0700 -07:00 -070000 Z07 Z0700 Z07:00:00"]]"#,
            r#"".123 .123 ,12 +11 +1100 +11:00 +110000 +11 +1100 +11:00:00""#,
        ),
        (
            "time.format",
            r#"[[-2717650801000000000, "Europe/Berlin", "2006-01-02 15:04:05 -07:00:00 MST"]]"#,
            r#""1883-11-18 17:53:27 +00:53:28 LMT""#,
        ),
        (
            "time.format",
            r#"[[0, "UTC", "002 __2 _2006 Janet Monx"]]"#,
            r#""001   1 _1970 Janet Monx""#,
        ),
        (
            "time.format",
            r#"[[-1, "UTC", "RFC3339Nano"]]"#,
            r#""1969-12-31T23:59:59.999999999Z""#,
        ),
        (
            "time.format",
            r#"[[9223372036854775807, "UTC"]]"#,
            r#""2262-04-11T23:47:16.854775807Z""#,
        ),
        (
            "time.format",
            r#"[[1000000000, "UTC", "05.999 .9"]]"#,
            r#""01 ""#,
        ),
        (
            "time.format",
            r#"[[4102444800000000000, "Europe/London", "RFC850"]]"#,
            r#""Friday, 01-Jan-00 00:00:00 GMT""#,
        ),
    ]);
}

#[test]
fn moments_are_read_by_layouts() {
    answers(&[
        (
            "time.parse_ns",
            r#"["RFC3339", "2020-01-02T03:04:05.5+02:00"]"#,
            "1577927045500000000",
        ),
        (
            "time.parse_ns",
            r#"["2006-01-02", "2020-02-29"]"#,
            "1582934400000000000",
        ),
        (
            "time.parse_ns",
            r#"["2006-01-02 15:04", "2020-02-28 9:05"]"#,
            "1582880700000000000",
        ),
        (
            "time.parse_ns",
            r#"["Mon Jan _2 15:04:05 MST 2006", "mon JAN  2 15:04:05 CEST 2023"]"#,
            "1672671845000000000",
        ),
        (
            "time.parse_ns",
            r#"["MST 2006", "GMT+3 2020"]"#,
            "1577836800000000000",
        ),
        (
            "time.parse_ns",
            r#"["2006 002", "2020 366"]"#,
            "1609372800000000000",
        ),
        ("time.parse_ns", r#"["2006 002", "2021 366"]"#, "fails"),
        (
            "time.parse_ns",
            r#"["06 3PM", "69 12AM"]"#,
            "-31536000000000000",
        ),
        (
            "time.parse_ns",
            r#"["06 3pm", "68 12pm"]"#,
            "3092644800000000000",
        ),
        (
            "time.parse_ns",
            r#"["2006-01-02 15:04:05", "2020-01-02 03:04:05,25"]"#,
            "1577934245250000000",
        ),
        (
            "time.parse_ns",
            r#"["RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"]"#,
            "1136239445000000000",
        ),
        (
            "time.parse_ns",
            r#"["2006 -07", "2020 +24"]"#,
            "1577750400000000000",
        ),
        ("time.parse_ns", r#"["2006", "20201"]"#, "fails"),
        ("time.parse_ns", r#"["2006-01-02", "2020-02-30"]"#, "fails"),
        (
            "time.parse_ns",
            r#"["2006 Z07:00:00", "2020 -01:02:03"]"#,
            "1577840523000000000",
        ),
        (
            "time.parse_rfc3339_ns",
            r#"["2020-01-02T03:04:05Z"]"#,
            "1577934245000000000",
        ),
        (
            "time.parse_rfc3339_ns",
            r#"["2262-04-11T23:47:16.854775807Z"]"#,
            "9223372036854775807",
        ),
        (
            "time.parse_rfc3339_ns",
            r#"["2262-04-11T23:47:16.854775808Z"]"#,
            "fails",
        ),
        (
            "time.parse_rfc3339_ns",
            r#"["1677-09-21T00:12:43.145224192Z"]"#,
            "-9223372036854775808",
        ),
        (
            "time.parse_rfc3339_ns",
            r#"["2020-01-02T24:00:00Z"]"#,
            "fails",
        ),
        (
            "time.parse_rfc3339_ns",
            r#"["2020-01-02T3:04:05Z"]"#,
            "1577934245000000000",
        ),
        (
            "time.parse_rfc3339_ns",
            r#"["2020-01-02t03:04:05z"]"#,
            "fails",
        ),
    ]);
}

#[test]
fn durations_are_read() {
    answers(&[
        ("time.parse_duration_ns", r#"["1h30m"]"#, "5400000000000"),
        ("time.parse_duration_ns", r#"["-1.5h"]"#, "-5400000000000"),
        ("time.parse_duration_ns", r#"["0"]"#, "0"),
        ("time.parse_duration_ns", r#"["1d"]"#, "86400000000000"),
        (
            "time.parse_duration_ns",
            r#"["1.5w2d3ns"]"#,
            "1080000000000003",
        ),
        ("time.parse_duration_ns", r#"["1y"]"#, "31536000000000000"),
        ("time.parse_duration_ns", r#"[".5s"]"#, "500000000"),
        ("time.parse_duration_ns", r#"["1µs1us"]"#, "2000"),
        ("time.parse_duration_ns", r#"["300y"]"#, "fails"),
        (
            "time.parse_duration_ns",
            r#"["-9223372036854775808ns"]"#,
            "-9223372036854775808",
        ),
        (
            "time.parse_duration_ns",
            r#"["9223372036854775808ns"]"#,
            "fails",
        ),
        ("time.parse_duration_ns", r#"["1"]"#, "fails"),
        ("time.parse_duration_ns", r#"[""]"#, "fails"),
        ("time.parse_duration_ns", r#"["1x"]"#, "fails"),
        ("time.parse_duration_ns", r#"["+5ms"]"#, "5000000"),
        ("time.parse_duration_ns", r#"["d"]"#, "fails"),
        ("time.parse_duration_ns", r#"["1.2.3d"]"#, "fails"),
        (
            "time.parse_duration_ns",
            r#"["2.000000001s"]"#,
            "2000000001",
        ),
    ]);
}

#[test]
fn calendars_are_reckoned() {
    answers(&[
        ("time.date", "[1700000000123456789]", "[2023, 11, 14]"),
        (
            "time.date",
            r#"[[1700000000123456789, "Pacific/Apia"]]"#,
            "[2023, 11, 15]",
        ),
        ("time.date", "[-1]", "[1969, 12, 31]"),
        ("time.date", "[-9223372036854775808]", "[1677, 9, 21]"),
        (
            "time.clock",
            r#"[[1700000000123456789, "Asia/Kolkata"]]"#,
            "[3, 43, 20]",
        ),
        ("time.weekday", "[1700000000123456789]", r#""Tuesday""#),
        (
            "time.weekday",
            r#"[[0, "America/New_York"]]"#,
            r#""Wednesday""#,
        ),
        (
            "time.add_date",
            "[1700000000123456789, 1, -13, 40]",
            "1700777600123456789",
        ),
        (
            "time.add_date",
            "[1582977600000000000, 1, 0, 0]",
            "1614600000000000000",
        ),
        ("time.add_date", "[9223372036854775807, 0, 0, 1]", "fails"),
        (
            "time.add_date",
            r#"[[1710000000000000000, "America/New_York"], 0, 0, 1]"#,
            "1710082800000000000",
        ),
        ("time.add_date", "[1700000000123456789, 300, 0, 0]", "fails"),
        ("time.add_date", "[-1, 0, 0, 0]", "-1"),
        (
            "time.diff",
            "[1700000000123456789, 0]",
            "[53, 10, 13, 22, 13, 20]",
        ),
        (
            "time.diff",
            "[0, 1700000000123456789]",
            "[53, 10, 13, 22, 13, 20]",
        ),
        (
            "time.diff",
            "[1585573200000000000, 1582977600000000000]",
            "[0, 1, 1, 1, 0, 0]",
        ),
        (
            "time.diff",
            r#"[[1700000000123456789, "America/New_York"], [1710050000000000000, "Asia/Tokyo"]]"#,
            "[0, 3, 25, 7, 40, 0]",
        ),
    ]);
}

#[test]
fn what_is_no_moment_has_no_answer() {
    answers(&[
        ("time.date", "[1.5]", "fails"),
        ("time.date", "[9223372036854775808]", "fails"),
        ("time.date", "[[]]", "fails"),
        ("time.date", r#"[["x"]]"#, "fails"),
        ("time.date", r#"[[0, "Nope/Zone"]]"#, "fails"),
        ("time.date", r#"[[0, "europe/berlin"]]"#, "fails"),
        ("time.date", "[[0, 1]]", "fails"),
        ("time.date", r#"["x"]"#, "fails"),
    ]);
}
