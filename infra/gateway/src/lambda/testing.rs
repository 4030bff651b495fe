//! What the tests of this room share: functions, settings, and a real `bootstrap` that does as it is told.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use indexmap::IndexMap;

use super::{HostSettings, LogLine, LogSink};
use crate::clock::Clock;
use crate::model::{Architecture, Function, FunctionCode};

/// A function `name` with Lambda's defaults.
pub(crate) fn function(name: &str) -> Function {
    Function {
        function_name: name.to_owned(),
        logical_id: None,
        function_arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{name}"),
        runtime: "provided.al2023".to_owned(),
        handler: "bootstrap".to_owned(),
        code: FunctionCode::Folder("/nowhere".into()),
        memory_size: 128,
        timeout: 3,
        environment: IndexMap::new(),
        architecture: Architecture::X86_64,
        reserved_concurrent_executions: None,
        log_group: None,
    }
}

/// Log lines, as `function: line`.
#[derive(Clone, Default)]
pub(crate) struct Lines(pub(crate) Arc<Mutex<Vec<String>>>);

impl LogSink for Lines {
    fn line(&self, line: &LogLine<'_>) {
        self.0.lock().unwrap().push(format!("{}: {}", line.function, line.text));
    }
}

impl Lines {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Settings whose log goes to `lines`. On a slow machine nothing is started only because a process took its time.
pub(crate) fn settings(lines: &Lines) -> HostSettings {
    let settings = HostSettings::new(Clock::default(), Arc::new(lines.clone()), 4566);
    HostSettings { scale_out_after: Duration::from_secs(60), ..settings }
}

/// The source of the test bootstrap: a program without dependencies.
pub(crate) fn bootstrap_source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lambda/testing/bootstrap.rs")
}

/// The folder with the compiled test bootstrap, built once per source.
pub(crate) fn bootstrap() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        use sha2::Digest as _;
        let source = std::fs::read(bootstrap_source()).unwrap();
        let hash = sha2::Sha256::digest(&source);
        let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        let folder =
            folder.join(format!("test-bootstrap-{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3]));
        let executable = folder.join("bootstrap");
        if !executable.exists() {
            std::fs::create_dir_all(&folder).unwrap();
            let unfinished = executable.with_extension(std::process::id().to_string());
            let status = Command::new("rustc")
                .args(["--edition", "2024", "-O", "-o"])
                .arg(&unfinished)
                .arg(bootstrap_source())
                .status()
                .unwrap();
            assert!(status.success());
            // Another test process may have been quicker: both have built the same.
            std::fs::rename(&unfinished, &executable).unwrap();
        }
        folder
    })
}
