//! Running Cargo: which package a folder is, and one build command for all functions of a workspace.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;

use super::Target;
use crate::lambda::host::process::Spawner;

/// How much of the compiler's errors is kept for each package.
const MAX_MESSAGE: usize = 32 * 1024;
/// Folders of one package that are looked at; more than any hand-written package has.
const MAX_FOLDERS: usize = 2_000;

/// A Cargo workspace with functions in it.
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    packages: Vec<Package>,
}

/// A package of a workspace.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
    targets: Vec<PackageTarget>,
    dependencies: Vec<Dependency>,
}

#[derive(Clone, Debug, Deserialize)]
struct Dependency {
    /// The folder of a dependency by path.
    path: Option<PathBuf>,
}

#[derive(Clone, Debug, Deserialize)]
struct PackageTarget {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    packages: Vec<Package>,
}

/// What a build command left.
#[derive(Default)]
pub(super) struct Built {
    /// By package id and binary name.
    executables: HashMap<(String, String), PathBuf>,
    /// By package id.
    errors: HashMap<String, String>,
    /// Why Cargo itself failed, if it did.
    failure: Option<String>,
}

/// A line of `--message-format=json`, as far as it matters here.
#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Artifact { package_id: String, target: PackageTarget, executable: Option<PathBuf> },
    #[serde(rename = "compiler-message")]
    Diagnosed { package_id: String, message: Diagnostic },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    rendered: Option<String>,
}

impl Built {
    /// The executable, or what kept it from being built.
    pub(super) fn executable(&self, package: &Package, binary: &str) -> Result<PathBuf, String> {
        let key = (package.id.clone(), binary.to_owned());
        if let Some(executable) = self.executables.get(&key) {
            return Ok(executable.clone());
        }
        // An error in a package that the function depends on is the function's too.
        let errors = self
            .errors
            .get(&package.id)
            .cloned()
            .unwrap_or_else(|| self.errors.values().map(String::as_str).collect::<String>());
        let failure = self.failure.as_deref().unwrap_or("cargo build gave no executable");
        Err(if errors.is_empty() { failure.to_owned() } else { errors })
    }
}

/// Sorts `target` into the workspace it belongs to, which is looked up if it is not known yet.
pub(super) async fn find_workspace<'a>(
    spawner: &Spawner,
    workspaces: &mut Vec<(Workspace, Vec<(Target<'a>, Package)>)>,
    target: &Target<'a>,
) -> Result<(), String> {
    let manifest = target.folder.join("Cargo.toml");
    let manifest = manifest.canonicalize().map_err(|error| format!("{}: {error}", manifest.display()))?;
    let is_ours = |package: &&Package| package.manifest_path.canonicalize().is_ok_and(|path| path == manifest);
    let known = workspaces.iter().position(|(workspace, _)| workspace.packages.iter().any(|package| is_ours(&package)));
    let index = match known {
        Some(index) => index,
        None => {
            workspaces.push((metadata(spawner, &manifest).await?, Vec::new()));
            workspaces.len() - 1
        }
    };
    let (workspace, members) = &mut workspaces[index];
    let package = workspace.packages.iter().find(is_ours);
    let package = package.ok_or_else(|| format!("{} is no package", manifest.display()))?.clone();
    let binaries: Vec<_> = (package.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "bin")))
        .map(|target| target.name.as_str())
        .collect();
    if !binaries.contains(&target.binary) {
        let (name, wanted) = (&package.name, target.binary);
        return Err(format!("the package {name} has no binary {wanted}; it has: {}", binaries.join(", ")));
    }
    members.push((*target, package));
    Ok(())
}

async fn metadata(spawner: &Spawner, manifest: &Path) -> Result<Workspace, String> {
    let mut command = cargo();
    command.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(manifest);
    let mut json = Vec::new();
    let mut process = spawner.spawn(command).await.map_err(|error| not_started(&error))?;
    if let Some(mut stdout) = process.take_stdout() {
        stdout.read_to_end(&mut json).await.map_err(|error| format!("cargo metadata: {error}"))?;
    }
    let status = process.wait().await.map_err(|error| format!("cargo metadata: {error}"))?;
    if !status.success() {
        return Err(format!("cargo cannot read {} ({status}): see its message above", manifest.display()));
    }
    let metadata: Metadata = serde_json::from_slice(&json).map_err(|error| format!("cargo metadata: {error}"))?;
    Ok(Workspace { root: metadata.workspace_root, packages: metadata.packages })
}

