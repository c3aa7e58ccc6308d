//! Chunks: events as a JSON array, compressed, each as close below a limit as it gets.
//!
//! How well events compress is learned from chunk to chunk, so that mostly one compression makes one
//! chunk. An array has one event to a line, which is how it is taken apart again.

use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// Fast: on a sidecar the processor is dearer than the network.
const LEVEL: Compression = Compression::new(3);

/// How much text a chunk may be made of at least; it bounds what an open chunk holds in memory.
const MOST_TEXT: usize = 4 << 20;

/// What stands between two events of an array; JSON text has no line breaks of its own.
const BETWEEN: &[u8] = b",\n";

/// Events that are not in a chunk yet.
#[derive(Debug)]
pub(super) struct Open {
    /// Each followed by a line break, as in a spool's file.
    text: Vec<u8>,
    /// Where each ends, behind its line break.
    ends: Vec<usize>,
    /// How large a chunk may be.
    limit: usize,
    /// How much text is worth an attempt.
    enough: usize,
}

/// A finished chunk, and how much text of [`Open`] is in it.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) body: Bytes,
    pub(super) events: usize,
    pub(super) text_bytes: usize,
}

/// How often the guess of what fits was changed, by the peer's names.
#[derive(Debug, Default)]
pub(super) struct Scale {
    pub(super) up: u64,
    pub(super) down: u64,
    pub(super) stable: u64,
}

// === impl Open ===

impl Open {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            text: Vec::new(),
            ends: Vec::new(),
            limit,
            enough: limit,
        }
    }

    pub(super) fn limit_to(&mut self, limit: usize) {
        if limit != self.limit {
            self.limit = limit;
            self.enough = limit;
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn push(&mut self, event: &[u8]) {
        self.text.extend_from_slice(event);
        self.text.push(b'\n');
        self.ends.push(self.text.len());
    }

    pub(super) fn events(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether a chunk is worth an attempt.
    pub(super) fn has_enough(&self) -> bool {
        !self.ends.is_empty() && self.text.len() >= self.enough
    }

    /// Takes a chunk off, if there is enough for a full one, or with `all` of whatever there is.
    pub(super) fn close(&mut self, all: bool, scale: &mut Scale) -> Option<Closed> {
        if !all && !self.has_enough() {
            return None;
        }
        let mut events = self.ends.len();
        loop {
            let text_bytes = *self.ends.get(events.checked_sub(1)?)?;
            let body = compress(self.text.get(..text_bytes)?);
            let fits = scaled(text_bytes, self.limit, body.len());
            if body.len() > self.limit && events > 1 {
                scale.down += 1;
                let before = events;
                self.enough = fits;
                events = self.ends.partition_point(|end| *end <= fits);
                events = events.clamp(1, before - 1);
                continue;
            }
            let most = MOST_TEXT.max(self.limit);
            let is_everything = events == self.ends.len();
            if !all && is_everything && body.len() < self.limit / 10 * 9 && text_bytes < most {
                scale.up += 1;
                self.enough = fits.clamp(text_bytes + 1, most);
                return None;
            }
            scale.stable += 1;
            self.take(events, text_bytes);
            return Some(Closed {
                body,
                events,
                text_bytes,
            });
        }
    }

    fn take(&mut self, events: usize, text_bytes: usize) {
        self.text.drain(..text_bytes);
        self.ends.drain(..events);
        for end in &mut self.ends {
            *end -= text_bytes;
        }
        self.text.shrink_to(MOST_TEXT);
    }
}

/// How much text makes nearly `limit` bytes when `text` makes `compressed`.
fn scaled(text: usize, limit: usize, compressed: usize) -> usize {
    let wide = |number| u128::try_from(number).unwrap_or(u128::MAX);
    let fits = wide(text) * wide(limit) * 19 / 20 / wide(compressed.max(1));
    usize::try_from(fits).unwrap_or(usize::MAX)
}

/// `lines` as a compressed array. Each line is an event and ends in a line break.
pub(super) fn compress(lines: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), LEVEL);
    // Writing into memory does not fail.
    let written = write_array(lines, &mut encoder);
    let body = encoder.finish().unwrap_or_default();
    drop(written);
    Bytes::from(body)
}

