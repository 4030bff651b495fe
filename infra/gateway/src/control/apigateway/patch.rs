//! `patchOperations`: how every update of API Gateway v1 is written.
//!
//! A resource type states in a table which paths take which operations, and what each does. The operations of one request
//! are applied in their order to a copy (see `Collection::update`), so that either all of them count or none.
//! <https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html>

use indexmap::IndexMap;
use serde_json::Value;

use super::super::call::{ApiError, Call};
use super::errors::bad_request;

/// `op`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Remove,
    Replace,
    Copy,
    Move,
    Test,
}

impl Op {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Op::Add => "add",
            Op::Remove => "remove",
            Op::Replace => "replace",
            Op::Copy => "copy",
            Op::Move => "move",
            Op::Test => "test",
        }
    }

    fn parse(text: &str) -> Option<Op> {
        let all = [Op::Add, Op::Remove, Op::Replace, Op::Copy, Op::Move, Op::Test];
        all.into_iter().find(|op| op.as_str() == text)
    }
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    pub(super) op: Op,
    /// As it was sent.
    pub(super) path: String,
    /// The path's segments with `~1` and `~0` undone: `/variables/a` is `variables`, `a`.
    pub(super) segments: Vec<String>,
    /// `value`, which is text whatever it stands for.
    pub(super) value: Option<String>,
    /// `from`, of a copy or move.
    pub(super) from: Option<String>,
}

impl Patch {
    /// An operation of Ferrogate's own.
    pub(super) fn new(op: Op, path: &str, value: Option<&str>, from: Option<&str>) -> Patch {
        let segments = path.strip_prefix('/').map(|rest| rest.split('/').map(unescaped).collect()).unwrap_or_default();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Patch { op, path: path.to_owned(), segments, value: owned(value), from: owned(from) }
    }

    /// The value; empty if there is none.
    pub(super) fn text(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// The value unless it is empty: what an optional text becomes.
    pub(super) fn optional(&self) -> Option<String> {
        self.value.clone().filter(|value| !value.is_empty())
    }

    /// Whether the value is `true`; anything else is false, as on AWS.
    pub(super) fn boolean(&self) -> bool {
        self.text().eq_ignore_ascii_case("true")
    }

    /// The value as a number of some kind.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn number<N: std::str::FromStr>(&self) -> Result<N, ApiError> {
        self.text().trim().parse().map_err(|_| {
            bad_request(format!("Invalid patch value '{}' specified for path '{}'", self.text(), self.path))
        })
    }

    /// The segment at `index`, from 0; empty if there is none.
    pub(super) fn segment(&self, index: usize) -> &str {
        self.segments.get(index).map_or("", String::as_str)
    }

    /// The last segment: a map's key.
    pub(super) fn key(&self) -> &str {
        self.segments.last().map_or("", String::as_str)
    }

    /// Sets or removes the entry of a map that the last segment names.
    pub(super) fn entry(&self, map: &mut IndexMap<String, String>) {
        if self.op == Op::Remove {
            map.shift_remove(self.key());
        } else {
            map.insert(self.key().to_owned(), self.text().to_owned());
        }
    }

    /// Like [`Patch::entry`], for a map that is absent rather than empty.
    pub(super) fn optional_entry<V>(&self, map: &mut Option<IndexMap<String, V>>, value: impl FnOnce(&str) -> V) {
        if self.op == Op::Remove {
            if let Some(entries) = map {
                entries.shift_remove(self.key());
                if entries.is_empty() {
                    *map = None;
                }
            }
        } else {
            map.get_or_insert_default().insert(self.key().to_owned(), value(self.text()));
        }
    }

    /// Adds the value to a set in a list, or removes it, or removes what the last segment names.
    pub(super) fn member(&self, list: &mut Vec<String>, value: &str) {
        list.retain(|item| item != value);
        if self.op != Op::Remove {
            list.push(value.to_owned());
        }
    }
}

/// The operations of a request, in their order.
///
/// # Errors
/// An operation without a known `op`.
pub(super) fn operations(call: &Call<'_>) -> Result<Vec<Patch>, ApiError> {
    let operations = call.member("patchOperations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    operations.iter().map(parse).collect()
}

fn parse(operation: &Value) -> Result<Patch, ApiError> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let op = text("op").and_then(Op::parse).ok_or_else(|| {
        bad_request("Invalid patch operation specified. Must be one of: [add, remove, replace, move, copy, test]")
    })?;
    // AWS's own word for a path that was not sent.
    Ok(Patch::new(op, text("path").unwrap_or("null"), text("value"), text("from")))
}

fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// What an operation does to a `T`.
pub(super) type Change<T> = fn(&mut T, &Patch) -> Result<(), ApiError>;

/// A path that may be patched, with what it takes.
pub(super) struct Rule<T> {
    /// `/name`, `/variables/{name}`
    pub(super) path: &'static str,
    pub(super) ops: &'static [Op],
    pub(super) change: Change<T>,
}

/// A path that takes `replace`.
pub(super) const fn replace<T>(path: &'static str, change: Change<T>) -> Rule<T> {
    Rule { path, ops: &[Op::Replace], change }
}

/// A path that takes `add` and `remove`.
pub(super) const fn add_remove<T>(path: &'static str, change: Change<T>) -> Rule<T> {
    Rule { path, ops: &[Op::Add, Op::Remove], change }
}

/// A path that takes `add`, `replace` and `remove`.
pub(super) const fn any<T>(path: &'static str, change: Change<T>) -> Rule<T> {
    Rule { path, ops: &[Op::Add, Op::Replace, Op::Remove], change }
}

