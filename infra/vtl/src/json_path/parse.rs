//! Reads a path.

use std::sync::Arc;

use super::filter::{self, Test};
use super::{Argument, JsonPath, Root, Segment};

/// A place in the path, and what is wrong there.
pub(super) type Fault = (usize, String);

/// How deep paths and filters may stand within each other.
const MAX_NESTING: usize = 24;
/// How long a path may be, in bytes.
const MAX_LENGTH: usize = 8192;

const FUNCTIONS: [&str; 13] =
    ["min", "max", "avg", "sum", "stddev", "length", "size", "keys", "concat", "append", "first", "last", "index"];

pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) pos: usize,
    depth: usize,
}

pub(super) fn parse(path: &str) -> Result<JsonPath, Fault> {
    let trimmed = path.trim_end();
    if trimmed.is_empty() {
        return Err((0, "the path is empty".to_owned()));
    }
    if trimmed.len() > MAX_LENGTH {
        return Err((0, format!("the path is longer than {MAX_LENGTH} bytes")));
    }
    let rooted = trimmed.starts_with('$') || trimmed.starts_with('@');
    let text = if rooted { trimmed.to_owned() } else { format!("$.{trimmed}") };
    let mut reader = Reader { text: &text, pos: 1, depth: 0 };
    let place = |at: usize| at.saturating_sub(if rooted { 0 } else { 2 });
    let segments = reader.segments(false).map_err(|(at, message)| (place(at), message))?;
    if reader.pos < text.len() {
        return Err((place(reader.pos), "a path goes on with . or [".to_owned()));
    }
    Ok(JsonPath { segments })
}

