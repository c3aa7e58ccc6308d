//! Tables drawn with lines, as `opa` draws them. Widths are those of a terminal.

use std::fmt::Write as _;

/// A table: a head, which may be empty, and rows of as many cells.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Where text stands in its cell.
#[derive(Clone, Copy)]
enum Align {
    Left,
    Centre,
}

// === impl Table ===

impl Table {
    /// A table with that head.
    pub(super) fn new(head: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            head: head.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// The table's lines.
    pub(super) fn draw(&self) -> String {
        let widths = self.widths();
        let mut out = String::new();
        rule(&mut out, &widths, ['┌', '┬', '┐']);
        if !self.head.is_empty() {
            row(&mut out, &widths, &self.head, Align::Centre);
            rule(&mut out, &widths, ['├', '┼', '┤']);
        }
        for cells in &self.rows {
            row(&mut out, &widths, cells, Align::Left);
        }
        rule(&mut out, &widths, ['└', '┴', '┘']);
        out
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths = vec![0; columns.max(self.head.len())];
        for cells in std::iter::once(&self.head).chain(&self.rows) {
            for (most, cell) in widths.iter_mut().zip(cells) {
                *most = cell.lines().map(width).max().unwrap_or(0).max(*most);
            }
        }
        widths
    }
}

// === helpers ===

fn rule(out: &mut String, widths: &[usize], [left, middle, right]: [char; 3]) {
    for (at, width) in widths.iter().enumerate() {
        out.push(if at == 0 { left } else { middle });
        out.extend(std::iter::repeat_n('─', width + 2));
    }
    out.push(right);
    out.push('\n');
}

fn row(out: &mut String, widths: &[usize], cells: &[String], align: Align) {
    let height = cells.iter().map(|cell| cell.lines().count());
    for at in 0..height.max().unwrap_or(0).max(1) {
        for (cell, most) in cells.iter().zip(widths) {
            let line = cell.lines().nth(at).unwrap_or_default();
            let free = most.saturating_sub(width(line));
            let before = match align {
                Align::Left => 0,
                Align::Centre => free / 2,
            };
            let (before, after) = (" ".repeat(before), " ".repeat(free - before));
            let _ = write!(out, "│ {before}{line}{after} ");
        }
        out.push_str("│\n");
    }
}

fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// Whether a terminal gives a character two columns: East Asian scripts and most emoji.
fn is_wide(c: char) -> bool {
    matches!(u32::from(c),
        0x1100..=0x115F | 0x2E80..=0x303E | 0x3041..=0x33FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xA000..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6 | 0x1F300..=0x1F64F | 0x1F900..=0x1F9FF | 0x20000..=0x3FFFD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_centred_and_lines_of_a_cell_stand_below_each_other() {
        let mut table = Table::new(["x", "two\nlines"]);
        table.rows = vec![vec!["\"é日本\"".to_owned(), "1".to_owned()]];
        let want = "\
┌─────────┬───────┐
│    x    │  two  │
│         │ lines │
├─────────┼───────┤
│ \"é日本\" │ 1     │
└─────────┴───────┘
";
        assert_eq!(table.draw(), want);
    }

    #[test]
    fn a_table_may_have_no_head() {
        let mut table = Table::default();
        table.rows = vec![vec!["a".to_owned(), "bc".to_owned()]];
        assert_eq!(table.draw(), "┌───┬────┐\n│ a │ bc │\n└───┴────┘\n");
    }
}
