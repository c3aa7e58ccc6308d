//! Hand-made frames, and any splits of them.

use proptest::prelude::*;
use tokio::io::AsyncReadExt;

use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1];
/// The payload of a DATA frame; as a header block it would be an authority.
const DATA: &[u8] = b"\x41\x03%2F";

/// What the bytes are after they were followed in parts of these lengths, the rest in one; and
/// whether they were understood.
fn followed(bytes: &[u8], parts: &[usize]) -> (Vec<u8>, bool) {
    let mut bytes = bytes.to_vec();
    let mut frames = Some(Frames::default());
    let mut rest = bytes.as_mut_slice();
    for part in parts.iter().copied().chain([usize::MAX]) {
        let (now, later) = rest.split_at_mut(part.min(rest.len()));
        if frames
            .as_mut()
            .is_some_and(|frames| frames.follow(now).is_none())
        {
            frames = None;
        }
        rest = later;
    }
    (bytes, frames.is_some())
}

fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags, 0, 0, 0, 1]);
    frame.extend(payload);
    frame
}

fn connection(frames: &[Vec<u8>]) -> Vec<u8> {
    [PREFACE, SETTINGS, &frames.concat()].concat()
}

/// A string of HPACK, as it is.
fn text(text: &[u8]) -> Vec<u8> {
    let mut string = match text.len() {
        short @ 0..0x7f => vec![u8::try_from(short).unwrap()],
        long => {
            let long = long - 0x7f;
            vec![
                0x7f,
                u8::try_from(long % 0x80).unwrap() | 0x80,
                u8::try_from(long / 0x80).unwrap(),
            ]
        }
    };
    string.extend(text);
    string
}

/// A string of HPACK in Huffman's code, for the characters whose codes have at most eight bits.
fn huffman(text: &str) -> Vec<u8> {
    let lengths = [
        (5, 0x00, "012aceiost"),
        (6, 0x14, " %-./3456789=A_bdfghlmnpru"),
        (7, 0x5c, ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
        (8, 0xf8, "&*,;XZ"),
    ];
    let code = |wanted| {
        let found = lengths.iter().find_map(|(length, first, all)| {
            Some(format!("{:0length$b}", first + all.find(wanted)?))
        });
        found.unwrap()
    };
    let mut bits: String = text.chars().map(code).collect();
    while !bits.len().is_multiple_of(8) {
        bits.push('1');
    }
    let octet = |at: usize| u8::from_str_radix(&bits[at..at + 8], 2).unwrap();
    let coded: Vec<u8> = (0..bits.len()).step_by(8).map(octet).collect();
    let mut string = vec![0x80 | u8::try_from(coded.len()).unwrap()];
    string.extend(coded);
    string
}

#[test]
fn the_tests_own_huffman_code_is_right() {
    let example = [
        0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff,
    ];
    assert_eq!(huffman("www.example.com"), example);
}

/// Header blocks, and what becomes of them.
#[expect(clippy::too_many_lines, reason = "a table")]
fn blocks() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let named = |name: &[u8], value: &[u8]| [&[0x40], &*text(name), &text(value)].concat();
    let coded = |first, value| [&[first], &*huffman(value)].concat();
    let long = |sign: &str| text(["/run", &sign.repeat(300), "a"].concat().as_bytes());
    vec![
        (
            "name in full, amid other fields",
            [
                named(b":path", b"/a%2Fb"),
                named(b":authority", b"run%2Fa.sock"),
                vec![0x83, 0x86],
                named(b"x-test", b"%"),
            ]
            .concat(),
            [
                named(b":path", b"/a%2Fb"),
                named(b":authority", b"run-2Fa.sock"),
                vec![0x83, 0x86],
                named(b"x-test", b"%"),
            ]
            .concat(),
        ),
        (
            "static index, indexed",
            [&[0x41], &*text(b"/run/a.sock")].concat(),
            [&[0x41], &*text(b"-run-a.sock")].concat(),
        ),
        (
            "static index, not and never indexed, after a table size of two bytes",
            [
                &[0x3f, 0x80, 0x01, 0x01],
                &*text(b"a%2Fb"),
                &[0x11],
                &text(b"%"),
            ]
            .concat(),
            [
                &[0x3f, 0x80, 0x01, 0x01],
                &*text(b"a-2Fb"),
                &[0x11],
                &text(b"-"),
            ]
            .concat(),
        ),
        (
            "other names by index, of one byte and of two",
            [
                &[0x44],
                &*text(b"%"),
                &[0x7f, 0x01],
                &text(b"%"),
                &[0x0f, 0xff, 0x00],
                &text(b"%"),
            ]
            .concat(),
            [
                &[0x44],
                &*text(b"%"),
                &[0x7f, 0x01],
                &text(b"%"),
                &[0x0f, 0xff, 0x00],
                &text(b"%"),
            ]
            .concat(),
        ),
        (
            "names that are nearly it, and empty strings",
            [
                named(b":authorit", b"%"),
                named(b":authority2", b"%"),
                named(b"", b"%"),
                named(b"x", b""),
                named(b":authority", b""),
            ]
            .concat(),
            [
                named(b":authorit", b"%"),
                named(b":authority2", b"%"),
                named(b"", b"%"),
                named(b"x", b""),
                named(b":authority", b""),
            ]
            .concat(),
        ),
        (
            "a long value",
            [&[0x41], &*long("%")].concat(),
            [
                &[0x41],
                &*text(["-run", &"-".repeat(300), "a"].concat().as_bytes()),
            ]
            .concat(),
        ),
        (
            "Huffman's code",
            [
                coded(0x41, "%2Frun%2Fmy-socket.sock"),
                coded(0x41, "/run/%/%%/ XZ/%0"),
                coded(0x44, "/a%2Fb"),
            ]
            .concat(),
            [
                coded(0x41, ".2Frun.2Fmy-socket.sock"),
                coded(0x41, "3run3.3..3-XZ3.0"),
                coded(0x44, "/a%2Fb"),
            ]
            .concat(),
        ),
        (
            "Huffman's code with a long one (`$`), which ends the mending",
            [
                0x41,
                0x84,
                0b0101_0111,
                0b1111_1111,
                0b0010_1010,
                0b1111_1111,
            ]
            .to_vec(),
            [
                0x41,
                0x84,
                0b0101_1111,
                0b1111_1111,
                0b0010_1010,
                0b1111_1111,
            ]
            .to_vec(),
        ),
    ]
}

