//! The machine's Python and Node.js: looked for once, asked what they are, and remembered.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::RuntimeError;
use crate::model::{Runtime, RuntimeFamily};

/// How long an interpreter may take to say what it is. Version managers' stand-ins take some 100 ms.
const PATIENCE: Duration = Duration::from_secs(10);
/// The oldest versions that the runtime clients run on.
const OLDEST_PYTHON: u32 = 8;
const OLDEST_NODE: u32 = 18;

/// An interpreter that runs functions of a runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// The executable itself, not a version manager's stand-in for it.
    pub program: PathBuf,
    /// `3.11.7`, `20.20.2`
    pub version: String,
    /// What the user should know, where it is another version than the runtime's: `python3.9 runs on Python 3.11.7`.
    pub warning: Option<String>,
}

/// What an interpreter says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    program: PathBuf,
    version: String,
    /// Python's second number, Node's first.
    key: u32,
}

type Found = HashMap<Runtime, Result<Option<Arc<Interpreter>>, RuntimeError>>;

/// The interpreter for `runtime`; `None` for `provided.*`, which needs none.
///
/// Prefers the very version (`python3.9`), then what the machine calls `python3` or `node`. `FERROGATE_PYTHON` and
/// `FERROGATE_NODE` name one for all versions. The first call for a runtime runs the candidates, which takes up to a few
/// 100 ms; the answer, an error included, is kept as long as the process lives.
pub fn find(runtime: &Runtime) -> Result<Option<Arc<Interpreter>>, RuntimeError> {
    static FOUND: LazyLock<Mutex<Found>> = LazyLock::new(Mutex::default);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = found.get(runtime) {
        return known.clone();
    }
    let surroundings = Surroundings {
        path: std::env::var_os("PATH").unwrap_or_default(),
        named: |variable: &str| std::env::var_os(variable).filter(|name| !name.is_empty()),
    };
    let looked = surroundings.look(runtime).map(|interpreter| interpreter.map(Arc::new));
    found.insert(runtime.clone(), looked.clone());
    looked
}

/// Where interpreters are looked for.
struct Surroundings<N> {
    path: OsString,
    named: N,
}

impl<N: Fn(&str) -> Option<OsString>> Surroundings<N> {
    fn look(&self, runtime: &Runtime) -> Result<Option<Interpreter>, RuntimeError> {
        let version = runtime.version;
        let (variable, oldest, title, names) = match runtime.family {
            RuntimeFamily::Provided => return Ok(None),
            RuntimeFamily::Python => {
                let mut names = vec![format!("python3.{version}"), "python3".to_owned()];
                names.extend((OLDEST_PYTHON..=20).rev().map(|minor| format!("python3.{minor}")));
                ("FERROGATE_PYTHON", OLDEST_PYTHON, "Python", names)
            }
            RuntimeFamily::Node => {
                let names = vec![format!("node{version}"), "node".to_owned(), "nodejs".to_owned()];
                ("FERROGATE_NODE", OLDEST_NODE, "Node.js", names)
            }
        };
        let needs = match runtime.family {
            RuntimeFamily::Python => format!("Python 3.{oldest} or newer"),
            _ => format!("Node.js {oldest} or newer"),
        };
        let missing = |looked: String| RuntimeError::NoInterpreter {
            runtime: runtime.name.clone(),
            needs: needs.clone(),
            looked,
            variable,
        };
        let chosen = if let Some(named) = (self.named)(variable) {
            let files = if Path::new(&named).components().count() > 1 {
                vec![PathBuf::from(&named)]
            } else {
                self.files(&named.to_string_lossy())
            };
            let answers = files.iter().filter_map(|file| ask(file, runtime.family));
            let mut fitting = answers.filter(|answer| answer.key >= oldest);
            fitting.next().ok_or_else(|| {
                missing(format!("{variable} is {}, which is no such program or is too old", named.to_string_lossy()))
            })?
        } else {
            let exact = |name: &String, answer: &Answer| *name != names[0] || answer.key == version;
            let mut answers = names.iter().flat_map(|name| {
                let answers = self.files(name).into_iter().filter_map(|file| ask(&file, runtime.family));
                answers.filter(|answer| answer.key >= oldest && exact(name, answer)).collect::<Vec<_>>()
            });
            answers.next().ok_or_else(|| {
                missing(format!("there is no {} or {} on the PATH that is new enough", names[0], names[1]))
            })?
        };
        let warning = (chosen.key != version).then(|| format!("{} runs on {title} {}", runtime.name, chosen.version));
        Ok(Some(Interpreter { program: chosen.program, version: chosen.version, warning }))
    }

