//! Interpreted functions through the whole host, on the interpreters that this machine has.

mod node;
mod python;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use super::find;
use crate::clock::Clock;
use crate::lambda::testing::{self, Lines};
use crate::lambda::{Code, Deployed, Invocation, Invoke as _, InvokeRequest, LambdaService};
use crate::model::Function;

/// A function `f` of some files.
struct Host {
    service: Arc<LambdaService>,
    lines: Lines,
    clock: Clock,
    deployed: Deployed,
    _folder: tempfile::TempDir,
}

/// Whether the machine has the interpreter. Without it the test ends, having said so; with `FERROGATE_REQUIRE_PEERS`, as
/// in continuous integration, it fails.
fn is_missing(runtime: &str) -> bool {
    let Err(error) = find(&super::parse(runtime).unwrap()) else { return false };
    assert!(std::env::var_os("FERROGATE_REQUIRE_PEERS").is_none(), "required here (FERROGATE_REQUIRE_PEERS): {error}");
    eprintln!("\n*** SKIPPED: {error} ***\n");
    true
}

fn host_with(runtime: &str, handler: &str, files: &[(&str, &str)], change: impl FnOnce(&mut Function)) -> Host {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join("task root").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let lines = Lines::default();
    let mut settings = testing::settings(&lines);
    settings.runtime_clients = Some(folder.path().join("clients"));
    let clock = settings.clock.clone();
    let service = Arc::new(LambdaService::new(settings).unwrap());
    let mut function = testing::function("f");
    (function.runtime, function.handler) = (runtime.to_owned(), handler.to_owned());
    function.timeout = 30;
    change(&mut function);
    let code = HashMap::from([("f".to_owned(), Code::in_folder(folder.path().join("task root")))]);
    let deployed = service.deploy(&IndexMap::from([("f".to_owned(), function)]), &code);
    Host { service, lines, clock, deployed, _folder: folder }
}

impl Host {
    async fn invoke(&self, event: &str) -> Invocation {
        let request = InvokeRequest { tail_log: true, ..InvokeRequest::sync(event.to_owned()) };
        self.service.invoke("f", request).await.unwrap()
    }

    async fn call(&self, event: &str) -> String {
        let invocation = self.invoke(event).await;
        let payload = String::from_utf8(invocation.payload.to_vec()).unwrap();
        assert_eq!(invocation.function_error, None, "{payload} {:?}", self.lines.all());
        payload
    }

    /// The payload of an invocation that must fail, its request id written as `ID`.
    async fn failure(&self, event: &str) -> String {
        let invocation = self.invoke(event).await;
        let payload = String::from_utf8(invocation.payload.to_vec()).unwrap();
        assert_eq!(invocation.function_error.as_deref(), Some("Unhandled"), "{payload}");
        payload.replace(&invocation.request_id, "ID")
    }

    /// What one invocation logs between Lambda's own lines, its request id written as `ID`.
    async fn log(&self, event: &str) -> String {
        let invocation = self.invoke(event).await;
        let tail = String::from_utf8(invocation.log_tail.unwrap().to_vec()).unwrap();
        let tail = tail.replace(&invocation.request_id, "ID");
        let (_, tail) = tail.split_once("START RequestId: ID Version: $LATEST\n").unwrap();
        tail.split_once("END RequestId: ID\n").unwrap().0.to_owned()
    }
}

/// A time of the log as `TIME`.
fn without_times(log: &str) -> String {
    let is_time = |word: &str| word.len() == 24 && word.ends_with('Z') && word.as_bytes()[10] == b'T';
    let lines = log.lines().map(|line| {
        let words = line.split('\t').map(|word| if is_time(word) { "TIME" } else { word });
        words.collect::<Vec<_>>().join("\t")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn exit_error(how: &str) -> String {
    format!(r#"{{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited {how}"}}"#)
}

#[test]
fn runtime_clients_are_written_once_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    if is_missing("python3.12") {
        return;
    }
    let program = || super::program("python3.12", Path::new("/task"), Some(folder.path())).unwrap();
    let first = program();
    let client = first.arguments.last().unwrap().clone();
    std::fs::write(&client, "import evil").unwrap();
    assert_eq!(program(), first);
    assert!(std::fs::read_to_string(&client).unwrap().contains("Lambda Runtime API"));
    // A folder that others may write to is not trusted.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let refused = super::program("python3.12", Path::new("/task"), Some(folder.path())).unwrap_err().to_string();
    assert!(refused.contains("only this user can write to"), "{refused}");
}
