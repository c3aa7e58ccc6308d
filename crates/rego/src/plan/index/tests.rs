//! The index against trying every rule, and what a look-up costs.

use std::cell::Cell;

use proptest::prelude::*;

use super::*;
use crate::hir::Place as Source;
use crate::plan::ir::{Block, Comparison, Emit, Expr, Pattern, Scan, Stmt};
use crate::value::Set;

/// What a rule asks of an input, in a form that is easy to try.
#[derive(Debug, Clone)]
enum Ask {
    Equal(u32, Value),
    OneOf(u32, Vec<Value>),
    Element(u32, usize, Value),
    Member(u32, Value),
    Truthy(u32),
}

impl Ask {
    fn stmt(&self) -> Stmt {
        let input = |at: &u32| Expr::Input(InputId(*at));
        let scan = |source, member| {
            Stmt::Exists(vec![Stmt::Scan(Box::new(Scan {
                source: crate::plan::ir::Source::Value(source),
                key: Pattern::Any,
                value: Pattern::Equal(member),
                body: vec![Stmt::Yield(Emit::Found)],
                by: None,
            }))])
        };
        match self {
            Self::Equal(at, value) => {
                Stmt::Compare(Comparison::Equal, input(at), Expr::Const(value.clone()))
            }
            Self::OneOf(at, values) => {
                let set: Set = values.iter().cloned().collect();
                scan(Expr::Const(Value::Set(set)), input(at))
            }
            Self::Element(at, index, value) => {
                let element = |i| {
                    if i == *index {
                        Pattern::Equal(Expr::Const(value.clone()))
                    } else {
                        Pattern::Any
                    }
                };
                Stmt::Match(Pattern::Array((0..2).map(element).collect()), input(at))
            }
            Self::Member(at, value) => scan(input(at), Expr::Const(value.clone())),
            Self::Truthy(at) => Stmt::Test(input(at)),
        }
    }

    fn holds(&self, inputs: &[Option<Value>]) -> bool {
        let input = |at: &u32| inputs.get(*at as usize).and_then(Option::as_ref);
        match self {
            Self::Equal(at, value) => input(at) == Some(value),
            Self::OneOf(at, values) => input(at).is_some_and(|found| values.contains(found)),
            Self::Element(at, index, value) => match input(at) {
                Some(Value::Array(items)) => items.len() == 2 && items.get(*index) == Some(value),
                _ => false,
            },
            Self::Member(at, value) => match input(at) {
                Some(Value::Array(items)) => items.contains(value),
                _ => false,
            },
            Self::Truthy(at) => input(at).is_some_and(|found| *found != Value::Bool(false)),
        }
    }
}

fn rule(block: Block) -> Vec<Clause> {
    vec![Clause {
        place: Source::default(),
        slots: 0,
        block,
    }]
}

fn index(rules: &[Vec<Clause>]) -> Option<Index> {
    Index::of(rules.iter().map(Vec::as_slice), 1, false)
}

fn look_up(index: &Index, inputs: &[Option<Value>]) -> (Vec<u32>, usize) {
    let reads = Cell::new(0);
    let mut out = Candidates::new();
    let mut read = |key| {
        reads.set(reads.get() + 1);
        match key {
            Key::Input(id) => inputs.get(id.0 as usize).and_then(Option::as_ref),
            _ => None,
        }
    };
    index.candidates(&mut read, &mut out);
    (out.to_vec(), reads.get())
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0i64..3).prop_map(Value::from),
        Just(Value::Bool(false)),
        prop_oneof!["a", "b"].prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        scalar(),
        prop::collection::vec(scalar(), 0..3).prop_map(Value::from)
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    let at = 0u32..3;
    prop_oneof![
        (at.clone(), value()).prop_map(|(at, v)| Ask::Equal(at, v)),
        (at.clone(), prop::collection::vec(value(), 0..4)).prop_map(|(at, v)| Ask::OneOf(at, v)),
        (at.clone(), 0usize..2, scalar()).prop_map(|(at, i, v)| Ask::Element(at, i, v)),
        (at.clone(), scalar()).prop_map(|(at, v)| Ask::Member(at, v)),
        at.prop_map(Ask::Truthy),
    ]
}

