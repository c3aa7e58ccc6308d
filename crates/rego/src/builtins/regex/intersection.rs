//! Whether two globs of `regex.globs_match` have a text in common.
//!
//! A glob here is a row of characters, `.` and `[a-z]`, each of which `*` or `+` may follow. The question is
//! answered as OPA answers it, which is not always what the theory of languages says: a repetition is matched
//! against the other glob's parts, not against what these parts could become.

use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

use crate::builtins::{Budget, Error};

/// A part of a glob.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    what: What,
    times: Times,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Char(char),
    Dot,
    /// Ranges of characters, both ends included.
    Set(Vec<(char, char)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    One,
    Star,
    Plus,
}

/// How many parts one glob may have; what is left to match is remembered for each pair of parts.
const MOST_PARTS: usize = 2000;

/// Whether the two globs have a text in common.
pub(super) fn non_empty(one: &str, other: &str, budget: &mut Budget) -> Result<bool, Error> {
    let (one, other) = (read(one, budget)?, read(other, budget)?);
    let Some((one, other)) = trim(&one, &other) else {
        return Ok(false);
    };
    if one.len() > MOST_PARTS || other.len() > MOST_PARTS {
        let why = format!("a glob has more than {MOST_PARTS} parts: shorten it");
        return Err(Error::Failed(why));
    }
    Search {
        globs: [one, other],
        known: HashMap::new(),
    }
    .run(budget)
}

/// The parts of a glob; a repetition that follows a repetition of the same is merged with it.
fn read(glob: &str, budget: &mut Budget) -> Result<Vec<Part>, Error> {
    budget.build(glob.len() as u64 * size_of::<Part>() as u64)?;
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = glob.chars().peekable();
    while let Some(c) = rest.next() {
        let what = match c {
            '.' => What::Dot,
            '[' => What::Set(set(&mut rest, glob)?),
            ']' => return Err(invalid(glob, "']' closes no '['")),
            '*' | '+' => return Err(invalid(glob, "a repetition needs something before it")),
            '\\' => What::Char(escaped(&mut rest, glob)?),
            c => What::Char(c),
        };
        let times = match rest.next_if(|c| matches!(c, '*' | '+')) {
            Some('*') => Times::Star,
            Some(_) => Times::Plus,
            None => Times::One,
        };
        match parts.last_mut() {
            Some(last) if times != Times::One && last.times != Times::One && last.what == what => {
                if times == Times::Plus {
                    last.times = Times::Plus;
                }
            }
            _ => parts.push(Part { what, times }),
        }
    }
    Ok(parts)
}

fn escaped(rest: &mut Peekable<Chars<'_>>, glob: &str) -> Result<char, Error> {
    rest.next()
        .ok_or_else(|| invalid(glob, "a '\\' at the end escapes nothing"))
}

fn set(rest: &mut Peekable<Chars<'_>>, glob: &str) -> Result<Vec<(char, char)>, Error> {
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut low = None;
    loop {
        match rest.next() {
            None => return Err(invalid(glob, "'[' without a ']'")),
            Some(']') => return Ok(merged(ranges)),
            Some('-') => {
                let from = low.take();
                let from = from.ok_or_else(|| invalid(glob, "a range needs a character first"))?;
                let to = match rest.next() {
                    None | Some(']' | '-') => {
                        return Err(invalid(glob, "a range needs a character last"));
                    }
                    Some('\\') => escaped(rest, glob)?,
                    Some(c) => c,
                };
                if to < from {
                    return Err(invalid(glob, "a range is out of order"));
                }
                ranges.push((from, to));
            }
            Some(c) => {
                let c = if c == '\\' { escaped(rest, glob)? } else { c };
                ranges.push((c, c));
                low = Some(c);
            }
        }
    }
}

/// The same characters in ranges that are in order and do not touch, so that equal sets look equal.
fn merged(mut ranges: Vec<(char, char)>) -> Vec<(char, char)> {
    ranges.sort_unstable();
    let mut all: Vec<(char, char)> = Vec::with_capacity(ranges.len());
    for (from, to) in ranges {
        match all.last_mut() {
            Some(last) if u32::from(from) <= u32::from(last.1) + 1 => last.1 = last.1.max(to),
            _ => all.push((from, to)),
        }
    }
    all
}

#[cold]
fn invalid(glob: &str, why: &str) -> Error {
    Error::Failed(format!(
        "input:{glob}, {why}: the input provided is invalid"
    ))
}

fn matches(one: &What, other: &What) -> bool {
    let holds = |ranges: &[(char, char)], c: char| ranges.iter().any(|r| r.0 <= c && c <= r.1);
    match (one, other) {
        (What::Dot, _) | (_, What::Dot) => true,
        (What::Char(a), What::Char(b)) => a == b,
        (What::Char(c), What::Set(ranges)) | (What::Set(ranges), What::Char(c)) => {
            holds(ranges, *c)
        }
        (What::Set(a), What::Set(b)) => {
            let meets = |x: &(char, char)| b.iter().any(|y| x.0 <= y.1 && y.0 <= x.1);
            a.iter().any(meets)
        }
    }
}

