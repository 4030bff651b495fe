//! Real sockets against the data plane: a small server in front of it, real clients, and functions that are closures.

mod authorizers;
mod connect;
mod iam;
mod limits;
mod management;
mod messages;
mod publishing;
mod support;
mod telemetry;
mod throttling;
