//! Writes a JSON value as YAML: blocks for what has members, JSON's own quoting for strings, which is YAML's too.

use serde_json::Value;

/// The whole document.
pub(super) fn write(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text
}

/// `value` from the beginning of a line, each line with its end.
fn block(text: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                text.push_str(&format!("{indent}{}:", Value::from(name.as_str())));
                member(text, value, depth);
            }
        }
        Value::Array(items) => {
            for item in items {
                text.push_str(&format!("{indent}-"));
                member(text, item, depth);
            }
        }
        scalar => text.push_str(&format!("{indent}{scalar}\n")),
    }
}

/// What stands behind a name or a dash.
fn member(text: &mut String, value: &Value, depth: usize) {
    let is_block = match value {
        Value::Object(object) => !object.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        text.push('\n');
        block(text, value, depth + 1);
    } else {
        // Empty ones in JSON's own form, `{}` and `[]`.
        text.push_str(&format!(" {value}\n"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::write;

    #[test]
    fn documents_are_blocks_and_scalars_are_json() {
        let text = write(&json!({"a": {"b": [1, {"c": "x: \"y\""}], "d": {}}, "e": "1.0"}));
        assert_eq!(
            text,
            "\"a\":\n  \"b\":\n    - 1\n    -\n      \"c\": \"x: \\\"y\\\"\"\n  \"d\": {}\n\"e\": \"1.0\"\n"
        );
    }
}
