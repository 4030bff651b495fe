//! References: what they are worth, how they print, how they are set.

use super::{Eval, Run, error};
use crate::ast::{Reference, Step};
use crate::value::{Key, Name, Object, Value};

impl Run<'_> {
    /// What a reference is worth; null where a part of it is.
    pub(crate) fn value(&mut self, reference: &Reference) -> Eval<Value> {
        self.steps_of(reference, reference.steps.len())
    }

    fn steps_of(&mut self, reference: &Reference, many: usize) -> Eval<Value> {
        let mut value = self.variable(reference.root)?;
        let mut steps = &reference.steps[..many];
        if matches!(value, Value::Context)
            && let Some((found, taken)) = self.context_member(steps)
        {
            value = found;
            steps = &steps[taken..];
        }
        for step in steps {
            if matches!(value, Value::Null) {
                break;
            }
            self.at = reference.at;
            self.charge(1)?;
            value = match step {
                Step::Property(name) => self.property(&value, name)?,
                Step::Index(index) => {
                    let index = self.expression(index)?;
                    self.index(&value, &index)?
                }
                Step::Method { name, arguments } => {
                    let arguments =
                        arguments.iter().map(|argument| self.expression(argument)).collect::<Eval<Vec<_>>>()?;
                    self.at = reference.at;
                    self.method(&value, name, &arguments)?
                }
            };
        }
        Ok(value)
    }

    /// `$context.a.b` without making a map of the whole of it: the member, and how many steps lead to it.
    fn context_member(&mut self, steps: &[Step]) -> Option<(Value, usize)> {
        let Some(Step::Property(first)) = steps.first() else { return None };
        if matches!(first.as_ref(), "requestOverride" | "responseOverride") {
            return Some((self.override_map(first == &"requestOverride".into()), 1));
        }
        if self.state.context.is_some() {
            return None;
        }
        let mut here = self.inputs.context.get(first.as_ref());
        let mut taken = 1;
        while let (Some(serde_json::Value::Object(members)), Some(Step::Property(name))) = (here, steps.get(taken)) {
            here = members.get(name.as_ref());
            taken += 1;
        }
        Some((here.map_or(Value::Null, |json| self.heap.import(json)), taken))
    }

    pub(super) fn render_reference(&mut self, reference: &Reference) -> Eval<()> {
        self.at = reference.at;
        let value = self.value(reference)?;
        if reference.escaped {
            self.write(&reference.escapes)?;
            if matches!(value, Value::Null) {
                self.write("\\")?;
            }
            self.write(&reference.before)?;
            return self.write(&reference.literal);
        }
        let plain = self.is_builtin(reference);
        if matches!(value, Value::Null) && !plain {
            // Backslashes in front of nothing are text, and stand for themselves.
            self.write(&reference.escapes)?;
            self.write(&reference.escapes)?;
            self.write(&reference.before)?;
            if reference.quiet {
                return Ok(());
            }
            return match self.argument_literal(reference.root, &reference.literal) {
                Some(literal) => self.write(&literal),
                None => self.write(&reference.literal),
            };
        }
        if let Value::Definition(id) = value {
            // Velocity prints nothing of what stands in front.
            return if self.definition(id)? || reference.quiet { Ok(()) } else { self.write(&reference.literal) };
        }
        self.write(&reference.escapes)?;
        self.write(&reference.before)?;
        match value {
            Value::Null => Ok(()),
            value => {
                let value = self.as_plain(value)?;
                self.print(&value)
            }
        }
    }

    /// Whether it is about one of API Gateway's own variables, whose missing members print as nothing.
    fn is_builtin(&self, reference: &Reference) -> bool {
        reference.root <= crate::ast::STAGE_VARIABLES
    }

    /// `#set($reference = value)`.
    pub(super) fn assign_to(&mut self, target: &Reference, value: Value) -> Eval<()> {
        let Some((last, path)) = target.steps.split_last() else {
            self.assign(target.root, value, false);
            return Ok(());
        };
        let owner = self.steps_of(target, path.len())?;
        let owner = self.as_plain(owner)?;
        self.at = target.at;
        match (last, &owner) {
            (Step::Property(name), Value::Map(_)) => {
                self.put(&owner, Key::Text(name.clone()), value)?;
            }
            (Step::Index(index), Value::Map(_)) => {
                let key = self.expression(index)?;
                let key = self.key(&key)?;
                self.put(&owner, key, value)?;
            }
            (Step::Index(index), Value::List(id)) => {
                let index = self.expression(index)?;
                let Value::Int(index) = index else { return Ok(()) };
                let Some(items) = self.heap.items_mut(*id) else { return Ok(()) };
                match position(index, items.len()).and_then(|index| items.get_mut(index)) {
                    Some(place) => *place = value,
                    None => return error(format!("index {index} is outside of the list")),
                }
            }
            // Velocity writes to its log, and goes on.
            _ => {}
        }
        Ok(())
    }

    /// Puts a value into a map and gives the one before. An override is set once.
    pub(crate) fn put(&mut self, map: &Value, key: Key, value: Value) -> Eval<Value> {
        let Value::Map(id) = *map else { return Ok(Value::Null) };
        if self.state.is_override(id) && !self.state.set_once(id, &key) {
            return error("an override is set a second time; API Gateway allows it once");
        }
        self.charge(super::expression::ALLOCATION_STEPS)?;
        let Some(entries) = self.heap.entries_mut(id) else { return Ok(Value::Null) };
        Ok(entries.insert(key, value).unwrap_or(Value::Null))
    }

    /// `.name`: a map's member, or what Java's `getName()` or `isName()` gives.
    fn property(&mut self, value: &Value, name: &std::sync::Arc<str>) -> Eval<Value> {
        Ok(match value {
            Value::Map(id) => {
                let found = self.heap.entries(*id).and_then(|entries| entries.get(&Name(name)));
                found.cloned().unwrap_or(Value::Null)
            }
            Value::Foreach(number) => self.loop_property(*number, name),
            Value::Entry(id) => match (self.heap.get(*id), name.as_ref()) {
                (Some(Object::Entry { key, .. }), "key") => key.value(),
                (Some(Object::Entry { value, .. }), "value") => value.clone(),
                _ => Value::Null,
            },
            Value::Input if name.as_ref() == "body" => self.body(),
            Value::Context | Value::StageVariables => {
                let plain = self.as_plain(value.clone())?;
                return self.property(&plain, name);
            }
            Value::Text(_) | Value::List(_) if matches!(name.as_ref(), "empty" | "blank") => {
                let method = if name.as_ref() == "empty" { "isEmpty" } else { "isBlank" };
                return self.method(value, method, &[]);
            }
            _ => Value::Null,
        })
    }

    /// `[index]`: what `get` gives.
    fn index(&mut self, value: &Value, index: &Value) -> Eval<Value> {
        match (value, index) {
            (Value::List(id), Value::Int(index)) => {
                let (kind, items) = self.heap.items(*id);
                if kind == crate::value::ListKind::Set {
                    return Ok(Value::Null);
                }
                match position(*index, items.len()) {
                    Some(position) => Ok(items.get(position).cloned().unwrap_or(Value::Null)),
                    None => error(format!("index {index} is outside of a list of {}", items.len())),
                }
            }
            (Value::List(_), _) => Ok(Value::Null),
            _ => self.method(value, "get", std::slice::from_ref(index)),
        }
    }

    /// `$context` and `$stageVariables` as the maps that they stand for.
    pub(crate) fn as_plain(&mut self, value: Value) -> Eval<Value> {
        Ok(match value {
            Value::Context => self.context_map(),
            Value::StageVariables => self.stage_map(),
            other => other,
        })
    }
}

/// A position, counted from the end where it is negative.
pub(crate) fn position(index: i32, size: usize) -> Option<usize> {
    let size = i64::try_from(size).ok()?;
    let index = i64::from(index);
    let index = if index < 0 { index + size } else { index };
    (0..size).contains(&index).then_some(index)?.try_into().ok()
}
