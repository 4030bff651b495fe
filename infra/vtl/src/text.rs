//! How Java prints values.

use serde_json::Value;

/// As Java's `toString` prints a value that `$input.path` gives: `{foo=bar}` for an object, JSON for a list.
pub fn java_string(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|(name, value)| format!("{name}={}", java_string(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}
