//! PEM as Go reads it: what stands outside of blocks is passed over, a block that is not whole too.

use crate::builtins::encoding::base64;

/// One block.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::builtins) struct Block<'t> {
    /// What its first line says that it is: `CERTIFICATE`.
    pub kind: &'t [u8],
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// The blocks of a text, in order.
#[derive(Debug)]
pub(in crate::builtins) struct Blocks<'t> {
    rest: &'t [u8],
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

// === impl Blocks ===

impl<'t> Blocks<'t> {
    /// The blocks of `text`.
    pub(in crate::builtins) fn of(text: &'t [u8]) -> Self {
        Self { rest: text }
    }

    /// What follows the blocks that were read.
    pub(in crate::builtins) fn rest(&self) -> &'t [u8] {
        self.rest
    }
}

impl<'t> Iterator for Blocks<'t> {
    type Item = Block<'t>;

    fn next(&mut self) -> Option<Block<'t>> {
        let mut rest = self.rest;
        loop {
            let end = find(rest, END)?;
            let before = rest.get(..end)?;
            let behind_end = rest.get(end + END.len()..)?;
            // The last opening before the first closing: what an opening without a closing begins is passed over.
            let Some(begin) = last_line(before, BEGIN) else {
                rest = behind_end;
                continue;
            };
            let from_kind = rest.get(begin + BEGIN.len()..)?;
            match whole(from_kind, behind_end) {
                Attempt::Block(block, after) => {
                    self.rest = after;
                    return Some(block);
                }
                Attempt::None(after) => rest = after,
                Attempt::Never => return None,
            }
        }
    }
}

/// What became of an opening.
enum Attempt<'t> {
    /// A block, and what follows it.
    Block(Block<'t>, &'t [u8]),
    /// None; the search goes on there.
    None(&'t [u8]),
    /// None, and no other.
    Never,
}

/// The block from its kind on; its closing line goes on at `closing`, unless its head reaches beyond that.
fn whole<'t>(from_kind: &'t [u8], closing: &'t [u8]) -> Attempt<'t> {
    let (first, mut body) = line(from_kind);
    let Some(kind) = first.strip_suffix(DASHES) else {
        return if body.len() < closing.len() {
            Attempt::Never
        } else {
            Attempt::None(closing)
        };
    };
    let mut headers = false;
    loop {
        if body.is_empty() {
            return Attempt::Never;
        }
        let (header, after) = line(body);
        if !header.contains(&b':') {
            break;
        }
        headers = true;
        body = after;
    }
    // The head may end with the line break that opens the closing line: then the block is empty.
    let data = body.len().checked_sub(closing.len() + END.len());
    if data.is_none() && headers || body.len() < closing.len() {
        return if body.len() < closing.len() {
            Attempt::Never
        } else {
            Attempt::None(closing)
        };
    }
    let after_kind = closing
        .strip_prefix(kind)
        .and_then(|after| after.strip_prefix(DASHES));
    let Some((b"", after)) = after_kind.map(line) else {
        return Attempt::None(closing);
    };
    let data = data.and_then(|data| body.get(..data)).unwrap_or_default();
    let digits: Vec<u8> = data
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b' ' | b'\t'))
        .collect();
    match base64(digits) {
        Ok(bytes) => Attempt::Block(Block { kind, bytes }, after),
        Err(_) => Attempt::None(closing),
    }
}

/// The first line without the blanks at its end, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match text.iter().position(|byte| *byte == b'\n') {
        Some(at) => (text.get(..at), text.get(at + 1..)),
        None => (Some(text), None),
    };
    let mut line = line.unwrap_or_default();
    // Without a line break a carriage return is a part of the line.
    if rest.is_some() {
        line = line.strip_suffix(b"\r").unwrap_or(line);
    }
    while let [before @ .., b' ' | b'\t'] = line {
        line = before;
    }
    (line, rest.unwrap_or_default())
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Where the last `what` is, if a line begins there.
fn last_line(text: &[u8], what: &[u8]) -> Option<usize> {
    let at = text
        .windows(what.len())
        .rposition(|window| window == what)?;
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    before.is_none_or(|byte| *byte == b'\n').then_some(at)
}

#[cfg(test)]
mod tests;