#[test]
fn only_authorities_change() {
    for (name, block, want) in blocks() {
        // Padded, with a priority, and in three frames.
        let stream = |block: &[u8]| {
            let (first, rest) = block.split_at(block.len() / 3);
            let head = [&[3, 0, 0, 0, 0, 0], first, b"%%%"].concat();
            connection(&[
                frame(1, 0x28, &head),
                frame(9, 0, &rest[..rest.len() / 2]),
                frame(9, 4, &rest[rest.len() / 2..]),
                frame(0, 0, DATA),
                frame(1, 0x5, block),
            ])
        };
        let (got, understood) = followed(&stream(&block), &[]);
        assert!(understood, "{name}");
        assert_eq!(got, stream(&want), "{name}");
    }
}

#[test]
fn what_is_not_understood_is_left_alone() {
    let authority = [&[0x41], &*text(b"%")].concat();
    let good = frame(1, 0x4, &authority);
    let cases = [
        ("HTTP/1", b"GET /%2F HTTP/1.1\r\n\r\n".to_vec()),
        (
            "a late change of the preface",
            [&PREFACE[..23], b"x", SETTINGS, &good].concat(),
        ),
        (
            "a frame within a block",
            connection(&[frame(1, 0, &[0x83]), frame(0, 0, DATA), good.clone()]),
        ),
        (
            "a block within a block",
            connection(&[frame(1, 0, &[0x83]), good.clone()]),
        ),
        (
            "a continuation of nothing",
            connection(&[frame(9, 4, &authority)]),
        ),
        (
            "a field cut short",
            connection(&[frame(1, 4, &[0x41]), good.clone()]),
        ),
        (
            "too short for a priority",
            connection(&[frame(1, 0x24, &[0x83]), good.clone()]),
        ),
        (
            "more padding than block",
            connection(&[frame(1, 0xc, &[9, 0x83]), good.clone()]),
        ),
        (
            "an endless length",
            connection(&[
                frame(1, 4, &[0x41, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff]),
                good.clone(),
            ]),
        ),
    ];
    for (name, bytes) in cases {
        assert_eq!(followed(&bytes, &[]), (bytes, false), "{name}");
    }
}

#[tokio::test]
async fn a_connection_is_put_right_only_over_a_file() {
    let (sent, want) = (
        connection(&[frame(1, 4, &[&[0x41], &*text(b"%")].concat())]),
        connection(&[frame(1, 4, &[&[0x41], &*text(b"-")].concat())]),
    );
    for (over_file, want) in [(true, &want), (false, &sent)] {
        let mut got = Vec::new();
        let mut stream = Readable::new(&*sent, over_file);
        stream.read_to_end(&mut got).await.unwrap();
        assert_eq!(&got, want);
    }
}

proptest! {
    #[test]
    fn reads_may_end_anywhere(
        parts in prop::collection::vec(0_usize..12, 0..200),
        order in Just((0..blocks().len()).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let blocks = blocks();
        let frames: Vec<_> = order.iter().map(|&at| frame(1, 4, &blocks[at].1)).collect();
        let bytes = connection(&frames);
        prop_assert_eq!(followed(&bytes, &parts), followed(&bytes, &[]));
    }

    #[test]
    fn any_bytes_keep_their_number(
        block in prop::collection::vec(any::<u8>(), 0..200),
        noise in prop::collection::vec(any::<u8>(), 0..50),
        flags in any::<u8>(),
        parts in prop::collection::vec(0_usize..12, 0..40),
    ) {
        let bytes = connection(&[frame(1, flags, &block), frame(9, 4, &block), noise]);
        let (got, understood) = followed(&bytes, &parts);
        prop_assert_eq!(got.len(), bytes.len());
        prop_assert_eq!((got, understood), followed(&bytes, &[]));
    }
}
