//! AWS's control plane as boto3 sees it: errors by class, waiters, pages, regions; and what a restart and a crash leave.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use ferrogate::Ferrogate;
use ferrogate_tests::peers;
use ferrogate_tests::process::Process;
use ferrogate_tests::stack::{Stack, empty};
use rustix::process::Signal;

/// A script of `tests/peers`.
fn script(python: &Path, endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = peers::aws_client(python, endpoint, "test");
    command.arg(format!("tests/peers/{}", arguments[0])).args(&arguments[1..]);
    command
}

async fn against_an_empty_one(name: &str) {
    let Some(python) = peers::python_with("boto3", "pip install boto3") else { return };
    let stack = Stack::with(empty()).await;
    peers::run(script(&python, &stack.endpoint(), &[name])).await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_to_api_gateway_is_refused_as_aws_refuses_it() {
    against_an_empty_one("apis.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_to_lambda_is_refused_as_aws_refuses_it() {
    against_an_empty_one("functions.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_what_is_counted() {
    let install = "pip install boto3 prometheus-client";
    let Some(python) = peers::python_with("boto3, prometheus_client", install) else { return };
    let stack = Stack::with(empty()).await;
    peers::run(script(&python, &stack.endpoint(), &["metrics.py"])).await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_brings_back_what_was_created() {
    let Some(python) = peers::python_with("boto3", "pip install boto3") else { return };
    let folder = tempfile::tempdir().unwrap();
    let start = || Stack::with(Ferrogate::empty().port(0).data_dir(folder.path()));
    let first = start().await;
    let ids = peers::run(script(&python, &first.endpoint(), &["persist.py", "build"])).await;
    let ids: Vec<&str> = ids.split_whitespace().collect();
    first.stop().await;
    let second = start().await;
    peers::run(script(&python, &second.endpoint(), &["persist.py", "call", ids[0], ids[1]])).await;
    second.stop().await;
}

/// What was acknowledged before the process was killed is there and answers; the store opens.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_a_stream_of_calls_loses_nothing_that_was_acknowledged() {
    let Some(python) = peers::python_with("boto3", "pip install boto3") else { return };
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--data-dir", folder.path().to_str().unwrap()];
    let mut first = Process::serve(&arguments).await;
    peers::run(script(&python, &first.endpoint, &["persist.py", "build"])).await;
    let mut storm = script(&python, &first.endpoint, &["persist.py", "storm"])
        // It is to end with the server, not to try again.
        .env("AWS_MAX_ATTEMPTS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    for line in BufReader::new(storm.stdout.take().unwrap()).lines() {
        acknowledged.push(line.unwrap());
        if acknowledged.len() == 15 {
            first.signal(Signal::KILL);
        }
    }
    assert!(!storm.wait().unwrap().success() && acknowledged.len() >= 15, "{acknowledged:?}");
    first.ended().await;

    let second = Process::serve(&arguments).await;
    let mut count = script(&python, &second.endpoint, &["persist.py", "count"]).stdin(Stdio::piped()).spawn().unwrap();
    count.stdin.take().unwrap().write_all((acknowledged.join("\n") + "\n").as_bytes()).unwrap();
    assert!(count.wait().unwrap().success());
}
