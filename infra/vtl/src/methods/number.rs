//! `java.lang.Number` and its kinds, `Boolean`, `Character`.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Value;
use crate::eval::{Eval, Run, error};
use crate::number::{as_double, as_whole, compare, is_number};

impl Run<'_> {
    pub(super) fn number_method(&mut self, value: &Value, name: &str, arguments: &[Value]) -> Eval<Value> {
        Ok(match (value, name, arguments) {
            (Value::Bool(it), "booleanValue", []) => Value::Bool(*it),
            (Value::Char(it), "charValue", []) => Value::Char(*it),
            (Value::Bool(_), "parseBoolean", [Value::Text(text)]) => Value::Bool(text.eq_ignore_ascii_case("true")),
            (Value::Bool(a), "compareTo", [Value::Bool(b)]) => Value::Int(i32::from(*a) - i32::from(*b)),
            (Value::Int(_), "parseInt", [Value::Text(text)]) => return parsed(text).map(Value::Int),
            (Value::Int(_), "valueOf", [Value::Text(text)]) => return parsed(text).map(Value::Int),
            (Value::Long(_), "parseLong" | "valueOf", [Value::Text(text)]) => return parsed(text).map(Value::Long),
            (Value::Double(_), "parseDouble" | "valueOf", [Value::Text(text)]) => {
                return parsed(text).map(Value::Double);
            }
            (Value::Int(_) | Value::Long(_), "max" | "min", [a, b]) if is_number(a) && is_number(b) => {
                let first = (compare(a, b) == Some(Ordering::Less)) == (name == "min");
                if first { a.clone() } else { b.clone() }
            }
            (_, "compareTo", [other]) if std::mem::discriminant(value) == std::mem::discriminant(other) => {
                Value::Int(compare(value, other).map_or(0, |order| order as i32))
            }
            (Value::Double(it), "isNaN", []) => Value::Bool(it.is_nan()),
            (Value::Double(it), "isInfinite", []) => Value::Bool(it.is_infinite()),
            (_, "intValue" | "longValue" | "shortValue" | "byteValue", []) if is_number(value) => {
                // Java keeps the low bits of an integer, and the nearest of what is too large for one.
                let long = match as_whole(value) {
                    Some(whole) => whole as i64,
                    None => as_double(value).unwrap_or(0.0) as i64,
                };
                match name {
                    "longValue" => Value::Long(long),
                    "shortValue" => Value::Int(i32::from(long as i16)),
                    "byteValue" => Value::Int(i32::from(long as i8)),
                    _ if as_whole(value).is_none() => Value::Int(as_double(value).unwrap_or(0.0) as i32),
                    _ => Value::Int(long as i32),
                }
            }
            (_, "doubleValue" | "floatValue", []) if is_number(value) => {
                as_double(value).map_or(Value::Null, Value::Double)
            }
            _ => Value::Null,
        })
    }
}

fn parsed<T: std::str::FromStr>(text: &Arc<str>) -> Eval<T> {
    match text.parse() {
        Ok(number) => Ok(number),
        Err(_) => error(format!("{text:?} is no number")),
    }
}
