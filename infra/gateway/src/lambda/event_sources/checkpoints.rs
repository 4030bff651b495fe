//! Where each mapping has read to.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where each mapping has read to, kept for the next run. Called from the mappings' tasks: must be quick.
pub trait Checkpoints: Send + Sync + 'static {
    /// The sequence number that a mapping has read to.
    fn load(&self, uuid: &str) -> Option<String>;
    /// Notes that everything up to this sequence number is done with.
    fn store(&self, uuid: &str, sequence_number: &str);
    /// The mapping is no more.
    fn forget(&self, uuid: &str);
}

/// Checkpoints in memory, and in a file if there is one: a new run goes on where this one was.
#[derive(Debug)]
pub struct FileCheckpoints {
    path: PathBuf,
    all: MemoryCheckpoints,
}

impl FileCheckpoints {
    /// Reads the file if it is there. One that cannot be read is told of, and begun anew.
    pub fn open(path: PathBuf) -> FileCheckpoints {
        let all = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "places in streams are not known any more");
                HashMap::new()
            }),
            Err(_) => HashMap::new(),
        };
        FileCheckpoints { path, all: MemoryCheckpoints(Mutex::new(all)) }
    }

    /// Writes a new file and puts it in the old one's place: a crash leaves one of them.
    fn write(&self) {
        let written = serde_json::to_vec(&*self.all.all()).map_err(std::io::Error::from).and_then(|text| {
            let unfinished = self.path.with_extension("unfinished");
            std::fs::write(&unfinished, text)?;
            std::fs::rename(&unfinished, &self.path)
        });
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), %error, "a place in a stream cannot be kept");
        }
    }
}

impl Checkpoints for FileCheckpoints {
    fn load(&self, uuid: &str) -> Option<String> {
        self.all.load(uuid)
    }

    fn store(&self, uuid: &str, sequence_number: &str) {
        self.all.store(uuid, sequence_number);
        self.write();
    }

    fn forget(&self, uuid: &str) {
        self.all.forget(uuid);
        self.write();
    }
}

/// Checkpoints in memory: a new run begins anew.
#[derive(Debug, Default)]
pub struct MemoryCheckpoints(Mutex<HashMap<String, String>>);

impl MemoryCheckpoints {
    fn all(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checkpoints for MemoryCheckpoints {
    fn load(&self, uuid: &str) -> Option<String> {
        self.all().get(uuid).cloned()
    }

    fn store(&self, uuid: &str, sequence_number: &str) {
        self.all().insert(uuid.to_owned(), sequence_number.to_owned());
    }

    fn forget(&self, uuid: &str) {
        self.all().remove(uuid);
    }
}