/// The two globs without what they plainly share at both ends, but for one part each; `None` when they plainly
/// differ there.
fn trim<'a>(one: &'a [Part], other: &'a [Part]) -> Option<(&'a [Part], &'a [Part])> {
    let plain = |a: &Part, b: &Part| a.times == Times::One && b.times == Times::One;
    let mut left = 0;
    for (a, b) in one.iter().zip(other).take_while(|(a, b)| plain(a, b)) {
        if !matches(&a.what, &b.what) {
            return None;
        }
        left += 1;
    }
    let left = left.max(1) - 1;
    let (one, other) = (one.get(left..)?, other.get(left..)?);
    let mut right = 0;
    let backwards = one.iter().rev().zip(other.iter().rev());
    for (a, b) in backwards.take_while(|(a, b)| plain(a, b)) {
        if !matches(&a.what, &b.what) {
            return None;
        }
        right += 1;
    }
    let right = right.max(1) - 1;
    Some((
        one.get(..one.len() - right)?,
        other.get(..other.len() - right)?,
    ))
}

/// What remains of both globs: from where, and which of the two is looked at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Rest {
    first: usize,
    from: [usize; 2],
}

struct Search<'a> {
    globs: [&'a [Part]; 2],
    /// The answers so far: no pair of rests is looked at twice.
    known: HashMap<Rest, bool>,
}

/// What a rest depends on.
enum Answer {
    Known(bool),
    /// The answer to this is needed first.
    Needs(Rest),
}

// === impl Search ===

impl Search<'_> {
    /// Answers rest by rest, with a stack of its own instead of calls in calls.
    fn run(mut self, budget: &mut Budget) -> Result<bool, Error> {
        let whole = Rest {
            first: 0,
            from: [0, 0],
        };
        let mut waiting = vec![whole];
        while let Some(rest) = waiting.last().copied() {
            budget.step(1)?;
            match self.answer(rest, budget)? {
                Answer::Known(answer) => {
                    self.known.insert(rest, answer);
                    waiting.pop();
                }
                Answer::Needs(rest) => waiting.push(rest),
            }
        }
        Ok(self.known.get(&whole).copied().unwrap_or(false))
    }

    fn part(&self, glob: usize, at: usize) -> Option<&Part> {
        self.globs.get(glob)?.get(at)
    }

    fn answer(&self, rest: Rest, budget: &mut Budget) -> Result<Answer, Error> {
        let Rest {
            first,
            from: [mut i, mut j],
        } = rest;
        let second = 1 - first;
        loop {
            budget.step(1)?;
            let (a, b) = match (self.part(first, i), self.part(second, j)) {
                (Some(a), Some(b)) => (a, b),
                (a, b) => return Ok(Answer::Known(a.is_none() && b.is_none())),
            };
            match (a.times, b.times) {
                (Times::One, Times::One) if matches(&a.what, &b.what) => {
                    (i, j) = (i + 1, j + 1);
                }
                (Times::One, Times::One) => return Ok(Answer::Known(false)),
                (Times::One, _) => return self.repeated(second, j, i, budget),
                _ => return self.repeated(first, i, j, budget),
            }
        }
    }

    /// The part of `glob` at `i` repeats; the other glob goes on at `j`.
    fn repeated(
        &self,
        glob: usize,
        i: usize,
        j: usize,
        budget: &mut Budget,
    ) -> Result<Answer, Error> {
        let (Some(part), Some(other)) = (self.part(glob, i), self.part(1 - glob, j)) else {
            return Ok(Answer::Known(false));
        };
        if part.times == Times::Star {
            return self.star(glob, i, j, budget);
        }
        if !matches(&part.what, &other.what) {
            return Ok(Answer::Known(false));
        }
        match self.star(glob, i, j + 1, budget)? {
            Answer::Known(false) if other.times != Times::One => Ok(self.look(glob, i + 1, j)),
            answer => Ok(answer),
        }
    }

    /// The part of `glob` at `i` takes as many parts of the other, from `j` on, as it can.
    fn star(&self, glob: usize, i: usize, j: usize, budget: &mut Budget) -> Result<Answer, Error> {
        let Some(star) = self.part(glob, i) else {
            return Ok(Answer::Known(false));
        };
        let next = self.part(glob, i + 1);
        let mut at = j;
        while let Some(other) = self.part(1 - glob, at) {
            budget.step(1)?;
            if next.is_some_and(|next| matches(&next.what, &other.what)) {
                match self.look(glob, i + 1, at) {
                    Answer::Known(false) => {}
                    answer => return Ok(answer),
                }
            }
            if !matches(&star.what, &other.what) {
                return Ok(Answer::Known(false));
            }
            at += 1;
        }
        Ok(Answer::Known(next.is_none()))
    }

    fn look(&self, first: usize, i: usize, j: usize) -> Answer {
        let rest = Rest {
            first,
            from: [i, j],
        };
        match self.known.get(&rest) {
            Some(known) => Answer::Known(*known),
            None => Answer::Needs(rest),
        }
    }
}
