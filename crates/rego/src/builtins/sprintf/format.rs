//! A format's literal text, flags, widths, precisions and argument indices; the verbs' work is done beside.

use std::fmt::Write as _;

use super::{Arg, float, integer, quoted};
use crate::builtins::{Budget, Error};

/// Up to which a number in a format counts before another digit makes it too large.
const LARGE: usize = 1_000_000;

/// What stands between `%` and the verb.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spec {
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%#v`: as in Go's source.
    pub(super) source: bool,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
}

/// What is written, and what is still to be charged for it.
pub(super) struct Output<'b> {
    text: String,
    budget: &'b mut Budget,
}

struct Formatter<'f> {
    format: &'f str,
    at: usize,
    args: &'f [Arg<'f>],
    next: usize,
    reordered: bool,
    output: Output<'f>,
}

/// Fills `format` with `args`.
pub(super) fn format(format: &str, args: &[Arg<'_>], budget: &mut Budget) -> Result<String, Error> {
    let text = String::with_capacity(format.len());
    let mut formatter = Formatter {
        format,
        at: 0,
        args,
        next: 0,
        reordered: false,
        output: Output { text, budget },
    };
    formatter.run()?;
    Ok(formatter.output.text)
}

// === impl Formatter ===

impl<'f> Formatter<'f> {
    fn run(&mut self) -> Result<(), Error> {
        while let Some(found) = self.rest().find('%') {
            let literal = self.rest().get(..found).unwrap_or_default();
            self.output.text.push_str(literal);
            self.at += found + 1;
            if !self.verb()? {
                return self.extra();
            }
        }
        let literal = self.rest();
        self.output.text.push_str(literal);
        self.extra()
    }

    /// Reads and obeys what follows a `%`; false where the format ends in it.
    fn verb(&mut self) -> Result<bool, Error> {
        self.output.budget.step(1)?;
        let mut spec = self.flags();
        let mut good = true;
        let mut indexed = self.index(&mut good);
        self.width(&mut spec, &mut good, &mut indexed);
        if self.eat(b'.') {
            good &= !indexed;
            indexed = self.index(&mut good);
            self.precision(&mut spec, &mut indexed);
        }
        if !indexed {
            self.index(&mut good);
        }
        let Some(verb) = self.rest().chars().next() else {
            self.output.text.push_str("%!(NOVERB)");
            return Ok(false);
        };
        self.at += verb.len_utf8();
        match self.args.get(self.next) {
            _ if verb == '%' => self.output.text.push('%'),
            _ if !good => _ = write!(self.output.text, "%!{verb}(BADINDEX)"),
            None => _ = write!(self.output.text, "%!{verb}(MISSING)"),
            Some(arg) => {
                self.next += 1;
                if verb == 'v' {
                    spec.source = std::mem::take(&mut spec.sharp);
                    let big = matches!(arg, Arg::Big(_));
                    spec.plus &= big;
                    spec.sharp = spec.source && big;
                }
                self.output.arg(arg, verb, spec)?;
            }
        }
        Ok(true)
    }

    fn flags(&mut self) -> Spec {
        let mut spec = Spec::default();
        loop {
            match self.peek() {
                Some(b'#') => spec.sharp = true,
                Some(b'0') => spec.zero = true,
                Some(b'+') => spec.plus = true,
                Some(b'-') => spec.minus = true,
                Some(b' ') => spec.space = true,
                _ => return spec,
            }
            self.at += 1;
        }
    }

    /// Reads `[n]`, which makes the argument n the next one; whether there is one.
    fn index(&mut self, good: &mut bool) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let Some(end) = self.rest().find(']').filter(|_| self.rest().len() >= 3) else {
            *good = false;
            self.at += 1;
            return false;
        };
        let digits = self.rest().get(1..end).unwrap_or_default();
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let index = digits.parse::<usize>().ok().filter(|_| plain);
        self.at += end + 1;
        match index {
            Some(index) if (1..=self.args.len()).contains(&index) => self.next = index - 1,
            _ => *good = false,
        }
        index.is_some()
    }

    fn width(&mut self, spec: &mut Spec, good: &mut bool, indexed: &mut bool) {
        if self.eat(b'*') {
            match self.int_arg() {
                Some(width) => {
                    spec.width = Some(width.unsigned_abs());
                    if width < 0 {
                        spec.minus = true;
                        spec.zero = false;
                    }
                }
                None => self.output.text.push_str("%!(BADWIDTH)"),
            }
            *indexed = false;
        } else {
            spec.width = self.number();
            *good &= !(*indexed && spec.width.is_some());
        }
    }

    fn precision(&mut self, spec: &mut Spec, indexed: &mut bool) {
        if self.eat(b'*') {
            let precision = self.int_arg().and_then(|int| usize::try_from(int).ok());
            if precision.is_none() {
                self.output.text.push_str("%!(BADPREC)");
            }
            spec.precision = precision;
            *indexed = false;
        } else {
            spec.precision = Some(self.number().unwrap_or(0));
        }
    }

    /// The next argument, where it is an integer that is not too large.
    fn int_arg(&mut self) -> Option<isize> {
        let arg = self.args.get(self.next)?;
        self.next += 1;
        match arg {
            Arg::Int(int) => {
                let int = isize::try_from(*int).ok()?;
                (int.unsigned_abs() <= LARGE).then_some(int)
            }
            _ => None,
        }
    }

    /// Reads digits; a number that is too large takes all that follows with it.
    fn number(&mut self) -> Option<usize> {
        let mut number = None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            let before = number.unwrap_or(0);
            if before > LARGE {
                self.at = self.format.len();
                return None;
            }
            number = Some(before * 10 + usize::from(digit - b'0'));
            self.at += 1;
        }
        number
    }

    /// Shows arguments that no verb took.
    fn extra(&mut self) -> Result<(), Error> {
        let left = self.args.get(self.next..).unwrap_or_default();
        if self.reordered || left.is_empty() {
            return Ok(());
        }
        self.output.text.push_str("%!(EXTRA ");
        for (at, arg) in left.iter().enumerate() {
            if at > 0 {
                self.output.text.push_str(", ");
            }
            self.output.text.push_str(arg.type_name());
            self.output.text.push('=');
            self.output.arg(arg, 'v', Spec::default())?;
        }
        self.output.text.push(')');
        Ok(())
    }

    fn rest(&self) -> &'f str {
        self.format.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.format.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }
}

