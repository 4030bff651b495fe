//! Lambda: the functions, the processes they run in, and the two APIs around them: the Runtime API for the
//! processes, the Invoke API for everybody else.
//!
//! `build` turns Cargo packages into executables, `package` unpacks zips, `runtimes` knows what runs the code in a folder,
//! `host` runs it, `watch` does all of it again when a source changes; `remote` leaves the running to somebody else;
//! `invoke_api` is the door for clients of AWS Lambda; `event_sources` reads streams for functions.

mod build;
mod event_sources;
mod host;
mod invocation;
mod invoke_api;
pub mod package;
pub(crate) mod policy;
mod remote;
pub mod runtimes;
#[cfg(test)]
pub(crate) mod testing;
mod watch;
mod worlds;

pub use build::{Build, BuildError, Builder};
pub use event_sources::{
    Checkpoints, EventSourceState, EventSources, FileCheckpoints, MappingError, MemoryCheckpoints,
    Pattern as FilterPattern,
};
pub(crate) use host::{Access, names::parse as parse_function_name, reserved_variable};
pub use host::{
    Code, Deployed, HostSettings, LambdaService, LineKind, LogLine, LogSink, LogStream, StderrSink, Trust, TrustSource,
};
pub use invocation::{Caller, Invocation, InvocationType, Invoke, InvokeError, InvokeRequest};
pub use invoke_api::serve as serve_invoke_api;
pub(crate) use invoke_api::{is_invoke, package_too_large};
pub use remote::RemoteLambda;
pub use watch::{FileWatch, SourceWatch, watch_files, watch_functions};
pub use worlds::Worlds;
