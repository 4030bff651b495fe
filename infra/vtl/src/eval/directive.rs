//! Statements: text, `#if`, `#set`, `#foreach`, macros, `#define`.

use super::{Eval, Frame, Halt, Loop, Run, error, is_constant};
use crate::ast::{self, BODY_CONTENT, Block, COUNT, Call, Expr, FOREACH, HAS_NEXT, Node, Slot};
use crate::value::{Id, ListKind, Object, Value};

/// Velocity's bound of macros that call each other.
const MAX_MACRO_DEPTH: usize = 20;
/// Velocity's bound of a definition that prints itself.
const MAX_DEFINITION_DEPTH: usize = 2;

impl Run<'_> {
    /// Renders a whole template: `#break` and `#stop` end it.
    pub(crate) fn template(&mut self, nodes: &[Node]) -> Eval<()> {
        match self.block(nodes) {
            Err(Halt::Break | Halt::BreakLoop(_) | Halt::Stop) => Ok(()),
            other => other,
        }
    }

    pub(super) fn block(&mut self, nodes: &[Node]) -> Eval<()> {
        self.deeper(|run| {
            for node in nodes {
                run.node(node)?;
            }
            Ok(())
        })
    }

    fn node(&mut self, node: &Node) -> Eval<()> {
        self.charge(1)?;
        match node {
            Node::Text(text) => self.write(text),
            Node::Reference(reference) => self.render_reference(reference),
            Node::Set { target, value } => {
                self.at = target.at;
                let value = self.expression(value)?;
                // Velocity leaves a variable as it is rather than set it to null.
                if matches!(value, Value::Null) { Ok(()) } else { self.assign_to(target, value) }
            }
            Node::If { branches, otherwise } => {
                for (test, block) in branches {
                    if self.holds(test)? {
                        return self.block(block);
                    }
                }
                otherwise.as_ref().map_or(Ok(()), |block| self.block(block))
            }
            Node::Foreach { variable, list, body, at } => {
                self.at = *at;
                self.foreach(*variable, list, body)
            }
            Node::Define { variable, body } => {
                let definition = self.heap.definition(body.clone());
                self.assign(*variable, definition, false);
                Ok(())
            }
            Node::Call(call) => self.call_macro(call),
            Node::Break(None) => Err(Halt::Break),
            Node::Break(Some(scope)) => match self.expression(scope)? {
                Value::Foreach(number) => Err(Halt::BreakLoop(number)),
                _ => error("#break is given what is no loop"),
            },
            Node::Stop => Err(Halt::Stop),
        }
    }

    /// What a `#foreach` goes through: a list's items, a map's values; nothing for what has neither.
    fn iterated(&self, value: &Value) -> Option<Vec<Value>> {
        Some(match value {
            Value::List(id) => self.heap.items(*id).1.to_vec(),
            Value::Map(id) => self.heap.entries(*id)?.values().cloned().collect(),
            Value::Iterator(id) => match self.heap.get(*id)? {
                Object::Iterator { items, next } => items.get(*next..).unwrap_or_default().to_vec(),
                _ => return None,
            },
            _ => return None,
        })
    }

    fn foreach(&mut self, variable: Slot, list: &Expr, body: &Block) -> Eval<()> {
        let list = self.expression(list)?;
        let list = self.as_plain(list)?;
        let Some(items) = self.iterated(&list) else { return Ok(()) };
        self.charge(items.len() as u64)?;
        let saved = [variable, COUNT, HAS_NEXT, FOREACH].map(|slot| self.variable(slot));
        let parent = match self.variable(FOREACH)? {
            Value::Foreach(number) => Some(number),
            _ => None,
        };
        let number = u32::try_from(self.loops.len()).unwrap_or(u32::MAX);
        self.loops.push(Loop { index: 0, has_next: false, parent });
        let many = items.len();
        let mut result = Ok(());
        for (index, item) in items.into_iter().enumerate().take(self.limits.loop_count) {
            result = self.turn(variable, item, number, index, index + 1 < many, body);
            if result.is_err() {
                break;
            }
        }
        self.loops.truncate(number as usize);
        for (slot, value) in [variable, COUNT, HAS_NEXT, FOREACH].into_iter().zip(saved) {
            self.assign(slot, value?, true);
        }
        match result {
            Err(Halt::Break) => Ok(()),
            Err(Halt::BreakLoop(broken)) if broken == number => Ok(()),
            other => other,
        }
    }

    fn turn(&mut self, variable: Slot, item: Value, number: u32, index: usize, more: bool, body: &Block) -> Eval<()> {
        if let Some(here) = self.loops.get_mut(number as usize) {
            here.index = index;
            here.has_next = more;
        }
        self.assign(COUNT, Value::size(index + 1), true);
        self.assign(HAS_NEXT, Value::Bool(more), true);
        self.assign(FOREACH, Value::Foreach(number), true);
        self.assign(variable, item, true);
        self.charge(1)?;
        self.block(body)
    }

    /// `$foreach.index` and its like.
    pub(super) fn loop_property(&self, number: u32, name: &str) -> Value {
        let Some(here) = self.loops.get(number as usize) else { return Value::Null };
        match name {
            "index" => Value::size(here.index),
            "count" => Value::size(here.index + 1),
            "hasNext" => Value::Bool(here.has_next),
            "first" => Value::Bool(here.index == 0),
            "last" => Value::Bool(!here.has_next),
            "parent" => here.parent.map_or(Value::Null, Value::Foreach),
            "topmost" => {
                let mut top = number;
                while let Some(parent) = self.loops.get(top as usize).and_then(|one| one.parent) {
                    top = parent;
                }
                Value::Foreach(top)
            }
            _ => Value::Null,
        }
    }

    fn call_macro(&mut self, call: &Call) -> Eval<()> {
        let macros = self.macros;
        let Some(ast::Macro { parameters, body }) = macros.get(&call.name) else {
            return self.write(&call.literal);
        };
        self.at = call.at;
        if self.macro_depth >= MAX_MACRO_DEPTH {
            return error(format!("#{} calls more than {MAX_MACRO_DEPTH} macros within each other", call.name));
        }
        let mut locals = Vec::new();
        for (argument, (slot, _)) in call.arguments.iter().zip(parameters) {
            if is_constant(argument) {
                let value = self.expression(argument)?;
                locals.push((*slot, value));
            }
        }
        if let Some(body) = &call.body {
            locals.push((BODY_CONTENT, self.heap.definition(body.clone())));
        }
        let arguments = call.arguments.clone();
        self.frames.push(Frame { parent: self.frame, parameters, arguments, locals });
        let (before, frame) = (self.frame, self.frames.len());
        self.frame = frame;
        self.macro_depth += 1;
        let result = self.block(body);
        self.macro_depth -= 1;
        self.frame = before;
        self.frames.truncate(frame - 1);
        match result {
            Err(Halt::Break) => Ok(()),
            other => other,
        }
    }

    /// Renders what `#define` has defined; false where it has rendered itself too often.
    pub(super) fn definition(&mut self, id: Id) -> Eval<bool> {
        let Some(Object::Definition { body, depth }) = self.heap.get_mut(id) else { return Ok(false) };
        if *depth >= MAX_DEFINITION_DEPTH {
            return Ok(false);
        }
        *depth += 1;
        let body = body.clone();
        let result = self.block(&body);
        if let Some(Object::Definition { depth, .. }) = self.heap.get_mut(id) {
            *depth -= 1;
        }
        match result {
            Ok(()) | Err(Halt::Break) => Ok(true),
            Err(other) => Err(other),
        }
    }

    /// A range, as a list.
    pub(super) fn range(&mut self, from: i32, to: i32) -> Eval<Value> {
        let size = u64::from(from.abs_diff(to)) + 1;
        self.charge(size)?;
        let items = if from <= to {
            (from..=to).map(Value::Int).collect()
        } else {
            (to..=from).rev().map(Value::Int).collect()
        };
        Ok(self.heap.list(ListKind::Array, items))
    }
}
