//! The differences that are known, each with its reason: a rule a line in a file, of which all patterns must occur.

use crate::answer::Difference;
use crate::program::Text;

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What it is called in reports.
    pub name: String,
    /// Why the difference is right, or cannot be otherwise.
    pub reason: String,
    kind: String,
    opa: String,
    ours: String,
    text: String,
}

/// The rules of the file beside this crate.
///
/// A line is `name | kind | opa | ours | text | reason`; an empty pattern matches everything, `&` parts several
/// that must all occur.
#[must_use]
pub fn rules() -> Vec<Rule> {
    let lines = include_str!("../explained.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(rule).collect()
}

fn rule(line: &str) -> Option<Rule> {
    let mut fields = line.splitn(6, '|').map(|field| field.trim().to_owned());
    Some(Rule {
        name: fields.next()?,
        kind: fields.next()?,
        opa: fields.next()?,
        ours: fields.next()?,
        text: fields.next()?,
        reason: fields.next()?,
    })
}

// === impl Rule ===

impl Rule {
    /// Whether it explains a difference of a program.
    #[must_use]
    pub fn explains(&self, difference: &Difference, text: &Text) -> bool {
        let all =
            |patterns: &str, text: &str| patterns.split('&').all(|part| text.contains(part.trim()));
        all(&self.kind, &difference.kind)
            && all(&self.opa, &difference.opa)
            && all(&self.ours, &difference.ours)
            && all(&self.text, &text.modules.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_line_is_a_rule_with_a_reason() {
        let lines = include_str!("../explained.txt").lines();
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let rule = super::rule(line).unwrap_or_else(|| panic!("too few fields: {line}"));
            assert!(rule.reason.len() > 10, "no reason: {line}");
        }
    }
}
