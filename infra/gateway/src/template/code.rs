//! Where a function's code is: a Cargo package, a folder or a zip that is taken as it is, the template itself, or nowhere
//! on this machine.

use std::path::Path;

use serde::Deserialize;

use crate::model::{FunctionCode, Runtime, RuntimeFamily};

use super::error::{Owner, Place};
use super::include::is_remote;
use super::node::Node;
use super::resolver::Resolver;

#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
    #[serde(default)]
    bin: Vec<Binary>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

#[derive(Deserialize)]
struct Binary {
    name: Option<String>,
}

/// What a path to code came to.
pub(super) enum Code {
    /// It can be run (or, for a managed runtime, will be refused when it is invoked).
    Here(FunctionCode),
    /// It is not on this machine: the function is listed as not supported.
    Elsewhere(String),
}

/// Finds a function's code. `None` after an error.
pub(super) fn find(
    resolver: &Resolver<'_>,
    owner: Owner<'_>,
    property: &str,
    path: &str,
    at: Place,
    metadata: Option<&Node>,
    runtime: &str,
) -> Option<Code> {
    let report = resolver.report;
    if is_remote(path) {
        return Some(Code::Elsewhere(format!("its code is at {path}, not on this machine; name a local folder")));
    }
    let folder = resolver.local_path(path);
    let title = format!("{}.{property}", owner.logical_id);
    if path.ends_with(".jar") {
        return Some(Code::Elsewhere(format!("its code is the archive {path}, which only Java runtimes run")));
    }
    if path.ends_with(".zip") {
        if folder.is_file() {
            return Some(Code::Here(FunctionCode::Zip(folder)));
        }
        report.error(at, format!("{title}: the file {} does not exist", folder.display()));
        return None;
    }
    if !folder.is_dir() {
        let what = if folder.exists() { "is not a folder" } else { "does not exist" };
        report.error(at, format!("{title}: the folder {} {what}", folder.display()));
        return None;
    }
    let build = metadata.and_then(|metadata| metadata.get("BuildMethod")).and_then(Node::as_text);
    let binary = metadata
        .and_then(|metadata| metadata.get("BuildProperties"))
        .and_then(|properties| properties.get("Binary"))
        .and_then(Node::as_text);
    let manifest = folder.join("Cargo.toml");
    let is_interpreted = Runtime::parse(runtime).is_some_and(|runtime| runtime.is_interpreted());
    if !is_interpreted && manifest.is_file() {
        return match binary_name(&manifest, binary) {
            Ok(binary) => Some(Code::Here(FunctionCode::Cargo { folder, binary })),
            Err(why) => {
                report.error(at, format!("{title}: {}: {why}", manifest.display()));
                None
            }
        };
    }
    let is_provided = runtime.starts_with("provided");
    if is_provided && !folder.join("bootstrap").is_file() {
        if let Some(build) = build.filter(|build| !build.starts_with("rust")) {
            let reason = format!(
                "BuildMethod {build} is not run here: build it (`sam build`) and name the folder with its `bootstrap`"
            );
            report.unsupported(owner, Some("Metadata.BuildMethod"), at, reason);
        } else {
            let looked = format!("neither a Cargo.toml nor a `bootstrap` in {}", folder.display());
            report.error(at, format!("{title}: {looked}"));
            return None;
        }
    }
    if let Some(build) = build.filter(|build| is_interpreted && ["esbuild", "makefile"].contains(build)) {
        let reason =
            format!("BuildMethod {build} is not run here: build it (`sam build`) and name the folder with the result");
        report.unsupported(owner, Some("Metadata.BuildMethod"), at, reason);
    }
    Some(Code::Here(FunctionCode::Folder(folder)))
}

/// Code that is written in the template.
pub(super) fn inline(source: String, runtime: &str) -> Code {
    let file_name = match Runtime::parse(runtime).map(|runtime| runtime.family) {
        Some(RuntimeFamily::Python) => "index.py",
        Some(RuntimeFamily::Node) => "index.js",
        _ => return Code::Elsewhere("its code is inline, which only python3.* and nodejs*.x run".to_owned()),
    };
    Code::Here(FunctionCode::Inline { file_name: file_name.to_owned(), source })
}

/// The binary that is the function: the named one, or the only one that the package has.
fn binary_name(manifest: &Path, named: Option<&str>) -> Result<String, String> {
    let text = std::fs::read_to_string(manifest).map_err(|error| format!("cannot be read: {error}"))?;
    let parsed: Manifest = toml::from_str(&text).map_err(|error| error.message().to_owned())?;
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let Some(package) = parsed.package else {
        return Err("has no [package]; name the binary in `Metadata: {BuildProperties: {Binary: …}}`".to_owned());
    };
    let mut binaries: Vec<String> = parsed.bin.into_iter().filter_map(|binary| binary.name).collect();
    let has_main = manifest.with_file_name("src").join("main.rs").is_file();
    match binaries.len() {
        _ if has_main || binaries.contains(&package.name) => Ok(package.name),
        0 => Ok(package.name),
        1 => Ok(binaries.remove(0)),
        _ => Err(format!(
            "has several binaries ({}); name one in `Metadata: {{BuildProperties: {{Binary: …}}}}`",
            binaries.join(", ")
        )),
    }
}
