//! Pages of code that only the start needed are given back to the system.
//!
//! The kernel maps code 64 KiB at a time around whatever is run, and keeps it mapped: after the start three
//! quarters of the process' resident memory would be parsers and compilers that no Check comes near. What is
//! dropped here is mapped again, from the page cache, when it is run again.

use std::{fs, io, ptr};

use rustix::mm::{Advice, madvise};

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mapping {
    start: usize,
    end: usize,
}

/// Drops what is mapped of files that nobody writes to, and tells how many bytes of addresses that were.
pub(super) fn give_back() -> io::Result<usize> {
    let mut bytes = 0;
    for mapping in unwritten(&fs::read_to_string("/proc/self/smaps")?) {
        bytes += mapping.end - mapping.start;
        drop_pages(mapping)?;
    }
    Ok(bytes)
}

#[expect(
    unsafe_code,
    reason = "the kernel calls that change mappings are unsafe; ADR 0012 says why this one is sound"
)]
fn drop_pages(mapping: Mapping) -> io::Result<()> {
    let start = ptr::with_exposed_provenance_mut(mapping.start);
    // SAFETY: the mapping is private, of a file, not writable, and has no page that differs from the file's, so that
    // the next read of any address in it finds the same bytes. Program and libraries are never unmapped.
    unsafe { madvise(start, mapping.end - mapping.start, Advice::LinuxDontNeed) }?;
    Ok(())
}

/// The private mappings of files that cannot be written to and of which no page was ever changed. Relocated tables
/// look alike, but their pages are the process' own.
fn unwritten(smaps: &str) -> Vec<Mapping> {
    let mut found = Vec::new();
    let mut current = None;
    for line in smaps.lines() {
        if let Some(head) = Head::parse(line) {
            current = head.unwritten.then_some(head.mapping);
        } else if line.starts_with("Anonymous:")
            && let Some(mapping) = current.take()
            && line.split_whitespace().nth(1) == Some("0")
        {
            found.push(mapping);
        }
    }
    found
}

/// The first line of a mapping's lines.
struct Head {
    mapping: Mapping,
    /// Whether it is a file's, private, and cannot be written to.
    unwritten: bool,
}

// === impl Head ===

impl Head {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let hex = |text| usize::from_str_radix(text, 16).ok();
        let mapping = Mapping {
            start: hex(start)?,
            end: hex(end)?,
        };
        let permissions = words.next()?;
        let path = words.nth(3).unwrap_or_default();
        let unwritten = matches!(permissions, "r-xp" | "r--p" | "--xp") && path.starts_with('/');
        Some(Self { mapping, unwritten })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(head: &str, anonymous: u32) -> String {
        format!("{head}\nSize: 8 kB\nRss: 4 kB\nAnonymous: {anonymous} kB\nVmFlags: rd mr\n")
    }

    #[test]
    fn only_unchanged_pages_of_files_are_dropped() {
        let table = [
            ("1000-3000 r--p 00000000 fe:00 77 /bin/regate", 0, true),
            ("1000-3000 r-xp 00001000 fe:00 77 /bin/regate", 0, true),
            (
                "1000-3000 r-xp 00001000 fe:00 77 /a b/regate (deleted)",
                0,
                true,
            ),
            ("1000-3000 r--p 00002000 fe:00 77 /bin/regate", 4, false),
            ("1000-3000 rw-p 00003000 fe:00 77 /bin/regate", 0, false),
            ("1000-3000 r--s 00000000 fe:00 77 /bin/regate", 0, false),
            ("1000-3000 r-xp 00000000 00:00 0 [vdso]", 0, false),
            ("1000-3000 r--p 00000000 00:00 0", 0, false),
        ];
        for (head, anonymous, dropped) in table {
            let expected = [Mapping {
                start: 0x1000,
                end: 0x3000,
            }];
            let found = unwritten(&mapping(head, anonymous));
            assert_eq!(found == expected, dropped, "{head}");
            assert_eq!(found.is_empty(), !dropped, "{head}");
        }
    }

    #[test]
    fn what_was_dropped_is_there_again() {
        static TEXT: &str = "constants lie in such a mapping";
        assert!(give_back().unwrap() > 0);
        assert_eq!(TEXT.len(), 31);
        assert_eq!(serde_json::json!([1, "two"]).to_string(), r#"[1,"two"]"#);
    }
}