impl Reader<'_> {
    pub(super) fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.pos).copied().unwrap_or(0)
    }

    pub(super) fn fault<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        Err((self.pos, message.into()))
    }

    pub(super) fn blanks(&mut self) {
        while self.peek() == b' ' {
            self.pos += 1;
        }
    }

    pub(super) fn accept(&mut self, text: &str) -> bool {
        let here = self.text[self.pos..].starts_with(text);
        if here {
            self.pos += text.len();
        }
        here
    }

    pub(super) fn expect(&mut self, text: &str) -> Result<(), Fault> {
        self.blanks();
        if self.accept(text) { Ok(()) } else { self.fault(format!("{text} is expected")) }
    }

    pub(super) fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth >= MAX_NESTING {
            return self.fault("the path is nested too deep");
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Segments up to the end, or, within a filter, up to what belongs to none.
    fn segments(&mut self, inner: bool) -> Result<Vec<Segment>, Fault> {
        let mut segments = Vec::new();
        loop {
            match self.peek() {
                b'.' => {
                    self.pos += 1;
                    if self.accept(".") {
                        segments.push(Segment::Descend);
                        if self.peek() == b'.' {
                            return self.fault("three dots");
                        }
                        if self.peek() == b'[' {
                            continue;
                        }
                    }
                    segments.push(self.after_dot(inner)?);
                }
                b'[' => segments.push(self.bracket()?),
                _ => return Ok(segments),
            }
        }
    }

    fn after_dot(&mut self, inner: bool) -> Result<Segment, Fault> {
        if self.accept("*") {
            return Ok(Segment::Wildcard);
        }
        let rest = &self.text[self.pos..];
        let ends = |c: char| {
            matches!(c, '.' | '[' | ' ' | '(')
                || (inner && matches!(c, ')' | ']' | ',' | '=' | '!' | '<' | '>' | '&' | '|' | '~' | '}'))
        };
        let length = rest.find(ends).unwrap_or(rest.len());
        let name = &rest[..length];
        if name.is_empty() {
            return self.fault("a name is expected behind the dot");
        }
        self.pos += length;
        if self.peek() == b' ' && !inner {
            return self.fault("a name with blanks is written ['…']");
        }
        if self.peek() == b'(' {
            if !FUNCTIONS.contains(&name) {
                return self.fault(format!("there is no function {name:?}"));
            }
            let name: Arc<str> = name.into();
            self.pos += 1;
            let arguments = self.nested(Self::function_arguments)?;
            return Ok(Segment::Function(name, arguments));
        }
        Ok(Segment::Names(vec![name.into()]))
    }

    fn function_arguments(&mut self) -> Result<Vec<Argument>, Fault> {
        let mut arguments = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                b')' => {
                    self.pos += 1;
                    return Ok(arguments);
                }
                b',' if !arguments.is_empty() => self.pos += 1,
                b'$' | b'@' => {
                    let (path, root) = self.inner_path()?;
                    arguments.push(Argument::Path(path, root));
                }
                b'"' | b'\'' => arguments.push(Argument::Text(self.quoted()?.into())),
                _ => arguments.push(Argument::Number(self.number()?)),
            }
        }
    }

    /// A path within a filter or a function's arguments.
    pub(super) fn inner_path(&mut self) -> Result<(JsonPath, Root), Fault> {
        let root = if self.peek() == b'$' { Root::Document } else { Root::Current };
        self.pos += 1;
        let segments = self.nested(|reader| reader.segments(true))?;
        Ok((JsonPath { segments }, root))
    }

    pub(super) fn number(&mut self) -> Result<f64, Fault> {
        let rest = &self.text[self.pos..];
        let length = rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        match rest[..length].parse() {
            Ok(number) => {
                self.pos += length;
                Ok(number)
            }
            Err(_) => self.fault("a value is expected"),
        }
    }

    /// A text in quotes of either kind.
    pub(super) fn quoted(&mut self) -> Result<String, Fault> {
        let quote = char::from(self.peek());
        let begin = self.pos;
        let mut out = String::new();
        let mut characters = self.text[begin + 1..].char_indices();
        while let Some((at, character)) = characters.next() {
            if character == quote {
                self.pos = begin + 1 + at + 1;
                return Ok(out);
            }
            if character != '\\' {
                out.push(character);
                continue;
            }
            match characters.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, 'b')) => out.push('\u{8}'),
                Some((_, 'f')) => out.push('\u{c}'),
                Some((at, 'u')) => {
                    let digits = self.text.get(begin + 2 + at..begin + 6 + at);
                    let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                    let Some(code) = code else { return self.fault("\\u stands before four digits") };
                    out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    characters.nth(3);
                }
                Some((_, other)) => out.push(other),
                None => break,
            }
        }
        self.fault("a text without its closing quote")
    }

    fn bracket(&mut self) -> Result<Segment, Fault> {
        self.pos += 1;
        self.blanks();
        let segment = match self.peek() {
            b'\'' | b'"' => {
                let mut names: Vec<Arc<str>> = Vec::new();
                loop {
                    self.blanks();
                    if !matches!(self.peek(), b'\'' | b'"') {
                        return self.fault("a name in quotes is expected");
                    }
                    names.push(self.quoted()?.into());
                    self.blanks();
                    if !self.accept(",") {
                        break;
                    }
                }
                Segment::Names(names)
            }
            b'*' => {
                self.pos += 1;
                Segment::Wildcard
            }
            b'?' => {
                self.pos += 1;
                self.expect("(")?;
                let test: Test = self.nested(filter::parse)?;
                self.expect(")")?;
                Segment::Filter(Arc::new(test))
            }
            _ => self.positions()?,
        };
        self.expect("]")?;
        Ok(segment)
    }

    /// `0`, `0, 1`, `1:3`.
    fn positions(&mut self) -> Result<Segment, Fault> {
        let rest = &self.text[self.pos..];
        let Some(length) = rest.find(']') else { return self.fault("a bracket that nothing closes") };
        let inner = rest[..length].trim();
        let number = |text: &str| text.trim().parse::<i32>().map(i64::from);
        let segment = if let Some((from, to)) = inner.split_once(':') {
            let bound = |text: &str| if text.trim().is_empty() { Ok(None) } else { number(text).map(Some) };
            // A step is read over, as Jayway does.
            let to = to.split(':').next().unwrap_or(to);
            match (bound(from), bound(to)) {
                (Ok(from), Ok(to)) if from.is_some() || to.is_some() => Segment::Slice(from, to),
                _ => return self.fault("a range is written [from:to]"),
            }
        } else {
            match inner.split(',').map(number).collect::<Result<Vec<_>, _>>() {
                Ok(indexes) => Segment::Indexes(indexes),
                Err(_) => return self.fault("an index, a range, a name in quotes, * or ?(…) is expected"),
            }
        };
        self.pos += length;
        Ok(segment)
    }
}
