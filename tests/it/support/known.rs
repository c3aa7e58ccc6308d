//! The list of recorded cases that do not pass, `tests/cases/conformance-known.txt`.
//! `tests/conformance.py` writes it and holds the binary against it.

use std::collections::BTreeMap;
use std::path::Path;

/// How many requests of a case pass in a facet, by the case's and the facet's name.
pub(crate) type Scores = BTreeMap<(String, String), (usize, usize)>;

/// Reads the list.
pub(crate) fn read() -> Scores {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/conformance-known.txt");
    let text = std::fs::read_to_string(path).expect("the list of what is known");
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| entry(line).expect(line)).collect()
}

/// What is not as the list says, a sentence each.
pub(crate) fn surprises(found: &Scores, known: &Scores) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, (passed, total)) in found {
        let expected = known.get(key).map_or(*total, |(passed, _)| *passed);
        if *passed < expected {
            let (case, facet) = key;
            lines.push(format!(
                "REGRESSION {case} {facet}: {passed} of {total} pass"
            ));
        } else if *passed > expected {
            let (case, facet) = key;
            lines.push(format!("BETTER {case} {facet}: {passed} of {total} pass"));
        }
    }
    let gone = known.keys().filter(|key| !found.contains_key(*key));
    lines.extend(gone.map(|(case, facet)| format!("GONE {case} {facet}")));
    lines
}

fn entry(line: &str) -> Option<((String, String), (usize, usize))> {
    let (facts, reason) = line.split_once('#')?;
    assert!(!reason.trim().is_empty(), "no reason: {line}");
    let mut words = facts.split_whitespace();
    let (case, facet, score) = (words.next()?, words.next()?, words.next()?);
    let (passed, total) = score.split_once('/')?;
    let score = (passed.parse().ok()?, total.parse().ok()?);
    Some(((case.to_owned(), facet.to_owned()), score))
}
