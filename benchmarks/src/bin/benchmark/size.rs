//! The size of each function as it is uploaded: built with the profile `lambda`, zipped.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::table::{Table, megabytes};
use crate::{Failure, cargo, place};

/// Measures and gives the section.
pub(crate) async fn section() -> Result<String, Failure> {
    let functions = functions(&place::repository().join("functions"))?;
    let mut arguments = vec!["build", "--locked", "--profile", "lambda", "--workspace"];
    for function in &functions {
        arguments.extend(["--bin", function]);
    }
    cargo::run(&arguments, &place::repository()).await?;
    let mut table = Table::new(["function", "binary", "zip"]);
    let mut largest = 0;
    for function in functions {
        let binary = place::target().join("lambda").join(&function);
        let (size, zipped) = (std::fs::metadata(&binary)?.len(), zipped(&binary)?);
        largest = largest.max(zipped);
        table.row([function, megabytes(size), megabytes(zipped)]);
    }
    Ok(format!(
        "## Size\n\nProfile `lambda`, for {}; the zip is what is uploaded. The largest is {} (aim: under 3 MB).\n\n{table}",
        std::env::consts::ARCH,
        megabytes(largest)
    ))
}

/// The functions: each folder with a package.
fn functions(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The size of a zip with this file as `bootstrap`.
fn zipped(binary: &Path) -> Result<u64, Failure> {
    let mut archive = ZipWriter::new(tempfile::tempfile()?);
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).compression_level(Some(9));
    archive.start_file("bootstrap", options.unix_permissions(0o755))?;
    std::io::copy(&mut File::open(binary)?, &mut archive)?;
    let mut file = archive.finish()?;
    file.flush()?;
    Ok(file.metadata()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zip_is_smaller_than_what_repeats_itself() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![7; 100_000]).unwrap();
        let size = zipped(file.path()).unwrap();
        assert!(size > 100 && size < 1_000, "{size}");
    }

    #[test]
    fn functions_are_folders_with_a_package() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("Cargo.toml"), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("assets")).unwrap();
        assert_eq!(functions(folder.path()).unwrap(), ["a", "b"]);
        assert!(functions(&folder.path().join("none")).is_err());
    }
}
