//! JSON into the heap's values, with Java's types of numbers, and back.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::number::double_text;
use crate::value::{Entries, Heap, Key, ListKind, Value};

/// How deep a document may nest; serde_json's own bound.
const MAX_DEPTH: usize = 128;
/// Up to here a number with a point is a `Double`, beyond it a `BigDecimal`.
const DOUBLE_DIGITS: usize = 18;

/// Parses a document; `None` for what is not JSON.
pub(crate) fn parse(text: &str, heap: &mut Heap) -> Option<Value> {
    let mut reader = Reader { text, pos: 0, heap };
    let value = reader.value(0)?;
    reader.blanks();
    (reader.pos == text.len()).then_some(value)
}

struct Reader<'a, 'h> {
    text: &'a str,
    pos: usize,
    heap: &'h mut Heap,
}

impl<'a> Reader<'a, '_> {
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.pos).copied().unwrap_or(0)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.pos += 1;
        }
    }

    fn accept(&mut self, byte: u8) -> bool {
        self.blanks();
        let here = self.peek() == byte && self.pos < self.text.len();
        self.pos += usize::from(here);
        here
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        self.text[self.pos..].starts_with(word).then(|| self.pos += word.len())?;
        Some(value)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.blanks();
        match self.peek() {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => Some(Value::Text(self.string()?)),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.pos += 1;
        let mut entries = Entries::new();
        if !self.accept(b'}') {
            loop {
                self.blanks();
                let name = self.string()?;
                self.accept(b':').then_some(())?;
                let value = self.value(depth + 1)?;
                entries.insert(Key::Text(name), value);
                if self.accept(b'}') {
                    break;
                }
                self.accept(b',').then_some(())?;
            }
        }
        Some(self.heap.map(entries))
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.pos += 1;
        let mut items = Vec::new();
        if !self.accept(b']') {
            loop {
                items.push(self.value(depth + 1)?);
                if self.accept(b']') {
                    break;
                }
                self.accept(b',').then_some(())?;
            }
        }
        Some(self.heap.list(ListKind::Json, items))
    }

    fn string(&mut self) -> Option<Arc<str>> {
        let begin = self.pos + 1;
        if self.peek() != b'"' || begin > self.text.len() {
            return None;
        }
        self.pos = begin;
        let mut unescaped: Option<String> = None;
        let mut from = begin;
        loop {
            let rest = &self.text.as_bytes()[self.pos..];
            let plain = rest.iter().position(|&byte| matches!(byte, b'"' | b'\\') || byte < 0x20)?;
            self.pos += plain;
            match self.peek() {
                b'"' => {
                    let piece = &self.text[from..self.pos];
                    self.pos += 1;
                    return Some(match unescaped {
                        Some(text) => (text + piece).into(),
                        None => piece.into(),
                    });
                }
                b'\\' => {
                    let text = unescaped.get_or_insert_default();
                    text.push_str(&self.text[from..self.pos]);
                    self.pos += 1;
                    let character = self.escape()?;
                    unescaped.get_or_insert_default().push(character);
                    from = self.pos;
                }
                // Control characters stand in no JSON text.
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = self.peek();
        self.pos += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => byte as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                if !(0xD800..0xE000).contains(&unit) {
                    return char::from_u32(unit);
                }
                // Half a pair stands for no character.
                if unit < 0xDC00 && self.text[self.pos..].starts_with("\\u") {
                    let back = self.pos;
                    self.pos += 2;
                    let low = self.unit()?;
                    if (0xDC00..0xE000).contains(&low) {
                        return char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
                    }
                    self.pos = back;
                }
                char::REPLACEMENT_CHARACTER
            }
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.pos..self.pos + 4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.pos += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn digits(&mut self) -> usize {
        let begin = self.pos;
        while self.peek().is_ascii_digit() {
            self.pos += 1;
        }
        self.pos - begin
    }

    fn number(&mut self) -> Option<Value> {
        let begin = self.pos;
        self.pos += usize::from(self.peek() == b'-');
        let zero = self.peek() == b'0';
        let whole = self.digits();
        if whole == 0 || (zero && whole > 1) {
            return None;
        }
        let mut real = false;
        if self.peek() == b'.' {
            self.pos += 1;
            real = true;
            (self.digits() > 0).then_some(())?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.pos += 1;
            real = true;
            self.pos += usize::from(matches!(self.peek(), b'+' | b'-'));
            (self.digits() > 0).then_some(())?;
        }
        let text = &self.text[begin..self.pos];
        Some(if !real {
            match text.parse::<i64>() {
                Ok(long) => Value::whole(long.into()),
                Err(_) => Value::Big(text.into()),
            }
        } else if text.len() > DOUBLE_DIGITS {
            Value::Decimal(text.into())
        } else {
            Value::Double(text.parse().ok()?)
        })
    }
}

/// How a text is written in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// As `$input.json` writes it.
    Plain,
    /// As a list prints: with `\/` for `/`.
    SlashesEscaped,
}

/// Writes a text between quotes.
pub(crate) fn write_text(text: &str, style: Style, out: &mut String) {
    out.push('"');
    let mut from = 0;
    for (at, character) in text.char_indices() {
        let escape = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '/' if style == Style::SlashesEscaped => "\\/",
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2000}'..='\u{20ff}' => "",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        from = at + character.len_utf8();
        if escape.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04X}", u32::from(character));
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[from..]);
    out.push('"');
}

/// A number as it stands in JSON; what JSON has no number for is null.
pub(crate) fn write_double(number: f64, out: &mut String) {
    if number.is_finite() {
        out.push_str(&double_text(number));
    } else {
        out.push_str("null");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::Printer;

    fn printed(text: &str) -> Option<String> {
        let mut heap = Heap::default();
        let value = parse(text, &mut heap)?;
        let mut out = String::new();
        Printer { heap: &heap, out: &mut out, limit: usize::MAX }.json(&value, Style::Plain, 0).unwrap();
        Some(out)
    }

    #[test]
    fn a_document_prints_as_it_was_but_for_blanks() {
        for text in ["{\"a\":[1,-2.5,true,null,\"x\\n\\\"\"],\"b\":{}}", "12345678901234567890123", "[]", "\"é☃😀\""]
        {
            assert_eq!(printed(text).as_deref(), Some(text));
        }
        assert_eq!(printed(" [ 1 , 1e2 ] ").as_deref(), Some("[1,100.0]"));
        assert_eq!(printed("\"\\u00e9\\ud83d\\ude00\\/\"").as_deref(), Some("\"é😀/\""));
        assert_eq!(printed("0.1234567890123456789012").as_deref(), Some("0.1234567890123456789012"));
    }

    #[test]
    fn what_is_no_json_is_none() {
        for text in
            ["", "{", "[1,]", "{\"a\" 1}", "01", "1.", "nul", "'a'", "\"a", "\"\\x\"", "{} {}", "\"\n\"", "NaN", "-"]
        {
            assert_eq!(printed(text), None, "{text}");
        }
    }
}
