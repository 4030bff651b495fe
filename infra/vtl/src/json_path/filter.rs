//! Filters: `[?(@.price < 10 && @.name =~ /a.*/i)]`.

use std::cmp::Ordering;
use std::sync::Arc;

use regex::Regex;

use super::parse::{Fault, Reader};
use super::{JsonPath, Root};
use crate::methods::pattern;
use crate::number;
use crate::value::{Heap, Value};

#[derive(Clone, Debug)]
pub(crate) enum Test {
    Or(Vec<Test>),
    And(Vec<Test>),
    Not(Box<Test>),
    Exists(Operand),
    Compare(Operand, Comparison, Operand),
}

#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Path(JsonPath, Root),
    Null,
    Bool(bool),
    Number(f64),
    Text(Arc<str>),
    List(Vec<Operand>),
    Pattern(Arc<Regex>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    /// `===`, which tells types apart.
    Same,
    NotSame,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    Contains,
    Size,
    Empty,
    SubsetOf,
    AnyOf,
    NoneOf,
}

const COMPARISONS: [(&str, Comparison); 17] = [
    ("===", Comparison::Same),
    ("!==", Comparison::NotSame),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    ("<", Comparison::Less),
    (">=", Comparison::GreaterOrEqual),
    (">", Comparison::Greater),
    ("=~", Comparison::Matches),
    ("in", Comparison::In),
    ("nin", Comparison::NotIn),
    ("contains", Comparison::Contains),
    ("size", Comparison::Size),
    ("empty", Comparison::Empty),
    ("subsetof", Comparison::SubsetOf),
    ("anyof", Comparison::AnyOf),
    ("noneof", Comparison::NoneOf),
];

pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Test, Fault> {
    let mut parts = vec![and(reader)?];
    while joined(reader, "||") {
        parts.push(and(reader)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Test::Or(parts) })
}

fn joined(reader: &mut Reader<'_>, by: &str) -> bool {
    reader.blanks();
    reader.accept(by)
}

fn and(reader: &mut Reader<'_>) -> Result<Test, Fault> {
    let mut parts = vec![single(reader)?];
    while joined(reader, "&&") {
        parts.push(single(reader)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Test::And(parts) })
}

fn single(reader: &mut Reader<'_>) -> Result<Test, Fault> {
    reader.blanks();
    if reader.accept("!") {
        return reader.nested(|reader| Ok(Test::Not(Box::new(single(reader)?))));
    }
    if reader.accept("(") {
        let inner = reader.nested(parse)?;
        reader.expect(")")?;
        return Ok(inner);
    }
    let left = operand(reader)?;
    reader.blanks();
    let rest = reader.text[reader.pos..].to_ascii_lowercase();
    let Some((name, comparison)) = COMPARISONS.iter().find(|(name, _)| rest.starts_with(name)) else {
        return if matches!(left, Operand::Path(..)) {
            Ok(Test::Exists(left))
        } else {
            reader.fault("a comparison is expected")
        };
    };
    reader.pos += name.len();
    let right = operand(reader)?;
    Ok(Test::Compare(left, *comparison, right))
}

fn operand(reader: &mut Reader<'_>) -> Result<Operand, Fault> {
    reader.blanks();
    match reader.peek() {
        b'$' | b'@' => reader.inner_path().map(|(path, root)| Operand::Path(path, root)),
        b'\'' | b'"' => reader.quoted().map(|text| Operand::Text(text.into())),
        b'[' => reader.nested(list),
        b'/' => regex(reader),
        _ if reader.accept("true") => Ok(Operand::Bool(true)),
        _ if reader.accept("false") => Ok(Operand::Bool(false)),
        _ if reader.accept("null") => Ok(Operand::Null),
        _ => reader.number().map(Operand::Number),
    }
}