// === impl Output ===

impl Output<'_> {
    /// Writes an argument as a verb says.
    fn arg(&mut self, arg: &Arg<'_>, verb: char, spec: Spec) -> Result<(), Error> {
        let size = spec.width.unwrap_or(0).max(spec.precision.unwrap_or(0));
        self.budget.build(size as u64 + 64)?;
        if verb == 'T' {
            return self.pad(arg.type_name(), spec);
        }
        let written = match arg {
            Arg::Int(int) => integer::write(self, *int, verb, spec)?,
            Arg::Big(big) => return integer::write_big(self, big, verb, spec),
            Arg::Float(float) => float::write(self, *float, verb, spec)?,
            Arg::Text(text) => quoted::write(self, text, verb, spec)?,
        };
        if written {
            return Ok(());
        }
        _ = write!(self.text, "%!{verb}({}=", arg.type_name());
        self.arg(arg, 'v', spec)?;
        self.text.push(')');
        Ok(())
    }

    /// Writes `text` in the width asked for.
    pub(super) fn pad(&mut self, text: &str, spec: Spec) -> Result<(), Error> {
        self.budget.build(text.len() as u64)?;
        let missing = match spec.width {
            Some(width) => width.saturating_sub(text.chars().count()),
            None => 0,
        };
        let filler = if spec.zero && !spec.minus { '0' } else { ' ' };
        if spec.minus {
            self.text.push_str(text);
        }
        self.text.extend(std::iter::repeat_n(filler, missing));
        if !spec.minus {
            self.text.push_str(text);
        }
        Ok(())
    }

    /// Writes `text` with spaces before or behind it, whatever the flag `0` says.
    pub(super) fn pad_with_spaces(&mut self, text: &str, spec: Spec) -> Result<(), Error> {
        self.pad(
            text,
            Spec {
                zero: false,
                ..spec
            },
        )
    }

    /// Writes a sign and digits, and between them the zeros that fill the width, where `0` asks for them.
    pub(super) fn pad_signed(&mut self, sign: &str, digits: &str, spec: Spec) -> Result<(), Error> {
        let len = sign.len() + digits.len();
        let wider = spec.width.is_some_and(|width| width > len);
        if sign.is_empty() || !spec.zero || spec.minus || !wider {
            return self.pad(&[sign, digits].concat(), spec);
        }
        self.text.push_str(sign);
        let width = spec.width.map(|width| width - sign.len());
        self.pad(digits, Spec { width, ..spec })
    }
}
