//! Syntax trees that policies hand in: what of an object is taken for which part of a tree.
//!
//! As in OPA, keys count whatever the case of their letters (but for operations, fields and fragments), what is not known
//! is dropped, and each selection is taken for a field, so that a tree with fragments in it does not come back whole.

use super::node::Node;
use super::parser::bounded;
use crate::builtins::{Context, Error};
use crate::value::Value;

/// A kind of node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Query,
    Schema,
    Operation,
    Fragment,
    Field,
    Variable,
    Directive,
    Argument,
    Value,
    Type,
    SchemaDefinition,
    OperationType,
    DirectiveDefinition,
    Definition,
    FieldDefinition,
    ArgumentDefinition,
    EnumValue,
    Comments,
    Comment,
}

/// What a member of a node holds.
#[derive(Debug, Clone, Copy)]
enum Part {
    Text,
    Flag,
    Number,
    Texts,
    One(Shape),
    Many(Shape),
}

use Part::{Flag, Many, Number, One, Text, Texts};

// === impl Part ===

impl Part {
    /// How errors call what it holds.
    fn told(self) -> &'static str {
        match self {
            Text => "a string",
            Flag => "a boolean",
            Number => "a number",
            Texts => "an array of strings",
            One(_) => "an object",
            Many(_) => "an array of objects",
        }
    }
}

// === impl Shape ===

impl Shape {
    fn parts(self) -> &'static [(&'static str, Part)] {
        match self {
            Self::Query => &[
                ("Comment", One(Self::Comments)),
                ("Fragments", Many(Self::Fragment)),
                ("Operations", Many(Self::Operation)),
            ],
            Self::Schema => &[
                ("Comment", One(Self::Comments)),
                ("Definitions", Many(Self::Definition)),
                ("Directives", Many(Self::DirectiveDefinition)),
                ("Extensions", Many(Self::Definition)),
                ("Schema", Many(Self::SchemaDefinition)),
                ("SchemaExtension", Many(Self::SchemaDefinition)),
            ],
            Self::Operation => &[
                ("Directives", Many(Self::Directive)),
                ("Name", Text),
                ("Operation", Text),
                ("SelectionSet", Many(Self::Field)),
                ("VariableDefinitions", Many(Self::Variable)),
            ],
            Self::Fragment => &[
                ("Directives", Many(Self::Directive)),
                ("Name", Text),
                ("SelectionSet", Many(Self::Field)),
                ("TypeCondition", Text),
                ("VariableDefinition", Many(Self::Variable)),
            ],
            Self::Field => &[
                ("Alias", Text),
                ("Arguments", Many(Self::Argument)),
                ("Directives", Many(Self::Directive)),
                ("Name", Text),
                ("SelectionSet", Many(Self::Field)),
            ],
            Self::Variable => &[
                ("Comment", One(Self::Comments)),
                ("DefaultValue", One(Self::Value)),
                ("Directives", Many(Self::Directive)),
                ("Type", One(Self::Type)),
                ("Used", Flag),
                ("Variable", Text),
            ],
            Self::Directive => &[
                ("Arguments", Many(Self::Argument)),
                ("Location", Text),
                ("Name", Text),
            ],
            Self::Argument => &[
                ("Comment", One(Self::Comments)),
                ("Name", Text),
                ("Value", One(Self::Value)),
            ],
            Self::Value => &[
                ("Children", Many(Self::Argument)),
                ("Comment", One(Self::Comments)),
                ("ExpectedTypeHasDefault", Flag),
                ("Kind", Number),
                ("Raw", Text),
            ],
            Self::Type => &[
                ("Elem", One(Self::Type)),
                ("NamedType", Text),
                ("NonNull", Flag),
            ],
            _ => self.parts_of_schemas(),
        }
    }

    fn parts_of_schemas(self) -> &'static [(&'static str, Part)] {
        match self {
            Self::SchemaDefinition => &[
                ("AfterDescriptionComment", One(Self::Comments)),
                ("BeforeDescriptionComment", One(Self::Comments)),
                ("Description", Text),
                ("Directives", Many(Self::Directive)),
                ("EndOfDefinitionComment", One(Self::Comments)),
                ("OperationTypes", Many(Self::OperationType)),
            ],
            Self::OperationType => &[
                ("Comment", One(Self::Comments)),
                ("Operation", Text),
                ("Type", Text),
            ],
            Self::DirectiveDefinition => &[
                ("AfterDescriptionComment", One(Self::Comments)),
                ("Arguments", Many(Self::ArgumentDefinition)),
                ("BeforeDescriptionComment", One(Self::Comments)),
                ("Description", Text),
                ("IsRepeatable", Flag),
                ("Locations", Texts),
                ("Name", Text),
            ],
            Self::Definition => &[
                ("AfterDescriptionComment", One(Self::Comments)),
                ("BeforeDescriptionComment", One(Self::Comments)),
                ("BuiltIn", Flag),
                ("Description", Text),
                ("Directives", Many(Self::Directive)),
                ("EndOfDefinitionComment", One(Self::Comments)),
                ("EnumValues", Many(Self::EnumValue)),
                ("Fields", Many(Self::FieldDefinition)),
                ("Interfaces", Texts),
                ("Kind", Text),
                ("Name", Text),
                ("Types", Texts),
            ],
            Self::FieldDefinition => &[
                ("AfterDescriptionComment", One(Self::Comments)),
                ("Arguments", Many(Self::ArgumentDefinition)),
                ("BeforeDescriptionComment", One(Self::Comments)),
                ("DefaultValue", One(Self::Value)),
                ("Description", Text),
                ("Directives", Many(Self::Directive)),
                ("Name", Text),
                ("Type", One(Self::Type)),
            ],
            Self::ArgumentDefinition => &[
                ("AfterDescriptionComment", One(Self::Comments)),
                ("BeforeDescriptionComment", One(Self::Comments)),
                ("DefaultValue", One(Self::Value)),
                ("Description", Text),
                ("Directives", Many(Self::Directive)),
                ("Name", Text),
                ("Type", One(Self::Type)),
            ],
            Self::EnumValue => &[
                ("AfterDescriptionComment", One(Self::Comments)),
                ("BeforeDescriptionComment", One(Self::Comments)),
                ("Description", Text),
                ("Directives", Many(Self::Directive)),
                ("Name", Text),
            ],
            Self::Comments => &[("List", Many(Self::Comment))],
            _ => &[("Value", Text)],
        }
    }

    /// Whether the case of the letters of its keys counts.
    fn is_strict(self) -> bool {
        matches!(self, Self::Operation | Self::Fragment | Self::Field)
    }

    /// What has to be there for the node to mean anything.
    fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Variable | Self::FieldDefinition | Self::ArgumentDefinition => &["Type"],
            Self::Argument => &["Value"],
            _ => &[],
        }
    }
}

