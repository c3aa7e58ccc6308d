//! The Rego engine: text into the parser, programs that are nearly right through check and plan, right ones through
//! evaluation, values through order, hash and JSON.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use regate_oracle::generate;
use regate_oracle::ours;
use regate_oracle::program::Text;
use regate_rego::source::File;
use regate_rego::syntax::ast::RegoVersion;
use regate_rego::syntax::{self};
use regate_rego::value::{Data, json};
use regate_rego::{CompileOptions, Compiled, Evaluator, Value, compile_with};

/// Pieces of modules.
pub(crate) const PIECES: &[&str] = &[
    "package p\n",
    "import rego.v1\n",
    "import future.keywords\n",
    " if {\n",
    "}\n",
    "[",
    "]",
    "(",
    ")",
    "{",
    " := ",
    " = ",
    " | ",
    " contains ",
    "some x in ",
    "every k, v in ",
    "not ",
    " with input.a as ",
    " else := ",
    "default ",
    "input.x[_]",
    "data.p.",
    "$\"{",
    "`",
    "\"",
    "\\u00e9",
    "# METADATA\n# title: a\n",
    "1e400",
    "_",
    ";",
    "\n",
];

/// Programs may take so many steps; one that needs more ends with an error, which is an answer too.
const STEPS: u64 = 200_000;
const MEMORY: u64 = 64 << 20;

/// Any text, as a module in both versions and as a query.
pub fn rego_parse(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let file = File::new("fuzz.rego", &*text);
    for version in [RegoVersion::V0, RegoVersion::V1] {
        let how = syntax::Options {
            version,
            ..syntax::Options::default()
        };
        refused(syntax::parse_module(&file, &how).err());
        refused(syntax::parse_query(&file, &how).err());
    }
}

/// A generated program, its text changed as the bytes after its seed say, through check and plan.
pub fn rego_check(data: &[u8]) {
    let (mut text, changes) = program(data);
    for change in changes.chunks_exact(3) {
        let [which, at, what] = change else { continue };
        let count = text.modules.len().max(1);
        if let Some(module) = text.modules.get_mut(usize::from(*which) % count) {
            let at = module.len() * usize::from(*at) / 256;
            let at = (at..=module.len()).find(|at| module.is_char_boundary(*at));
            let piece = PIECES[usize::from(*what) % PIECES.len()];
            module.insert_str(at.unwrap_or_default(), piece);
        }
    }
    drop(compiled(&text));
}

/// A generated program through evaluation, within a budget.
pub fn rego_eval(data: &[u8]) {
    let (text, _) = program(data);
    let Some(compiled) = compiled(&text) else {
        return;
    };
    let mut evaluator = Evaluator::new();
    for query in &text.queries {
        let query = query.replace('/', ".");
        let Ok(query) = compiled.prepare(&format!("data.{query}")) else {
            continue;
        };
        let mut options = ours::options(false);
        options.budget.steps = STEPS;
        options.budget.memory = MEMORY;
        let input = text.input.as_ref();
        match query.value(&mut evaluator, compiled.policy(), input, &mut options) {
            Ok(_) => {}
            Err(error) => assert!(!error.to_string().is_empty(), "an error says something"),
        }
    }
}

/// JSON: what is read is equal to itself, in order and hash too, and reads back as itself.
pub fn rego_value(data: &[u8]) {
    let Ok(value) = json::parse(data) else {
        return;
    };
    let text = regate_oracle::program::json_text(&value);
    let again = json::parse(&text).expect("what was written can be read");
    assert_eq!(value, again, "it reads back as itself");
    assert!(value.cmp(&again).is_eq(), "equal is equal in order");
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    assert_eq!(
        hasher.hash_one(&value),
        hasher.hash_one(&again),
        "equal is equal in hash"
    );
    if let Value::Array(items) = &value {
        let mut sorted: Vec<&Value> = items.iter().collect();
        sorted.sort();
        assert!(
            sorted.windows(2).all(|two| two[0] <= two[1]),
            "the order is total"
        );
    }
}

/// The program of the seed in the first bytes, and the bytes after it.
fn program(data: &[u8]) -> (Text, &[u8]) {
    let (seed, rest) = data.split_at(data.len().min(8));
    let seed = seed
        .iter()
        .fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    let size = usize::try_from(seed % 5).unwrap_or_default();
    (generate::program(seed, 1 + size).text(), rest)
}

fn compiled(text: &Text) -> Option<Compiled> {
    let names = text.names();
    let sources = text.sources(&names, names.len());
    let data = Data::new(text.data());
    match compile_with(&sources, CompileOptions::default(), data) {
        Ok(compiled) => Some(compiled),
        Err(errors) => {
            refused(Some(errors));
            None
        }
    }
}

/// Errors can be shown: each points into its file.
fn refused(errors: Option<Vec<regate_rego::source::Diagnostic>>) {
    for error in errors.unwrap_or_default() {
        assert!(!error.to_string().is_empty(), "an error says something");
    }
}
