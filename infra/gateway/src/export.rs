//! The command `ferrogate export`: asks a running Ferrogate for what it runs, and writes that to a folder.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::Full;
use indexmap::IndexMap;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::remote;
use crate::template::export::MAX_BYTES;

/// In base64, with a template.
const MAX_ANSWER: usize = MAX_BYTES / 3 * 4 + 16 * 1024 * 1024;

/// All code is read and sent in this time.
const PATIENCE: Duration = Duration::from_secs(120);

/// The file that is the template.
const TEMPLATE: &str = "template.yaml";

/// What to export, from where, to where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// `http://127.0.0.1:4566`
    pub endpoint: String,
    /// The folder to write to; it is made if it is not there.
    pub output: PathBuf,
    /// `sam` or `cloudformation`.
    pub format: String,
    /// The region to export, if it is not the running Ferrogate's own.
    pub region: Option<String>,
    /// Whether files that are there are replaced.
    pub force: bool,
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportFailed {
    /// Nobody answers, or not as Ferrogate does.
    #[error("{0}")]
    Unreachable(String),
    /// Files are in the way.
    #[error("{} is there already; name another folder with --output, or replace what is there with --force", .0.display())]
    Exists(PathBuf),
    /// A file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

#[derive(Deserialize)]
struct Answer {
    template: String,
    #[serde(default)]
    files: IndexMap<String, String>,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Export {
    /// Exports; gives the files that were written, the template first.
    ///
    /// # Errors
    /// When nobody answers, a file is in the way, or one cannot be written. Nothing is written before everything is here.
    pub async fn run(&self) -> Result<Vec<PathBuf>, ExportFailed> {
        let answer = self.ask().await?;
        let mut files = vec![(PathBuf::from(TEMPLATE), answer.template.into_bytes())];
        for (path, content) in answer.files {
            let broken = |what: &str| ExportFailed::Unreachable(format!("{} has sent {path:?}, {what}", self.endpoint));
            let target = PathBuf::from(&path);
            if !target.components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(broken("which is not in the folder"));
            }
            let content = STANDARD.decode(&content).map_err(|_| broken("which is no base64"))?;
            files.push((target, content));
        }
        self.write(files)
    }

    async fn ask(&self) -> Result<Answer, ExportFailed> {
        let failed = |what: String| ExportFailed::Unreachable(format!("{} {what}", self.endpoint));
        let (endpoint, client) = remote::connect(&self.endpoint).map_err(ExportFailed::Unreachable)?;
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut query = format!("format={}", encoded(&self.format));
        if let Some(region) = &self.region {
            let _ = write!(query, "&region={}", encoded(region));
        }
        // Packages that are built stay where they are: the template names them from its own folder.
        if let Ok(folder) = std::path::absolute(&self.output) {
            let _ = write!(query, "&folder={}", encoded(&folder.to_string_lossy()));
        }
        let uri: Uri = format!("{}/_ferrogate/export?{query}", endpoint.to_string().trim_end_matches('/'))
            .parse()
            .map_err(|error| failed(format!("is no endpoint: {error}")))?;
        let request = Request::get(uri).body(Full::new(Bytes::new())).map_err(|error| failed(error.to_string()))?;
        let answer = remote::exchange(&client, request, MAX_ANSWER, PATIENCE).await.map_err(failed)?;
        if answer.status() != StatusCode::OK {
            let said = serde_json::from_slice::<Refusal>(answer.body()).map(|refusal| refusal.message);
            let said = said.unwrap_or_else(|_| "is it a Ferrogate of this version?".to_owned());
            return Err(failed(format!("answers {}: {said}", answer.status())));
        }
        serde_json::from_slice(answer.body()).map_err(|error| failed(format!("answers what is no export: {error}")))
    }

    fn write(&self, files: Vec<(PathBuf, Vec<u8>)>) -> Result<Vec<PathBuf>, ExportFailed> {
        let targets: Vec<PathBuf> = files.iter().map(|(path, _)| self.output.join(path)).collect();
        if let Some(there) = targets.iter().find(|target| !self.force && target.exists()) {
            return Err(ExportFailed::Exists(there.clone()));
        }
        for (target, (_, content)) in targets.iter().zip(&files) {
            write_file(target, content).map_err(|error| ExportFailed::Write { path: target.clone(), error })?;
        }
        Ok(targets)
    }
}

/// Writes a file; one that is a program may be run.
fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)?;
    if content.starts_with(b"#!") || content.starts_with(b"\x7fELF") {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn nothing_is_replaced_without_being_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut export = Export {
            endpoint: String::new(),
            output: folder.path().join("out"),
            format: "sam".to_owned(),
            region: None,
            force: false,
        };
        let program = || ("functions/F/bootstrap".into(), b"#!/bin/sh".to_vec());
        let files = || vec![(PathBuf::from(TEMPLATE), b"a".to_vec()), program()];
        let written = export.write(files()).unwrap();
        assert_eq!(fs::metadata(&written[1]).unwrap().permissions().mode() & 0o777, 0o755);
        let refused = export.write(files()).unwrap_err().to_string();
        assert!(refused.contains("template.yaml is there already") && refused.contains("--force"), "{refused}");
        export.force = true;
        assert_eq!(export.write(files()).unwrap().len(), 2);
    }
}
