//! Programs with OPA's answers, as files that people read: YAML of one fixed form, of which only that form is read.
//!
//! ```yaml
//! # What it is about, in a line.
//! version: v1
//! modules:
//!   - |
//!     package p
//!
//!     x := 1
//! data: {}
//! input: {"a": 1}
//! answers:
//!   p/x: 1
//!   strict p/x: error eval_builtin_error
//! ```
//!
//! Instead of answers there may be `refused: [CODE, ..]` and `at: N`, the number of modules that it takes.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use regate_rego::syntax::ast::RegoVersion;
use regate_rego::value::json;
use regate_rego::{Value, plan};

use crate::answer::{Answer, Outcome};
use crate::ours;
use crate::program::{Text, Way, json_text};

/// A program and what OPA gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it is about.
    pub about: String,
    /// The program.
    pub text: Text,
    /// OPA's outcome.
    pub opa: Outcome,
}

/// All cases of a folder, with the names of their files.
pub fn read_all(folder: &Path) -> io::Result<Vec<(String, Case)>> {
    let entries = fs::read_dir(folder)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    paths.sort();
    let case = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let case = Case::read(&fs::read_to_string(path)?)
            .map_err(|what| io::Error::other(format!("{}: expected {what}", path.display())));
        Ok((name.into_owned(), case?))
    };
    paths.iter().map(case).collect()
}

/// Asks this engine again, for all cases below `generated/` of a folder: a sentence for each that differs from OPA
/// and is not listed in `generated-known.txt`, and for each that is listed and does not differ.
pub fn violations(folder: &Path) -> io::Result<Vec<String>> {
    let known = fs::read_to_string(folder.join("generated-known.txt"))?;
    let known = known.lines().filter_map(|line| line.split_once("  # "));
    let known: Vec<&str> = known.map(|(name, _)| name).collect();
    let mut wrong = Vec::new();
    for (name, case) in read_all(&folder.join("generated"))? {
        let ours = ours::outcome(&case.text, plan::Options::default());
        let differences = Outcome::differences(&case.opa, &ours, &case.text.queries);
        let listed = known.contains(&name.as_str());
        match differences.first() {
            None if listed => wrong.push(format!("{name} passes: take it off the list")),
            Some(first) if !listed => {
                let query = first.query.clone().unwrap_or_default();
                wrong.push(format!(
                    "{name}: {query}: opa {}, ours {}",
                    first.opa, first.ours
                ));
            }
            _ => {}
        }
    }
    Ok(wrong)
}

// === impl Case ===

impl Case {
    /// The file's text.
    #[must_use]
    pub fn write(&self) -> String {
        let Text {
            version,
            data,
            input,
            ..
        } = &self.text;
        let version = match version {
            RegoVersion::V0 => "v0",
            RegoVersion::V1 => "v1",
        };
        let mut out = format!("# {}\nversion: {version}\nmodules:\n", self.about);
        for module in &self.text.modules {
            out.push_str("  - |\n");
            for line in module.trim_end().lines() {
                let indent = if line.is_empty() { "" } else { "    " };
                let _ = writeln!(out, "{indent}{line}");
            }
        }
        let _ = writeln!(out, "data: {}", json_text(data));
        if let Some(input) = input {
            let _ = writeln!(out, "input: {}", json_text(input));
        }
        match &self.opa {
            Outcome::Refused { modules, codes, .. } => {
                let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
                let _ = writeln!(out, "refused: [{}]\nat: {modules}", codes.join(", "));
            }
            Outcome::Answers(answers) => {
                out.push_str("answers:\n");
                for (query, [lenient, strict]) in self.text.queries.iter().zip(answers) {
                    let _ = writeln!(out, "  {query}: {}", shown(lenient));
                    if strict != lenient {
                        let _ = writeln!(out, "  strict {query}: {}", shown(strict));
                    }
                }
            }
            Outcome::Failed(why) => {
                let _ = writeln!(out, "failed: {why}");
            }
        }
        out
    }

