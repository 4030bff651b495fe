//! Renders a template: the state of one rendering, its budget and its output.

mod directive;
mod expression;
mod reference;

use std::collections::HashMap;
use std::sync::Arc;

use crate::ast::{self, Expr, Slot};
use crate::json::Style;
use crate::print::{Printer, Unprintable};
use crate::value::{Heap, Id, Value};
use crate::{Inputs, Limits};

/// Why a rendering leaves the place where it is.
#[derive(Debug)]
pub(crate) enum Halt {
    /// `#break`: the innermost scope ends.
    Break,
    /// The loop of this number ends.
    BreakLoop(u32),
    /// `#stop`: the template ends, and is well.
    Stop,
    Error(String),
}

pub(crate) type Eval<T> = Result<T, Halt>;

/// The call of a macro: its parameters stand for the arguments' expressions, which are evaluated where the call stands.
#[derive(Debug)]
struct Frame<'t> {
    parent: usize,
    parameters: &'t [(Slot, Box<str>)],
    arguments: Arc<[Expr]>,
    /// Loop variables, constants, the body.
    locals: Vec<(Slot, Value)>,
}

impl Frame<'_> {
    /// The argument that a parameter stands for.
    fn parameter(&self, slot: Slot) -> Option<usize> {
        let index = self.parameters.iter().position(|(name, _)| *name == slot)?;
        (index < self.arguments.len()).then_some(index)
    }
}

/// A `#foreach` that is running.
#[derive(Debug)]
struct Loop {
    index: usize,
    has_next: bool,
    parent: Option<u32>,
}

/// The frame of the template itself.
const GLOBAL: usize = 0;

/// One rendering.
pub(crate) struct Run<'t> {
    pub(crate) inputs: &'t Inputs<'t>,
    pub(crate) limits: &'t Limits,
    macros: &'t HashMap<Box<str>, ast::Macro>,
    pub(crate) heap: Heap,
    pub(crate) out: String,
    /// Where in the template the rendering is, for errors.
    pub(crate) at: u32,
    steps: u64,
    depth: usize,
    macro_depth: usize,
    globals: Vec<Value>,
    frames: Vec<Frame<'t>>,
    frame: usize,
    loops: Vec<Loop>,
    pub(crate) state: crate::builtin::State,
    pub(crate) patterns: crate::methods::Patterns,
}

impl<'t> Run<'t> {
    pub(crate) fn new(
        inputs: &'t Inputs<'t>,
        limits: &'t Limits,
        macros: &'t HashMap<Box<str>, ast::Macro>,
        slots: usize,
        size: usize,
    ) -> Self {
        let mut globals = vec![Value::Null; slots.max(ast::VARIABLES.len())];
        globals[ast::INPUT as usize] = Value::Input;
        globals[ast::UTIL as usize] = Value::Util;
        globals[ast::CONTEXT as usize] = Value::Context;
        globals[ast::STAGE_VARIABLES as usize] = Value::StageVariables;
        Run {
            inputs,
            limits,
            macros,
            heap: Heap::default(),
            out: String::with_capacity(size),
            at: 0,
            steps: limits.steps,
            depth: 0,
            macro_depth: 0,
            globals,
            frames: Vec::new(),
            frame: GLOBAL,
            loops: Vec::new(),
            state: crate::builtin::State::default(),
            patterns: crate::methods::Patterns::default(),
        }
    }