fn write_array(lines: &[u8], out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for (number, line) in split(lines).enumerate() {
        if number > 0 {
            out.write_all(BETWEEN)?;
        }
        out.write_all(line)?;
    }
    out.write_all(b"]")
}

/// The lines of `text` without their line breaks.
pub(super) fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
}

/// The events of a chunk again, each followed by a line break.
pub(super) fn expand(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut array = Vec::new();
    MultiGzDecoder::new(body).read_to_end(&mut array)?;
    let inner = array.strip_prefix(b"[").unwrap_or(&array);
    let inner = inner.strip_suffix(b"]").unwrap_or(inner);
    let mut lines = Vec::with_capacity(array.len());
    for line in split(inner) {
        lines.extend_from_slice(line.strip_suffix(b",").unwrap_or(line));
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: usize) -> String {
        // Some of it compresses, some does not.
        let noise = number.wrapping_mul(2_654_435_761) % 1_000_003;
        format!(r#"{{"decision_id":"{number}-{noise}","input":{{"path":"/a/b"}},"result":true}}"#)
    }

    /// The chunks that `events` become, and the events in each.
    fn chunks(limit: usize, events: usize) -> (Vec<Closed>, Vec<String>) {
        let (mut open, mut scale) = (Open::new(limit), Scale::default());
        let mut closed = Vec::new();
        for number in 0..events {
            open.push(event(number).as_bytes());
            closed.extend(open.close(false, &mut scale));
        }
        while let Some(chunk) = open.close(true, &mut scale) {
            closed.push(chunk);
        }
        assert_eq!(open.events(), 0);
        let mut seen = Vec::new();
        for chunk in &closed {
            let lines = expand(&chunk.body).expect("gzip");
            assert_eq!(
                (split(&lines).count(), lines.len()),
                (chunk.events, chunk.text_bytes)
            );
            seen.extend(split(&lines).map(|line| String::from_utf8(line.to_vec()).expect("text")));
        }
        (closed, seen)
    }

    #[test]
    fn chunks_are_nearly_full_and_lose_nothing() {
        for (limit, events) in [(90, 20), (1_000, 200), (32_768, 4_000)] {
            let (closed, seen) = chunks(limit, events);
            assert_eq!(seen, (0..events).map(event).collect::<Vec<_>>());
            let (_, full) = closed.split_last().expect("chunks");
            for chunk in full {
                let single = chunk.events == 1;
                assert!(
                    chunk.body.len() <= limit || single,
                    "{} of {limit}",
                    chunk.body.len()
                );
                assert!(
                    chunk.body.len() >= limit / 2,
                    "{} of {limit}",
                    chunk.body.len()
                );
            }
        }
    }

    #[test]
    fn an_array_is_json() {
        let body = compress(b"{\"a\":1}\n[2]\n");
        let mut text = String::new();
        MultiGzDecoder::new(&body[..])
            .read_to_string(&mut text)
            .expect("gzip");
        assert_eq!(text, "[{\"a\":1},\n[2]]");
        assert_eq!(expand(&body).expect("gzip"), b"{\"a\":1}\n[2]\n");
    }

    #[test]
    fn a_new_limit_counts_from_the_next_chunk_on() {
        let (mut open, mut scale) = (Open::new(1 << 20), Scale::default());
        (0..20).for_each(|number| open.push(event(number).as_bytes()));
        assert!(open.close(false, &mut scale).is_none());
        open.limit_to(90);
        let first = open.close(false, &mut scale).expect("a chunk");
        assert!(first.body.len() <= 90 || first.events == 1, "{first:?}");
    }
}
