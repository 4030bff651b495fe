//! Whether the code in a folder can be run: its `bootstrap`, or the file that its handler names.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::lambda::host::wrong_machine;
use crate::lambda::runtimes::{self, RuntimeError};
use crate::model::RuntimeFamily;

/// Why no invocation of a function could succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The runtime is none that is run here.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// There is no `bootstrap`.
    #[error("the package has no executable named bootstrap at its root, which the runtime {0} starts")]
    NoBootstrap(String),
    /// `bootstrap` may not be executed.
    #[error("the package's bootstrap is not executable: set its permission (chmod +x bootstrap) before it is zipped")]
    NotExecutable,
    /// `bootstrap` is for another processor or system.
    #[error("{0}")]
    WrongMachine(String),
}

/// Looks at the code in `folder`. An error is a reason to refuse the code; a warning is what AWS takes without a word and
/// then fails on at the first invocation, such as a handler whose file is not there.
pub fn check(runtime: &str, handler: &str, folder: &Path) -> Result<Vec<String>, CheckError> {
    let runtime = runtimes::parse(runtime)?;
    Ok(match runtime.family {
        RuntimeFamily::Provided => {
            let bootstrap = folder.join("bootstrap");
            let metadata = bootstrap.metadata().ok().filter(std::fs::Metadata::is_file);
            let metadata = metadata.ok_or(CheckError::NoBootstrap(runtime.name))?;
            if metadata.permissions().mode() & 0o111 == 0 {
                return Err(CheckError::NotExecutable);
            }
            if let Some(reason) = wrong_machine(&bootstrap) {
                return Err(CheckError::WrongMachine(reason));
            }
            Vec::new()
        }
        RuntimeFamily::Python => python(handler, folder).into_iter().collect(),
        RuntimeFamily::Node => node(handler, folder).into_iter().collect(),
    })
}

fn python(handler: &str, folder: &Path) -> Option<String> {
    let Some((module, _)) = handler.rsplit_once('.') else { return Some(no_dot(handler, "module.function")) };
    let module = folder.join(module.replace(['.', '/'], "/").trim_start_matches('/'));
    let files = [module.with_added_extension("py"), module.join("__init__.py")];
    missing(handler, &files, folder, "Runtime.ImportModuleError")
}

fn node(handler: &str, folder: &Path) -> Option<String> {
    let (parent, base) = handler.rsplit_once('/').unwrap_or(("", handler));
    let Some((file, _)) = base.split_once('.') else { return Some(no_dot(handler, "file.export")) };
    let file = folder.join(parent.trim_start_matches('/')).join(file);
    let mut files: Vec<_> = ["js", "mjs", "cjs"].iter().map(|extension| file.with_added_extension(extension)).collect();
    files.push(file);
    missing(handler, &files, folder, "Runtime.ImportModuleError")
}

fn missing(handler: &str, files: &[PathBuf], folder: &Path, error: &str) -> Option<String> {
    if files.iter().any(|file| file.is_file()) {
        return None;
    }
    let shown = |file: &PathBuf| file.strip_prefix(folder).unwrap_or(file).display().to_string();
    let (first, others) = files.split_first()?;
    let others: Vec<_> = others.iter().map(shown).collect();
    Some(format!(
        "the handler {handler} is not in its code: there is no {} (nor {}); an invocation fails with {error}",
        shown(first),
        others.join(", ")
    ))
}

fn no_dot(handler: &str, form: &str) -> String {
    format!("the handler '{handler}' is not of the form {form}; an invocation fails with Runtime.MalformedHandlerName")
}