    /// Uses up steps.
    pub(crate) fn charge(&mut self, steps: u64) -> Eval<()> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => error(format!("the template takes more than {} steps", self.limits.steps)),
        }
    }

    /// Uses up the steps that it takes to handle so many bytes.
    pub(crate) fn charge_bytes(&mut self, bytes: usize) -> Eval<()> {
        self.charge(bytes as u64 / 16)
    }

    /// Runs what is nested one deeper.
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Eval<T>) -> Eval<T> {
        if self.depth >= self.limits.depth {
            return error(format!("more than {} levels of evaluation", self.limits.depth));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Adds to the output.
    pub(crate) fn write(&mut self, text: &str) -> Eval<()> {
        if text.len() > self.limits.output_bytes.saturating_sub(self.out.len()) {
            return self.too_long();
        }
        self.charge_bytes(text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    pub(crate) fn too_long<T>(&self) -> Eval<T> {
        error(format!("the output is longer than {} bytes", self.limits.output_bytes))
    }

    /// A text that a method has made.
    pub(crate) fn made(&mut self, text: String) -> Eval<Value> {
        if text.len() > self.limits.output_bytes {
            return self.too_long();
        }
        self.charge_bytes(text.len())?;
        Ok(Value::Text(text.into()))
    }

    /// Prints a value to the output.
    fn print(&mut self, value: &Value) -> Eval<()> {
        match value {
            Value::Text(text) => self.write(text),
            _ => {
                let before = self.out.len();
                let mut printer = Printer { heap: &self.heap, out: &mut self.out, limit: self.limits.output_bytes };
                let result = printer.java(value, 0);
                self.printed(result, self.out.len().saturating_sub(before))
            }
        }
    }

    fn printed(&mut self, result: Result<(), Unprintable>, bytes: usize) -> Eval<()> {
        match result {
            Ok(()) => self.charge_bytes(bytes),
            Err(Unprintable::TooLong) => self.too_long(),
            Err(Unprintable::TooDeep) => error("a value is nested too deep, or holds itself"),
        }
    }

    /// What a value prints as.
    pub(crate) fn text(&mut self, value: &Value) -> Eval<Arc<str>> {
        if let Value::Text(text) = value {
            return Ok(text.clone());
        }
        if let Value::Definition(id) = value {
            let id = *id;
            return self.capture(|run| run.definition(id).map(drop)).map(Arc::from);
        }
        let mut out = String::new();
        let result = Printer { heap: &self.heap, out: &mut out, limit: self.limits.output_bytes }.java(value, 0);
        self.printed(result, out.len())?;
        Ok(out.into())
    }

    /// A value as JSON.
    pub(crate) fn json_text(&mut self, value: &Value) -> Eval<String> {
        let mut out = String::new();
        let limit = self.limits.output_bytes;
        let result = Printer { heap: &self.heap, out: &mut out, limit }.json(value, Style::Plain, 0);
        self.printed(result, out.len())?;
        Ok(out)
    }

    /// What is rendered within, instead of adding it to the output.
    fn capture(&mut self, inner: impl FnOnce(&mut Self) -> Eval<()>) -> Eval<String> {
        let outer = std::mem::take(&mut self.out);
        let result = inner(self);
        let text = std::mem::replace(&mut self.out, outer);
        result.map(|()| text)
    }

    // Variables.

    fn variable(&mut self, slot: Slot) -> Eval<Value> {
        let mut frame = self.frame;
        while frame != GLOBAL {
            let here = &self.frames[frame - 1];
            if let Some((_, value)) = here.locals.iter().find(|(name, _)| *name == slot) {
                return Ok(value.clone());
            }
            if let Some(index) = here.parameter(slot) {
                let (arguments, parent) = (here.arguments.clone(), here.parent);
                return self.in_frame(parent, |run| run.expression(&arguments[index]));
            }
            frame = here.parent;
        }
        Ok(self.globals.get(slot as usize).cloned().unwrap_or(Value::Null))
    }

    fn in_frame<T>(&mut self, frame: usize, inner: impl FnOnce(&mut Self) -> Eval<T>) -> Eval<T> {
        let here = std::mem::replace(&mut self.frame, frame);
        let result = self.deeper(inner);
        self.frame = here;
        result
    }

    /// `#set($name = …)`, or a loop's variable, which a macro keeps to itself as it does what it sets its parameters to.
    fn assign(&mut self, slot: Slot, value: Value, local: bool) {
        let mut frame = self.frame;
        while frame != GLOBAL {
            let here = &mut self.frames[frame - 1];
            if let Some((_, place)) = here.locals.iter_mut().find(|(name, _)| *name == slot) {
                *place = value;
                return;
            }
            if local || here.parameter(slot).is_some() {
                here.locals.push((slot, value));
                return;
            }
            frame = here.parent;
        }
        if let Some(place) = self.globals.get_mut(slot as usize) {
            *place = value;
        }
    }

    /// The text of a macro's argument, where a variable is a parameter that stands for null.
    fn argument_literal(&self, slot: Slot, literal: &str) -> Option<Box<str>> {
        if self.frame == GLOBAL {
            return None;
        }
        let here = &self.frames[self.frame - 1];
        let index = here.parameters.iter().position(|(name, text)| *name == slot && text.as_ref() == literal)?;
        match here.arguments.get(index)? {
            Expr::Reference(reference) => Some(reference.literal.clone()),
            _ => None,
        }
    }

    pub(crate) fn steps_left(&self) -> u64 {
        self.steps
    }

    /// The two override maps, if a template has seen them.
    pub(crate) fn overrides(&self) -> Option<(Id, Id)> {
        self.state.overrides
    }
}

/// What Velocity evaluates once, when a macro is called.
fn is_constant(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::True | Expr::False | Expr::Int(_) | Expr::Long(_) | Expr::Big(_) | Expr::Double(_) | Expr::Null
    )
}

pub(crate) fn error<T>(message: impl Into<String>) -> Eval<T> {
    Err(Halt::Error(message.into()))
}