/// How AWS words the refusal of an operation; that differs by the type of the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// With the paths that the operation may have: resources, models, validators, documentation, usage plans.
    Listed,
    /// With the operations that the path takes: REST APIs, methods.
    Operations,
    /// The path alone: gateway responses.
    Path,
}

/// Applies the operations to `target`, which is left half changed by an error: give it a copy.
///
/// # Errors
/// `BadRequestException` for a path or operation that is not in `rules`, and whatever a change refuses.
pub(super) fn apply<T>(
    target: &mut T,
    operations: &[Patch],
    rules: &[Rule<T>],
    refusal: Refusal,
) -> Result<(), ApiError> {
    for patch in operations {
        let fitting = || rules.iter().filter(|rule| matches(rule.path, &patch.segments));
        match fitting().find(|rule| rule.ops.contains(&patch.op)) {
            Some(rule) => (rule.change)(target, patch)?,
            None => return Err(refused(patch, rules, fitting().next(), refusal)),
        }
    }
    Ok(())
}

fn matches(path: &str, segments: &[String]) -> bool {
    let mut parts = path.split('/').skip(1);
    let all = segments.iter().all(|segment| parts.next().is_some_and(|part| part.starts_with('{') || part == segment));
    all && !segments.is_empty() && parts.next().is_none()
}

fn refused<T>(patch: &Patch, rules: &[Rule<T>], known: Option<&Rule<T>>, refusal: Refusal) -> ApiError {
    let path = &patch.path;
    let op = patch.op.as_str();
    // The two spaces are AWS's.
    let start = format!("Invalid patch path  '{path}' specified for op '{op}'.");
    bad_request(match (refusal, known) {
        (Refusal::Operations, Some(rule)) => {
            let ops: Vec<_> = rule.ops.iter().map(|op| op.as_str()).collect();
            format!("Invalid patch operation specified. Must be one of: [{}]", ops.join(", "))
        }
        (Refusal::Operations | Refusal::Path, _) => format!("Invalid patch path {path}"),
        (Refusal::Listed, _) => {
            let paths: Vec<_> =
                rules.iter().filter(|rule| rule.ops.contains(&patch.op)).map(|rule| rule.path).collect();
            if paths.is_empty() {
                format!("{start} Please choose supported operations")
            } else {
                format!("{start} Must be one of: [{}]", paths.join(", "))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Thing {
        name: String,
        enabled: bool,
        size: u32,
        labels: IndexMap<String, String>,
        types: Vec<String>,
    }

    const RULES: &[Rule<Thing>] = &[
        replace("/name", |thing, patch| {
            thing.name = patch.text().to_owned();
            Ok(())
        }),
        replace("/enabled", |thing, patch| {
            thing.enabled = patch.boolean();
            Ok(())
        }),
        replace("/size", |thing, patch| {
            thing.size = patch.number()?;
            Ok(())
        }),
        any("/labels/{label}", |thing, patch| {
            patch.entry(&mut thing.labels);
            Ok(())
        }),
        add_remove("/types/{type}", |thing, patch| {
            patch.member(&mut thing.types, patch.key());
            Ok(())
        }),
    ];

    fn patched(operations: Value, refusal: Refusal) -> Result<Thing, String> {
        let operations: Vec<_> =
            operations.as_array().unwrap().iter().map(parse).collect::<Result<_, _>>().map_err(|e| e.message)?;
        let mut thing = Thing::default();
        apply(&mut thing, &operations, RULES, refusal).map_err(|error| error.message)?;
        Ok(thing)
    }

    #[test]
    fn values_are_text_and_become_what_the_field_is() {
        let thing = patched(
            json!([
                {"op": "replace", "path": "/name", "value": "n"},
                {"op": "replace", "path": "/enabled", "value": "True"},
                {"op": "replace", "path": "/size", "value": "12"},
                {"op": "add", "path": "/labels/a~1b~0c", "value": "x"},
                {"op": "add", "path": "/labels/gone", "value": "x"},
                {"op": "remove", "path": "/labels/gone"},
                {"op": "add", "path": "/types/image~1png"},
                {"op": "add", "path": "/types/image~1png"},
            ]),
            Refusal::Listed,
        );
        let thing = thing.unwrap();
        assert_eq!((thing.name.as_str(), thing.enabled, thing.size), ("n", true, 12));
        assert_eq!(thing.labels, IndexMap::from([("a/b~c".to_owned(), "x".to_owned())]));
        assert_eq!(thing.types, ["image/png"]);
    }

    #[test]
    fn refusals_read_as_those_of_aws() {
        let refused = |op: &str, path: &str, refusal| {
            patched(json!([{"op": op, "path": path, "value": "x"}]), refusal).unwrap_err()
        };
        assert_eq!(
            refused("replace", "/no", Refusal::Listed),
            "Invalid patch path  '/no' specified for op 'replace'. Must be one of: [/name, /enabled, /size, /labels/{label}]"
        );
        assert_eq!(
            refused("copy", "/name", Refusal::Listed),
            "Invalid patch path  '/name' specified for op 'copy'. Please choose supported operations"
        );
        assert_eq!(
            refused("add", "/name", Refusal::Operations),
            "Invalid patch operation specified. Must be one of: [replace]"
        );
        assert_eq!(refused("add", "/no/x", Refusal::Operations), "Invalid patch path /no/x");
        assert_eq!(refused("add", "/name", Refusal::Path), "Invalid patch path /name");
        assert_eq!(patched(json!([{"op": "add"}]), Refusal::Path).unwrap_err(), "Invalid patch path null");
        assert!(refused("replace", "/size", Refusal::Path).contains("'x'"));
        assert!(patched(json!([{"op": "do", "path": "/name"}]), Refusal::Path).is_err());
    }
}
