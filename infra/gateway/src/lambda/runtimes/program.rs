//! What is started for a function: its own executable, or an interpreter with a runtime client.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Interpreter, RuntimeError, interpreter, parse};
use crate::model::{Runtime, RuntimeFamily};

/// A command, and the variables by which its environment differs from that of `provided.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) executable: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) variables: Vec<(&'static str, OsString)>,
    /// What the user should know of the choice.
    pub(crate) warning: Option<String>,
}

/// What runs the code in `task_root`. Runtime clients are kept in `clients`, or in a folder of this user's among the
/// temporary ones.
///
/// Looks for the interpreter on the first call for a runtime; see [`interpreter::find`].
pub(crate) fn program(runtime: &str, task_root: &Path, clients: Option<&Path>) -> Result<Program, RuntimeError> {
    let runtime = parse(runtime)?;
    let Some(interpreter) = interpreter::find(&runtime)? else {
        let executable = task_root.join("bootstrap");
        return Ok(Program { executable, arguments: Vec::new(), variables: Vec::new(), warning: None });
    };
    interpreted(&runtime, &interpreter, task_root, clients)
}

fn interpreted(
    runtime: &Runtime,
    interpreter: &Interpreter,
    task_root: &Path,
    clients: Option<&Path>,
) -> Result<Program, RuntimeError> {
    let (name, source) = match runtime.family {
        RuntimeFamily::Python => ("python.py", include_str!("python.py")),
        _ => ("node.mjs", include_str!("node.mjs")),
    };
    let (folder, client) = write(name, source, clients)?;
    let mut paths = vec![interpreter.program.parent().unwrap_or(Path::new("/usr/bin")).to_owned()];
    paths.extend(["/usr/local/bin", "/usr/bin/", "/bin", "/opt/bin"].map(PathBuf::from));
    let joined = |paths: &[PathBuf]| std::env::join_paths(paths).unwrap_or_default();
    // The interpreter may have been built to need what Ferrogate itself was given; AWS's own folders are not here.
    let mut libraries: Vec<PathBuf> =
        std::env::var_os("LD_LIBRARY_PATH").map(|list| std::env::split_paths(&list).collect()).unwrap_or_default();
    libraries.extend([task_root.to_owned(), task_root.join("lib"), PathBuf::from("/opt/lib")]);
    let mut variables = vec![
        ("AWS_EXECUTION_ENV", OsString::from(format!("AWS_Lambda_{}", runtime.name))),
        ("LAMBDA_RUNTIME_DIR", folder.clone().into()),
        ("PATH", joined(&paths)),
        ("LD_LIBRARY_PATH", joined(&libraries)),
    ];
    let mut arguments: Vec<OsString> = Vec::new();
    if runtime.family == RuntimeFamily::Python {
        // UTF-8 everywhere, also where the locale that Lambda names is not installed.
        arguments.extend(["-X", "utf8"].map(OsString::from));
        variables.push(("PYTHONPATH", folder.into()));
    } else {
        let modules =
            [format!("/opt/nodejs/node{}/node_modules", runtime.version), "/opt/nodejs/node_modules".to_owned()];
        let mut modules: Vec<_> = modules.into_iter().map(PathBuf::from).collect();
        modules.extend([folder.join("node_modules"), folder, task_root.to_owned()]);
        variables.push(("NODE_PATH", joined(&modules)));
    }
    arguments.push(client.into());
    let warning = interpreter.warning.clone();
    Ok(Program { executable: interpreter.program.clone(), arguments, variables, warning })
}

/// Writes a runtime client into a folder that is named after its content; gives the folder and the file.
fn write(name: &str, source: &str, clients: Option<&Path>) -> Result<(PathBuf, PathBuf), RuntimeError> {
    let root = match clients {
        Some(folder) => folder.to_owned(),
        None => {
            let user = rustix::process::getuid().as_raw();
            std::env::temp_dir().join(format!("ferrogate-runtimes-{user}"))
        }
    };
    let root = std::path::absolute(&root).unwrap_or(root);
    let hash = Sha256::digest(source.as_bytes());
    let folder = root.join(hash[..8].iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")));
    let file = folder.join(name);
    let failed = |path: &Path, error: &dyn std::fmt::Display| RuntimeError::Client {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    private_folder(&root).map_err(|error| failed(&root, &error))?;
    private_folder(&folder).map_err(|error| failed(&folder, &error))?;
    if fs::read(&file).is_ok_and(|found| found == source.as_bytes()) {
        return Ok((folder, file));
    }
    let unfinished = folder.join(format!("{name}.{}", uuid::Uuid::new_v4().simple()));
    let written = fs::write(&unfinished, source).and_then(|()| fs::rename(&unfinished, &file));
    written.map_err(|error| failed(&file, &error))?;
    Ok((folder, file))
}

/// Makes a folder that only this user can write to, or makes sure that it is one: temporary folders are everybody's.
fn private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let metadata = fs::symlink_metadata(path)?;
    let own = metadata.uid() == rustix::process::getuid().as_raw() && metadata.mode() & 0o022 == 0;
    if metadata.is_dir() && own {
        return Ok(());
    }
    Err(io::Error::other("it is not a folder that only this user can write to"))
}
