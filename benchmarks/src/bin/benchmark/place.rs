//! Where things are.

use std::path::{Path, PathBuf};

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => repository().join(folder),
        None => repository().join("target"),
    }
}

/// The gateway in release, as `benchmarks/run` builds it.
pub(crate) fn ferrogate() -> PathBuf {
    target().join("release/ferrogate")
}

/// The hello function in release.
pub(crate) fn hello() -> PathBuf {
    target().join("release/hello")
}

/// The program that measures the authorizers within its own process, in release.
pub(crate) fn authorizers() -> PathBuf {
    target().join("release/authorizers")
}

/// The template with the hello function.
pub(crate) fn hello_template() -> PathBuf {
    repository().join("benchmarks/template.yaml")
}

/// The template with the hello function behind each kind of authorization.
pub(crate) fn authorize_template() -> PathBuf {
    repository().join("benchmarks/authorize.yaml")
}

/// The bare hyper server, in release.
pub(crate) fn bare() -> PathBuf {
    target().join("release/bare")
}

/// The template with what a REST API answers by itself.
pub(crate) fn rest_template() -> PathBuf {
    repository().join("benchmarks/rest.yaml")
}

/// Ferrogate's own template.
pub(crate) fn own_template() -> PathBuf {
    repository().join("infra/template.yaml")
}

/// What measured processes print goes here.
pub(crate) fn logs() -> PathBuf {
    target().join("benchmarks")
}
