//! Java's methods, as far as templates use them.
//!
//! A method that a class does not have, or not for these arguments, is worth null, as Velocity has it; one that would throw
//! is an error that ends the rendering. Nothing leads to Java's reflection: there is no `getClass()`, and `.class` is null.

mod list;
mod map;
mod number;
pub(crate) mod pattern;
mod text;

use std::collections::HashMap;
use std::sync::Arc;

use regex::Regex;

use crate::eval::{Eval, Run, error};
use crate::value::{Object, Value};

/// The patterns that one rendering has compiled, and how much work each is.
#[derive(Default)]
pub(crate) struct Patterns {
    compiled: HashMap<Arc<str>, (Regex, u64)>,
}

/// What it costs to compile a pattern, in steps.
const COMPILE_STEPS: u64 = 20_000;

impl Run<'_> {
    /// A pattern, compiled once, for a text of so many bytes: the time that a search takes is bounded by their product.
    fn pattern(&mut self, source: &Arc<str>, bytes: usize) -> Eval<Regex> {
        let (regex, weight) = match self.patterns.compiled.get(source) {
            Some(known) => known.clone(),
            None => {
                self.charge(COMPILE_STEPS)?;
                let new = match pattern::compile(source) {
                    Ok(regex) => (regex, pattern::weight(source)),
                    Err(message) => return error(message),
                };
                self.patterns.compiled.insert(source.clone(), new.clone());
                new
            }
        };
        self.charge((bytes as u64).saturating_mul(weight) / 32)?;
        Ok(regex)
    }

    /// Calls a method. Null where there is none of that name for these arguments.
    pub(crate) fn method(&mut self, value: &Value, name: &str, arguments: &[Value]) -> Eval<Value> {
        match value {
            Value::Input => return self.input_method(name, arguments),
            Value::Util => return self.util_method(name, arguments),
            Value::Context | Value::StageVariables => {
                let plain = self.as_plain(value.clone())?;
                return self.method(&plain, name, arguments);
            }
            Value::Null | Value::Foreach(_) => return Ok(Value::Null),
            _ => {}
        }
        match (name, arguments) {
            ("toString", []) => return self.text(value).map(Value::Text),
            ("equals", [other]) => return Ok(Value::Bool(self.equals(value, other, 0)?)),
            ("hashCode", []) => return Ok(Value::Int(self.hash(value, 0)?)),
            _ => {}
        }
        match value {
            Value::Text(text) => self.text_method(&text.clone(), name, arguments),
            Value::Missing => self.text_method(&Arc::from(""), name, arguments),
            Value::List(id) => self.list_method(*id, name, arguments),
            Value::Map(id) => self.map_method(*id, name, arguments),
            Value::Entry(id) => self.entry_method(*id, name, arguments),
            Value::Iterator(id) => {
                let Some(Object::Iterator { items, next }) = self.heap.get_mut(*id) else { return Ok(Value::Null) };
                match (name, arguments) {
                    ("hasNext", []) => Ok(Value::Bool(*next < items.len())),
                    ("next", []) => match items.get(*next) {
                        Some(item) => {
                            *next += 1;
                            Ok(item.clone())
                        }
                        None => error("next() of an iterator that has no more"),
                    },
                    _ => Ok(Value::Null),
                }
            }
            _ => self.number_method(value, name, arguments),
        }
    }

    /// Java's `hashCode`.
    pub(crate) fn hash(&mut self, value: &Value, depth: usize) -> Eval<i32> {
        self.charge(1)?;
        if depth > crate::print::MAX_DEPTH {
            return error("a value is nested too deep to hash");
        }
        let long = |bits: u64| (bits ^ (bits >> 32)) as i32;
        Ok(match value {
            Value::Bool(it) => {
                if *it {
                    1231
                } else {
                    1237
                }
            }
            Value::Int(it) => *it,
            Value::Long(it) => long(it.cast_unsigned()),
            Value::Double(it) => long(it.to_bits()),
            Value::Char(it) => *it as i32,
            Value::Text(text) => {
                self.charge_bytes(text.len())?;
                text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
            }
            Value::List(id) => {
                let items = self.heap.items(*id).1.to_vec();
                let mut hash = 1_i32;
                for item in &items {
                    hash = hash.wrapping_mul(31).wrapping_add(self.hash(item, depth + 1)?);
                }
                hash
            }
            Value::Map(id) => {
                let entries = self.heap.entries(*id).cloned().unwrap_or_default();
                let mut hash = 0_i32;
                for (key, item) in &entries {
                    hash = hash.wrapping_add(self.hash(&key.value(), depth + 1)? ^ self.hash(item, depth + 1)?);
                }
                hash
            }
            _ => 0,
        })
    }
}

/// What Java's `void` prints as in a template.
fn void() -> Value {
    Value::text("")
}

/// Java's exception of a position outside.
fn outside<T>(method: &str, position: i64, size: usize) -> Eval<T> {
    error(format!("{method}: {position} is outside of a length of {size}"))
}
