//! Deployment packages: zip files as they are uploaded to Lambda, unpacked into folders that are named after their
//! content.
//!
//! `unpack` takes nothing on trust that a zip says of itself; `check` tells whether what was in it can be run.

mod check;
#[cfg(test)]
mod tests;
mod unpack;

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

pub use check::{CheckError, check};

/// Lambda's bound for what a package unpacks to, in bytes.
pub const MAX_UNZIPPED: u64 = 262_144_000;

/// Begins the names of what is still being written; a crash leaves it for [`PackageStore::new`] to remove.
const UNFINISHED: &str = "unfinished-";

/// Why a package is refused. All but [`Io`](Self::Io) are the uploader's mistakes, which AWS answers with
/// `InvalidParameterValueException` and this text (400).
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Not a zip, or a damaged one.
    #[error("Could not unzip uploaded file. Please check your file, then try to upload again.")]
    Unreadable {
        /// What is wrong with it, for the log.
        reason: String,
    },
    /// A zip without files.
    #[error("Uploaded file must be a non-empty zip")]
    Empty,
    /// More than [`MAX_UNZIPPED`] bytes, counted while unpacking.
    #[error("Unzipped size must be smaller than {MAX_UNZIPPED} bytes")]
    TooLarge,
    /// More entries than any package has.
    #[error("The uploaded zip has more than {0} entries; no deployment package may have so many")]
    TooManyEntries(usize),
    /// An entry that does not belong into a package.
    #[error("The uploaded zip has the entry '{name}', {reason}. Remove it, then try to upload again.")]
    Entry {
        /// The entry's name, cut to a readable length.
        name: String,
        /// What is wrong with it: a clause.
        reason: &'static str,
    },
    /// The machine's fault: the disk, the permissions.
    #[error("cannot keep the deployment package in {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A package that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The folder it is unpacked into: a function's `LAMBDA_TASK_ROOT`. Nobody may write to it.
    pub folder: PathBuf,
    /// The zip as it was uploaded, for `Code.Location`.
    pub zip: PathBuf,
    /// `CodeSha256`: the SHA-256 of the zip, in base64.
    pub sha256: String,
    /// `CodeSize`: the zip's length in bytes.
    pub size: u64,
}

/// Packages in a folder, each as `{sha256}` and `{sha256}.zip`, the name in hexadecimal.
///
/// Equal packages are kept once. A package is there as a whole or not at all, whenever the process ends.
#[derive(Clone, Debug)]
pub struct PackageStore {
    folder: PathBuf,
}

impl PackageStore {
    /// Opens the store in `folder`, such as `{data_dir}/code`, which it makes and has for itself alone; removes what a
    /// crash has left unfinished.
    pub fn new(folder: &Path) -> Result<Self, PackageError> {
        // Processes have other working folders.
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let failed = |source| PackageError::Io { path: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(failed)?;
        for entry in fs::read_dir(&folder).map_err(failed)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                remove(&entry.path());
            }
        }
        Ok(PackageStore { folder })
    }

    /// Keeps a package: checks and unpacks it, unless it is there already. Blocks; up to some seconds for a large one.
    pub fn put(&self, zip: &[u8]) -> Result<Package, PackageError> {
        let hash = Sha256::digest(zip);
        let package = self.package(&hash, zip.len() as u64);
        if package.folder.is_dir() && package.zip.is_file() {
            return Ok(package);
        }
        let failed = |source| PackageError::Io { path: self.folder.clone(), source };
        let unfinished = self.unfinished();
        let unpacked = fs::create_dir(&unfinished).map_err(failed).and_then(|()| unpack::unpack(zip, &unfinished));
        let kept = unpacked.and_then(|()| {
            // The zip first: a folder is taken for whole when both are there.
            self.write(zip, &package.zip).map_err(failed)?;
            match fs::rename(&unfinished, &package.folder) {
                // Another call was quicker with the same package.
                Err(_) if package.folder.is_dir() => Ok(()),
                renamed => renamed.map_err(failed),
            }
        });
        remove(&unfinished);
        kept.map(|()| package)
    }

    /// Keeps one file of source as the only file of a package, as `ZipFile` of a template means it.
    pub fn put_source(&self, file_name: &str, source: &str) -> Result<Package, PackageError> {
        let failed =
            |error: zip::result::ZipError| PackageError::Io { path: self.folder.clone(), source: error.into() };
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        // Its time is always the same, so that equal sources are equal packages.
        let options = zip::write::SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
        writer.start_file(file_name, options).map_err(failed)?;
        writer.write_all(source.as_bytes()).map_err(|error| failed(error.into()))?;
        self.put(writer.finish().map_err(failed)?.get_ref())
    }

    /// The package with this `CodeSha256`, if it is kept, as after a restart.
    pub fn get(&self, sha256: &str) -> Option<Package> {
        let hash = STANDARD.decode(sha256).ok().filter(|hash| hash.len() == 32)?;
        let package = self.package(&hash, 0);
        let size = fs::metadata(&package.zip).ok()?.len();
        package.folder.is_dir().then_some(Package { size, ..package })
    }

    /// Removes every package whose `CodeSha256` is not in `used`.
    ///
    /// A package that was [`put`](Self::put) and is not in `used` yet goes too: call both under one lock. Processes that
    /// run on removed code keep what they have loaded.
    pub fn retain(&self, used: &HashSet<String>) -> Result<(), PackageError> {
        let kept: HashSet<_> =
            used.iter().filter_map(|sha256| STANDARD.decode(sha256).ok()).map(|hash| crate::ids::hex(&hash)).collect();
        let entries =
            fs::read_dir(&self.folder).map_err(|source| PackageError::Io { path: self.folder.clone(), source })?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let hash = name.strip_suffix(".zip").unwrap_or(&name);
            if !kept.contains(hash) && !name.starts_with(UNFINISHED) {
                remove(&entry.path());
            }
        }
        Ok(())
    }

    fn package(&self, hash: &[u8], size: u64) -> Package {
        let name = crate::ids::hex(hash);
        let zip = self.folder.join(format!("{name}.zip"));
        Package { folder: self.folder.join(name), zip, sha256: STANDARD.encode(hash), size }
    }

    fn unfinished(&self) -> PathBuf {
        self.folder.join(format!("{UNFINISHED}{}", uuid::Uuid::new_v4().simple()))
    }

    /// Writes a file so that it is whole, whenever the machine stops.
    fn write(&self, content: &[u8], path: &Path) -> io::Result<()> {
        let unfinished = self.unfinished();
        let mut file = fs::File::create(&unfinished)?;
        let written = file.write_all(content).and_then(|()| file.sync_all());
        written.and_then(|()| fs::rename(&unfinished, path)).inspect_err(|_| remove(&unfinished))
    }
}

/// Removes a file or a folder, if it is there. What cannot be removed now is tried again by the next clearing.
fn remove(path: &Path) {
    if fs::remove_dir_all(path).is_err() {
        let _ = fs::remove_file(path);
    }
}
