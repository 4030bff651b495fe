//! Files that are written whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::TlsError;

/// Everybody may read what is public.
pub(super) const PUBLIC: u32 = 0o644;
/// The owner alone reads a key.
pub(super) const SECRET: u32 = 0o600;

/// Puts `contents` at `path`, in a folder that is made if need be. A reader sees the old file or the new one.
pub(super) fn write(path: &Path, contents: &[u8], mode: u32) -> Result<(), TlsError> {
    let failed = |error| TlsError::File(path.to_owned(), error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let new = path.with_extension("new");
    // What an interrupted run has left might have another mode, which opening it would keep.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new).map_err(failed)?;
    file.write_all(contents).map_err(failed)?;
    fs::rename(&new, path).map_err(failed)
}
