//! `java.lang.String`. Positions count UTF-16's units, as Java's do.

use std::sync::Arc;

use super::pattern::{self, Part};
use super::{Value, outside};
use crate::eval::{Eval, Run, error};
use crate::value::ListKind;

/// A piece of a text by positions of UTF-16's units; half of a pair becomes the replacement character.
fn slice(text: &str, from: usize, to: usize) -> String {
    if text.is_ascii() {
        return text[from..to].to_owned();
    }
    let units: Vec<u16> = text.encode_utf16().skip(from).take(to - from).collect();
    String::from_utf16_lossy(&units)
}

fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// A byte offset as a position.
fn position_of(text: &str, offset: usize) -> Value {
    Value::size(length(&text[..offset]))
}

/// A position as a byte offset; within a pair, the offset of the pair's character.
fn offset_of(text: &str, position: i32) -> usize {
    let mut left = usize::try_from(position).unwrap_or(0);
    for (offset, character) in text.char_indices() {
        if left < character.len_utf16() {
            return offset;
        }
        left -= character.len_utf16();
    }
    text.len()
}

/// Java's `trim`: everything up to the space.
fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

impl Run<'_> {
    pub(super) fn text_method(&mut self, text: &Arc<str>, name: &str, arguments: &[Value]) -> Eval<Value> {
        self.charge_bytes(text.len())?;
        let size = |_: &()| length(text);
        Ok(match (name, arguments) {
            ("length", []) => Value::size(size(&())),
            ("isEmpty", []) => Value::Bool(text.is_empty()),
            ("isBlank", []) => Value::Bool(text.trim().is_empty()),
            ("toUpperCase", []) => return self.made(text.to_uppercase()),
            ("toLowerCase", []) => return self.made(text.to_lowercase()),
            ("trim", []) => return self.made(trim(text).to_owned()),
            ("strip", []) => return self.made(text.trim().to_owned()),
            ("stripLeading", []) => return self.made(text.trim_start().to_owned()),
            ("stripTrailing", []) => return self.made(text.trim_end().to_owned()),
            ("intern", []) => Value::Text(text.clone()),
            ("equalsIgnoreCase", [Value::Text(other)]) => {
                Value::Bool(text.to_uppercase().to_lowercase() == other.to_uppercase().to_lowercase())
            }
            ("compareTo", [Value::Text(other)]) => Value::Int(compare(text, other)),
            ("compareToIgnoreCase", [Value::Text(other)]) => {
                Value::Int(compare(&text.to_uppercase().to_lowercase(), &other.to_uppercase().to_lowercase()))
            }
            ("concat", [Value::Text(other)]) => return self.made([text.as_ref(), other].concat()),
            ("contains", [other]) => match plain(other) {
                Some(other) => Value::Bool(text.contains(&*other)),
                None => Value::Null,
            },
            ("startsWith", [Value::Text(other)]) => Value::Bool(text.starts_with(&**other)),
            ("startsWith", [Value::Text(other), Value::Int(from)]) => {
                let inside = usize::try_from(*from).is_ok_and(|from| from <= length(text));
                Value::Bool(inside && text[offset_of(text, *from)..].starts_with(&**other))
            }
            ("endsWith", [Value::Text(other)]) => Value::Bool(text.ends_with(&**other)),
            ("indexOf", [Value::Text(other)]) => found(text, text.find(&**other)),
            ("indexOf", [Value::Text(other), Value::Int(from)]) => {
                let from = offset_of(text, (*from).max(0));
                found(text, text[from..].find(&**other).map(|offset| from + offset))
            }
            ("lastIndexOf", [Value::Text(other)]) => found(text, text.rfind(&**other)),
            ("charAt", [Value::Int(index)]) => {
                let unit = usize::try_from(*index).ok().and_then(|index| text.encode_utf16().nth(index));
                match unit {
                    Some(unit) => Value::Char(char::from_u32(u32::from(unit)).unwrap_or('?')),
                    None => return outside("charAt", i64::from(*index), length(text)),
                }
            }
            ("codePointAt", [Value::Int(index)]) => match text[offset_of(text, *index)..].chars().next() {
                Some(character) if *index >= 0 => Value::Int(character as i32),
                _ => return outside("codePointAt", i64::from(*index), length(text)),
            },
            ("substring" | "subSequence", [Value::Int(from), Value::Int(to)]) => {
                return self.substring(text, *from, Some(*to));
            }
            ("substring", [Value::Int(from)]) => return self.substring(text, *from, None),
            ("repeat", [Value::Int(times)]) => {
                let Ok(times) = usize::try_from(*times) else { return error("repeat is given a negative number") };
                if text.len().saturating_mul(times) > self.limits.output_bytes {
                    return self.too_long();
                }
                return self.made(text.repeat(times));
            }
            ("replace", [from, to]) => match (plain(from), plain(to)) {
                (Some(from), Some(to)) => return self.replace(text, &from, &to),
                _ => Value::Null,
            },
            ("replaceAll", [Value::Text(pattern), Value::Text(to)]) => {
                return self.replace_matches(text, pattern, to, usize::MAX);
            }
            ("replaceFirst", [Value::Text(pattern), Value::Text(to)]) => {
                return self.replace_matches(text, pattern, to, 1);
            }
            ("matches", [Value::Text(pattern)]) => {
                let regex = self.pattern(&pattern::whole(pattern), text.len())?;
                Value::Bool(regex.is_match(text))
            }
            ("split", [Value::Text(pattern)]) => return self.split(text, pattern, 0),
            ("split", [Value::Text(pattern), Value::Int(limit)]) => return self.split(text, pattern, *limit),
            ("toCharArray", []) => {
                let items: Vec<_> = text.chars().map(Value::Char).collect();
                self.charge(items.len() as u64)?;
                self.heap.list(ListKind::Native, items)
            }
            ("valueOf" | "copyValueOf", [other]) => return self.text(other).map(Value::Text),
            ("join", [Value::Text(by), Value::List(id)]) => {
                let items = self.heap.items(*id).1.to_vec();
                let mut out = String::new();
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push_str(by);
                    }
                    out.push_str(&self.text(item)?);
                    self.charge_bytes(by.len() + 16)?;
                    if out.len() > self.limits.output_bytes {
                        return self.too_long();
                    }
                }
                return self.made(out);
            }
            ("format", [Value::Text(format), rest @ ..]) => return self.format(format, rest),
            _ => Value::Null,
        })
    }

    fn substring(&mut self, text: &str, from: i32, to: Option<i32>) -> Eval<Value> {
        let size = length(text);
        let end = to.map_or(Some(size), |to| usize::try_from(to).ok());
        match (usize::try_from(from).ok(), end) {
            (Some(from), Some(end)) if from <= end && end <= size => self.made(slice(text, from, end)),
            _ => {
                let to = to.map_or_else(String::new, |to| format!(", {to}"));
                error(format!("substring({from}{to}) is outside of a text of {size}"))
            }
        }
    }

    fn replace(&mut self, text: &str, from: &str, to: &str) -> Eval<Value> {
        let many = text.matches(from).count();
        let grown = many.saturating_mul(to.len()).saturating_add(text.len());
        if grown > self.limits.output_bytes.saturating_add(many.saturating_mul(from.len())) {
            return self.too_long();
        }
        self.made(text.replace(from, to))
    }

    fn replace_matches(&mut self, text: &str, source: &Arc<str>, to: &str, limit: usize) -> Eval<Value> {
        // Most patterns in templates are a plain text: no need to compile them.
        if limit > 1
            && let Some(from) = pattern::plain(source).filter(|from| !from.is_empty())
            && !to.contains(['$', '\\'])
        {
            return self.replace(text, &from, to);
        }
        let regex = self.pattern(source, text.len())?;
        let parts = match pattern::replacement(to, &regex) {
            Ok(parts) => parts,
            // Java looks at a replacement when there is something to replace.
            Err(_) if !regex.is_match(text) => return Ok(Value::text(text)),
            Err(message) => return error(message),
        };
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for found in pattern::matches(&regex, text).take(limit) {
            let Some(whole) = found.get(0) else { break };
            self.charge(1)?;
            out.push_str(&text[copied..whole.start()]);
            for part in &parts {
                match part {
                    Part::Text(text) => out.push_str(text),
                    Part::Group(group) => out.push_str(found.get(*group).map_or("", |group| group.as_str())),
                }
            }
            if out.len() > self.limits.output_bytes {
                return self.too_long();
            }
            copied = whole.end();
        }
        out.push_str(&text[copied..]);
        self.made(out)
    }

    fn split(&mut self, text: &str, source: &Arc<str>, limit: i32) -> Eval<Value> {
        let most = usize::try_from(limit).ok().filter(|&limit| limit > 0).unwrap_or(usize::MAX);
        let regex = self.pattern(source, text.len())?;
        let mut pieces: Vec<&str> = Vec::new();
        let mut begin = 0;
        for found in pattern::matches(&regex, text) {
            let Some(whole) = found.get(0) else { break };
            self.charge(1)?;
            if pieces.len() + 1 >= most {
                break;
            }
            // An empty match at the very beginning splits nothing off.
            if whole.end() == 0 || (whole.is_empty() && whole.start() == text.len()) {
                continue;
            }
            pieces.push(&text[begin..whole.start()]);
            begin = whole.end();
        }
        pieces.push(&text[begin..]);
        if limit == 0 && pieces.len() > 1 {
            while pieces.last().is_some_and(|piece| piece.is_empty()) {
                pieces.pop();
            }
        }
        self.charge_bytes(text.len() + 16 * pieces.len())?;
        let items = pieces.into_iter().map(Value::text).collect();
        Ok(self.heap.list(ListKind::Native, items))
    }

    /// `String.format`, with the conversions that print a value: `%s`, `%d`, `%b`, `%%`, `%n`, and widths.
    fn format(&mut self, format: &str, arguments: &[Value]) -> Eval<Value> {
        let mut out = String::new();
        let mut rest = format;
        let mut arguments = arguments.iter();
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let flags = rest.bytes().take_while(|byte| matches!(byte, b'-' | b'0'..=b'9')).count();
            let (spec, after) = rest.split_at(flags);
            let Some(conversion) = after.chars().next() else { return error(format!("format: {format:?} ends in %")) };
            rest = &after[conversion.len_utf8()..];
            let text: Arc<str> = match conversion {
                '%' => "%".into(),
                'n' => "\n".into(),
                's' | 'd' | 'b' | 'S' => match arguments.next() {
                    Some(argument) => {
                        let text = self.text(argument)?;
                        if conversion == 'S' { text.to_uppercase().into() } else { text }
                    }
                    None => return error(format!("format: {format:?} has more conversions than values")),
                },
                other => return error(format!("format: %{other} is not supported")),
            };
            let (left, zero) = (spec.starts_with('-'), spec.starts_with('0'));
            let width = spec.trim_start_matches('-').parse::<usize>().unwrap_or(0);
            if out.len().saturating_add(width).saturating_add(text.len()) > self.limits.output_bytes {
                return self.too_long();
            }
            match (left, zero) {
                (true, _) => out.push_str(&format!("{text:<width$}")),
                (_, true) => out.push_str(&format!("{text:0>width$}")),
                _ => out.push_str(&format!("{text:>width$}")),
            }
        }
        out.push_str(rest);
        self.made(out)
    }
}

fn found(text: &str, offset: Option<usize>) -> Value {
    offset.map_or(Value::Int(-1), |offset| position_of(text, offset))
}

/// A text, or a character.
fn plain(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Char(character) => Some(character.to_string().into()),
        _ => None,
    }
}

/// The difference of the first units that differ, or of the lengths.
fn compare(left: &str, right: &str) -> i32 {
    let (mut a, mut b) = (left.encode_utf16(), right.encode_utf16());
    loop {
        match (a.next(), b.next()) {
            (Some(x), Some(y)) if x == y => {}
            (Some(x), Some(y)) => return i32::from(x) - i32::from(y),
            (None, None) => return 0,
            (Some(_), None) => return i32::try_from(1 + a.count()).unwrap_or(i32::MAX),
            (None, Some(_)) => return -i32::try_from(1 + b.count()).unwrap_or(i32::MAX),
        }
    }
}
