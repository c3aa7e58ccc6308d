//! Follows the frames of HTTP/2 from the preface on, and picks the header blocks out of them.

use super::fields::Fields;

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD: usize = 9;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
const PRIORITY_LENGTH: u32 = 5;

/// Where in the frames of a connection its bytes have come to.
#[derive(Debug)]
pub(super) struct Frames {
    place: Place,
    fields: Fields,
    /// A header block has begun and goes on in CONTINUATION frames.
    in_block: bool,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// After so many bytes of the preface.
    Preface(usize),
    /// After so many bytes of a frame's head.
    Head([u8; HEAD], usize),
    /// Before the byte that tells how much of the block is padding.
    PadLength(Payload),
    Payload(Payload),
}

/// What is left of a frame, in the order in which it comes.
#[derive(Debug, Clone, Copy, Default)]
struct Payload {
    skipped: u32,
    block: u32,
    padding: u32,
    ends_block: bool,
}

// === impl Frames ===

impl Default for Frames {
    fn default() -> Self {
        Self {
            place: Place::Preface(0),
            fields: Fields::default(),
            in_block: false,
        }
    }
}

impl Frames {
    /// Follows the next bytes, of which it overwrites some. None: these are not the frames of
    /// HTTP/2, and the rest of the connection must not be touched.
    pub(super) fn follow(&mut self, bytes: &mut [u8]) -> Option<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let used = self.step(rest)?;
            rest = rest.get_mut(used..)?;
        }
        Some(())
    }

    /// Follows a part of the bytes, of which there is at least one; returns the part's length.
    fn step(&mut self, bytes: &mut [u8]) -> Option<usize> {
        match self.place {
            Place::Preface(seen) => {
                let due = PREFACE.get(seen..)?;
                let used = due.len().min(bytes.len());
                if due.get(..used)? != bytes.get(..used)? {
                    return None;
                }
                self.place = match seen + used {
                    seen if seen < PREFACE.len() => Place::Preface(seen),
                    _ => Place::head(),
                };
                Some(used)
            }
            Place::Head(mut head, seen) => {
                let due = head.get_mut(seen..)?;
                let used = due.len().min(bytes.len());
                due.get_mut(..used)?.copy_from_slice(bytes.get(..used)?);
                self.place = match seen + used {
                    seen if seen < HEAD => Place::Head(head, seen),
                    _ => self.begin(head)?,
                };
                Some(used)
            }
            Place::PadLength(mut payload) => {
                payload.padding = u32::from(*bytes.first()?);
                payload.block = payload.block.checked_sub(payload.padding)?;
                self.place = self.settle(payload)?;
                Some(1)
            }
            Place::Payload(mut payload) => {
                let used = self.payload(&mut payload, bytes)?;
                self.place = self.settle(payload)?;
                Some(used)
            }
        }
    }

    /// What follows a frame's head.
    fn begin(&mut self, head: [u8; HEAD]) -> Option<Place> {
        let [high, middle, low, kind, flags, ..] = head;
        let length = u32::from_be_bytes([0, high, middle, low]);
        let mut payload = Payload::default();
        match kind {
            HEADERS if !self.in_block => {
                let padded = flags & PADDED != 0;
                if flags & PRIORITY != 0 {
                    payload.skipped = PRIORITY_LENGTH;
                }
                payload.block = length.checked_sub(payload.skipped + u32::from(padded))?;
                payload.ends_block = flags & END_HEADERS != 0;
                self.in_block = true;
                if padded {
                    return Some(Place::PadLength(payload));
                }
            }
            CONTINUATION if self.in_block => {
                payload.block = length;
                payload.ends_block = flags & END_HEADERS != 0;
            }
            // A frame within a header block, or a continuation of none.
            _ if self.in_block || kind == CONTINUATION => return None,
            _ => payload.skipped = length,
        }
        self.settle(payload)
    }

    fn payload(&mut self, payload: &mut Payload, bytes: &mut [u8]) -> Option<usize> {
        let part = if payload.skipped > 0 {
            &mut payload.skipped
        } else if payload.block > 0 {
            let used = bytes.len().min(usize::try_from(payload.block).ok()?);
            self.fields.follow(bytes.get_mut(..used)?)?;
            &mut payload.block
        } else {
            &mut payload.padding
        };
        let used = (*part).min(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        *part -= used;
        usize::try_from(used).ok()
    }

    /// The payload, or the next frame where nothing is left of this one.
    fn settle(&mut self, payload: Payload) -> Option<Place> {
        if payload.skipped + payload.block + payload.padding > 0 {
            return Some(Place::Payload(payload));
        }
        if payload.ends_block {
            self.in_block = false;
            if !self.fields.between() {
                return None;
            }
        }
        Some(Place::head())
    }
}

// === impl Place ===

impl Place {
    fn head() -> Self {
        Self::Head([0; HEAD], 0)
    }
}
