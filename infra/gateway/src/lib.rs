//! Ferrogate: API Gateway (REST, HTTP, WebSocket), Lambda and DynamoDB on one machine, from a SAM or CloudFormation
//! template.
//!
//! `template` (and, next, AWS's control plane) writes the `model`; `compile` turns it into snapshots; `rest`, `http`
//! and `websocket` serve them; `lambda` runs the functions; `services` are the neighbours that functions call;
//! `server` is the one port in front of all of it; `runner` puts it together.

pub mod authorize;
pub mod chance;
pub mod cli;
pub mod clock;
pub mod compile;
pub mod control;
pub mod credentials;
mod export;
mod function_url;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
pub mod gateway;
mod hosted;
pub mod http;
pub mod ids;
pub mod lambda;
pub mod model;
pub mod proxy;
mod remote;
pub mod response_cache;
pub mod rest;
mod runner;
pub mod server;
pub mod services;
pub mod signature;
mod stage_command;
pub mod telemetry;
pub mod template;
pub mod throttle;
pub mod websocket;

pub use export::{Export, ExportFailed};
pub use runner::{DEFAULT_PORT, DataDirError, Ferrogate, Options, Running, StartError};
pub use stage_command::{StageAct, StageCommand, StageFailed, StageRequest};
