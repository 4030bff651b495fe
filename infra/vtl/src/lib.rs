//! API Gateway's mapping templates: Velocity 1.7 with `$input`, `$context`, `$stageVariables` and `$util`.
//!
//! Pure: no I/O, no clock, no randomness. A template is parsed once, at deployment; a rendering is bounded in output, loops,
//! nesting and steps, so that no template and no request can hang or fill the process.

mod ast;
mod builtin;
mod error;
mod eval;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
mod inputs;
mod json;
pub mod json_path;
mod methods;
mod number;
mod parse;
mod print;
mod template;
mod value;

pub use error::{ParseError, RenderError};
pub use inputs::{Inputs, Limits, Overrides, Params, RequestOverride, ResponseOverride};
pub use print::java_string;
pub use template::Template;
