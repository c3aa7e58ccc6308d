//! `eval`, `check`, `parse` and `test` against what `opa` said, and against `opa` itself where it is installed.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use regate::data::{Value, read};
use regex::Regex;

use crate::support::opa;
use crate::support::process::Process;

/// What a program said.
#[derive(Debug, PartialEq)]
struct Said {
    stdout: Text,
    stderr: Text,
    exit: i32,
}

/// Text for comparison: what differs from run to run is taken out.
#[derive(Debug, PartialEq)]
enum Text {
    Json(Value),
    Lines(Vec<String>),
}

/// A case: files, arguments, and what `opa` said.
struct Case {
    name: String,
    files: Vec<(String, String)>,
    args: Vec<String>,
    stdin: String,
    want: Said,
}

#[test]
fn tools_say_what_opa_said() {
    let wrong: Vec<String> = cases()
        .iter()
        .filter_map(|case| {
            let said = run(Path::new(env!("CARGO_BIN_EXE_regate")), case);
            (said != case.want)
                .then(|| format!("{}\nours {said:#?}\nopa {:#?}", case.name, case.want))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn opa_still_says_so() {
    let Some(opa) = opa::find() else {
        return;
    };
    for case in cases() {
        assert_eq!(run(&opa, &case), case.want, "{}", case.name);
    }
}

#[test]
fn what_is_not_there_is_refused() {
    let cases: &[(&[&str], i32, &str)] = &[
        (&["eval", "--partial", "1"], 1, "partial evaluation"),
        (&["eval", "-O", "1", "1"], 1, "partial evaluation"),
        (&["eval", "-f", "source", "1"], 1, "partial evaluation"),
        (&["eval", "-t", "wasm", "1"], 1, "`rego`"),
        (&["eval", "--no-such-flag", "1"], 1, "--no-such-flag"),
        (&["eval", "1", "2"], 1, "at most one query"),
        (&["test", ".", "--watch", "-t", "wasm"], 1, "`rego`"),
        (&["test", ".", "--explain", "off"], 1, "fails"),
        (&["capabilities", "--version", "v0.1.0"], 1, "v1.22.0"),
        (&["fmt", "-d", "."], 64, "not there yet"),
        (&["build", "-t", "wasm", "."], 64, "not there yet"),
        (&["inspect"], 64, "not there yet"),
    ];
    for (args, exit, text) in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_regate"))
            .args(*args)
            .output()
            .expect("the binary runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(*exit), "{args:?}: {stderr}");
        assert!(stderr.contains(text), "{args:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn instruments_report_what_was_evaluated() {
    let policy = "package c\n\nallow if {\n\tsome i in [1, 2, 3]\n\ti > 2\n}\n\nother if input.x\n";
    let ask = |args: &[&str]| {
        let folder = tempfile::tempdir().expect("a directory");
        std::fs::write(folder.path().join("c.rego"), policy).expect("a file");
        let output = Command::new(env!("CARGO_BIN_EXE_regate"))
            .args(["eval", "-d", "c.rego", "data.c.allow"])
            .args(args)
            .current_dir(folder.path())
            .output()
            .expect("the binary runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let covered = read::json_value(ask(&["--coverage"]).as_bytes()).expect("JSON");
    let share = covered
        .get_str("coverage")
        .and_then(|it| it.get_str("coverage"));
    assert_eq!(share.map(ToString::to_string).as_deref(), Some("75"));

    let profile = ask(&["--profile", "--profile-sort", "line", "-f", "pretty"]);
    assert!(profile.contains("│ c.rego:5 "), "{profile}");

    let trace = ask(&["--explain", "full", "-f", "pretty"]);
    let want = "\
query:1      Enter data.c.allow = _
query:1      | Eval data.c.allow = _
query:1      | Index data.c.allow (matched 1 rule, early exit)
c.rego:3     | Enter data.c.allow
c.rego:4     | | Eval [1, 2, 3]
c.rego:4     | | Eval some i in [1, 2, 3]
c.rego:5     | | Eval i > 2
c.rego:5     | | Fail i > 2
c.rego:4     | | Redo some i in [1, 2, 3]
c.rego:5     | | Eval i > 2
c.rego:5     | | Fail i > 2
c.rego:4     | | Redo some i in [1, 2, 3]
c.rego:5     | | Eval i > 2
c.rego:3     | | Exit data.c.allow early
c.rego:3     | Redo data.c.allow
c.rego:5     | | Redo i > 2
c.rego:4     | | Redo some i in [1, 2, 3]
c.rego:4     | | Redo [1, 2, 3]
query:1      | Exit data.c.allow = _
query:1      Redo data.c.allow = _
query:1      | Redo data.c.allow = _
true
";
    assert_eq!(trace, want);

    let json = read::json_value(ask(&["--explain", "notes"]).as_bytes()).expect("JSON");
    assert_eq!(json.get_str("explanation"), Some(&Value::from(Vec::new())));
    let json = read::json_value(ask(&["--explain", "full"]).as_bytes()).expect("JSON");
    let event = items(json.get_str("explanation")).nth(6).expect("an event");
    let want = r#"{
        "Op": "Eval",
        "Node": {
            "index": 2,
            "terms": [
                {"type": "ref", "value": [{"type": "var", "value": "gt"}]},
                {"type": "var", "value": "i"},
                {"type": "number", "value": 2}
            ]
        },
        "Location": {"file": "c.rego", "row": 5, "col": 2},
        "QueryID": 1,
        "ParentID": 0,
        "Locals": [{"name": "i", "type": "number", "value": 1}],
        "LocalMetadata": {"i": {"name": "i", "location": {"file": "c.rego", "row": 5, "col": 2}}},
        "Message": "",
        "Ref": null
    }"#;
    assert_eq!(event, &read::json_value(want.as_bytes()).expect("JSON"));
}

#[tokio::test]
async fn tests_run_again_when_a_file_changes() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("a_test.rego");
    std::fs::write(&file, "package a\n\ntest_a if 1 == 2\n").expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_regate"));
    command
        .args(["test", "--watch", "."])
        .current_dir(folder.path());
    let process = Process::start(command);
    let output = process.output();
    let line = |text: &'static str| move |line: &str| (line == text).then_some(());
    output
        .find("that it watches", line("Watching for changes ..."))
        .await;
    assert_eq!(output.count(|line| line == "FAIL: 1/1"), 1);
    std::fs::write(&file, "package a\n\ntest_a if 1 == 1\n").expect("a file");
    output.find("of the second run", line("PASS: 1/1")).await;
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/tools");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the cases") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read(&path).expect("readable");
        let suite = read::yaml_value(&text).expect("YAML");
        let files: Vec<(String, String)> = match suite.get_str("files") {
            Some(Value::Object(files)) => files
                .iter()
                .map(|(name, text)| (string(Some(name)), string(Some(text))))
                .collect(),
            _ => Vec::new(),
        };
        for case in items(suite.get_str("cases")) {
            let args: Vec<String> = items(case.get_str("args"))
                .map(|arg| string(Some(arg)))
                .collect();
            let exit = case.get_str("exit").map(ToString::to_string);
            cases.push(Case {
                name: format!("{}: {args:?}", path.display()),
                files: files.clone(),
                stdin: string(case.get_str("stdin")),
                want: Said {
                    stdout: normal(&string(case.get_str("stdout")), &args),
                    stderr: normal(&string(case.get_str("stderr")), &args),
                    exit: exit.and_then(|exit| exit.parse().ok()).unwrap_or(0),
                },
                args,
            });
        }
    }
    assert!(cases.len() > 100, "the cases were not found");
    cases
}

fn run(binary: &Path, case: &Case) -> Said {
    let folder = tempfile::tempdir().expect("a directory");
    for (name, text) in &case.files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(path, text).expect("a file");
    }
    let mut child = Command::new(binary)
        .args(&case.args)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdin = child.stdin.take().expect("stdin");
    // A program that does not read its input closes it.
    let _ = stdin.write_all(case.stdin.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("its output");
    Said {
        stdout: normal(&String::from_utf8_lossy(&output.stdout), &case.args),
        stderr: normal(&String::from_utf8_lossy(&output.stderr), &case.args),
        exit: output.status.code().unwrap_or(-1),
    }
}

/// Takes out times, what flags there are, and the lines under errors, of which ours have more. Of JSON the value
/// counts; tests are reported in no order.
fn normal(text: &str, args: &[String]) -> Text {
    static TIME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b\d+(\.\d+)?(ns|µs|ms|s)\b").expect("a pattern"));
    static FIGURE: LazyLock<Regex> = LazyLock::new(|| {
        let names = r"duration|timer_\w+|total_time_ns|max|min|mean|median|stddev|\d[\d.]*%";
        Regex::new(&format!(r#""({names})": [\d.e+]+"#)).expect("a pattern")
    });
    static UNEXPECTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(unexpected \S+ (?:token|keyword)): (?:[^"\\\n]|\\.)*"#).expect("a pattern")
    });
    let text = text.split("\nUsage:\n").next().unwrap_or_default();
    let text = TIME.replace_all(text, "TIME");
    let text = FIGURE.replace_all(&text, r#""$1": 0"#);
    // What was expected instead is said in other words.
    let text = UNEXPECTED.replace_all(&text, "$1");
    let is_test = args.first().is_some_and(|first| first == "test");
    if let Ok(value) = read::json_value(text.as_bytes()) {
        return Text::Json(match value {
            Value::Array(items) if is_test => {
                let mut items: Vec<Value> = items.iter().cloned().collect();
                items.sort();
                items.into()
            }
            value => value,
        });
    }
    let measures = ["--metrics", "--profile", "--instrument", "--bench"];
    let measured = args.iter().any(|arg| measures.contains(&arg.as_str()));
    let lines = text.lines().filter(|line| !line.starts_with('\t'));
    let mut lines: Vec<String> = lines
        .map(|line| {
            if measured {
                without_figures(line)
            } else {
                line.to_owned()
            }
        })
        .collect();
    if is_test {
        lines.sort();
    }
    Text::Lines(lines)
}

/// A line of a table whose figures, and with them its widths, differ from run to run.
fn without_figures(line: &str) -> String {
    static WIDTH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[ \t]+|─+").expect("a pattern"));
    static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r" [\d.e+]+( │|$| \w+/op)").expect("a pattern"));
    let line = WIDTH.replace_all(line, |found: &regex::Captures<'_>| {
        let first = found[0].chars().next().expect("a character");
        if first == '\t' {
            " ".to_owned()
        } else {
            first.to_string()
        }
    });
    if line.contains("timer_") || line.contains("histogram_") {
        // Neighbours share a border.
        let once = NUMBER.replace_all(&line, " N$1");
        return NUMBER.replace_all(&once, " N$1").into_owned();
    }
    line.into_owned()
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let items = match value {
        Some(Value::Array(items)) => Some(items.iter()),
        _ => None,
    };
    items.into_iter().flatten()
}

fn string(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.to_string(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
