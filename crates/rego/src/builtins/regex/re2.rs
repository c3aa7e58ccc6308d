//! The regular expressions of Rego (RE2's syntax as Go reads it) in the words of the `regex` crate.
//!
//! Both match in linear time and prefer the same match, but read some patterns differently: there
//! `\d`, `\w`, `\s` and `\b` know only ASCII. Every literal is written as its number, so that nothing
//! that is plain to one is special to the other. It compiles nothing.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// The most that a part may be repeated by numbers, nested repetitions multiplied.
const MOST_REPEATS: u32 = 1000;

/// A pattern in the words of the `regex` crate.
#[derive(Debug)]
pub(super) struct Translated {
    /// The pattern.
    pub pattern: String,
    /// The names of its groups, the first group's first.
    pub names: Vec<Option<String>>,
    /// How often its most repeated part is repeated by numbers.
    pub repeats: u32,
}

/// Translates `pattern`; `None` when RE2 refuses it.
pub(super) fn translate(pattern: &str) -> Option<Translated> {
    let mut reader = Reader {
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len() * 3),
        names: Vec::new(),
        outer: Vec::new(),
        sequence: Sequence::default(),
    };
    while let Some(c) = reader.rest.next() {
        reader.item(c)?;
    }
    reader.outer.is_empty().then_some(Translated {
        pattern: reader.out,
        names: reader.names,
        repeats: reader.sequence.most,
    })
}

/// `pattern` as a pattern that matches just this text, in RE2's words.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    names: Vec<Option<String>>,
    /// The sequences that wait for a group to close.
    outer: Vec<Sequence>,
    sequence: Sequence,
}

/// What was read since the last `(`.
#[derive(Default)]
struct Sequence {
    /// What a repetition would repeat: how often it repeats a part of itself by numbers.
    last: Option<u32>,
    /// Whether the last is a repetition, which is not repeated once more.
    repeated: bool,
    /// The most of all its parts.
    most: u32,
}

// === impl Reader ===

