//! Notices changed files, and rebuilds and swaps functions while they serve.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::build::Builder;
use super::host::LambdaService;

/// Editors write in several steps: a change counts when nothing more has come for this long.
const QUIET: Duration = Duration::from_millis(60);
/// At the latest after this long, however busy the files are.
const PATIENCE: Duration = Duration::from_secs(1);

/// Watches files, by watching the folders they are in: editors replace files rather than write them.
#[derive(Debug)]
pub struct FileWatch {
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    changed: Arc<Notify>,
    /// The files that count; `None` when every visible file of the folders does.
    files: Arc<Mutex<Option<HashSet<PathBuf>>>>,
}

/// Watches some files, such as a template and the documents it includes, whether they exist yet or not.
pub fn watch_files(files: impl IntoIterator<Item = PathBuf>) -> notify::Result<FileWatch> {
    let mut watch = FileWatch::new(Some(HashSet::new()))?;
    watch.set_files(files);
    Ok(watch)
}

impl FileWatch {
    fn new(files: Option<HashSet<PathBuf>>) -> notify::Result<Self> {
        let changed = Arc::new(Notify::new());
        let files = Arc::new(Mutex::new(files));
        let (tell, wanted) = (changed.clone(), files.clone());
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let counts = match &event {
                Ok(event) => {
                    is_change(event.kind) && {
                        let wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
                        event.paths.iter().any(|path| match &*wanted {
                            Some(files) => files.contains(path),
                            None => is_source(path),
                        })
                    }
                }
                // Something was missed: look again.
                Err(_) => true,
            };
            if counts {
                tell.notify_one();
            }
        })?;
        Ok(FileWatch { watcher, folders: BTreeSet::new(), changed, files })
    }

    /// Watches other files from now on.
    pub fn set_files(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        let files: HashSet<_> = files.into_iter().filter_map(|file| real_path(&file)).collect();
        let folders = files.iter().filter_map(|file| file.parent()).map(Path::to_owned).collect();
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = Some(files);
        self.set_folders(folders);
    }

    fn set_folders(&mut self, folders: BTreeSet<PathBuf>) {
        for gone in self.folders.difference(&folders) {
            // A folder that was deleted is no longer watched anyway.
            let _ = self.watcher.unwatch(gone);
        }
        let mut watched = BTreeSet::new();
        for folder in folders {
            let known = self.folders.contains(&folder);
            match if known { Ok(()) } else { self.watcher.watch(&folder, RecursiveMode::NonRecursive) } {
                Ok(()) => {
                    watched.insert(folder);
                }
                Err(error) => tracing::warn!(folder = %folder.display(), %error, "cannot watch for changes"),
            }
        }
        self.folders = watched;
    }

    /// Waits for a change and until the files have come to rest. Changes since the last call count.
    pub async fn changed(&self) {
        self.changed.notified().await;
        let settled = async { while tokio::time::timeout(QUIET, self.changed.notified()).await.is_ok() {} };
        // Files that never rest are looked at anyway.
        let _ = tokio::time::timeout(PATIENCE, settled).await;
    }
}

fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

/// Whether a file could be a source: not hidden, and not an editor's backup.
fn is_source(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let hidden = name.starts_with('.') && name != ".cargo";
    !(hidden || name.ends_with('~') || name == "target")
}

/// The path as the watcher will name it: its folder without symbolic links.
fn real_path(file: &Path) -> Option<PathBuf> {
    let file = std::path::absolute(file).ok()?;
    Some(file.parent()?.canonicalize().ok()?.join(file.file_name()?))
}

/// Rebuilds functions for as long as it lives.
#[derive(Debug)]
pub struct SourceWatch {
    task: JoinHandle<()>,
}

impl Drop for SourceWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Rebuilds and swaps the functions of `service` whenever one of their sources changes, and says so.
///
/// A change that comes during a build causes another one. Call within a Tokio runtime, after the first build.
pub fn watch_functions(service: Arc<LambdaService>, builder: Arc<Builder>) -> notify::Result<SourceWatch> {
    let mut watch = FileWatch::new(None)?;
    let mut folders = builder.watched();
    watch.set_folders(folders.borrow_and_update().clone());
    let task = tokio::spawn(async move {
        loop {
            tokio::select! {
                () = watch.changed() => rebuild(&service, &builder).await,
                known = folders.changed() => {
                    // The builder lives in this task, so this does not fail.
                    if known.is_err() {
                        return;
                    }
                }
            }
            watch.set_folders(folders.borrow_and_update().clone());
        }
    });
    Ok(SourceWatch { task })
}

async fn rebuild(service: &LambdaService, builder: &Builder) {
    let build = match builder.build(&service.functions()).await {
        Ok(build) => build,
        Err(error) => {
            tracing::error!("{error}");
            return;
        }
    };
    let deployed = service.update_code(&build.code);
    let seconds = build.took.as_secs_f64();
    for name in &deployed.changed {
        tracing::info!("{name} rebuilt and swapped in {seconds:.1} s");
    }
    for name in build.failures.keys() {
        tracing::error!("{name} cannot be built: its former code keeps serving, if there is any");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_replaced_file_is_noticed_and_its_neighbour_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("template.yaml");
        let watch = watch_files([file.clone()]).unwrap();
        std::fs::write(folder.path().join("other"), "x").unwrap();
        let fresh = folder.path().join("new");
        std::fs::write(&fresh, "one").unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(100), watch.changed()).await.is_err());
        std::fs::rename(&fresh, &file).unwrap();
        tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.unwrap();
        std::fs::write(&file, "two").unwrap();
        tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.unwrap();
    }
}
