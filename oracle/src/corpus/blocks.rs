//! Modules inside other texts: in documentation, scripts, tests and manifests.

/// The modules of a text: each begins at a line `package NAME` and ends before the first line that is indented less,
/// or that ends the string or the block it stands in.
#[must_use]
pub fn blocks(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for line in text.lines() {
        if let Some((indent, block)) = &mut open {
            let inside = line.trim().is_empty() || indent_of(line) >= *indent;
            let ends = ["```", "\"\"\"", "\"#", "'''"];
            if inside && !ends.iter().any(|end| line.trim_start().starts_with(end)) {
                block.push_str(line.get(*indent..).unwrap_or_default());
                block.push('\n');
                continue;
            }
            found.extend(open.take().map(|(_, block)| block));
        }
        if let Some(name) = line.trim_start().strip_prefix("package ")
            && is_path(name)
        {
            let indent = indent_of(line);
            open = Some((indent, format!("{}\n", line.trim_start())));
        }
    }
    found.extend(open.map(|(_, block)| block));
    // A package alone is a sentence more often than a module.
    found.retain(|block| block.trim().lines().count() > 1);
    found
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_path(name: &str) -> bool {
    let name = name.trim_end();
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn a_module_ends_with_what_it_stands_in() {
        let markdown = "Words.\n\n```rego\npackage a.b\n\nx := 1\n```\nMore.\n";
        assert_eq!(blocks(markdown), ["package a.b\n\nx := 1\n"]);
        let yaml = "data:\n  p: |\n    package a\n\n    x if {\n      y\n    }\n  q: 1\n";
        assert_eq!(blocks(yaml), ["package a\n\nx if {\n  y\n}\n"]);
        assert!(blocks("package of many\npackage a\n").is_empty());
    }
}
