//! External programs that the tests run against where they are installed.
//!
//! A missing one is said loudly; with `FERROGATE_REQUIRE_PEERS=1` (continuous integration) it fails the test.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::stack::repository;

/// Finds `program` on the path. `None` means that the caller returns: the test is skipped, and it has been said.
///
/// # Panics
///
/// When the program is missing and `FERROGATE_REQUIRE_PEERS` is set.
pub fn find(program: &str, install: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    if found.is_none() {
        missing(program, install);
    }
    found
}

/// Finds a Python that can import `module`.
///
/// # Panics
///
/// As [`find`].
pub fn python_with(module: &str, install: &str) -> Option<PathBuf> {
    let python = find("python3", "install Python 3")?;
    let imports = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if imports.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    missing(&format!("the Python module {module}"), install);
    None
}

/// Says that a peer is missing.
///
/// # Panics
///
/// When `FERROGATE_REQUIRE_PEERS` is set.
pub fn missing(what: &str, install: &str) {
    assert!(
        std::env::var_os("FERROGATE_REQUIRE_PEERS").is_none(),
        "{what} is required here (FERROGATE_REQUIRE_PEERS is set): {install}"
    );
    eprintln!("\n*** SKIPPED: {what} is not installed; to run this test: {install} ***\n");
}

/// A client of AWS that talks to `endpoint` with local credentials, which nobody's real ones and no proxy can replace.
///
/// `key` is the access key id: twelve digits are the account, anything else is account 000000000000.
pub fn aws_client(program: &Path, endpoint: &str, key: &str) -> Command {
    let mut command = Command::new(program);
    for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", key)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_PAGER", "")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(repository());
    command
}

/// Runs a client to its end, off the test's own threads: what it says.
///
/// # Panics
///
/// When it fails, with all that it said.
pub async fn run(mut command: Command) -> String {
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output =
        output.expect("the thread does not panic").unwrap_or_else(|error| panic!("it does not start: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}\n{said}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    said
}
