//! API Gateway's mapping templates: Velocity 1.7 with `$input`, `$context`, `$stageVariables` and `$util`.
//!
//! Pure: no I/O, no clock, no randomness. A template is parsed once, at deployment; a rendering is bounded in output, loops,
//! nesting and steps, so that no template and no request can hang or fill the process.

mod error;
mod inputs;
pub mod json_path;
mod template;
mod text;

pub use error::{ParseError, RenderError};
pub use inputs::{Inputs, Limits, Overrides, Params, RequestOverride, ResponseOverride};
pub use template::Template;
pub use text::java_string;
