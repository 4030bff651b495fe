//! Puts it all together: loads a template, builds and deploys what it declares, serves it, follows changes, and ends
//! without leaving anything behind.

mod banner;
mod data_dir;
mod deploy;
mod follow;
mod options;
mod overview;
mod planes;
mod seed;
mod start;
mod urls;

pub use data_dir::DataDirError;
pub use options::{DEFAULT_PORT, Options};
pub use start::{Ferrogate, Running, StartError};