fn list(reader: &mut Reader<'_>) -> Result<Operand, Fault> {
    reader.pos += 1;
    let mut items = Vec::new();
    reader.blanks();
    if reader.accept("]") {
        return Ok(Operand::List(items));
    }
    loop {
        items.push(operand(reader)?);
        reader.blanks();
        if !reader.accept(",") {
            reader.expect("]")?;
            return Ok(Operand::List(items));
        }
    }
}

/// `/…/i`
fn regex(reader: &mut Reader<'_>) -> Result<Operand, Fault> {
    let begin = reader.pos + 1;
    let mut end = begin;
    let bytes = reader.text.as_bytes();
    while end < bytes.len() && bytes[end] != b'/' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    let Some(source) = reader.text.get(begin..end).filter(|_| end < bytes.len()) else {
        return reader.fault("a pattern without its closing /");
    };
    let length = bytes[end + 1..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let flags = &reader.text[end + 1..end + 1 + length];
    let source = if flags.contains('i') { format!("(?i){source}") } else { source.to_owned() };
    match pattern::compile(&pattern::whole(&source)) {
        Ok(regex) => {
            reader.pos = end + 1 + length;
            Ok(Operand::Pattern(Arc::new(regex)))
        }
        Err(message) => reader.fault(message),
    }
}

/// What a filter is evaluated with.
pub(super) struct Scope<'a> {
    pub(super) document: &'a Value,
    pub(super) current: &'a Value,
    pub(super) heap: &'a mut Heap,
    pub(super) steps: &'a mut u64,
}

impl Test {
    pub(super) fn holds(&self, scope: &mut Scope<'_>) -> Option<bool> {
        *scope.steps = scope.steps.checked_sub(1)?;
        Some(match self {
            Test::Or(parts) => {
                for part in parts {
                    if part.holds(scope)? {
                        return Some(true);
                    }
                }
                false
            }
            Test::And(parts) => {
                for part in parts {
                    if !part.holds(scope)? {
                        return Some(false);
                    }
                }
                true
            }
            Test::Not(inner) => !inner.holds(scope)?,
            Test::Exists(operand) => match operand {
                Operand::Path(path, root) => {
                    let from = if *root == Root::Document { scope.document } else { scope.current };
                    path.evaluate(from, scope.heap, scope.steps).is_some()
                }
                _ => true,
            },
            Test::Compare(left, comparison, right) => {
                // What is not there is equal to nothing, and unequal to everything.
                match (left.value(scope), right.value(scope)) {
                    (Some(left), Some(right)) => {
                        let pattern = if let Operand::Pattern(pattern) = right_of(self) { Some(pattern) } else { None };
                        compare(&left, *comparison, &right, pattern.map(AsRef::as_ref), scope)?
                    }
                    _ => matches!(comparison, Comparison::NotEqual | Comparison::NotSame | Comparison::NotIn),
                }
            }
        })
    }
}

fn right_of(test: &Test) -> &Operand {
    match test {
        Test::Compare(_, _, right) => right,
        _ => &Operand::Null,
    }
}

impl Operand {
    fn value(&self, scope: &mut Scope<'_>) -> Option<Value> {
        Some(match self {
            Operand::Path(path, root) => {
                let from = if *root == Root::Document { scope.document } else { scope.current };
                return path.evaluate(from, scope.heap, scope.steps);
            }
            Operand::Null | Operand::Pattern(_) => Value::Null,
            Operand::Bool(it) => Value::Bool(*it),
            Operand::Number(it) => Value::Double(*it),
            Operand::Text(text) => Value::Text(text.clone()),
            Operand::List(items) => {
                let items = items.iter().map(|item| item.value(scope)).collect::<Option<Vec<_>>>()?;
                scope.heap.list(crate::value::ListKind::Json, items)
            }
        })
    }
}

/// The items of a list, empty for what is none.
fn items(value: &Value, heap: &Heap) -> Vec<Value> {
    match value {
        Value::List(id) => heap.items(*id).1.to_vec(),
        _ => Vec::new(),
    }
}

