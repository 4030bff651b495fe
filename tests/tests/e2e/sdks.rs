//! Four clients of AWS that are not ours each build, call and delete a REST, an HTTP and a WebSocket API.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use ferrogate_tests::chat::ChatClient;
use ferrogate_tests::stack::{Stack, empty, repository};
use ferrogate_tests::{peers, sdk};
use serde_json::Value;

const HELLO: &str = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'hello'}\n";

/// The package of the function that each of them creates.
fn package() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("main.py", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(HELLO.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

/// Calls the three APIs as their users would.
async fn call(stack: &Stack, ids: &Value) {
    let id = |kind: &str| ids[kind].as_str().unwrap_or_else(|| panic!("no {kind} in {ids}")).to_owned();
    for path in [format!("{}/dev/hello", id("rest")), format!("{}/hello", id("http"))] {
        let answer = stack.client().get(stack.api(&path)).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "hello"), "{path}");
    }
    let mut client = ChatClient::connect_to(stack, &format!("{}/dev", id("socket"))).await;
    client.send_text("{}").await;
    assert_eq!(client.next().await.into_text().unwrap().as_str(), "hello");
    client.close().await;
}

/// Nothing is left of them.
async fn gone(stack: &Stack, ids: &Value) {
    for kind in ["rest", "http", "socket"] {
        let path = format!("{}/dev/hello", ids[kind].as_str().unwrap());
        let answer = stack.client().get(stack.api(&path)).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{kind}");
    }
}

/// A program that builds and deletes: `program {build|delete ids}`.
async fn drive(program: &Path, arguments: &[&str]) {
    let stack = Stack::with(empty()).await;
    let folder = tempfile::tempdir().unwrap();
    let zip = folder.path().join("hello.zip");
    std::fs::write(&zip, package()).unwrap();
    let command = |step: &[&str]| -> Command {
        let mut command = peers::aws_client(program, &stack.endpoint(), "test");
        command.args(arguments).args(step).env("FUNCTION_ZIP", &zip).env("PEERS_NODE", node_modules());
        command
    };
    let said = peers::run(command(&["build"])).await;
    let ids: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    call(&stack, &ids).await;
    peers::run(command(&["delete", &ids.to_string()])).await;
    gone(&stack, &ids).await;
    stack.stop().await;
}

/// Where `.ci/peers` installs the JavaScript SDK: beside the folder that it puts on the path.
fn node_modules() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beside = std::env::split_paths(&path).map(|folder| folder.join("../../node"));
    beside.chain([repository().join("target/peers/node")]).find(|folder| is_installed(folder)).unwrap_or_default()
}

fn is_installed(folder: &Path) -> bool {
    folder.join("node_modules/@aws-sdk/client-lambda").is_dir()
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_builds_calls_and_deletes_each_kind_of_api() {
    let Some(python) = peers::python_with("boto3", "pip install boto3") else { return };
    drive(&python, &["tests/peers/build.py"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_builds_calls_and_deletes_each_kind_of_api() {
    let (Some(_), Some(bash)) = (peers::find("aws", "pip install awscli"), peers::find("bash", "install bash")) else {
        return;
    };
    drive(&bash, &["tests/peers/build.sh"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_javascript_sdk_builds_calls_and_deletes_each_kind_of_api() {
    let Some(node) = peers::find("node", "install Node.js") else { return };
    if !is_installed(&node_modules()) {
        return peers::missing("the JavaScript SDK", "run .ci/peers");
    }
    drive(&node, &["tests/peers/build.mjs"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_sdk_builds_calls_and_deletes_each_kind_of_api() {
    let stack = Stack::with(empty()).await;
    let clients = sdk::Clients::new(&stack.endpoint());
    let ids = clients.build(package()).await.unwrap();
    call(&stack, &ids).await;
    clients.delete(&ids).await.unwrap();
    gone(&stack, &ids).await;
    stack.stop().await;
}