/// Builds all `members` of `workspace` by one command; its progress goes to stderr.
pub(super) async fn build(
    spawner: &Spawner,
    workspace: &Workspace,
    members: &[(Target<'_>, Package)],
    release: bool,
) -> Built {
    let mut command = cargo();
    // One function that does not compile must not keep the others from being built.
    // The whole workspace is selected, as by a plain `cargo` command at its root: a choice of packages would unify features
    // differently and compile the dependencies once more.
    command.args(["build", "--workspace", "--keep-going", "--message-format=json", "--manifest-path"]);
    command.arg(workspace.root.join("Cargo.toml"));
    let binaries: BTreeSet<_> = members.iter().map(|(target, _)| target.binary).collect();
    for binary in binaries {
        command.args(["--bin", binary]);
    }
    if release {
        command.arg("--release");
    }
    let mut built = Built::default();
    match run(spawner, command, &mut built).await {
        Ok(status) if status.success() => {}
        Ok(status) => built.failure = Some(format!("cargo build failed ({status}): see its message above")),
        Err(message) => built.failure = Some(message),
    }
    built
}

async fn run(spawner: &Spawner, command: Command, built: &mut Built) -> Result<ExitStatus, String> {
    let failed = |error: std::io::Error| format!("cargo build: {error}");
    let mut process = spawner.spawn(command).await.map_err(|error| not_started(&error))?;
    if let Some(stdout) = process.take_stdout() {
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await.map_err(failed)? {
            match serde_json::from_str(&line) {
                Ok(Message::Artifact { package_id, target, executable: Some(executable) }) => {
                    built.executables.insert((package_id, target.name), executable);
                }
                Ok(Message::Diagnosed { package_id, message }) if message.level == "error" => {
                    let errors = built.errors.entry(package_id).or_default();
                    let text = message.rendered.unwrap_or_default();
                    if errors.len() + text.len() <= MAX_MESSAGE {
                        errors.push_str(&text);
                    }
                }
                // Other messages, and what build scripts or procedural macros print, are of no interest.
                _ => {}
            }
        }
    }
    process.wait().await.map_err(failed)
}

fn cargo() -> Command {
    // `cargo run` says which Cargo it is.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

fn not_started(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            "cargo is not installed, or not in PATH: it is needed to build Rust functions (https://rustup.rs)"
                .to_owned()
        }
        _ => format!("cannot start cargo: {error}"),
    }
}

impl Workspace {
    /// The folders of `package` and of the packages that it depends on by path: where the cause of an error may be.
    pub(super) fn source_folders(&self, package: &Package) -> BTreeSet<PathBuf> {
        let folder_of = |package: &Package| package.manifest_path.parent().map(Path::to_owned).unwrap_or_default();
        let mut packages = BTreeSet::new();
        let mut pending = vec![folder_of(package)];
        while let Some(folder) = pending.pop() {
            let member = self.packages.iter().find(|package| folder_of(package) == folder);
            if packages.insert(folder) {
                let dependencies = member.into_iter().flat_map(|package| &package.dependencies);
                pending.extend(dependencies.filter_map(|dependency| dependency.path.clone()));
            }
        }
        packages.iter().flat_map(|package| folders_in(package)).chain([self.root.clone()]).collect()
    }
}

/// A package's folders, without what Cargo and version control keep there.
pub(super) fn folders_in(package: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut pending = vec![package.to_owned()];
    while let Some(folder) = pending.pop() {
        if found.len() >= MAX_FOLDERS {
            break;
        }
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let skipped = name == "target" || name.as_encoded_bytes().starts_with(b".");
            if !skipped && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                pending.push(entry.path());
            }
        }
        found.insert(folder);
    }
    found
}