proptest! {
    #[test]
    fn no_rule_that_holds_is_missed(
        rules in prop::collection::vec(prop::collection::vec(prop::collection::vec(ask(), 0..4), 1..3), 1..12),
        inputs in prop::collection::vec(prop::option::of(value()), 3),
    ) {
        let clause = |asks: &Vec<Ask>| rule(asks.iter().map(Ask::stmt).collect());
        let planned: Vec<Vec<Clause>> = rules.iter().map(|clauses| clauses.iter().flat_map(clause).collect()).collect();
        let Some(index) = index(&planned) else { return Ok(()) };
        let (found, _) = look_up(&index, &inputs);
        prop_assert!(found.is_sorted());
        for (number, clauses) in (0u32..).zip(&rules) {
            let holds = clauses.iter().any(|asks| asks.iter().all(|ask| ask.holds(&inputs)));
            prop_assert!(!holds || found.contains(&number), "rule {number} holds and is not in {found:?}");
        }
    }

    #[test]
    fn every_prefix_is_found(texts in prop::collection::hash_set("[ab]{0,4}", 0..12), text in "[abc]{0,5}") {
        let leaf = |number| Node::Leaf(Box::new([number]));
        let sorted: Vec<_> = texts.iter().collect();
        let nodes = (0u32..).zip(&sorted).map(|(number, text)| (text.as_str().into(), leaf(number)));
        let prefixes = Prefixes::new(nodes.collect());
        let mut found = Vec::new();
        prefixes.each(&text, &mut |node| if let Node::Leaf(rules) = node { found.extend_from_slice(rules) });
        found.sort_unstable();
        let begins = (0u32..).zip(&sorted).filter(|(_, prefix)| text.starts_with(prefix.as_str()));
        prop_assert_eq!(found, begins.map(|(number, _)| number).collect::<Vec<_>>());
    }
}

#[test]
fn a_look_up_does_not_cost_more_with_more_rules() {
    let texts = |parts: [String; 3]| Value::from(parts.map(Value::from).to_vec());
    for count in [10usize, 10_000] {
        let asks = |i: usize| {
            let user = Value::from(format!("u{}", i / 3));
            let path = texts(["api".into(), "v1".into(), format!("res{i}")]);
            let method = Value::from(if i.is_multiple_of(2) { "GET" } else { "PUT" });
            [
                Ask::Equal(0, user),
                Ask::Equal(1, method),
                Ask::Equal(2, path),
            ]
        };
        let planned: Vec<_> = (0..count)
            .map(|i| rule(asks(i).iter().map(Ask::stmt).collect()))
            .collect();
        let index = index(&planned).expect("an index");
        let path = texts(["api".into(), "v1".into(), "res6".into()]);
        let inputs = [Some("u2".into()), Some("GET".into()), Some(path)];
        let (found, reads) = look_up(&index, &inputs);
        assert_eq!((found, reads), (vec![6], 1));
        let (found, reads) = look_up(&index, &[None, None, None]);
        assert_eq!((found, reads), (vec![], 1));
    }
}

#[test]
fn rules_without_conditions_are_always_candidates() {
    let get = Ask::Equal(0, "GET".into());
    let put = Ask::Equal(0, "PUT".into());
    let rules: Vec<_> = [Some(get), None, Some(put), None]
        .iter()
        .map(|ask| rule(ask.iter().map(Ask::stmt).collect()))
        .collect();
    let index = index(&rules).expect("an index");
    assert_eq!(look_up(&index, &[Some("GET".into())]).0, [0, 1, 3]);
    assert_eq!(look_up(&index, &[Some("POST".into())]).0, [1, 3]);
    assert_eq!(look_up(&index, &[None]).0, [1, 3]);
}
