//! A program's text as a tree: what can be left out, what can stand for what. The shrinker and the metamorphic
//! changes work on it and know no grammar; what they make need not compile.

use std::fmt;

/// A piece of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// Text as it is.
    Text(String),
    /// Pieces one after the other.
    Row(Vec<Tree>),
    /// Items of which any but `least` may be left out.
    List {
        /// The items.
        items: Vec<Tree>,
        /// What stands between them.
        between: &'static str,
        /// How many must stay.
        least: usize,
        /// Whether their order means nothing.
        free: bool,
    },
    /// A term: any term inside it may stand for it.
    Term(Box<Tree>),
    /// A local variable where it is used.
    Var(String),
    /// The literal `name := value`.
    Assign(String, Box<Tree>),
}

/// Terms that a term may be replaced by.
const SIMPLE: [&str; 6] = ["1", "\"a\"", "true", "[]", "{}", "input"];

// === impl Tree ===

impl Tree {
    /// Items of which any but `least` may go.
    #[must_use]
    pub fn list(items: Vec<Tree>, between: &'static str, least: usize) -> Self {
        Self::List {
            items,
            between,
            least,
            free: false,
        }
    }

    /// The literals of a rule's body.
    #[must_use]
    pub fn body(items: Vec<Tree>) -> Self {
        Self::List {
            items,
            between: "\n\t",
            least: 1,
            free: true,
        }
    }

    /// A term that others may stand for.
    #[must_use]
    pub fn term(self) -> Self {
        match self {
            term @ Self::Term(_) => term,
            tree => Self::Term(Box::new(tree)),
        }
    }

    /// How many pieces there are.
    #[must_use]
    pub fn size(&self) -> usize {
        1 + self.children().map(Tree::size).sum::<usize>()
    }

    /// The pieces right below it.
    pub fn children(&self) -> impl Iterator<Item = &Tree> {
        let (many, one): (&[Tree], Option<&Tree>) = match self {
            Self::Row(items) | Self::List { items, .. } => (items, None),
            Self::Term(inner) | Self::Assign(_, inner) => (&[], Some(inner)),
            Self::Text(_) | Self::Var(_) => (&[], None),
        };
        many.iter().chain(one)
    }

    fn child_mut(&mut self, at: usize) -> Option<&mut Tree> {
        match self {
            Self::Row(items) | Self::List { items, .. } => items.get_mut(at),
            Self::Term(inner) | Self::Assign(_, inner) => (at == 0).then_some(&mut **inner),
            Self::Text(_) | Self::Var(_) => None,
        }
    }

    /// Where all pieces are, as paths from the root, the outer ones first.
    #[must_use]
    pub fn paths(&self) -> Vec<Vec<usize>> {
        let mut paths = vec![Vec::new()];
        let mut next = 0;
        while let Some(path) = paths.get(next).cloned() {
            let below = self.at(&path).map_or(0, |tree| tree.children().count());
            for child in 0..below {
                let mut deeper = path.clone();
                deeper.push(child);
                paths.push(deeper);
            }
            next += 1;
        }
        paths
    }

    /// The piece at a path.
    #[must_use]
    pub fn at(&self, path: &[usize]) -> Option<&Tree> {
        path.iter()
            .try_fold(self, |tree, at| tree.children().nth(*at))
    }

    /// The piece at a path.
    pub fn at_mut(&mut self, path: &[usize]) -> Option<&mut Tree> {
        path.iter().try_fold(self, |tree, at| tree.child_mut(*at))
    }

    /// What may stand for this piece, the smaller ones first.
    #[must_use]
    pub fn smaller(&self) -> Vec<Tree> {
        match self {
            Self::List {
                items,
                between,
                least,
                free,
            } => {
                let with = |items: Vec<Tree>| Self::List {
                    items,
                    between,
                    least: *least,
                    free: *free,
                };
                let mut found = Vec::new();
                let half = items.len() / 2;
                if half >= 2.max(*least) {
                    found.push(with(items.iter().take(half).cloned().collect()));
                    found.push(with(items.iter().skip(half).cloned().collect()));
                }
                if items.len() > *least {
                    found.extend((0..items.len()).map(|gone| {
                        let rest = items.iter().enumerate().filter(|(at, _)| *at != gone);
                        with(rest.map(|(_, item)| item.clone()).collect())
                    }));
                }
                found
            }
            Self::Term(inner) => {
                let terms = inner.terms();
                let own = self.to_string();
                let simple = SIMPLE.iter().filter(|text| text.len() < own.len());
                let simple = simple.map(|text| Self::Text((*text).to_owned()).term());
                simple.chain(terms).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The outermost terms in it.
    fn terms(&self) -> Vec<Tree> {
        match self {
            term @ Self::Term(_) => vec![term.clone()],
            tree => tree.children().flat_map(Tree::terms).collect(),
        }
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Var(text) => f.write_str(text),
            Self::Row(items) => items.iter().try_for_each(|item| item.fmt(f)),
            Self::List { items, between, .. } => {
                items.iter().enumerate().try_for_each(|(at, item)| {
                    if at > 0 {
                        f.write_str(between)?;
                    }
                    item.fmt(f)
                })
            }
            Self::Term(inner) => inner.fmt(f),
            Self::Assign(name, value) => write!(f, "{name} := {value}"),
        }
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Pieces one after the other.
#[macro_export]
macro_rules! row {
    ($($piece:expr),* $(,)?) => { $crate::tree::Tree::Row(vec![$($crate::tree::Tree::from($piece)),*]) };
}
