//! METADATA blocks: found among the comments, read as YAML, checked, tied to what they stand before.

mod fields;
mod yaml;

use crate::source::{Code, Diagnostic, File, Span};

use super::ast::{Annotations, Comment, Scope};
use fields::Fields;

/// What a block can stand before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The package clause.
    Package,
    /// An import.
    Import,
    /// The rule of that number.
    Rule(usize),
}

/// The comments of one block, the first of which says METADATA.
type Block<'a> = &'a [Comment];

/// Reads all blocks; `targets` are the statements with where they start, in order.
pub(super) fn read(
    file: &File,
    comments: &[Comment],
    targets: &[(u32, Target)],
) -> (Vec<Annotations>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut errors = Vec::new();
    for block in blocks(file, comments) {
        let end = block.last().map_or(0, |comment| comment.span.end);
        let next = targets.partition_point(|(start, _)| *start < end);
        let target = targets.get(next).map(|(_, target)| *target);
        match annotations(file, block, target) {
            Ok(annotations) => found.push(annotations),
            Err(error) => errors.push(error),
        }
    }
    (found, errors)
}

/// The blocks: comments at the start of lines that follow each other.
fn blocks<'a>(file: &'a File, comments: &'a [Comment]) -> Vec<Block<'a>> {
    let mut found = Vec::new();
    let mut start: Option<usize> = None;
    let mut last = 0;
    for (at, comment) in comments.iter().enumerate() {
        let (row, col) = file.row_col(comment.span.start);
        let goes_on = col == 1 && row == last + 1;
        let begins = col == 1 && comment.text.trim_start().starts_with("METADATA");
        if let Some(from) = start
            && (!goes_on || begins)
        {
            found.extend(comments.get(from..at));
            start = None;
        }
        if begins {
            start = Some(at);
        }
        last = row;
    }
    if let Some(from) = start {
        found.extend(comments.get(from..));
    }
    found
}

fn annotations(
    file: &File,
    block: Block<'_>,
    target: Option<Target>,
) -> Result<Annotations, Diagnostic> {
    let first = block.first().map(|c| c.span).unwrap_or_default();
    let span = block.last().map_or(first, |last| first.to(last.span));
    let error = |span: Span, message: String, hint: &str| {
        file.diagnostic(Code::Parse, span, message).hint(hint)
    };
    let lines = block.get(1..).unwrap_or_default();
    if lines.iter().all(|comment| comment.text.trim().is_empty()) {
        let message = "expected METADATA block, found whitespace".to_owned();
        let hint = "the comments that follow `# METADATA` line by line are its YAML";
        return Err(error(first, message, hint));
    }
    let text = lines.iter().map(|comment| &*comment.text);
    let text: Vec<&str> = text
        .map(|text| text.strip_prefix(' ').unwrap_or(text))
        .collect();
    let value = yaml::parse(&text.join("\n")).map_err(|(message, line)| {
        let at = line.and_then(|line| lines.get(line.saturating_sub(1)).or(lines.last()));
        let at = at.map_or(first, |comment| comment.span);
        error(at, message, "the METADATA block is YAML")
    })?;
    let hint = "see the fields that a METADATA block can have";
    let fields = fields::check(&value, span).map_err(|(message, field)| {
        // A value of the wrong kind is told where its field stands, all else for the block.
        let found = text
            .iter()
            .position(|line| line.strip_prefix(field).is_some_and(|l| l.starts_with(':')));
        let at = message
            .starts_with("yaml: ")
            .then(|| lines.get(found.unwrap_or(0)));
        let at = at.flatten().map_or(first, |comment| comment.span);
        error(at, message, hint)
    })?;
    let scope = scope(&fields, target);
    let scope = scope.map_err(|(message, hint)| error(first, message, hint))?;
    Ok(Annotations {
        span,
        scope,
        value: fields.value,
        rule: match target {
            Some(Target::Rule(rule)) => Some(rule),
            _ => None,
        },
        entrypoint: fields.entrypoint,
        schemas: fields.schemas,
    })
}

/// The scope that holds, if it goes with what the block stands before.
fn scope(fields: &Fields, target: Option<Target>) -> Result<Scope, (String, &'static str)> {
    let before = "put the block right before the rule or the package that it is about";
    let is_package = match target {
        Some(Target::Package) => true,
        Some(Target::Rule(_)) => false,
        Some(Target::Import) => return Err((fields::unknown_scope("import"), before)),
        None => return Err((fields::unknown_scope(""), before)),
    };
    let scope = match fields.scope {
        Some(scope) => scope,
        None if is_package => Scope::Package,
        None if fields.entrypoint => Scope::Document,
        None => Scope::Rule,
    };
    let (name, of_package) = match scope {
        Scope::Package => ("package", true),
        Scope::Subpackages => ("subpackages", true),
        Scope::Rule => ("rule", false),
        Scope::Document => ("document", false),
    };
    if of_package != is_package {
        let (want, have) = if of_package {
            ("package", "rule")
        } else {
            ("rule", "package")
        };
        let message = format!("annotation scope '{name}' must be applied to {want} (have {have})");
        return Err((message, before));
    }
    if fields.entrypoint && !matches!(scope, Scope::Package | Scope::Document) {
        let message =
            format!("annotation entrypoint applied to non-document or package scope '{name}'");
        return Err((message, "leave out the scope, or make it `document`"));
    }
    Ok(scope)
}
