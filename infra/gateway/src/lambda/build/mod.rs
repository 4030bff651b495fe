//! From Cargo packages to executables: one `cargo build` per workspace, and none at all when nothing has changed. Code
//! that needs no building is taken as it is, in its folder, or unpacked.
//!
//! `cargo` runs the compiler, `fingerprint` tells whether that is needed, `install` puts each executable where a
//! running process and a later build cannot get into each other's way; `folder` notices changes in code that is not built.

mod cargo;
mod fingerprint;
mod folder;
mod install;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use indexmap::IndexMap;
use tokio::sync::{Mutex, watch};

use self::cargo::{Package, Workspace};
use self::fingerprint::{Record, Records};
use self::folder::FolderState;
use super::host::process::Spawner;
use super::host::{Code, LineKind, LogLine, LogSink};
use super::package::{MAX_UNZIPPED, PackageError, PackageStore};
use crate::model::{Function, FunctionCode};

/// Why nothing could be built at all. That one function cannot be built is no such error: see [`Build::failures`].
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The data folder cannot be used.
    #[error("cannot use {path} for the functions' executables: {source}")]
    DataFolder {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What a build came to.
#[derive(Clone, Debug, Default)]
pub struct Build {
    /// What there is to run of each function, by function name.
    pub code: HashMap<String, Code>,
    /// The functions that could not be built and why, by function name.
    pub failures: IndexMap<String, String>,
    /// How long it took.
    pub took: Duration,
}

/// Builds functions into a data folder.
pub struct Builder {
    folder: PathBuf,
    release: bool,
    sink: Arc<dyn LogSink>,
    spawner: Spawner,
    records: Mutex<Records>,
    packages: PackageStore,
    watched: watch::Sender<BTreeSet<PathBuf>>,
}

/// A function that Cargo builds.
#[derive(Clone, Copy)]
struct Target<'a> {
    function: &'a str,
    folder: &'a Path,
    binary: &'a str,
}

impl Builder {
    /// Executables go to `{data_dir}/functions/{function}/{n}/bootstrap`; what the compiler says goes to `sink`.
    pub fn new(data_dir: &Path, release: bool, sink: Arc<dyn LogSink>) -> Result<Self, BuildError> {
        // Processes have other working folders.
        let folder = std::path::absolute(data_dir.join("functions")).unwrap_or_else(|_| data_dir.join("functions"));
        let failed = |source| BuildError::DataFolder { path: folder.clone(), source };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let spawner = Spawner::new().map_err(failed)?;
        let records = Mutex::new(Records::load(&folder));
        let packages =
            PackageStore::new(&data_dir.join("template-code")).map_err(|error| failed(io::Error::other(error)))?;
        Ok(Builder { folder, release, sink, spawner, records, packages, watched: watch::Sender::default() })
    }

    /// The folders whose files the functions were last built from, without their subfolders.
    pub(crate) fn watched(&self) -> watch::Receiver<BTreeSet<PathBuf>> {
        self.watched.subscribe()
    }

    /// Builds what has changed of `functions`. Builds of one builder run one after another.
    pub async fn build(&self, functions: &IndexMap<String, Function>) -> Result<Build, BuildError> {
        let mut records = self.records.lock().await;
        let begin = Instant::now();
        let mut build = Build::default();
        let mut targets = Vec::new();
        let mut watched = BTreeSet::new();
        for (name, function) in functions {
            match &function.code {
                FunctionCode::Folder(folder) => {
                    let task_root = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
                    let state = FolderState::of(&task_root);
                    watched.extend(state.folders);
                    build.code.insert(name.clone(), Code::Ready { task_root, revision: state.revision });
                }
                FunctionCode::Package(folder) => {
                    build.code.insert(name.clone(), Code::in_folder(folder));
                }
                FunctionCode::Zip(_) | FunctionCode::Inline { .. } => {
                    if let FunctionCode::Zip(file) = &function.code {
                        watched.extend(file.parent().map(Path::to_owned));
                    }
                    let code = match self.package(&function.code) {
                        Ok(folder) => Code::in_folder(folder),
                        Err(message) => {
                            self.show(name, &message);
                            build.failures.insert(name.clone(), message.clone());
                            Code::Broken { message }
                        }
                    };
                    build.code.insert(name.clone(), code);
                }
                FunctionCode::Cargo { folder, binary } => targets.push(Target { function: name, folder, binary }),
            }
        }
        let fresh = targets.iter().all(|target| {
            records
                .get(target.function)
                .is_some_and(|record| record.is_fresh(target.folder, target.binary, self.release))
        });
        if !fresh {
            watched.extend(self.build_targets(&targets, &mut records, &mut build.failures).await?);
        }
        for target in &targets {
            let record = records.get(target.function);
            let code = match (build.failures.get(target.function), record) {
                (None, Some(record)) => {
                    let task_root = self.folder.join(target.function).join(record.number.to_string());
                    Code::in_folder(task_root)
                }
                (failure, _) => Code::Broken { message: failure.cloned().unwrap_or_default() },
            };
            build.code.insert(target.function.to_owned(), code);
            watched.extend(record.into_iter().flat_map(Record::folders));
        }
        self.watched.send_if_modified(|known| {
            let changed = *known != watched;
            *known = watched;
            changed
        });
        build.took = begin.elapsed();
        Ok(build)
    }