    /// Reads a file's text; the error says what was expected.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let mut reader = Reader::default();
        let mut block = None;
        for line in text.lines() {
            reader.line(line, &mut block)?;
        }
        reader.modules.extend(block);
        let modules = reader
            .modules
            .iter()
            .map(|module| format!("{}\n", module.trim_end()));
        let text = Text {
            version: reader.version,
            modules: modules.collect(),
            data: reader.data.ok_or("`data: ` and JSON")?,
            input: reader.input,
            queries: reader
                .answers
                .iter()
                .map(|(query, _)| query.clone())
                .collect(),
            way: Way::InTurn,
        };
        let opa = match reader.refused {
            Some(codes) => Outcome::refused(
                reader.at.ok_or("`at: ` and a number")?,
                codes.into_iter().map(|code| (code, String::new())),
            ),
            None => Outcome::Answers(
                reader
                    .answers
                    .into_iter()
                    .map(|(_, answers)| answers)
                    .collect(),
            ),
        };
        let about = reader.about;
        Ok(Self { about, text, opa })
    }
}

// === helpers ===

#[derive(Debug, Default)]
struct Reader {
    about: String,
    version: RegoVersion,
    modules: Vec<String>,
    data: Option<Value>,
    input: Option<Value>,
    refused: Option<Vec<String>>,
    at: Option<usize>,
    answers: Vec<(String, [Answer; 2])>,
}

impl Reader {
    fn line(&mut self, line: &str, block: &mut Option<String>) -> Result<(), &'static str> {
        if line == "  - |" {
            self.modules.extend(block.replace(String::new()));
            return Ok(());
        }
        if let Some(module) = block
            && (line.is_empty() || line.starts_with("    "))
        {
            module.push_str(line.get(4..).unwrap_or_default());
            module.push('\n');
            return Ok(());
        }
        self.modules.extend(block.take());
        if let Some(about) = line.strip_prefix("# ") {
            about.clone_into(&mut self.about);
            return Ok(());
        }
        if let Some(answer) = line.strip_prefix("  ") {
            return self.answer(answer);
        }
        let (key, value) = line.split_once(':').ok_or("`key: value`")?;
        let value = value.trim();
        match key {
            "version" if value == "v0" => self.version = RegoVersion::V0,
            "version" | "modules" | "answers" => {}
            "data" => self.data = Some(json::parse(value).map_err(|_| "`data: ` and JSON")?),
            "input" => self.input = Some(json::parse(value).map_err(|_| "`input: ` and JSON")?),
            "at" => self.at = value.parse().ok(),
            "refused" => {
                let codes = value.trim_matches(['[', ']']).split(", ");
                self.refused = Some(codes.map(str::to_owned).collect());
            }
            _ => return Err("a key that is known"),
        }
        Ok(())
    }

    fn answer(&mut self, line: &str) -> Result<(), &'static str> {
        let (query, answer) = line.split_once(": ").ok_or("`query: answer`")?;
        let answer = match answer.strip_prefix("error ") {
            Some(code) => Answer::Error(code.to_owned()),
            None if answer == "undefined" => Answer::Undefined,
            None => Answer::Value(json::parse(answer).map_err(|_| "an answer in JSON")?),
        };
        match query.strip_prefix("strict ") {
            None => {
                let both = [answer.clone(), answer];
                self.answers.push((query.to_owned(), both));
            }
            Some(query) => {
                let last = self
                    .answers
                    .last_mut()
                    .filter(|(lenient, _)| lenient == query);
                let (_, [_, strict]) = last.ok_or("the strict answer after the lenient one")?;
                *strict = answer;
            }
        }
        Ok(())
    }
}

fn shown(answer: &Answer) -> String {
    match answer {
        Answer::Error(code) => format!("error {code}"),
        answer => answer.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let program = crate::generate::program(7, 3).text();
        let count = program.queries.len();
        let case = Case {
            about: "a program".to_owned(),
            text: program,
            opa: Outcome::Answers(vec![
                [Answer::Undefined, Answer::Error("e".to_owned())];
                count
            ]),
        };
        assert_eq!(Case::read(&case.write()), Ok(case));
    }
}
