//! A parsed template.

use std::collections::HashMap;

use crate::ast::{Block, Macro};
use crate::error::place;
use crate::eval::{Halt, Run};
use crate::parse::{self, Shared};
use crate::{Inputs, Limits, Overrides, ParseError, RenderError};

/// API Gateway's longest template, in bytes.
const MAX_LENGTH: usize = 300 * 1024;

/// A mapping template, parsed once and rendered any number of times, from any thread.
#[derive(Debug)]
pub struct Template {
    source: Box<str>,
    nodes: Block,
    macros: HashMap<Box<str>, Macro>,
    slots: usize,
    reads_context: bool,
    reads_params: bool,
}

impl Template {
    /// Parses a template of at most 300 KB, API Gateway's limit.
    pub fn parse(source: &str) -> Result<Template, ParseError> {
        if source.len() > MAX_LENGTH {
            let message = format!("the template is longer than {MAX_LENGTH} bytes");
            return Err(ParseError { line: 1, column: 1, message });
        }
        let mut shared = Shared::new();
        let nodes = parse::parse(source, &mut shared)?;
        Ok(Template {
            source: source.into(),
            nodes,
            slots: shared.slots(),
            reads_context: shared.reads_context,
            reads_params: shared.reads_params,
            macros: shared.macros,
        })
    }

    /// Renders within the default [`Limits`].
    pub fn render(&self, inputs: &Inputs<'_>, overrides: &mut Overrides) -> Result<String, RenderError> {
        self.render_within(inputs, overrides, &Limits::default())
    }

    /// Renders. What the template sets under `$context` stands in `overrides` afterwards; an error leaves them as they were.
    pub fn render_within(
        &self,
        inputs: &Inputs<'_>,
        overrides: &mut Overrides,
        limits: &Limits,
    ) -> Result<String, RenderError> {
        let size = (self.source.len() + inputs.body.len()).min(limits.output_bytes).min(64 * 1024);
        let mut run = Run::new(inputs, limits, &self.macros, self.slots, size);
        if self.reads_context() {
            run.make_overrides(overrides);
        }
        let result = run.template(&self.nodes).and_then(|()| run.take_overrides());
        match result {
            Ok(set) => {
                if let Some(set) = set {
                    *overrides = set;
                }
                Ok(run.out)
            }
            Err(halt) => {
                let message = match halt {
                    Halt::Error(message) => message,
                    Halt::Break | Halt::BreakLoop(_) | Halt::Stop => "the template has ended".to_owned(),
                };
                let (line, column) = place(&self.source, run.at);
                Err(RenderError { line, column, message })
            }
        }
    }

    /// Whether `$context` occurs, so that a caller need not build it otherwise.
    pub fn reads_context(&self) -> bool {
        self.reads_context
    }

    /// Whether `$input.params` can be read.
    pub fn reads_params(&self) -> bool {
        self.reads_params
    }
}