impl Reader<'_> {
    fn item(&mut self, c: char) -> Option<()> {
        match c {
            '(' => return self.open(),
            ')' => return self.close(),
            '|' => {
                self.out.push('|');
                self.sequence.last = None;
                self.sequence.repeated = false;
            }
            '*' | '+' | '?' => {
                self.out.push(c);
                return self.repeat(1);
            }
            '{' => return self.braces(),
            '[' => self.class()?,
            '^' | '$' | '.' => self.part(|out| out.push(c)),
            '\\' => return self.escape(),
            c => self.part(|out| literal(out, c)),
        }
        Some(())
    }

    fn part(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.out);
        self.sequence.push(1);
    }

    fn open(&mut self) -> Option<()> {
        if self.rest.next_if_eq(&'?').is_none() {
            self.out.push('(');
            self.names.push(None);
        } else if self.rest.next_if_eq(&'<').is_some() {
            self.named()?;
        } else if self.rest.next_if_eq(&'P').is_some() {
            self.rest.next_if_eq(&'<')?;
            self.named()?;
        } else if self.flags()? == ')' {
            return Some(());
        }
        self.outer.push(std::mem::take(&mut self.sequence));
        Some(())
    }

    fn named(&mut self) -> Option<()> {
        let name = self.until('>')?;
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(word) || self.names.contains(&Some(name.clone())) {
            return None;
        }
        self.out.push('(');
        self.names.push(Some(name));
        Some(())
    }

    /// `i-s:` and the like; gives what ends them.
    fn flags(&mut self) -> Option<char> {
        let (mut on, mut off) = (String::new(), String::new());
        let mut negative = false;
        loop {
            match self.rest.next()? {
                flag @ ('i' | 'm' | 's' | 'U') => {
                    on.retain(|c| c != flag);
                    off.retain(|c| c != flag);
                    if negative { &mut off } else { &mut on }.push(flag);
                }
                '-' if !negative => negative = true,
                end @ (':' | ')') => {
                    if negative && off.is_empty() {
                        return None;
                    }
                    if end == ')' && on.is_empty() && off.is_empty() {
                        return Some(end);
                    }
                    let minus = if off.is_empty() { "" } else { "-" };
                    let _ = write!(self.out, "(?{on}{minus}{off}{end}");
                    return Some(end);
                }
                _ => return None,
            }
        }
    }

    fn close(&mut self) -> Option<()> {
        let inner = std::mem::replace(&mut self.sequence, self.outer.pop()?);
        self.out.push(')');
        self.sequence.push(inner.most.max(1));
        Some(())
    }

    /// What follows a repetition: `?` makes it lazy, and another repetition is refused.
    fn repeat(&mut self, times: u32) -> Option<()> {
        let repeats = self.sequence.last?.checked_mul(times.max(1))?;
        if self.sequence.repeated || (times > 1 && repeats > MOST_REPEATS) {
            return None;
        }
        if self.rest.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        self.sequence.push(repeats);
        self.sequence.repeated = true;
        Some(())
    }

    /// `{2}`, `{2,}` and `{2,3}` repeat; any other brace is itself.
    fn braces(&mut self) -> Option<()> {
        let mut ahead = self.rest.clone();
        let Some((least, most)) = bounds(&mut ahead) else {
            self.part(|out| literal(out, '{'));
            return Some(());
        };
        self.rest = ahead;
        let most = most.map_or(Some(None), |most| most.ok().map(Some))?;
        let least = least.ok()?;
        if most.is_some_and(|most| most < least) || least.max(most.unwrap_or(0)) > MOST_REPEATS {
            return None;
        }
        let _ = match most {
            Some(most) => write!(self.out, "{{{least},{most}}}"),
            None => write!(self.out, "{{{least},}}"),
        };
        self.repeat(most.unwrap_or(least))
    }

    fn escape(&mut self) -> Option<()> {
        match self.rest.next()? {
            c @ ('A' | 'z') => self.part(|out| out.extend(['\\', c])),
            c @ ('b' | 'B') => self.part(|out| {
                out.push_str("(?-u:\\");
                out.extend([c, ')']);
            }),
            'Q' => self.quoted(),
            c @ ('p' | 'P') => {
                let property = self.property(c == 'P')?;
                self.part(|out| out.push_str(&property));
            }
            c => {
                if let Some((negated, ranges)) = perl(c) {
                    let not = if negated { "^" } else { "" };
                    self.part(|out| out.extend(["[", not, ranges, "]"]));
                } else {
                    let c = self.escaped(c)?;
                    self.part(|out| literal(out, c));
                }
            }
        }
        Some(())
    }

    /// Up to `\E` or the end, everything is itself.
    fn quoted(&mut self) {
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.part(|out| literal(out, c));
        }
    }

    /// The character that an escape of one character means.
    fn escaped(&mut self, c: char) -> Option<char> {
        match c {
            'a' => Some('\x07'),
            'f' => Some('\x0c'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\x0b'),
            'x' => self.hexadecimal(),
            '0'..='7' => self.octal(c),
            c => c
                .is_ascii()
                .then_some(c)
                .filter(|c| !c.is_ascii_alphanumeric()),
        }
    }

    fn hexadecimal(&mut self) -> Option<char> {
        let digits = if self.rest.next_if_eq(&'{').is_some() {
            self.until('}')?
        } else {
            [self.rest.next()?, self.rest.next()?].into_iter().collect()
        };
        let hexadecimal = digits.chars().all(|c| c.is_ascii_hexdigit());
        let number = u32::from_str_radix(&digits, 16).ok();
        number.filter(|_| hexadecimal).and_then(char::from_u32)
    }

    fn octal(&mut self, first: char) -> Option<char> {
        let mut number = first.to_digit(8)?;
        for place in 0..2 {
            match self.rest.next_if(|c| c.is_digit(8)) {
                Some(digit) => number = number * 8 + digit.to_digit(8)?,
                // One digit alone would refer back to a group.
                None if place == 0 && first != '0' => return None,
                None => break,
            }
        }
        char::from_u32(number)
    }

    /// What follows `\p`: a category or a script.
    fn property(&mut self, negated: bool) -> Option<String> {
        let name = match self.rest.next()? {
            '{' => self.until('}')?,
            c => c.to_string(),
        };
        let (inverted, name) = match name.strip_prefix('^') {
            Some(name) => (true, name.to_owned()),
            None => (false, name),
        };
        let letter = if negated == inverted { 'p' } else { 'P' };
        known_property(&name).map(|known| format!("\\{letter}{{{known}}}"))
    }

    fn class(&mut self) -> Option<()> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            match self.rest.next()? {
                ']' if !first => break,
                '[' if self.rest.peek() == Some(&':') => self.posix()?,
                '\\' => match self.rest.next()? {
                    c @ ('p' | 'P') => {
                        let property = self.property(c == 'P')?;
                        self.out.push_str(&property);
                    }
                    c => match perl(c) {
                        Some((true, ranges)) => self.out.extend(["[^", ranges, "]"]),
                        Some((false, ranges)) => self.out.push_str(ranges),
                        None => {
                            let low = self.escaped(c)?;
                            self.range(low)?;
                        }
                    },
                },
                low => self.range(low)?,
            }
            first = false;
        }
        self.part(|out| out.push(']'));
        Some(())
    }

    /// A character of a class, or a range that begins with it.
    fn range(&mut self, low: char) -> Option<()> {
        literal(&mut self.out, low);
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || ahead.peek() == Some(&']') {
            return Some(());
        }
        self.rest = ahead;
        let high = match self.rest.next()? {
            '\\' => {
                let c = self.rest.next()?;
                self.escaped(c)?
            }
            c => c,
        };
        self.out.push('-');
        literal(&mut self.out, high);
        (low <= high).then_some(())
    }

    /// `[:alpha:]`, or a bracket that is itself.
    fn posix(&mut self) -> Option<()> {
        let rest: String = self.rest.clone().skip(1).collect();
        let Some((name, _)) = rest.split_once(":]") else {
            return self.range('[');
        };
        let (not, plain) = match name.strip_prefix('^') {
            Some(plain) => ("^", plain),
            None => ("", name),
        };
        if !POSIX.contains(&plain) {
            return None;
        }
        self.out.extend(["[:", not, plain, ":]"]);
        // The two colons and the bracket.
        self.rest.nth(name.chars().count() + 2).map(|_| ())
    }

    /// The text up to `end`, which is taken too.
    fn until(&mut self, end: char) -> Option<String> {
        let mut text = String::new();
        loop {
            match self.rest.next()? {
                c if c == end => return Some(text),
                c => text.push(c),
            }
        }
    }
}

