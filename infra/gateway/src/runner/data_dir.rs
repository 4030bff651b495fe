//! The data folder, held by one process at a time.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// The data folder of a run; another `ferrogate` cannot open it until this is dropped.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    ephemeral: bool,
    // The lock goes with the file handle, also when the process is killed.
    _lock: Option<File>,
}

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process holds it.
    #[error(
        "{0} is in use by another ferrogate; stop that one, or give this one its own with --data-dir PATH or --ephemeral"
    )]
    InUse(PathBuf),
    /// It cannot be made or written.
    #[error("cannot use the data folder {0}: {1}")]
    Io(PathBuf, std::io::Error),
}

impl DataDir {
    /// Makes and locks the folder; an ephemeral run gets a temporary one that goes with it.
    pub(super) fn open(path: &Path, ephemeral: bool) -> Result<DataDir, DataDirError> {
        if ephemeral {
            let path = std::env::temp_dir().join(format!("ferrogate-{}", uuid::Uuid::new_v4().simple()));
            std::fs::create_dir_all(&path).map_err(|error| DataDirError::Io(path.clone(), error))?;
            return Ok(DataDir { path, ephemeral, _lock: None });
        }
        let failed = |error| DataDirError::Io(path.to_owned(), error);
        std::fs::create_dir_all(path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        let lock = File::create(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(DataDir { path, ephemeral, _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path)),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Where built functions are kept.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where this machine's certificates are kept.
    pub(super) fn tls(&self) -> PathBuf {
        self.path.join("tls")
    }

    /// Where the places in streams are kept; `None` keeps them in memory.
    pub(super) fn checkpoints(&self) -> Option<PathBuf> {
        (!self.ephemeral).then(|| self.path.join("event-sources.json"))
    }

    /// The folder of the tables' files; `None` keeps them in memory.
    pub(super) fn tables(&self) -> Option<&Path> {
        (!self.ephemeral).then_some(self.path.as_path())
    }

    /// The file of logs; `None` keeps them in memory.
    pub(super) fn logs(&self) -> Option<PathBuf> {
        (!self.ephemeral).then(|| self.path.join("logs.sqlite"))
    }

    /// The file of what is created through the API; `None` keeps it in memory.
    pub(super) fn control(&self) -> Option<PathBuf> {
        (!self.ephemeral).then(|| self.path.join("control.sqlite"))
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if self.ephemeral
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the temporary folder remains");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_has_one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataDir::open(folder.path(), false).unwrap();
        let refused = DataDir::open(folder.path(), false).unwrap_err();
        assert!(refused.to_string().contains("in use by another ferrogate"), "{refused}");
        drop(held);
        DataDir::open(folder.path(), false).unwrap();
    }

    #[test]
    fn an_ephemeral_folder_goes_with_its_run() {
        let held = DataDir::open(Path::new("unused"), true).unwrap();
        let path = held.path().to_owned();
        assert!(path.is_dir() && held.tables().is_none());
        drop(held);
        assert!(!path.exists());
    }
}
