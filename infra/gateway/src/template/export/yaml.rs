//! Writes a template as YAML: block style, short forms of the intrinsic functions, comments.

use serde_json::{Map, Value};

/// A document that is being written.
pub(super) struct Writer {
    text: String,
    depth: usize,
}

/// The longest line of a comment.
const WIDTH: usize = 118;

impl Writer {
    pub(super) fn new() -> Self {
        Writer { text: String::new(), depth: 0 }
    }

    /// A comment, in as many lines as it takes.
    pub(super) fn comment(&mut self, text: &str) {
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && self.depth * 2 + line.len() + word.len() > WIDTH {
                self.line(&format!("#{line}"));
                line.clear();
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(&format!("#{line}"));
    }

    /// A key whose value follows in its own entries.
    pub(super) fn open(&mut self, key: &str) {
        self.line(&format!("{}:", scalar(key)));
        self.depth += 1;
    }

    /// The end of what [`Writer::open`] began.
    pub(super) fn close(&mut self) {
        self.depth -= 1;
    }

    /// A key and its value.
    pub(super) fn entry(&mut self, key: &str, value: &Value) {
        let key = scalar(key);
        match inline(value) {
            Some(text) => self.line(&format!("{key}: {text}")),
            None => {
                self.line(&format!("{key}:"));
                self.depth += 1;
                self.block(value);
                self.depth -= 1;
            }
        }
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, text: &str) {
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn block(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    self.entry(key, value);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.item(item);
                }
            }
            other => self.line(&inline(other).unwrap_or_default()),
        }
    }

    /// An item of a list: its first line beside the dash.
    fn item(&mut self, item: &Value) {
        if let Some(text) = inline(item) {
            self.line(&format!("- {text}"));
            return;
        }
        let start = self.text.len();
        self.depth += 1;
        self.block(item);
        self.depth -= 1;
        let dash = start + self.depth * 2;
        self.text.replace_range(dash..dash + 2, "- ");
    }
}

/// What fits on the key's own line.
fn inline(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => scalar(text),
        Value::Array(items) if items.is_empty() => "[]".to_owned(),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => return short_form(members),
        Value::Array(_) => return None,
    })
}

/// `!Ref`, `!GetAtt` and `!Sub` with one argument.
fn short_form(members: &Map<String, Value>) -> Option<String> {
    let (name, argument) = members.iter().next().filter(|_| members.len() == 1)?;
    match (name.as_str(), argument) {
        ("Ref", Value::String(id)) => Some(format!("!Ref {id}")),
        ("Fn::Sub", Value::String(text)) => Some(format!("!Sub {}", scalar(text))),
        ("Fn::GetAtt", Value::Array(parts)) => {
            let parts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
            Some(format!("!GetAtt {}", parts?.join(".")))
        }
        _ => None,
    }
}

/// A string: plain where it cannot be taken for anything else, otherwise in double quotes, as JSON writes it.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./+$^(){}*".contains(c);
    let first = text.chars().next().unwrap_or(' ');
    let looks_plain = (first.is_ascii_alphabetic() || first == '/' || first == '$')
        && text.split("::").all(|part| part.chars().all(|c| plain(c) || c == ' '))
        && !text.ends_with(' ')
        && !text.contains(['{', '}']);
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"];
    if looks_plain && !words.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_as_yaml_reads_them() {
        let mut writer = Writer::new();
        writer.comment("What it is.");
        writer.open("Resources");
        writer.entry(
            "A",
            &json!({
                "Type": "AWS::DynamoDB::Table",
                "List": ["x", {"Key": "k", "Value": {"Ref": "B"}}, ["y", "z"], []],
                "Yes": "yes", "Number": "1.10", "Port": 80, "Text": "a: b # c\n", "Nothing": {}, "Flag": true,
                "Arn": {"Fn::GetAtt": ["B", "Arn"]}, "Sub": {"Fn::Sub": "${A}: x"}, "200": {"Fn::Join": ["", ["a"]]},
            }),
        );
        writer.close();
        assert_eq!(
            writer.finish(),
            r##"# What it is.
Resources:
  A:
    Type: AWS::DynamoDB::Table
    List:
      - x
      - Key: k
        Value: !Ref B
      - - "y"
        - z
      - []
    "Yes": "yes"
    Number: "1.10"
    Port: 80
    Text: "a: b # c\n"
    Nothing: {}
    Flag: true
    Arn: !GetAtt B.Arn
    Sub: !Sub "${A}: x"
    "200":
      Fn::Join:
        - ""
        - - a
"##
        );
    }
}
