//! The code of functions, read to be written beside the template.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::ExportError;

/// All code together: what Lambda takes of one function, unpacked.
pub const MAX_BYTES: usize = 262_144_000;

/// Files deep at most; a link that leads back to a folder above it would never end.
const MAX_DEPTH: usize = 64;

/// What is no code: what tools keep in a folder for themselves.
const LEFT_OUT: &[&str] = &[".git", "__pycache__", ".DS_Store"];

/// Reads `source`, a file or a folder, as files below `target`.
pub(super) fn read(
    files: &mut Vec<(PathBuf, Vec<u8>)>,
    function: &str,
    source: &Path,
    target: &Path,
) -> Result<(), ExportError> {
    let mut bytes: usize = files.iter().map(|(_, content)| content.len()).sum();
    let failed = |path: PathBuf, error: io::Error| ExportError::Code { function: function.to_owned(), path, error };
    let mut waiting = vec![(source.to_owned(), target.to_owned(), 0)];
    while let Some((from, to, depth)) = waiting.pop() {
        let metadata = fs::metadata(&from).map_err(|error| failed(from.clone(), error))?;
        if metadata.is_file() {
            bytes = bytes.saturating_add(usize::try_from(metadata.len()).unwrap_or(usize::MAX));
            if bytes > MAX_BYTES {
                return Err(ExportError::TooLarge);
            }
            let content = fs::read(&from).map_err(|error| failed(from.clone(), error))?;
            files.push((to, content));
        } else if metadata.is_dir() && depth < MAX_DEPTH {
            let entries = fs::read_dir(&from).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
            let mut names: Vec<_> = entries
                .map_err(|error| failed(from.clone(), error))?
                .into_iter()
                .map(|entry| entry.file_name())
                .collect();
            names.retain(|name| !LEFT_OUT.iter().any(|left_out| name == left_out));
            // Last first, so that they are taken in order.
            names.sort_unstable_by(|a, b| b.cmp(a));
            waiting.extend(names.into_iter().map(|name| (from.join(&name), to.join(&name), depth + 1)));
        }
    }
    Ok(())
}

/// `path` as it is named in `folder`; as it is where there is no way from one to the other.
pub(super) fn relative(path: &Path, folder: Option<&Path>) -> PathBuf {
    let (Ok(path), Some(folder)) = (std::path::absolute(path), folder) else { return path.to_owned() };
    let (path, folder) = (plain(&path), plain(folder));
    let common = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return path;
    }
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    let relative: PathBuf = up.chain(path.components().skip(common)).collect();
    if relative.as_os_str().is_empty() { PathBuf::from(".") } else { relative }
}

/// Without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_from_the_templates_folder() {
        for (path, folder, expected) in [
            ("/a/b/functions/f", "/a/b/out", "../functions/f"),
            ("/a/b/infra/../functions/f", "/a/b", "functions/f"),
            ("/a/b", "/a/b", "."),
        ] {
            assert_eq!(relative(Path::new(path), Some(Path::new(folder))), Path::new(expected));
        }
        assert_eq!(relative(Path::new("/a"), None), Path::new("/a"));
    }

    #[test]
    fn a_folder_is_read_whole_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("b/__pycache__")).unwrap();
        for (name, text) in [("z.py", "z"), ("b/a.py", "a"), ("b/__pycache__/x", "x")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let mut files = Vec::new();
        read(&mut files, "f", folder.path(), Path::new("functions/f")).unwrap();
        let expected: [(PathBuf, Vec<u8>); 2] =
            [("functions/f/b/a.py".into(), b"a".to_vec()), ("functions/f/z.py".into(), b"z".to_vec())];
        assert_eq!(files, expected);
        let error = read(&mut files, "f", Path::new("/no/such"), Path::new("x")).unwrap_err().to_string();
        assert!(error.starts_with("the code of the function f cannot be read: /no/such"), "{error}");
    }
}