    /// The files of that name on the path, in its order.
    fn files(&self, name: &str) -> Vec<PathBuf> {
        std::env::split_paths(&self.path).map(|folder| folder.join(name)).filter(|file| file.is_file()).collect()
    }
}

/// Runs `file` to learn where and what it is. `None` when it is no such interpreter, as with a version manager's
/// stand-in for a version that is not installed.
fn ask(file: &Path, family: RuntimeFamily) -> Option<Answer> {
    let (flag, program) = match family {
        RuntimeFamily::Python => ("-c", "import sys; print(sys.executable); print('%d.%d.%d' % sys.version_info[:3])"),
        _ => ("-e", "console.log(process.execPath + '\\n' + process.versions.node)"),
    };
    let mut child = Command::new(file)
        .args([flag, program])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let begin = Instant::now();
    // Two short lines fit into the pipe, so it need not be read before the end.
    while child.try_wait().ok()?.is_none() {
        if begin.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (program, version) = text.trim_end().split_once('\n')?;
    let mut numbers = version.split('.').map(str::parse::<u32>);
    let (major, minor) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let key = match family {
        RuntimeFamily::Python => Some(minor).filter(|_| major == 3)?,
        _ => major,
    };
    Some(Answer { program: program.into(), version: version.to_owned(), key })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of programs that say what they are told to.
    fn machine(programs: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, says) in programs {
            let path = folder.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{says}\n")).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
        folder
    }

    fn look(folder: &Path, runtime: &str, named: Option<&str>) -> Result<Interpreter, String> {
        let named = |_: &str| named.map(OsString::from);
        let surroundings = Surroundings { path: folder.as_os_str().to_owned(), named };
        let found = surroundings.look(&Runtime::parse(runtime).unwrap());
        found.map(Option::unwrap).map_err(|error| error.to_string())
    }

    #[test]
    fn the_very_version_comes_first_then_what_the_machine_has() {
        let folder = machine(&[
            ("python3.9", "echo /real/nine; echo 3.9.18"),
            ("python3.12", "echo not installed >&2; exit 127"),
            ("python3", "echo /real/eleven; echo 3.11.7"),
            ("node", "echo /real/node; echo 20.1.0"),
        ]);
        let at = folder.path();
        let found = look(at, "python3.9", None).unwrap();
        assert_eq!((found.program, found.warning), ("/real/nine".into(), None));
        let found = look(at, "python3.12", None).unwrap();
        assert_eq!(found.program, Path::new("/real/eleven"));
        assert_eq!(found.warning.unwrap(), "python3.12 runs on Python 3.11.7");
        assert_eq!(look(at, "nodejs20.x", None).unwrap().warning, None);
        assert_eq!(look(at, "nodejs22.x", None).unwrap().warning.unwrap(), "nodejs22.x runs on Node.js 20.1.0");
        assert_eq!(look(at, "python3.12", Some("python3.9")).unwrap().program, Path::new("/real/nine"));
    }

    #[test]
    fn a_missing_interpreter_says_what_was_looked_for_and_how_to_mend_it() {
        let folder = machine(&[("python3", "echo /old; echo 3.6.1"), ("node", "echo /old; echo 16.0.0")]);
        assert_eq!(
            look(folder.path(), "python3.12", None).unwrap_err(),
            "the runtime python3.12 needs Python 3.8 or newer, and this machine has none: there is no python3.12 \
             or python3 on the PATH that is new enough. Install it, or name one in FERROGATE_PYTHON"
        );
        let error = look(folder.path(), "nodejs22.x", None).unwrap_err();
        assert!(error.contains("Node.js 18 or newer") && error.contains("FERROGATE_NODE"), "{error}");
        let error = look(folder.path(), "nodejs22.x", Some("/nowhere/node")).unwrap_err();
        assert!(error.contains("FERROGATE_NODE is /nowhere/node, which is no such program or is too old"), "{error}");
    }
}
