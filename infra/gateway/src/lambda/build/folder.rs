//! The state of a folder with code that is run as it is: what is in it, and whether that has changed.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use super::fingerprint::Stamp;

/// Files that are looked at. In a larger folder a change of what comes after them goes unnoticed.
const MAX_FILES: usize = 10_000;
/// Folders that are looked at and watched.
const MAX_FOLDERS: usize = 500;
/// Folders that tools fill, and that nobody edits.
const SKIPPED: [&str; 3] = ["node_modules", "__pycache__", "target"];

/// What is in a folder.
pub(super) struct FolderState {
    /// Changes with every file.
    pub(super) revision: u64,
    /// The folder and those within it, without hidden ones and [`SKIPPED`].
    pub(super) folders: BTreeSet<PathBuf>,
}

impl FolderState {
    /// Looks at a folder; one that cannot be read is empty.
    pub(super) fn of(folder: &Path) -> Self {
        let mut folders = BTreeSet::new();
        let mut files = BTreeSet::new();
        let mut pending = vec![folder.to_owned()];
        while let Some(folder) = pending.pop() {
            if folders.len() >= MAX_FOLDERS || files.len() >= MAX_FILES {
                break;
            }
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let skipped = SKIPPED.iter().any(|skipped| name == *skipped);
                if skipped || name.as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    pending.push(entry.path());
                } else {
                    files.insert(entry.path());
                }
            }
            folders.insert(folder);
        }
        let mut hasher = DefaultHasher::new();
        for file in files.iter().take(MAX_FILES) {
            (file, Stamp::of(file)).hash(&mut hasher);
        }
        FolderState { revision: hasher.finish(), folders }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_a_new_file_and_a_removed_one_are_changes() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        std::fs::create_dir_all(at.join("lib/node_modules/x")).unwrap();
        std::fs::write(at.join("index.mjs"), "1").unwrap();
        let first = FolderState::of(at);
        assert_eq!(first.folders, BTreeSet::from([at.to_owned(), at.join("lib")]));
        assert_eq!(FolderState::of(at).revision, first.revision);
        std::fs::write(at.join("lib/node_modules/x/index.js"), "").unwrap();
        std::fs::write(at.join(".hidden"), "").unwrap();
        assert_eq!(FolderState::of(at).revision, first.revision, "nobody edits these");
        std::fs::write(at.join("index.mjs"), "22").unwrap();
        let edited = FolderState::of(at).revision;
        assert_ne!(edited, first.revision);
        std::fs::write(at.join("lib/a.mjs"), "").unwrap();
        let added = FolderState::of(at).revision;
        assert_ne!(added, edited);
        std::fs::remove_file(at.join("lib/a.mjs")).unwrap();
        assert_eq!(FolderState::of(at).revision, edited);
    }
}
