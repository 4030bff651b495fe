//! Expressions: literals, operators, what is true and what is equal.

use std::cmp::Ordering;

use super::{Eval, Run, error};
use crate::ast::{Expr, Operator};
use crate::number;
use crate::print::MAX_DEPTH;
use crate::value::{Entries, Key, ListKind, Value};

/// What a list or a map costs, which stays in memory up to the end.
pub(super) const ALLOCATION_STEPS: u64 = 4;

impl Run<'_> {
    pub(crate) fn expression(&mut self, expr: &Expr) -> Eval<Value> {
        self.charge(1)?;
        Ok(match expr {
            Expr::Null => Value::Null,
            Expr::True => Value::Bool(true),
            Expr::False => Value::Bool(false),
            Expr::Int(it) => Value::Int(*it),
            Expr::Long(it) => Value::Long(*it),
            Expr::Big(it) => Value::Big(it.clone()),
            Expr::Double(it) => Value::Double(*it),
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Reference(reference) => return self.deeper(|run| run.value(reference)),
            Expr::Interpolated { body, trim } => {
                let mut text = self.capture(|run| run.block(body))?;
                if *trim {
                    text.pop();
                }
                return self.made(text);
            }
            Expr::List(items) => {
                let items =
                    self.deeper(|run| items.iter().map(|item| run.expression(item)).collect::<Eval<Vec<_>>>())?;
                self.charge(ALLOCATION_STEPS)?;
                self.heap.list(ListKind::Array, items)
            }
            Expr::Map(pairs) => {
                let mut entries = Entries::with_capacity(pairs.len());
                self.deeper(|run| {
                    for (key, value) in pairs {
                        let key = run.expression(key)?;
                        let key = run.key(&key)?;
                        let value = run.expression(value)?;
                        entries.insert(key, value);
                    }
                    Ok(())
                })?;
                self.charge(ALLOCATION_STEPS + entries.len() as u64)?;
                self.heap.map(entries)
            }
            Expr::Range(bounds, at) => {
                self.at = *at;
                let (from, to) = (self.expression(&bounds.0)?, self.expression(&bounds.1)?);
                let bound = |value: &Value| number::as_double(value).map(|it| it as i32);
                match (bound(&from), bound(&to)) {
                    (Some(from), Some(to)) => return self.range(from, to),
                    _ => Value::Null,
                }
            }
            Expr::Not(_) | Expr::And(_) | Expr::Or(_) => Value::Bool(self.holds(expr)?),
            Expr::Chain(first, rest, at) => {
                let mut left = self.deeper(|run| run.expression(first))?;
                let mut before: &Expr = first;
                for (operator, operand) in rest {
                    let right = self.deeper(|run| run.expression(operand))?;
                    self.at = *at;
                    left = self.operate(*operator, &left, &right, before, operand)?;
                    // What has been computed has no text of its own.
                    before = expr;
                }
                left
            }
        })
    }

    /// Whether a condition holds. References do unless they are null or false; other literals than `true` do not.
    pub(super) fn holds(&mut self, expr: &Expr) -> Eval<bool> {
        self.charge(1)?;
        Ok(match expr {
            Expr::True => true,
            Expr::Reference(_) => match self.expression(expr)? {
                Value::Null | Value::Missing => false,
                Value::Bool(it) => it,
                _ => true,
            },
            Expr::Not(inner) => !self.deeper(|run| run.holds(inner))?,
            Expr::And(parts) => {
                for part in parts {
                    if !self.deeper(|run| run.holds(part))? {
                        return Ok(false);
                    }
                }
                true
            }
            Expr::Or(parts) => {
                for part in parts {
                    if self.deeper(|run| run.holds(part))? {
                        return Ok(true);
                    }
                }
                false
            }
            // Of arithmetic nothing is true.
            Expr::Chain(..) => matches!(self.expression(expr)?, Value::Bool(true)),
            _ => false,
        })
    }

    fn operate(
        &mut self,
        operator: Operator,
        left: &Value,
        right: &Value,
        left_of: &Expr,
        right_of: &Expr,
    ) -> Eval<Value> {
        use Operator as O;
        Ok(match operator {
            O::Equal => Value::Bool(self.equal(left, right)?),
            O::NotEqual => Value::Bool(!self.equal(left, right)?),
            O::Less | O::LessOrEqual | O::Greater | O::GreaterOrEqual => {
                let Some(order) = number::compare(left, right) else { return Ok(Value::Bool(false)) };
                Value::Bool(match operator {
                    O::Less => order == Ordering::Less,
                    O::LessOrEqual => order != Ordering::Greater,
                    O::Greater => order == Ordering::Greater,
                    _ => order != Ordering::Less,
                })
            }
            O::Add if matches!(left, Value::Text(_)) || matches!(right, Value::Text(_)) => {
                let (left, right) = (self.operand_text(left, left_of)?, self.operand_text(right, right_of)?);
                return self.made([left.as_ref(), right.as_ref()].concat());
            }
            _ => number::arithmetic(operator, left, right),
        })
    }

    /// What a side of `+` adds to a text: what has no value adds its own text.
    fn operand_text(&mut self, value: &Value, expr: &Expr) -> Eval<std::sync::Arc<str>> {
        match (value, expr) {
            (Value::Null, Expr::Reference(reference)) => Ok(reference.literal.as_ref().into()),
            _ => {
                let value = self.as_plain(value.clone())?;
                self.text(&value)
            }
        }
    }

    /// `==`: numbers by size, values of one class by `equals`, others by what they print as.
    pub(crate) fn equal(&mut self, left: &Value, right: &Value) -> Eval<bool> {
        if number::is_number(left) && number::is_number(right) {
            return Ok(number::compare(left, right) == Some(Ordering::Equal));
        }
        match (left, right) {
            (Value::Null | Value::Missing, Value::Null | Value::Missing) => return Ok(true),
            (Value::Missing, Value::Text(text)) | (Value::Text(text), Value::Missing) => return Ok(text.is_empty()),
            (Value::Null | Value::Missing, _) | (_, Value::Null | Value::Missing) => return Ok(false),
            (Value::Text(a), Value::Text(b)) => return Ok(a == b),
            (Value::List(_), Value::List(_)) | (Value::Map(_), Value::Map(_)) => return self.equals(left, right, 0),
            _ => {}
        }
        let (left, right) = (self.text(left)?, self.text(right)?);
        Ok(left == right)
    }

    /// Java's `equals`: numbers of different types differ.
    pub(crate) fn equals(&mut self, left: &Value, right: &Value, depth: usize) -> Eval<bool> {
        self.charge(1)?;
        if depth > MAX_DEPTH {
            return error("values are nested too deep to compare");
        }
        Ok(match (left, right) {
            (Value::Null, Value::Null) | (Value::Missing, Value::Missing) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Long(a), Value::Long(b)) => a == b,
            (Value::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits(),
            (Value::Char(a), Value::Char(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => {
                self.charge_bytes(a.len().min(b.len()))?;
                a == b
            }
            (Value::Big(a), Value::Big(b)) | (Value::Decimal(a), Value::Decimal(b)) => a == b,
            (Value::List(a), Value::List(b)) => {
                if a == b {
                    return Ok(true);
                }
                let (a, b) = (self.heap.items(*a).1.to_vec(), self.heap.items(*b).1.to_vec());
                self.charge((a.len() + b.len()) as u64)?;
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.iter().zip(&b) {
                    if !self.equals(a, b, depth + 1)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Map(a), Value::Map(b)) => {
                if a == b {
                    return Ok(true);
                }
                let (Some(a), Some(b)) = (self.heap.entries(*a).cloned(), self.heap.entries(*b).cloned()) else {
                    return Ok(false);
                };
                self.charge((a.len() + b.len()) as u64)?;
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (key, one) in &a {
                    let Some(other) = b.get(key) else { return Ok(false) };
                    if !self.equals(one, other, depth + 1)? {
                        return Ok(false);
                    }
                }
                true
            }
            _ => false,
        })
    }

    /// A value as a map's key.
    pub(crate) fn key(&mut self, value: &Value) -> Eval<Key> {
        Ok(match value {
            Value::Null | Value::Missing => Key::Null,
            Value::Bool(it) => Key::Bool(*it),
            Value::Int(it) => Key::Int(*it),
            Value::Long(it) => Key::Long(*it),
            Value::Text(text) => Key::Text(text.clone()),
            other => Key::Other(self.text(other)?),
        })
    }
}
