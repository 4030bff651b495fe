//! What a function's `Runtime` means on this machine: an executable `bootstrap`, or an interpreter with a runtime client
//! of ours (`python.py`, `node.mjs`) that speaks the Runtime API and gives AWS's errors and log lines.
//!
//! `interpreter` finds the machine's Python and Node.js, `program` says what is started.

mod interpreter;
mod program;
#[cfg(test)]
mod tests;

pub use interpreter::{Interpreter, find};
pub(crate) use program::{Program, program};

use crate::model::Runtime;

/// Reads a runtime's name.
pub fn parse(name: &str) -> Result<Runtime, RuntimeError> {
    Runtime::parse(name).ok_or_else(|| RuntimeError::Unsupported(name.to_owned()))
}

/// Why no function of a runtime can be run on this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// Ferrogate does not know the runtime, or AWS has retired it.
    #[error(
        "the runtime {0} is not run here; these are: provided.al2023 and provided.al2 (an executable `bootstrap`), \
         python3.* and nodejs*.x (on this machine's interpreters)"
    )]
    Unsupported(String),
    /// There is no interpreter for it.
    #[error(
        "the runtime {runtime} needs {needs}, and this machine has none: {looked}. Install it, or name one in {variable}"
    )]
    NoInterpreter {
        /// The runtime's name.
        runtime: String,
        /// What it needs, such as `Python 3.8 or newer`.
        needs: String,
        /// What was looked for and what came of it.
        looked: String,
        /// The environment variable that names an interpreter.
        variable: &'static str,
    },
    /// The runtime client cannot be written to the disk.
    #[error("cannot write the runtime client {path}: {reason}")]
    Client {
        /// The file or folder.
        path: String,
        /// What the system said.
        reason: String,
    },
}
