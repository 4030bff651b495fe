//! Puts executables into numbered folders of their own, so that neither a running process nor a half-written file
//! ever meets the next build.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::fingerprint::{Record, Stamp};

/// Installs `executable` as `{folder}/{function}/{n}/bootstrap` and returns `n` and what Cargo's executable looked like.
///
/// One that is what was installed last keeps its number. The number before is kept too, since processes of it may
/// still be started; older ones are removed.
pub(super) fn install(
    folder: &Path,
    function: &str,
    executable: &Path,
    former: Option<&Record>,
) -> Result<(u64, Stamp), (PathBuf, io::Error)> {
    let missing = || io::Error::from(io::ErrorKind::NotFound);
    let stamp = Stamp::of(executable).ok_or_else(|| (executable.to_owned(), missing()))?;
    let home = folder.join(function);
    if let Some(former) = former {
        let installed = home.join(former.number.to_string()).join("bootstrap");
        if former.executable.as_ref() == Some(&stamp) && installed.is_file() || same_content(executable, &installed) {
            return Ok((former.number, stamp));
        }
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    fs::create_dir_all(&home).map_err(failed(&home))?;
    let known: Vec<u64> = (fs::read_dir(&home).map_err(failed(&home))?.flatten())
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    let number = known.iter().max().map_or(1, |last| last + 1);
    // The folder gets its number when it is complete.
    let unfinished = home.join("unfinished");
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir(&unfinished).map_err(failed(&unfinished))?;
    let bootstrap = unfinished.join("bootstrap");
    // A link costs nothing; across file systems there is none.
    if fs::hard_link(executable, &bootstrap).is_err() {
        fs::copy(executable, &bootstrap).map_err(failed(&bootstrap))?;
    }
    let finished = home.join(number.to_string());
    fs::rename(&unfinished, &finished).map_err(failed(&finished))?;
    let keep = former.map_or(number, |former| former.number);
    for old in known.into_iter().filter(|old| *old != keep) {
        // What cannot be removed now is tried again by the next build.
        let _ = fs::remove_dir_all(home.join(old.to_string()));
    }
    Ok((number, stamp))
}

/// Whether two different files hold the same bytes. One file under two names says nothing: it may have been rewritten.
fn same_content(a: &Path, b: &Path) -> bool {
    let (Ok(a), Ok(b)) = (File::open(a), File::open(b)) else { return false };
    let (Ok(of_a), Ok(of_b)) = (a.metadata(), b.metadata()) else { return false };
    if of_a.len() != of_b.len() || (of_a.dev(), of_a.ino()) == (of_b.dev(), of_b.ino()) {
        return false;
    }
    let (mut a, mut b) = (io::BufReader::with_capacity(1 << 16, a), io::BufReader::with_capacity(1 << 16, b));
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut remaining = of_a.len();
    while remaining > 0 {
        let count = usize::try_from(remaining).unwrap_or(usize::MAX).min(left.len());
        if a.read_exact(&mut left[..count]).is_err()
            || b.read_exact(&mut right[..count]).is_err()
            || left[..count] != right[..count]
        {
            return false;
        }
        remaining -= count as u64;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_with_changes_only() {
        let folder = tempfile::tempdir().unwrap();
        let executable = folder.path().join("f");
        let installs = |former: Option<&Record>| install(folder.path(), "x", &executable, former).unwrap();
        let record = |(number, stamp)| {
            let mut record = Record::new(folder.path(), "f", false);
            (record.number, record.executable) = (number, Some(stamp));
            record
        };
        let replace = |text: &str| {
            fs::remove_file(&executable).ok();
            fs::write(&executable, text).unwrap();
        };
        replace("one");
        let first = record(installs(None));
        assert_eq!(first.number, 1);
        assert_eq!(installs(Some(&first)).0, 1, "the same file");
        replace("one");
        let again = record(installs(Some(&first)));
        assert_eq!(again.number, 1, "the same content");
        replace("two");
        let second = record(installs(Some(&again)));
        assert_eq!(second.number, 2);
        assert!(folder.path().join("x/1/bootstrap").exists(), "processes of it may still be started");
        replace("three");
        assert_eq!(installs(Some(&second)).0, 3);
        assert!(!folder.path().join("x/1").exists());
        assert_eq!(fs::read(folder.path().join("x/2/bootstrap")).unwrap(), b"two");
    }
}
