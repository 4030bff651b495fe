//! How values print: Java's `toString`, and JSON.

use crate::json::{Style, write_double, write_text};
use crate::number::double_text;
use crate::value::{Heap, Key, ListKind, Object, Value};

/// How deep a value is followed when it is printed, compared or hashed. What is deeper most likely holds itself.
pub(crate) const MAX_DEPTH: usize = 160;

/// Why a value could not be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unprintable {
    TooDeep,
    TooLong,
}

/// A `serde_json` value as Java's `toString` prints it, which is how `$input.path` results print: `{foo=bar}` for an object,
/// JSON for a list, the bare text of a string.
pub fn java_string(value: &serde_json::Value) -> String {
    let mut heap = Heap::default();
    let value = heap.import(value);
    let mut out = String::new();
    let mut printer = Printer { heap: &heap, out: &mut out, limit: usize::MAX };
    // What serde has parsed is not too deep, and there is no limit.
    let _ = printer.java(&value, 0);
    out
}

/// Writes values up to a length.
pub(crate) struct Printer<'a> {
    pub(crate) heap: &'a Heap,
    pub(crate) out: &'a mut String,
    pub(crate) limit: usize,
}

impl Printer<'_> {
    fn check(&self, depth: usize) -> Result<(), Unprintable> {
        if depth > MAX_DEPTH {
            Err(Unprintable::TooDeep)
        } else if self.out.len() > self.limit {
            Err(Unprintable::TooLong)
        } else {
            Ok(())
        }
    }

    /// `toString`.
    pub(crate) fn java(&mut self, value: &Value, depth: usize) -> Result<(), Unprintable> {
        self.check(depth)?;
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Missing | Value::Input | Value::Util | Value::Context | Value::StageVariables => {}
            Value::Bool(it) => self.out.push_str(if *it { "true" } else { "false" }),
            Value::Int(it) => self.out.push_str(itoa(i64::from(*it), &mut [0; 20])),
            Value::Long(it) => self.out.push_str(itoa(*it, &mut [0; 20])),
            Value::Double(it) => self.out.push_str(&double_text(*it)),
            Value::Char(it) => self.out.push(*it),
            Value::Big(text) | Value::Decimal(text) | Value::Text(text) => self.out.push_str(text),
            Value::List(id) => match self.heap.items(*id) {
                (ListKind::Json, _) => self.json(value, Style::SlashesEscaped, depth)?,
                (ListKind::Native, _) => self.out.push_str("[Ljava.lang.String;"),
                (_, items) => {
                    self.out.push('[');
                    for (index, item) in items.iter().enumerate() {
                        if index > 0 {
                            self.out.push_str(", ");
                        }
                        if matches!(item, Value::List(inner) if inner == id) {
                            self.out.push_str("(this Collection)");
                        } else {
                            self.java(item, depth + 1)?;
                        }
                    }
                    self.out.push(']');
                }
            },
            Value::Map(id) => {
                self.out.push('{');
                for (index, (key, item)) in self.heap.entries(*id).into_iter().flatten().enumerate() {
                    if index > 0 {
                        self.out.push_str(", ");
                    }
                    self.key(key);
                    self.out.push('=');
                    if matches!(item, Value::Map(inner) if inner == id) {
                        self.out.push_str("(this Map)");
                    } else {
                        self.java(item, depth + 1)?;
                    }
                }
                self.out.push('}');
            }
            Value::Entry(id) => {
                if let Some(Object::Entry { key, value, .. }) = self.heap.get(*id) {
                    self.key(key);
                    self.out.push('=');
                    self.java(value, depth + 1)?;
                }
            }
            Value::Foreach(_) => self.out.push_str("{}"),
            Value::Iterator(_) | Value::Definition(_) => {}
        }
        self.check(depth)
    }

    /// A map's key.
    pub(crate) fn key(&mut self, key: &Key) {
        match key {
            Key::Null => self.out.push_str("null"),
            Key::Bool(it) => self.out.push_str(if *it { "true" } else { "false" }),
            Key::Int(it) => self.out.push_str(itoa(i64::from(*it), &mut [0; 20])),
            Key::Long(it) => self.out.push_str(itoa(*it, &mut [0; 20])),
            Key::Text(it) | Key::Other(it) => self.out.push_str(it),
        }
    }

    /// JSON, compact.
    pub(crate) fn json(&mut self, value: &Value, style: Style, depth: usize) -> Result<(), Unprintable> {
        self.check(depth)?;
        match value {
            Value::Null | Value::Missing => self.out.push_str("null"),
            Value::Bool(_) | Value::Int(_) | Value::Long(_) | Value::Big(_) | Value::Decimal(_) => {
                self.java(value, depth)?;
            }
            Value::Double(it) => write_double(*it, self.out),
            Value::Text(text) => write_text(text, style, self.out),
            Value::List(id) => {
                self.out.push('[');
                for (index, item) in self.heap.items(*id).1.iter().enumerate() {
                    if index > 0 {
                        self.out.push(',');
                    }
                    self.json(item, style, depth + 1)?;
                }
                self.out.push(']');
            }
            Value::Map(id) => {
                self.out.push('{');
                for (index, (key, item)) in self.heap.entries(*id).into_iter().flatten().enumerate() {
                    if index > 0 {
                        self.out.push(',');
                    }
                    match key {
                        Key::Text(text) | Key::Other(text) => write_text(text, style, self.out),
                        other => {
                            self.out.push('"');
                            self.key(other);
                            self.out.push('"');
                        }
                    }
                    self.out.push(':');
                    self.json(item, style, depth + 1)?;
                }
                self.out.push('}');
            }
            other => {
                let mut text = String::new();
                Printer { heap: self.heap, out: &mut text, limit: self.limit }.java(other, depth)?;
                write_text(&text, style, self.out);
            }
        }
        self.check(depth)
    }
}

/// An integer's digits, without an allocation.
fn itoa(number: i64, buffer: &mut [u8; 20]) -> &str {
    let mut left = number.unsigned_abs();
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    std::str::from_utf8(&buffer[at..]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::java_string;

    #[test]
    fn values_print_as_recorded_on_aws() {
        for (value, text) in [
            (json!({"foo": "bar"}), "{foo=bar}"),
            (json!({"bigger": "dict", "to": "test", "with": "separators"}), "{bigger=dict, to=test, with=separators}"),
            (json!([{"foo": "bar"}]), "[{\"foo\":\"bar\"}]"),
            (json!({"foo": [{"nested": "bar"}]}), "{foo=[{\"nested\":\"bar\"}]}"),
            (json!([]), "[]"),
            (json!("text"), "text"),
            (json!({"a": null, "b": 1.0, "c": 1e10}), "{a=null, b=1.0, c=1.0E10}"),
        ] {
            assert_eq!(java_string(&value), text);
        }
    }
}