    /// Has Cargo build all `targets`; returns the folders in which the causes of failures may be.
    async fn build_targets(
        &self,
        targets: &[Target<'_>],
        records: &mut Records,
        failures: &mut IndexMap<String, String>,
    ) -> Result<BTreeSet<PathBuf>, BuildError> {
        let mut suspects = BTreeSet::new();
        // A file that changes while the compiler runs must count as changed afterwards.
        let started = SystemTime::now();
        let mut workspaces: Vec<(Workspace, Vec<(Target<'_>, Package)>)> = Vec::new();
        for target in targets {
            let found = cargo::find_workspace(&self.spawner, &mut workspaces, target).await;
            if let Err(message) = found {
                self.show(target.function, &message);
                failures.insert(target.function.to_owned(), message);
                suspects.extend(cargo::folders_in(target.folder));
            }
        }
        for (workspace, members) in &workspaces {
            let built = cargo::build(&self.spawner, workspace, members, self.release).await;
            for (target, package) in members {
                match built.executable(package, target.binary) {
                    Ok(executable) => {
                        let mut record = Record::new(target.folder, target.binary, self.release);
                        record.read_inputs(&executable, &workspace.root, started);
                        let former = records.get(target.function);
                        let installed = install::install(&self.folder, target.function, &executable, former);
                        let (number, stamp) =
                            installed.map_err(|(path, source)| BuildError::DataFolder { path, source })?;
                        record.number = number;
                        record.executable = Some(stamp);
                        records.insert(target.function, record);
                    }
                    Err(message) => {
                        self.show(target.function, &message);
                        suspects.extend(workspace.source_folders(package));
                        records.forget_inputs(target.function);
                        failures.insert(target.function.to_owned(), message);
                    }
                }
            }
        }
        records.save(&self.folder).map_err(|source| BuildError::DataFolder { path: self.folder.clone(), source })?;
        Ok(suspects)
    }

    /// Unpacks the code of a function that is a zip, or is written in the template; gives the folder.
    fn package(&self, code: &FunctionCode) -> Result<PathBuf, String> {
        let store = &self.packages;
        let package = match code {
            FunctionCode::Zip(file) => {
                let unread = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
                let length = std::fs::metadata(file).map_err(|error| unread(&error))?.len();
                if length > MAX_UNZIPPED {
                    return Err(unread(&PackageError::TooLarge));
                }
                let zip = std::fs::read(file).map_err(|error| unread(&error))?;
                store.put(&zip).map_err(|error| unread(&error))?
            }
            FunctionCode::Inline { file_name, source } => {
                store.put_source(file_name, source).map_err(|error| error.to_string())?
            }
            FunctionCode::Cargo { .. } | FunctionCode::Folder(_) | FunctionCode::Package(_) => {
                return Err("it is not packed".to_owned());
            }
        };
        Ok(package.folder)
    }

    fn show(&self, function: &str, message: &str) {
        for line in message.lines() {
            let (kind, stream, request_id, time) = (LineKind::Build, None, "", 0);
            self.sink.line(&LogLine { kind, function, stream, request_id, time, text: line });
        }
    }
}
