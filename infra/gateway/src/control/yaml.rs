//! A JSON value as YAML in blocks. All text is quoted as JSON quotes it, which YAML reads alike.

use serde_json::Value;

/// Writes a document.
pub(crate) fn write(value: &Value) -> String {
    let mut out = String::from("---\n");
    block(value, 0, &mut out);
    out
}

fn block(value: &Value, indent: usize, out: &mut String) {
    let start = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                out.push_str(&start);
                out.push_str(&name(key));
                out.push(':');
                below(value, indent, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&start);
                out.push('-');
                below(item, indent, out);
            }
        }
        other => {
            out.push_str(&start);
            out.push_str(&other.to_string());
            out.push('\n');
        }
    }
}

/// What stands behind a key or a dash.
fn below(value: &Value, indent: usize, out: &mut String) {
    let nested = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if nested {
        out.push('\n');
        block(value, indent + 2, out);
    } else {
        out.push(' ');
        out.push_str(&value.to_string());
        out.push('\n');
    }
}

/// What YAML 1.1 reads as something else than text.
const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// A key, quoted unless it can be nothing but text.
fn name(key: &str) -> String {
    let mut letters = key.bytes();
    let plain = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'/')
        && letters.all(|byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte))
        && !WORDS.contains(&key.to_ascii_lowercase().as_str());
    if plain { key.to_owned() } else { Value::from(key).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_could_be_misread_is_quoted() {
        let value = json!({"info": {"title": "a: \"b\"\n", "no": [], "200": {}}, "list": [1, {"a": true}]});
        let expected =
            "---\ninfo:\n  title: \"a: \\\"b\\\"\\n\"\n  \"no\": []\n  \"200\": {}\nlist:\n  - 1\n  -\n    a: true\n";
        assert_eq!(write(&value), expected);
    }
}
