//! Runs cargo.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::{Failure, say};

/// Runs cargo to its end; what it says goes to stderr.
pub(crate) async fn run(arguments: &[&str], folder: &Path) -> Result<(), Failure> {
    say(&format!("cargo {}", arguments.join(" ")));
    let mut command = command();
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(std::io::stderr()).kill_on_drop(true);
    let status = command.status().await?;
    if !status.success() {
        return Err(format!("cargo {}: {status}", arguments.join(" ")).into());
    }
    Ok(())
}

/// A cargo without what `cargo run` set in this process's environment: a package that reads one of those variables
/// when it is built would be built anew.
pub(crate) fn command() -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        let inherited = name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_");
        if inherited || name_text == "CARGO" || name_text == "CARGO_CRATE_NAME" || name_text == "CARGO_BIN_NAME" {
            command.env_remove(&name);
        }
    }
    command
}
