//! Code: where it comes from, what it must hold, and `UpdateFunctionCode`.
//!
//! It comes from the request, or from this machine: the bucket `local` stands for the file system, and the key is the
//! absolute path of a zip or of a folder (`--code S3Bucket=local,S3Key=/path/to/package.zip`).

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op_async};
use super::super::world::lock;
use super::functions::blob;
use super::names::Name;
use super::rooms::FunctionRooms;
use super::show::{self, Phase};
use super::{check_revision, invalid, new_revision, read, refuse_declared, versions};
use crate::lambda::package::{self, MAX_UNZIPPED, Package};
use crate::lambda::runtimes;
use crate::model::LATEST;

pub(super) const OPERATIONS: &[Entry] =
    &[op_async("UpdateFunctionCode", update_function_code).partly("code from S3 and container images are refused")];

/// The bucket that stands for this machine's file system.
const LOCAL_BUCKET: &str = "local";
/// Files of a folder that is packed, at most.
const MAX_FILES: usize = 100_000;

/// Where a request says that code is.
pub(super) enum Upload {
    Zip(Vec<u8>),
    /// A zip or a folder of this machine.
    Path(PathBuf),
}

impl Upload {
    /// From the members of `Code`, or of `UpdateFunctionCode` itself.
    pub(super) fn of(members: Option<&Map<String, Value>>) -> Result<Upload, ApiError> {
        let text = |member: &str| members?.get(member)?.as_str();
        if text("ImageUri").is_some() {
            return Err(invalid(
                "container images are not run here: give a zip (ZipFile), or S3Bucket=local with its path",
            ));
        }
        match (text("ZipFile"), text("S3Bucket"), text("S3Key")) {
            (Some(zip), ..) => Ok(Upload::Zip(blob(zip)?)),
            (None, Some(LOCAL_BUCKET), Some(path)) if Path::new(path).is_absolute() => Ok(Upload::Path(path.into())),
            (None, Some(LOCAL_BUCKET), key) => {
                let key = key.unwrap_or_default();
                Err(invalid(format!(
                    "S3Bucket=local takes the absolute path of a zip or a folder as S3Key, not '{key}'"
                )))
            }
            (None, Some(bucket), _) => Err(invalid(format!(
                "there is no S3 here, so the bucket '{bucket}' cannot be read: give the zip in the request (ZipFile), or \
                 S3Bucket=local with S3Key the absolute path of a zip or a folder"
            ))),
            _ => Err(invalid("Please provide a source for function code.")),
        }
    }

    /// The zip. Blocks.
    fn read(self) -> Result<Vec<u8>, ApiError> {
        let path = match self {
            Upload::Zip(zip) => return Ok(zip),
            Upload::Path(path) => path,
        };
        let unreadable = |error: &dyn std::fmt::Display| invalid(format!("{}: {error}", path.display()));
        let metadata = std::fs::metadata(&path).map_err(|error| unreadable(&error))?;
        if metadata.is_dir() {
            return pack(&path).map_err(|error| unreadable(&error));
        }
        if metadata.len() > MAX_UNZIPPED {
            return Err(unreadable(&format!("Unzipped size must be smaller than {MAX_UNZIPPED} bytes")));
        }
        std::fs::read(&path).map_err(|error| unreadable(&error))
    }
}

/// Packs a folder; equal folders give equal zips.
fn pack(folder: &Path) -> Result<Vec<u8>, String> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut room = MAX_UNZIPPED;
    for path in files {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let metadata = std::fs::metadata(&path).map_err(|error| failed(&error))?;
        room = room
            .checked_sub(metadata.len())
            .ok_or_else(|| format!("Unzipped size must be smaller than {MAX_UNZIPPED} bytes"))?;
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let executable = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
        let options = zip::write::SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(if executable { 0o755 } else { 0o644 });
        writer.start_file(name, options).map_err(|error| failed(&error))?;
        let content = std::fs::read(&path).map_err(|error| failed(&error))?;
        writer.write_all(&content).map_err(|error| failed(&error))?;
    }
    writer.finish().map(Cursor::into_inner).map_err(|error| error.to_string())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        // What a link leads to may be anywhere, and a package has no links.
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
        if files.len() > MAX_FILES {
            return Err(format!("more than {MAX_FILES} files"));
        }
    }
    Ok(())
}

