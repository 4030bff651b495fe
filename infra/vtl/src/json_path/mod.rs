//! JSONPath as Jayway's library evaluates it, which API Gateway's `$input.path` behaves like.
//!
//! Own code: the crates `serde_json_path` and `jsonpath-rust` follow RFC 9535 and refuse what Jayway's users write
//! (`$.body.x-y`, `.length()`, a path without its `$`), and they know no difference between a definite path, which gives a
//! value or nothing, and an indefinite one, which gives a list.

mod filter;
mod parse;
mod read;

use std::sync::Arc;

use serde_json::Value as Json;

use crate::ParseError;
use crate::error::place;
use crate::number::double_text;
use crate::value::{Heap, Key, Value};

/// How many places one reading visits at most; a path that needs more finds nothing.
const MAX_STEPS: u64 = 5_000_000;

/// A path, parsed once.
#[derive(Clone, Debug)]
pub struct JsonPath {
    pub(crate) segments: Vec<Segment>,
}

#[derive(Clone, Debug)]
pub(crate) enum Segment {
    /// `.name`, `['name']`, `['one', 'other']`.
    Names(Vec<Arc<str>>),
    /// `[0]`, `[-1]`, `[0, 1]`.
    Indexes(Vec<i64>),
    /// `[1:3]`.
    Slice(Option<i64>, Option<i64>),
    /// `.*`, `[*]`.
    Wildcard,
    /// `..`, followed by what is looked for.
    Descend,
    /// `[?(…)]`.
    Filter(Arc<filter::Test>),
    /// `.length()`.
    Function(Arc<str>, Vec<Argument>),
}

/// A function's argument.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    Path(JsonPath, Root),
    Number(f64),
    Text(Arc<str>),
}

/// What a path within a path begins at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// `$`
    Document,
    /// `@`
    Current,
}

impl JsonPath {
    /// Parses a path; one that does not begin with `$` begins with `$.`, as Jayway has it.
    pub fn parse(path: &str) -> Result<JsonPath, ParseError> {
        parse::parse(path).map_err(|(at, message)| {
            let (line, column) = place(path, u32::try_from(at).unwrap_or(u32::MAX));
            ParseError { line, column, message }
        })
    }

    /// Whether it leads to one place at most, so that it gives a value rather than a list.
    pub(crate) fn is_definite(&self) -> bool {
        let last = self.segments.len().saturating_sub(1);
        self.segments.iter().enumerate().all(|(index, segment)| match segment {
            Segment::Names(names) => names.len() == 1 || index == last,
            Segment::Indexes(indexes) => indexes.len() == 1,
            Segment::Function(..) => true,
            Segment::Slice(..) | Segment::Wildcard | Segment::Descend | Segment::Filter(_) => false,
        })
    }

    /// Jayway's result: a definite path's value or `None`, an indefinite one's list.
    pub fn read(&self, document: &Json) -> Option<Json> {
        if let Some(found) = self.walk(document) {
            return found.cloned();
        }
        let mut heap = Heap::default();
        let root = heap.import(document);
        let found = self.evaluate(&root, &mut heap, &mut MAX_STEPS.clone())?;
        Some(export(&found, &heap, 0))
    }

    /// The way of most paths, single names and indexes, without a copy. `None` for any other path.
    fn walk<'a>(&self, document: &'a Json) -> Option<Option<&'a Json>> {
        let mut here = Some(document);
        for segment in &self.segments {
            let step = match segment {
                Segment::Names(names) if names.len() == 1 => here.and_then(|here| here.as_object()?.get(&*names[0])),
                Segment::Indexes(indexes) if indexes.len() == 1 => here.and_then(|here| {
                    let items = here.as_array()?;
                    items.get(read::position(indexes[0], items.len())?)
                }),
                _ => return None,
            };
            here = step;
        }
        Some(here)
    }
}

/// A value of the heap as serde's. What has no number there becomes a text or null.
fn export(value: &Value, heap: &Heap, depth: usize) -> Json {
    match value {
        Value::Bool(it) => Json::Bool(*it),
        Value::Int(it) => Json::from(*it),
        Value::Long(it) => Json::from(*it),
        Value::Big(text) => text.parse::<u64>().map_or_else(|_| number(text.parse().unwrap_or(0.0)), Json::from),
        Value::Decimal(text) => number(text.parse().unwrap_or(0.0)),
        Value::Double(it) => number(*it),
        Value::Text(text) => Json::String(text.to_string()),
        Value::List(id) if depth <= crate::print::MAX_DEPTH => {
            Json::Array(heap.items(*id).1.iter().map(|item| export(item, heap, depth + 1)).collect())
        }
        Value::Map(id) if depth <= crate::print::MAX_DEPTH => Json::Object(
            heap.entries(*id)
                .into_iter()
                .flatten()
                .map(|(key, value)| {
                    let name = match key {
                        Key::Text(text) => text.to_string(),
                        _ => String::new(),
                    };
                    (name, export(value, heap, depth + 1))
                })
                .collect(),
        ),
        _ => Json::Null,
    }
}

fn number(number: f64) -> Json {
    serde_json::Number::from_f64(number).map_or_else(|| Json::String(double_text(number)), Json::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::JsonPath;

    #[test]
    fn a_definite_path_gives_its_value_and_an_indefinite_one_a_list() {
        let document = json!({"a": {"b-c": [1, {"d": null}]}, "e": [{"f": 1}, {"f": 2}]});
        for (path, result) in [
            ("$", Some(document.clone())),
            ("$.a.b-c[0]", Some(json!(1))),
            ("a.b-c[-1].d", Some(json!(null))),
            ("$.a['b-c'].length()", Some(json!(2))),
            ("$.zz", None),
            ("$.a.zz.y", None),
            ("$.e[*].f", Some(json!([1, 2]))),
            ("$..f", Some(json!([1, 2]))),
            ("$..zz", Some(json!([]))),
            ("$.e[?(@.f > 1)]", Some(json!([{"f": 2}]))),
            ("$.e[0:1]", Some(json!([{"f": 1}]))),
        ] {
            assert_eq!(JsonPath::parse(path).unwrap().read(&document), result, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_its_place() {
        for path in ["$.", "$..", "$.a[", "$.a[?(@.b ==)]", "$.a b", "$['a", "", "$[abc]"] {
            let error = JsonPath::parse(path).unwrap_err();
            assert!(error.line == 1 && error.column >= 1, "{path}: {error}");
        }
    }
}
