//! The numbers of paths: each path of `input` and of base data that a program reads has one.

use hashbrown::HashMap;

use super::ir::{DataId, InputId, Path};
use super::tree::Functions;
use crate::value::Value;

/// The paths that a program reads, by path.
#[derive(Debug, Default)]
pub struct Names {
    inputs: Paths,
    documents: Paths,
    pub(super) functions: Functions,
}

/// Paths by number: those of a program, or those that a query adds to a program's.
#[derive(Debug, Default)]
pub(super) struct Paths {
    numbers: HashMap<Path, u32, foldhash::fast::RandomState>,
    /// Paths with numbers that are written in another way than as a plain integer, by their texts: `[1]` and `[1e0]`
    /// are equal, and yet lead elsewhere.
    spelled: HashMap<String, u32, foldhash::fast::RandomState>,
    list: Vec<Path>,
}

/// Gives numbers to paths: those of `base` keep theirs, new ones follow.
#[derive(Debug, Default)]
pub(super) struct Naming<'p> {
    base: Option<&'p Names>,
    inputs: Paths,
    documents: Paths,
}

// === impl Naming ===

impl<'p> Naming<'p> {
    /// Gives numbers that follow those of `base`.
    pub(super) fn after(base: &'p Names) -> Self {
        Self {
            base: Some(base),
            ..Self::default()
        }
    }

    /// The number of a path of `input`.
    pub(super) fn input(&mut self, path: &[Value]) -> InputId {
        InputId(
            self.inputs
                .number(self.base.map(|names| &names.inputs), path),
        )
    }

    /// The number of a path of base data.
    pub(super) fn document(&mut self, path: &[Value]) -> DataId {
        DataId(
            self.documents
                .number(self.base.map(|names| &names.documents), path),
        )
    }

    /// The new paths of `input` and of base data, in the order of their numbers.
    pub(super) fn into_paths(self) -> (Vec<Path>, Vec<Path>) {
        (self.inputs.list, self.documents.list)
    }

    /// The same, and what finds them again.
    pub(super) fn finish(mut self) -> (Vec<Path>, Vec<Path>, Names) {
        let inputs = std::mem::take(&mut self.inputs.list);
        let documents = std::mem::take(&mut self.documents.list);
        let names = Names {
            inputs: self.inputs,
            documents: self.documents,
            functions: Functions::default(),
        };
        (inputs, documents, names)
    }
}

// === impl Paths ===

impl Paths {
    fn number(&mut self, base: Option<&Self>, path: &[Value]) -> u32 {
        let spelling = spelling(path);
        let known = |paths: &Self| match &spelling {
            Some(text) => paths.spelled.get(text).copied(),
            None => paths.numbers.get(path).copied(),
        };
        if let Some(known) = base.and_then(known).or_else(|| known(self)) {
            return known;
        }
        let first = base.map_or(0, |base| base.numbers.len() + base.spelled.len());
        let number = u32::try_from(first + self.list.len()).unwrap_or(u32::MAX);
        match spelling {
            Some(text) => self.spelled.insert(text, number),
            None => self.numbers.insert(path.into(), number),
        };
        self.list.push(path.into());
        number
    }
}

/// The path's text, where a number in it is no plain integer.
fn spelling(path: &[Value]) -> Option<String> {
    (!path.iter().all(is_spelled_plainly)).then(|| format!("{path:?}"))
}

/// Whether a key is no number, or a plain integer.
pub(super) fn is_spelled_plainly(key: &Value) -> bool {
    match key {
        Value::Number(number) => {
            let int = number.as_i64().map(|int| int.to_string());
            number.with_text(|text| int.as_deref() == Some(text))
        }
        _ => true,
    }
}
