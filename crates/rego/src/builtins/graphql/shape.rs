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
                ("Operations", Many(Self::Operation)),
                ("Fragments", Many(Self::Fragment)),
                ("Comment", One(Self::Comments)),
            ],
            Self::Schema => &[
                ("Schema", Many(Self::SchemaDefinition)),
                ("SchemaExtension", Many(Self::SchemaDefinition)),
                ("Directives", Many(Self::DirectiveDefinition)),
                ("Definitions", Many(Self::Definition)),
                ("Extensions", Many(Self::Definition)),
                ("Comment", One(Self::Comments)),
            ],
            Self::Operation => &[
                ("Operation", Text),
                ("Name", Text),
                ("VariableDefinitions", Many(Self::Variable)),
                ("Directives", Many(Self::Directive)),
                ("SelectionSet", Many(Self::Field)),
            ],
            Self::Fragment => &[
                ("Name", Text),
                ("VariableDefinition", Many(Self::Variable)),
                ("TypeCondition", Text),
                ("Directives", Many(Self::Directive)),
                ("SelectionSet", Many(Self::Field)),
            ],
            Self::Field => &[
                ("Alias", Text),
                ("Name", Text),
                ("Arguments", Many(Self::Argument)),
                ("Directives", Many(Self::Directive)),
                ("SelectionSet", Many(Self::Field)),
            ],
            Self::Variable => &[
                ("Variable", Text),
                ("Type", One(Self::Type)),
                ("DefaultValue", One(Self::Value)),
                ("Directives", Many(Self::Directive)),
                ("Comment", One(Self::Comments)),
                ("Used", Flag),
            ],
            Self::Directive => &[
                ("Name", Text),
                ("Arguments", Many(Self::Argument)),
                ("Location", Text),
            ],
            Self::Argument => &[
                ("Name", Text),
                ("Value", One(Self::Value)),
                ("Comment", One(Self::Comments)),
            ],
            Self::Value => &[
                ("Raw", Text),
                ("Children", Many(Self::Argument)),
                ("Kind", Number),
                ("Comment", One(Self::Comments)),
                ("ExpectedTypeHasDefault", Flag),
            ],
            Self::Type => &[
                ("NamedType", Text),
                ("Elem", One(Self::Type)),
                ("NonNull", Flag),
            ],
            _ => self.parts_of_schemas(),
        }
    }

    fn parts_of_schemas(self) -> &'static [(&'static str, Part)] {
        match self {
            Self::SchemaDefinition => &[
                ("Description", Text),
                ("Directives", Many(Self::Directive)),
                ("OperationTypes", Many(Self::OperationType)),
                ("BeforeDescriptionComment", One(Self::Comments)),
                ("AfterDescriptionComment", One(Self::Comments)),
                ("EndOfDefinitionComment", One(Self::Comments)),
            ],
            Self::OperationType => &[
                ("Operation", Text),
                ("Type", Text),
                ("Comment", One(Self::Comments)),
            ],
            Self::DirectiveDefinition => &[
                ("Description", Text),
                ("Name", Text),
                ("Arguments", Many(Self::ArgumentDefinition)),
                ("Locations", Texts),
                ("IsRepeatable", Flag),
                ("BeforeDescriptionComment", One(Self::Comments)),
                ("AfterDescriptionComment", One(Self::Comments)),
            ],
            Self::Definition => &[
                ("Kind", Text),
                ("Description", Text),
                ("Name", Text),
                ("Directives", Many(Self::Directive)),
                ("Interfaces", Texts),
                ("Fields", Many(Self::FieldDefinition)),
                ("Types", Texts),
                ("EnumValues", Many(Self::EnumValue)),
                ("BuiltIn", Flag),
                ("BeforeDescriptionComment", One(Self::Comments)),
                ("AfterDescriptionComment", One(Self::Comments)),
                ("EndOfDefinitionComment", One(Self::Comments)),
            ],
            Self::FieldDefinition => &[
                ("Description", Text),
                ("Name", Text),
                ("Arguments", Many(Self::ArgumentDefinition)),
                ("DefaultValue", One(Self::Value)),
                ("Type", One(Self::Type)),
                ("Directives", Many(Self::Directive)),
                ("BeforeDescriptionComment", One(Self::Comments)),
                ("AfterDescriptionComment", One(Self::Comments)),
            ],
            Self::ArgumentDefinition => &[
                ("Description", Text),
                ("Name", Text),
                ("DefaultValue", One(Self::Value)),
                ("Type", One(Self::Type)),
                ("Directives", Many(Self::Directive)),
                ("BeforeDescriptionComment", One(Self::Comments)),
                ("AfterDescriptionComment", One(Self::Comments)),
            ],
            Self::EnumValue => &[
                ("Description", Text),
                ("Name", Text),
                ("Directives", Many(Self::Directive)),
                ("BeforeDescriptionComment", One(Self::Comments)),
                ("AfterDescriptionComment", One(Self::Comments)),
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
