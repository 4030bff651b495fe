//! External programs that the tests run against where they are installed.
//!
//! A missing one is said loudly; with `FERROGATE_REQUIRE_PEERS=1` (continuous integration) it fails the test.

use std::path::PathBuf;
use std::process::Command;

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

fn missing(what: &str, install: &str) {
    assert!(
        std::env::var_os("FERROGATE_REQUIRE_PEERS").is_none(),
        "{what} is required here (FERROGATE_REQUIRE_PEERS is set): {install}"
    );
    eprintln!("\n*** SKIPPED: {what} is not installed; to run this test: {install} ***\n");
}
