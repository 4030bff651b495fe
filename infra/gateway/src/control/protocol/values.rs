//! JSON values by shape: wire names to members' names and back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use super::super::service_model::{Member, ServiceModel, Shape, ShapeType};
use super::timestamps::{self, Format};

/// Depth of a document; the deepest of AWS's own inputs has a dozen levels, and some shapes contain themselves.
const MAX_DEPTH: usize = 64;

/// Reads `value`, found at `path`, as `member` says. The error says what is wrong and where.
pub(super) fn decode(
    model: &ServiceModel,
    member: &Member,
    value: &Value,
    path: &str,
    depth: usize,
) -> Result<Value, String> {
    let shape = model.shape(member);
    if depth > MAX_DEPTH {
        return Err(format!("{path} is nested too deeply"));
    }
    let wrong = |expected: &str| Err(format!("{path} must be {expected}, and is {}", kind(value)));
    match shape.kind {
        ShapeType::Structure => match value {
            Value::Object(object) => structure(model, shape, object, path, depth).map(Value::Object),
            _ => wrong("an object"),
        },
        ShapeType::List => match (value, &shape.member) {
            (Value::Array(items), Some(of)) => {
                let decoded = items.iter().enumerate().map(|(index, item)| {
                    // Position counts from 1, as in AWS's messages.
                    decode(model, of, item, &format!("{path}.{}.member", index + 1), depth + 1)
                });
                decoded.collect::<Result<_, _>>().map(Value::Array)
            }
            _ => wrong("a list"),
        },
        ShapeType::Map => match (value, &shape.value) {
            (Value::Object(object), Some(of)) => {
                let decoded = object.iter().map(|(key, item)| {
                    if item.is_null() {
                        return Ok((key.clone(), Value::Null));
                    }
                    Ok((key.clone(), decode(model, of, item, &format!("{path}.{key}"), depth + 1)?))
                });
                decoded.collect::<Result<_, _>>().map(Value::Object)
            }
            _ => wrong("an object"),
        },
        ShapeType::String | ShapeType::Character => match value {
            Value::String(_) => Ok(value.clone()),
            _ => wrong("a string"),
        },
        ShapeType::Boolean => match value {
            Value::Bool(_) => Ok(value.clone()),
            _ => wrong("true or false"),
        },
        ShapeType::Integer | ShapeType::Long => match value.as_i64() {
            Some(number) => Ok(number.into()),
            None => match value.as_f64() {
                #[expect(clippy::cast_possible_truncation, reason = "checked to be whole; saturates")]
                Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => Ok((number as i64).into()),
                _ => wrong("a whole number"),
            },
        },
        ShapeType::Float | ShapeType::Double => match value {
            Value::Number(_) => Ok(value.clone()),
            Value::String(text) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => Ok(Value::Null),
            _ => wrong("a number"),
        },
        ShapeType::Blob => match value {
            Value::String(text) if STANDARD.decode(text).is_ok() => Ok(value.clone()),
            _ => wrong("base64"),
        },
        ShapeType::Timestamp => match timestamps::decode(value) {
            Some(millis) => Ok(millis.into()),
            None => wrong("a timestamp"),
        },
    }
}

/// Reads a scalar that stands as text, in a path, query, header or form, at `path`. The error says what is wrong.
pub(super) fn decode_text(shape: &Shape, text: &str, path: &str) -> Result<Value, String> {
    let wrong = |expected: &str| format!("{path} must be {expected}");
    match shape.kind {
        ShapeType::Boolean => match text {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(wrong("true or false")),
        },
        ShapeType::Integer | ShapeType::Long => {
            text.parse::<i64>().map(Value::from).map_err(|_| wrong("a whole number"))
        }
        ShapeType::Float | ShapeType::Double => {
            let number = text.parse().ok().and_then(Number::from_f64);
            number.map(Value::Number).ok_or_else(|| wrong("a number"))
        }
        ShapeType::Timestamp => timestamps::decode(&text.into()).map(Value::from).ok_or_else(|| wrong("a timestamp")),
        _ => Ok(text.into()),
    }
}

/// The members of a structure that are in the body.
pub(super) fn structure(
    model: &ServiceModel,
    shape: &Shape,
    object: &Map<String, Value>,
    path: &str,
    depth: usize,
) -> Result<Map<String, Value>, String> {
    let mut members = Map::new();
    for (name, member) in &shape.members {
        if member.location.is_some() {
            continue;
        }
        let wire = member.location_name.as_deref().unwrap_or(name);
        let Some(value) = object.get(wire).filter(|value| !value.is_null()) else { continue };
        let path = if path.is_empty() { lower_first(wire) } else { format!("{path}.{}", lower_first(wire)) };
        members.insert(name.clone(), decode(model, member, value, &path, depth + 1)?);
    }
    Ok(members)
}

/// Writes `value` as `member` says; `None` for what is null.
pub(super) fn encode(model: &ServiceModel, member: &Member, value: &Value, timestamps: Format) -> Option<Value> {
    let shape = model.shape(member);
    match (shape.kind, value) {
        (_, Value::Null) => None,
        (ShapeType::Structure, Value::Object(object)) => {
            Some(Value::Object(encode_structure(model, shape, object, timestamps)))
        }
        (ShapeType::List, Value::Array(items)) => {
            let of = shape.member.as_deref()?;
            Some(items.iter().filter_map(|item| encode(model, of, item, timestamps)).collect())
        }
        (ShapeType::Map, Value::Object(object)) => {
            let of = shape.value.as_deref()?;
            let entries = object.iter().filter_map(|(k, v)| Some((k.clone(), encode(model, of, v, timestamps)?)));
            Some(Value::Object(entries.collect()))
        }
        (ShapeType::Timestamp, value) => {
            let name = member.timestamp_format.as_deref().or(shape.timestamp_format.as_deref());
            Some(timestamps::encode(value.as_i64()?, Format::named(name, timestamps)))
        }
        (_, value) => Some(value.clone()),
    }
}

/// The members of a structure that go into the body, by their wire names.
pub(super) fn encode_structure(
    model: &ServiceModel,
    shape: &Shape,
    object: &Map<String, Value>,
    timestamps: Format,
) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, member) in shape.members.iter().filter(|(_, member)| member.location.is_none()) {
        if let Some(value) = object.get(name).and_then(|value| encode(model, member, value, timestamps)) {
            out.insert(member.location_name.as_deref().unwrap_or(name).to_owned(), value);
        }
    }
    out
}

/// `FunctionName` → `functionName`: how AWS's messages name a member.
pub(crate) fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
