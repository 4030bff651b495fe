//! Whether a function must be built at all: what it was built from, and whether that has changed.
//!
//! Cargo needs some hundred milliseconds to find that there is nothing to do. The sources that it lists beside each
//! executable (dep-info) tell the same in a few, so that a start with functions already built does not wait.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// What the state of this file's format is called; another one is not read.
const FORMAT: u32 = 1;
/// Variables that change what Cargo builds, or where.
const VARIABLES: [&str; 5] =
    ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET", "RUSTUP_TOOLCHAIN"];

/// A file's state, by which a change is recognised.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Stamp {
    modified_nanos: u64,
    length: u64,
    inode: u64,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Option<Stamp> {
        let metadata = std::fs::metadata(path).ok()?;
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let modified_nanos = u64::try_from(modified.as_nanos()).ok()?;
        Some(Stamp { modified_nanos, length: metadata.len(), inode: metadata.ino() })
    }
}

/// How one function was last built.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    folder: PathBuf,
    binary: String,
    release: bool,
    variables: Vec<Option<String>>,
    /// Every file that the build depends on; `None` for one that did not exist.
    inputs: BTreeMap<PathBuf, Option<Stamp>>,
    /// Cargo's executable, of which the installed one is a link or a copy.
    pub(super) executable: Option<Stamp>,
    /// The installed executable's number.
    pub(super) number: u64,
}

impl Record {
    pub(super) fn new(folder: &Path, binary: &str, release: bool) -> Self {
        Record {
            folder: folder.to_owned(),
            binary: binary.to_owned(),
            release,
            variables: variables(),
            inputs: BTreeMap::new(),
            executable: None,
            number: 0,
        }
    }

    /// Whether nothing has changed since.
    pub(super) fn is_fresh(&self, folder: &Path, binary: &str, release: bool) -> bool {
        self.folder == folder
            && self.binary == binary
            && self.release == release
            && self.variables == variables()
            && !self.inputs.is_empty()
            && self.inputs.iter().all(|(path, stamp)| Stamp::of(path) == *stamp)
    }

    /// Notes what `executable` was built from. Without dep-info nothing is noted, and the next build asks Cargo.
    pub(super) fn read_inputs(&mut self, executable: &Path, workspace: &Path, started: SystemTime) {
        let mut dep_info = executable.as_os_str().to_owned();
        dep_info.push(".d");
        let Ok(dep_info) = std::fs::read_to_string(dep_info) else { return };
        let mut paths: BTreeSet<PathBuf> = sources(&dep_info).into_iter().map(|path| workspace.join(path)).collect();
        let manifests: BTreeSet<PathBuf> = (paths.iter().chain([&self.folder.join("Cargo.toml")]))
            .filter_map(|path| {
                path.ancestors().skip(1).map(|folder| folder.join("Cargo.toml")).find(|path| path.exists())
            })
            .collect();
        paths.extend(manifests);
        for name in ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "rust-toolchain", ".cargo/config.toml"] {
            paths.insert(workspace.join(name));
        }
        let started = started.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        self.inputs = paths
            .into_iter()
            .map(|path| {
                let mut stamp = Stamp::of(&path);
                // Cargo itself may write its lock file.
                let own = path.ends_with("Cargo.lock");
                if let Some(stamp) = stamp.as_mut().filter(|stamp| !own && u128::from(stamp.modified_nanos) >= started)
                {
                    // It has changed since Cargo began: a length that no file has makes the next build ask Cargo again.
                    stamp.length = u64::MAX;
                }
                (path, stamp)
            })
            .collect();
    }

    /// The folders that the inputs are in.
    pub(super) fn folders(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.inputs.keys().filter_map(|path| path.parent()).filter(|folder| folder.is_dir()).map(Path::to_owned)
    }
}

fn variables() -> Vec<Option<String>> {
    VARIABLES.iter().map(|name| std::env::var(name).ok()).collect()
}

/// The sources in a line of a Makefile, `target: source source …`, where a space in a path is written as `\ `.
fn sources(dep_info: &str) -> Vec<String> {
    let Some((_, list)) = dep_info.lines().next().and_then(|line| line.split_once(": ")) else { return Vec::new() };
    let mut paths = vec![String::new()];
    let mut characters = list.chars().peekable();
    while let Some(character) = characters.next() {
        let last = paths.len() - 1;
        match character {
            '\\' if characters.peek() == Some(&' ') => paths[last].extend(characters.next()),
            ' ' => paths.push(String::new()),
            other => paths[last].push(other),
        }
    }
    paths.retain(|path| !path.is_empty());
    paths
}

/// The records of all functions, kept in the data folder.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Records {
    format: u32,
    functions: BTreeMap<String, Record>,
}

impl Records {
    /// Reads the records; without any, or with unreadable ones, everything is built again.
    pub(super) fn load(folder: &Path) -> Self {
        let read = std::fs::read(file(folder)).ok().and_then(|json| serde_json::from_slice::<Records>(&json).ok());
        let mut records = read.filter(|records| records.format == FORMAT).unwrap_or_default();
        records.format = FORMAT;
        // An executable that was deleted must be installed again.
        let installed =
            |name: &str, number: u64| folder.join(name).join(number.to_string()).join("bootstrap").is_file();
        records.functions.retain(|name, record| installed(name, record.number));
        records
    }

    /// Writes the records, so that a crash leaves the former or the new ones.
    pub(super) fn save(&self, folder: &Path) -> io::Result<()> {
        let unfinished = file(folder).with_extension("json.new");
        std::fs::write(&unfinished, serde_json::to_vec(self)?)?;
        std::fs::rename(unfinished, file(folder))
    }

    pub(super) fn get(&self, function: &str) -> Option<&Record> {
        self.functions.get(function)
    }

    pub(super) fn insert(&mut self, function: &str, record: Record) {
        self.functions.insert(function.to_owned(), record);
    }

    /// Has the next build ask Cargo: the function did not compile.
    pub(super) fn forget_inputs(&mut self, function: &str) {
        if let Some(record) = self.functions.get_mut(function) {
            record.binary.clear();
        }
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("build.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dep_info_is_read_with_its_escapes() {
        let text = "/t/debug/f: /w/my\\ f/src/main.rs /w/shared/src/lib.rs\n\n/w/x.rs:\n";
        assert_eq!(sources(text), ["/w/my f/src/main.rs", "/w/shared/src/lib.rs"]);
        assert!(sources("").is_empty());
    }
}
