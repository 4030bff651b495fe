//! Unpacks a zip that somebody has uploaded: what it says of itself is not believed, and nothing leaves the folder.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Cursor, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::{MAX_UNZIPPED, PackageError};

/// More than the largest packages have; each entry costs a file, however small.
const MAX_ENTRIES: usize = 100_000;
/// The length of a path within a package.
const MAX_NAME: usize = 1024;
/// What of an entry's name is shown.
const SHOWN_NAME: usize = 200;

/// The kind of a file in a Unix mode.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
/// Where the record is that ends a zip, from its end, without the comment.
const END_RECORD: usize = 22;

/// Unpacks `zip` into `folder`, which is empty. What an error leaves there is the caller's to remove.
pub(super) fn unpack(zip: &[u8], folder: &Path) -> Result<(), PackageError> {
    unpack_within(zip, folder, MAX_UNZIPPED)
}

pub(super) fn unpack_within(zip: &[u8], folder: &Path, limit: u64) -> Result<(), PackageError> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(unreadable)?;
    if archive.is_empty() {
        return Err(PackageError::Empty);
    }
    if archive.len() > MAX_ENTRIES {
        return Err(PackageError::TooManyEntries(MAX_ENTRIES));
    }
    if let Some(announced) = announced_entries(zip, archive.comment().len())
        && announced != archive.len()
    {
        return Err(PackageError::Unreadable { reason: "it has several entries of one name".to_owned() });
    }
    let mut files = HashSet::new();
    let mut room = limit;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(unreadable)?;
        let name = entry.name().map_err(unreadable)?.into_owned();
        let path = entry_path(&entry, &name)?;
        let target = folder.join(&path);
        if entry.is_dir() {
            make_folder(&target, &name)?;
            continue;
        }
        if !files.insert(path) {
            return Err(refused(&name, "whose name another entry has too"));
        }
        if let Some(parent) = target.parent() {
            make_folder(parent, &name)?;
        }
        let executable = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        let file = create(&target, executable, &name)?;
        room -= copy(entry, file, room, &target)?;
    }
    if files.is_empty() { Err(PackageError::Empty) } else { Ok(()) }
}

/// Where an entry goes, relative to the folder.
fn entry_path<R: Read>(entry: &ZipFile<'_, R>, name: &str) -> Result<PathBuf, PackageError> {
    let refuse = |reason| Err(refused(name, reason));
    if entry.encrypted() {
        return refuse("which is encrypted");
    }
    match entry.unix_mode().map(|mode| mode & KIND) {
        None | Some(0 | REGULAR | FOLDER) => {}
        Some(LINK) => return refuse("which is a symbolic link"),
        Some(_) => return refuse("which is neither a file nor a folder"),
    }
    if name.len() > MAX_NAME {
        return refuse("whose name is too long");
    }
    if name.contains(['\\', '\0']) {
        return refuse("whose name has a backslash or a NUL; folders are separated by '/'");
    }
    if name.starts_with('/') {
        return refuse("whose name is an absolute path");
    }
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return refuse("whose name leads out of the package with '..'"),
        }
    }
    if path.as_os_str().is_empty() && !entry.is_dir() {
        return refuse("which has no name");
    }
    Ok(path)
}

fn make_folder(path: &Path, name: &str) -> Result<(), PackageError> {
    match fs::create_dir_all(path) {
        // A file stands where a folder is to be.
        Err(_) if path.ancestors().any(Path::is_file) => {
            Err(refused(name, "which is within another entry that is a file"))
        }
        made => made.map_err(|source| PackageError::Io { path: path.to_owned(), source }),
    }
}

fn create(path: &Path, executable: bool, name: &str) -> Result<File, PackageError> {
    let mode = if executable { 0o755 } else { 0o644 };
    match OpenOptions::new().write(true).create_new(true).mode(mode).open(path) {
        // Names that differ and yet are one: a folder's, or, where the disk takes no notice of case, a file's.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists || path.is_dir() => {
            Err(refused(name, "whose name another entry has too"))
        }
        created => created.map_err(|source| PackageError::Io { path: path.to_owned(), source }),
    }
}

/// Copies at most `room` bytes, counting those that come and not those that are announced.
fn copy(mut entry: impl Read, mut file: File, room: u64, path: &Path) -> Result<u64, PackageError> {
    let mut chunk = vec![0_u8; 64 * 1024];
    let mut written = 0;
    loop {
        let count = match entry.read(&mut chunk) {
            Ok(0) => return Ok(written),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(PackageError::Unreadable { reason: error.to_string() }),
        };
        written += count as u64;
        if written > room {
            return Err(PackageError::TooLarge);
        }
        let wrote = io::Write::write_all(&mut file, &chunk[..count]);
        wrote.map_err(|source| PackageError::Io { path: path.to_owned(), source })?;
    }
}

/// How many entries the zip says it has. The crate shows one of several that have the same name.
fn announced_entries(zip: &[u8], comment: usize) -> Option<usize> {
    let record = zip.get(zip.len().checked_sub(END_RECORD + comment)?..)?;
    let count = u16::from_le_bytes([*record.get(10)?, *record.get(11)?]);
    // The other value says that the number is elsewhere, since it is too large for here.
    (record.starts_with(b"PK\x05\x06") && count != u16::MAX).then_some(usize::from(count))
}

fn unreadable(error: ZipError) -> PackageError {
    PackageError::Unreadable { reason: error.to_string() }
}

fn refused(name: &str, reason: &'static str) -> PackageError {
    PackageError::Entry { name: name.chars().take(SHOWN_NAME).flat_map(char::escape_default).collect(), reason }
}