/// Keeps code and sees to it that it can be run. `strict` refuses a handler that is not in it, which AWS finds out with the
/// first call; an update lets it pass, since code and handler are changed one after the other.
pub(super) async fn keep(
    rooms: &FunctionRooms,
    upload: Upload,
    runtime: &str,
    handler: &str,
    strict: bool,
) -> Result<Package, ApiError> {
    let zip = tokio::task::spawn_blocking(move || upload.read()).await.map_err(ApiError::internal)??;
    // The store is cheap to clone, the rooms are not.
    let packages = rooms.packages();
    let package = tokio::task::spawn_blocking(move || FunctionRooms::keep(&packages, &zip)).await;
    let package = package.map_err(ApiError::internal)??;
    check(runtime, handler, &package.folder, strict).await?;
    Ok(package)
}

/// Whether the code in `folder` can be run, by an interpreter that this machine has.
async fn check(runtime: &str, handler: &str, folder: &Path, strict: bool) -> Result<(), ApiError> {
    let (runtime, handler, folder) = (runtime.to_owned(), handler.to_owned(), folder.to_owned());
    let checked = tokio::task::spawn_blocking(move || {
        check_runtime(&runtime)?;
        let found = package::check(&runtime, &handler, &folder).map_err(|error| invalid(error.to_string()))?;
        match found.into_iter().next() {
            Some(missing) if strict => Err(invalid(missing)),
            Some(missing) => {
                tracing::warn!("{missing}");
                Ok(())
            }
            None => Ok(()),
        }
    });
    checked.await.map_err(ApiError::internal)?
}

/// Whether this machine runs functions of a runtime. Blocks, the first time for each.
pub(super) fn check_runtime(runtime: &str) -> Result<(), ApiError> {
    let found = runtimes::parse(runtime).and_then(|runtime| runtimes::find(&runtime));
    found.map(|_| ()).map_err(|error| invalid(error.to_string()))
}

fn update_function_code<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    update(call).boxed()
}

async fn update(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let record = read(call, &name)?;
    refuse_declared(call, &name)?;
    let latest = record.latest().ok_or_else(|| name.not_found(call))?.clone();
    check_revision(call.optional_text("RevisionId"), &latest.revision_id, "GetFunction/GetAlias")?;
    let rooms = call.control.function_rooms()?;
    let packing = rooms.packing.read().await;
    let upload = Upload::of(Some(&call.input.members))?;
    let package = keep(rooms, upload, &latest.runtime, &latest.handler, false).await?;
    let architectures: Option<Vec<String>> =
        call.member("Architectures").cloned().and_then(|value| serde_json::from_value(value).ok());
    let (dry, publish, now) = (call.boolean("DryRun") == Some(true), call.boolean("Publish") == Some(true), call.now());
    let apply = |record: &mut crate::model::FunctionRecord| {
        let latest = record.versions.get_mut(LATEST).ok_or_else(|| name.not_found(call))?;
        check_revision(call.optional_text("RevisionId"), &latest.revision_id, "GetFunction/GetAlias")?;
        latest.code_sha256.clone_from(&package.sha256);
        latest.code_size = package.size;
        latest.last_modified = now;
        latest.revision_id = new_revision();
        if let Some(architectures) = architectures {
            latest.architectures = architectures;
        }
        let shown = latest.clone();
        if publish { versions::publish(record, None) } else { Ok(shown) }
    };
    let (record, version) = if dry {
        let mut record = record;
        let version = apply(&mut record)?;
        (record, version)
    } else {
        let mut state = lock(&call.world.lambda);
        let changed = state.functions.update(&name.function, apply);
        let version = changed.unwrap_or_else(|| Err(name.not_found(call)))?;
        let record = state.functions.get(&name.function).cloned().ok_or_else(|| name.not_found(call))?;
        let published = record.versions.get(&version.version).filter(|_| publish);
        for version in record.latest().into_iter().chain(published) {
            rooms.run(call.world, &name.function, version)?;
        }
        (record, version)
    };
    drop(packing);
    call.control.remove_unused_packages();
    let qualifier = publish.then_some(version.version.as_str());
    let members = show::configuration(call.world, &record, &version, qualifier, Phase::Updating);
    Ok(Output { members, ..Output::default() })
}