/// The node of that shape that `value` stands for.
pub(super) fn read(
    context: &mut Context<'_>,
    value: &Value,
    shape: Shape,
    depth: usize,
) -> Result<Value, Error> {
    let Value::Object(members) = value else {
        return wrong(&format!("{shape:?}"), "an object", value);
    };
    bounded(depth)?;
    context.budget.step(1)?;
    context.budget.build(256)?;
    let mut node = Node::new();
    for (name, part) in shape.parts() {
        let mut found = members.iter().filter(|(key, value)| {
            let key = key.as_str().unwrap_or_default();
            let same = key == *name || !shape.is_strict() && key.eq_ignore_ascii_case(name);
            same && **value != Value::Null
        });
        let value = found.next_back().map(|(_, value)| value);
        if value.is_none() && shape.needs().contains(name) {
            return Err(Error::Failed(format!(
                "a {shape:?} of the tree lacks its {name}; give it one"
            )));
        }
        node = self::part(context, node, (name, *part), value, depth)?;
    }
    Ok(node.done())
}

fn part(
    context: &mut Context<'_>,
    node: Node,
    (name, part): (&str, Part),
    value: Option<&Value>,
    depth: usize,
) -> Result<Node, Error> {
    Ok(match (part, value) {
        (Text, None) => node.text(name, ""),
        (Text, Some(text @ Value::String(_))) => node.value(name, text.clone()),
        (Flag, None) => node.flag(name, false),
        (Flag, Some(Value::Bool(flag))) => node.flag(name, *flag),
        (Number, None) => node.value(name, Value::from(0_i64)),
        (Number, Some(Value::Number(number))) => match number.as_i64() {
            Some(0..=9) => node.value(name, Value::Number(number.clone())),
            _ => {
                return Err(Error::Failed(format!(
                    "the tree has {number} as a value's kind; give it one from 0 to 9"
                )));
            }
        },
        (Texts | One(_) | Many(_), None) => node,
        (Texts, Some(Value::Array(texts))) => {
            if let Some(other) = texts.iter().find(|text| text.as_str().is_none()) {
                return wrong(name, part.told(), other);
            }
            node.list(name, texts.to_vec())
        }
        (One(shape), Some(value)) => {
            let inner = read(context, value, shape, depth + 1)?;
            let empty = matches!(&inner, Value::Object(members) if members.is_empty());
            node.maybe(name, Some(inner).filter(|_| !empty))
        }
        (Many(shape), Some(Value::Array(items))) => {
            let items = items
                .iter()
                .map(|item| read(context, item, shape, depth + 1));
            node.list(name, items.collect::<Result<Vec<_>, _>>()?)
        }
        (part, Some(other)) => return wrong(name, part.told(), other),
    })
}

#[cold]
fn wrong<T>(name: &str, wanted: &str, got: &Value) -> Result<T, Error> {
    let got = got.type_name();
    Err(Error::Failed(format!(
        "the tree has a value of type {got} as {name}; put {wanted} there"
    )))
}