fn size(value: &Value, heap: &Heap) -> Option<usize> {
    match value {
        Value::List(id) => Some(heap.items(*id).1.len()),
        Value::Text(text) => Some(text.encode_utf16().count()),
        _ => None,
    }
}

fn compare(
    left: &Value,
    comparison: Comparison,
    right: &Value,
    pattern: Option<&Regex>,
    scope: &mut Scope<'_>,
) -> Option<bool> {
    use Comparison as C;
    let order = |scope: &Scope<'_>| {
        let _ = scope;
        match (left, right) {
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            _ => number::compare(left, right),
        }
    };
    let among = |value: &Value, list: &Value, scope: &mut Scope<'_>| -> Option<bool> {
        for item in items(list, scope.heap) {
            *scope.steps = scope.steps.checked_sub(1)?;
            if equal(value, &item, scope.heap, 0) {
                return Some(true);
            }
        }
        Some(false)
    };
    Some(match comparison {
        C::Equal => equal(left, right, scope.heap, 0),
        C::NotEqual => !equal(left, right, scope.heap, 0),
        C::Same => same_kind(left, right) && equal(left, right, scope.heap, 0),
        C::NotSame => !(same_kind(left, right) && equal(left, right, scope.heap, 0)),
        C::Less => order(scope) == Some(Ordering::Less),
        C::LessOrEqual => matches!(order(scope), Some(Ordering::Less | Ordering::Equal)),
        C::Greater => order(scope) == Some(Ordering::Greater),
        C::GreaterOrEqual => matches!(order(scope), Some(Ordering::Greater | Ordering::Equal)),
        C::Matches => match (left, pattern) {
            (Value::Text(text), Some(pattern)) => {
                *scope.steps = scope.steps.checked_sub(text.len() as u64 / 4)?;
                pattern.is_match(text)
            }
            _ => false,
        },
        C::In => among(left, right, scope)?,
        C::NotIn => !among(left, right, scope)?,
        C::Contains => match (left, right) {
            (Value::Text(text), Value::Text(part)) => text.contains(&**part),
            (Value::List(_), _) => among(right, left, scope)?,
            _ => false,
        },
        C::Size => size(left, scope.heap).is_some_and(|size| number::as_double(right) == Some(size as f64)),
        C::Empty => match (size(left, scope.heap), right) {
            (Some(size), Value::Bool(wanted)) => (size == 0) == *wanted,
            _ => false,
        },
        C::SubsetOf | C::AnyOf | C::NoneOf if !matches!(left, Value::List(_)) => false,
        C::SubsetOf | C::AnyOf | C::NoneOf => {
            let mut found = 0;
            let all = items(left, scope.heap);
            for item in &all {
                found += usize::from(among(item, right, scope)?);
            }
            match comparison {
                C::SubsetOf => found == all.len(),
                C::AnyOf => found > 0,
                _ => found == 0,
            }
        }
    })
}

fn same_kind(left: &Value, right: &Value) -> bool {
    (number::is_number(left) && number::is_number(right))
        || std::mem::discriminant(left) == std::mem::discriminant(right)
}

/// Jayway's `==`: numbers by size, a number and a text that spells it too.
fn equal(left: &Value, right: &Value, heap: &Heap, depth: usize) -> bool {
    if depth > crate::print::MAX_DEPTH {
        return false;
    }
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Text(text), other) | (other, Value::Text(text)) if number::is_number(other) => {
            text.parse::<f64>().ok().is_some_and(|parsed| number::as_double(other) == Some(parsed))
        }
        (Value::List(_), Value::List(_)) => {
            let (a, b) = (items(left, heap), items(right, heap));
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| equal(a, b, heap, depth + 1))
        }
        (Value::Map(a), Value::Map(b)) => match (heap.entries(*a), heap.entries(*b)) {
            (Some(a), Some(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, one)| b.get(key).is_some_and(|other| equal(one, other, heap, depth + 1)))
            }
            _ => false,
        },
        _ => number::compare(left, right) == Some(Ordering::Equal),
    }
}
