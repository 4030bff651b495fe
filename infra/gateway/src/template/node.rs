//! A template's tree: YAML and JSON alike, each value with its place.

use indexmap::IndexMap;
use serde_json::Value;

use super::error::Place;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) at: Place,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// As written: `1.10` in an environment variable stays `1.10`.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Mapping),
    /// Could not be resolved, which has been reported already: readers treat it as absent and say nothing.
    Unresolved,
}

/// A mapping, in the order of the file.
pub(super) type Mapping = IndexMap<String, Entry>;

/// A key's place and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) key_at: Place,
    pub(super) value: Node,
}

impl Node {
    pub(super) fn new(kind: Kind, at: Place) -> Self {
        Node { kind, at }
    }

    pub(super) fn text(text: impl Into<String>, at: Place) -> Self {
        Node::new(Kind::Text(text.into()), at)
    }

    pub(super) fn unresolved(at: Place) -> Self {
        Node::new(Kind::Unresolved, at)
    }

    pub(super) fn empty_map(at: Place) -> Self {
        Node::new(Kind::Map(Mapping::new()), at)
    }

    /// A mapping with one key, which is how the long form of every intrinsic function looks.
    pub(super) fn single(key: impl Into<String>, value: Node, at: Place) -> Self {
        Node::new(Kind::Map(Mapping::from([(key.into(), Entry { key_at: at, value })])), at)
    }

    pub(super) fn as_map(&self) -> Option<&Mapping> {
        match &self.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(super) fn as_list(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// Text as it is; nothing else.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Any scalar as text: CloudFormation takes `Default: 3` and `Default: "3"` alike.
    pub(super) fn scalar(&self) -> Option<String> {
        match &self.kind {
            Kind::Text(text) | Kind::Number(text) => Some(text.clone()),
            Kind::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key).map(|entry| &entry.value)
    }

    /// The only key and its value, if this is a mapping with one.
    pub(super) fn single_entry(&self) -> Option<(&str, &Entry)> {
        match self.as_map() {
            Some(map) if map.len() == 1 => map.first().map(|(key, entry)| (key.as_str(), entry)),
            _ => None,
        }
    }

    /// `true` for `{Ref: …}` and `{Fn::…: …}`, which the merging of Globals takes as one value.
    pub(super) fn is_intrinsic(&self) -> bool {
        self.single_entry().is_some_and(|(key, _)| key == "Ref" || key == "Condition" || key.starts_with("Fn::"))
    }

    /// What it is, for messages.
    pub(super) fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "a string",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Unresolved => "an unresolved value",
        }
    }

    /// As JSON. Numbers that JSON cannot hold stay text.
    pub(super) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null | Kind::Unresolved => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(text) => serde_json::from_str(text)
                .ok()
                .filter(Value::is_number)
                .or_else(|| text.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Value::Number))
                .unwrap_or_else(|| Value::String(text.clone())),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Kind::Map(map) => {
                Value::Object(map.iter().map(|(key, entry)| (key.clone(), entry.value.to_json())).collect())
            }
        }
    }
}