// === impl Sequence ===

impl Sequence {
    fn push(&mut self, repeats: u32) {
        self.last = Some(repeats);
        self.repeated = false;
        self.most = self.most.max(repeats);
    }
}

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// The ranges of `\d` and its like, and whether they are negated. `\s` has no vertical tab.
fn perl(c: char) -> Option<(bool, &'static str)> {
    let ranges = match c.to_ascii_lowercase() {
        'd' => "0-9",
        's' => r"\t\n\f\r\x20",
        'w' => "0-9A-Za-z_",
        _ => return None,
    };
    Some((c.is_ascii_uppercase(), ranges))
}

fn literal(out: &mut String, c: char) {
    if c.is_alphanumeric() {
        out.push(c);
    } else {
        // Writing to a string does not fail.
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}

/// A number of repetitions; the error is one that is too large to be read.
type Bound = Result<u32, std::num::ParseIntError>;

/// What follows `{`, when it is a repetition.
fn bounds(rest: &mut Peekable<Chars<'_>>) -> Option<(Bound, Option<Bound>)> {
    let least = number(rest)?;
    match rest.next()? {
        '}' => Some((least.clone(), Some(least))),
        ',' if rest.next_if_eq(&'}').is_some() => Some((least, None)),
        ',' => {
            let most = number(rest)?;
            (rest.next()? == '}').then_some((least, Some(most)))
        }
        _ => None,
    }
}

/// A number without needless zeros.
fn number(rest: &mut Peekable<Chars<'_>>) -> Option<Bound> {
    let mut digits = String::new();
    while let Some(digit) = rest.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    let plain = !digits.is_empty() && (digits == "0" || !digits.starts_with('0'));
    plain.then(|| digits.parse())
}

/// A category or script by the name that the `regex` crate takes for just that.
fn known_property(name: &str) -> Option<String> {
    let loose: String = name
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if loose.is_empty() || !loose.chars().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    if matches!(loose.as_str(), "any" | "ascii" | "assigned") {
        return Some(loose);
    }
    let known = ["gc", "sc"].map(|kind| format!("{kind}={loose}"));
    known
        .into_iter()
        .find(|known| regex::Regex::new(&format!("\\p{{{known}}}")).is_ok())
}

#[cfg(test)]
mod tests;
