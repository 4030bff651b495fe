//! Checks an input against the constraints of its model, with AWS's own messages.

use serde_json::{Map, Value};

use super::protocol::lower_first;
use super::service_model::{Member, ServiceModel, Shape, ShapeType};

/// So many violations are told of one input.
const MAX_VIOLATIONS: usize = 10;
/// So much of a value is shown.
const MAX_SHOWN: usize = 256;

/// All violations in AWS's one sentence; `None` if there are none.
///
/// `1 validation error detected: Value 'x' at 'functionName' failed to satisfy constraint: Member must …`
pub(crate) fn violations(
    model: &ServiceModel,
    shape: &Shape,
    members: &Map<String, Value>,
    has_payload: bool,
) -> Option<String> {
    let mut found = Vec::new();
    structure(model, shape, members, "", has_payload, &mut found);
    let count = found.len();
    let plural = if count == 1 { "" } else { "s" };
    (count > 0).then(|| format!("{count} validation error{plural} detected: {}", found.join("; ")))
}

fn structure(
    model: &ServiceModel,
    shape: &Shape,
    members: &Map<String, Value>,
    path: &str,
    has_payload: bool,
    found: &mut Vec<String>,
) {
    for (name, member) in &shape.members {
        if found.len() >= MAX_VIOLATIONS {
            return;
        }
        let wire = lower_first(member.location_name.as_deref().filter(|_| member.location.is_none()).unwrap_or(name));
        let path = if path.is_empty() { wire } else { format!("{path}.{wire}") };
        match members.get(name) {
            Some(value) => check(model, member, value, &path, found),
            None if shape.required.contains(name) && !(has_payload && shape.payload.as_ref() == Some(name)) => {
                found.push(format!("Value null at '{path}' failed to satisfy constraint: Member must not be null"));
            }
            None => {}
        }
    }
}

fn check(model: &ServiceModel, member: &Member, value: &Value, path: &str, found: &mut Vec<String>) {
    if found.len() >= MAX_VIOLATIONS {
        return;
    }
    let shape = model.shape(member);
    match (shape.kind, value) {
        (ShapeType::Structure, Value::Object(object)) => structure(model, shape, object, path, false, found),
        (ShapeType::List, Value::Array(items)) => {
            length(shape, items.len(), value, path, found);
            if let Some(of) = &shape.member {
                for (index, item) in items.iter().enumerate() {
                    check(model, of, item, &format!("{path}.{}.member", index + 1), found);
                }
            }
        }
        (ShapeType::Map, Value::Object(entries)) => {
            length(shape, entries.len(), value, path, found);
            for (key, item) in entries {
                if let Some(of) = &shape.key {
                    check(model, of, &Value::from(key.as_str()), &format!("{path}.{key}.key"), found);
                }
                if let Some(of) = &shape.value {
                    check(model, of, item, &format!("{path}.{key}.member"), found);
                }
            }
        }
        (ShapeType::Integer | ShapeType::Long | ShapeType::Float | ShapeType::Double, Value::Number(number)) => {
            let number = number.as_f64().unwrap_or_default();
            if let Some(min) = shape.min.filter(|min| number < *min) {
                violated(found, value, path, &format!("Member must have value greater than or equal to {min}"));
            }
            if let Some(max) = shape.max.filter(|max| number > *max) {
                violated(found, value, path, &format!("Member must have value less than or equal to {max}"));
            }
        }
        (ShapeType::Blob, Value::String(base64)) => length(shape, base64.len() / 4 * 3, value, path, found),
        (ShapeType::String, Value::String(text)) => {
            let before = found.len();
            length(shape, text.chars().count(), value, path, found);
            if shape.regex.as_ref().is_some_and(|regex| !regex.is_match(text)) {
                let pattern = shape.pattern.as_deref().unwrap_or_default();
                violated(found, value, path, &format!("Member must satisfy regular expression pattern: {pattern}"));
            }
            if !shape.values.is_empty() && !shape.values.contains(text) {
                let set = shape.values.join(", ");
                violated(found, value, path, &format!("Member must satisfy enum value set: [{set}]"));
            }
            if shape.sensitive {
                hide(&mut found[before..], text);
            }
        }
        _ => {}
    }
}

fn length(shape: &Shape, length: usize, value: &Value, path: &str, found: &mut Vec<String>) {
    #[expect(clippy::cast_precision_loss, reason = "a length of an input is far below 2^52")]
    let length = length as f64;
    if let Some(min) = shape.min.filter(|min| length < *min) {
        violated(found, value, path, &format!("Member must have length greater than or equal to {min}"));
    }
    if let Some(max) = shape.max.filter(|max| length > *max) {
        violated(found, value, path, &format!("Member must have length less than or equal to {max}"));
    }
}

/// AWS shows no value that its model calls sensitive: `Value at 'password' failed to satisfy …`.
fn hide(violations: &mut [String], text: &str) {
    let shown: String = text.chars().take(MAX_SHOWN).collect();
    for violation in violations {
        if let Some(rest) = violation.strip_prefix(&format!("Value '{shown}' ")) {
            *violation = format!("Value {rest}");
        }
    }
}

fn violated(found: &mut Vec<String>, value: &Value, path: &str, constraint: &str) {
    let shown = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let shown: String = shown.chars().take(MAX_SHOWN).collect();
    found.push(format!("Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::service_model;
    use super::*;

    fn lambda(input: Value) -> Option<String> {
        let model = &service_model::LAMBDA;
        let shape = model.named("CreateFunctionRequest");
        let Value::Object(members) = input else { panic!("an object") };
        violations(model, shape, &members, false)
    }

    #[test]
    fn a_sound_input_has_no_violations() {
        let sound = json!({"FunctionName": "f", "Role": "arn:aws:iam::000000000000:role/r", "Code": {"ZipFile": "UEs="},
            "Runtime": "python3.12", "Handler": "a.b", "Timeout": 3});
        assert_eq!(lambda(sound), None);
    }

    #[test]
    fn violations_read_as_those_of_aws() {
        let text = lambda(json!({"FunctionName": "f", "Code": {}, "Role": "x", "Timeout": 0})).unwrap();
        assert!(text.starts_with("2 validation errors detected: Value 'x' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:"), "{text}");
        assert!(
            text.ends_with(
                "Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"
            ),
            "{text}"
        );
        let missing = lambda(json!({"FunctionName": "f", "Code": {}})).unwrap();
        assert_eq!(
            missing,
            "1 validation error detected: Value null at 'role' failed to satisfy constraint: Member must not be null"
        );
    }
}
