//! The command itself: what it refuses and how it says so, and what it leaves behind.

use ferrogate_tests::process::{self, Process};
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::Value;

fn template(folder: &std::path::Path, text: &str) -> String {
    let path = folder.join("template.yaml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs a template that must be refused; gives what was said.
fn refused(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = process::output(&["--template", &template(folder.path(), text), "--ephemeral", "--port", "0"]);
    assert_eq!(output.status.code(), Some(65), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_broken_template_is_refused_with_file_line_and_reason() {
    let unknown =
        refused("Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: !Ref Nmae\n");
    assert!(unknown.contains("template.yaml:5:") && unknown.contains("Nmae"), "{unknown}");
    let cycle = refused(
        "Conditions:\n  A: !Not [!Condition B]\n  B: !Not [!Condition A]\nResources:\n  T:\n    Type: AWS::SNS::Topic\n    Condition: A\n",
    );
    assert!(cycle.contains("template.yaml:2:") || cycle.contains("template.yaml:3:"), "{cycle}");
    let folder = refused(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
         Runtime: provided.al2023\n      Handler: bootstrap\n      CodeUri: ./missing\n",
    );
    assert!(folder.contains("template.yaml:8:") && folder.contains("missing"), "{folder}");
    let syntax = refused("Resources:\n  A: [\n");
    assert!(syntax.contains("template.yaml:"), "{syntax}");
    let parameter = refused("Parameters:\n  Name:\n    Type: String\nResources:\n  T:\n    Type: AWS::SNS::Topic\n");
    assert!(parameter.contains("--parameter Name="), "{parameter}");
}

#[test]
fn a_missing_template_and_wrong_usage_are_told_apart() {
    let missing = process::output(&["--template", "no/such.yaml", "--ephemeral"]);
    assert_eq!(missing.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no/such.yaml"));
    assert_eq!(process::output(&["--no-such-option"]).status.code(), Some(64));
}

#[test]
fn a_port_in_use_is_said_with_its_number() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = process::output(&["--port", &port, "--ephemeral"]);
    assert_eq!(output.status.code(), Some(69));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&port) && said.contains("--port"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_on_one_data_folder_are_one_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let _first = Process::start(&["--data-dir", data]).await;
    let second = process::output(&["--data-dir", data, "--port", "0"]);
    assert_eq!(second.status.code(), Some(75));
    assert!(String::from_utf8_lossy(&second.stderr).contains("in use by another ferrogate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_what_runs_where() {
    let process = Process::start(&["--ephemeral"]).await;
    let health = process.health().await;
    assert_eq!(health["status"], "ok");
    let apis: Vec<_> = health["apis"].as_array().unwrap().iter().collect();
    let find = |id: &str| *apis.iter().find(|api| api["id"] == id).unwrap();
    for (id, protocol, stage) in
        [("userapi", "REST", "production"), ("edgeapi", "HTTP", "$default"), ("chatapi", "WEBSOCKET", "production")]
    {
        assert_eq!((&find(id)["protocol"], &find(id)["stage"]), (&Value::from(protocol), &Value::from(stage)));
    }
    assert_eq!(health["functions"].as_array().unwrap().len(), 20);
    let page = reqwest::Client::new().get(find("edgeapi")["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_process_is_left_behind_however_it_ends() {
    if !std::path::Path::new("/proc/self/stat").exists() {
        eprintln!("*** SKIPPED: this machine has no /proc to count processes with ***");
        return;
    }
    for (signal, graceful) in [(Signal::TERM, true), (Signal::INT, true), (Signal::KILL, false)] {
        let mut process = Process::start(&["--ephemeral"]).await;
        let url = format!("{}/_aws/execute-api/userapi/production/products", process.endpoint);
        assert_eq!(reqwest::get(url).await.unwrap().status(), StatusCode::OK);
        let children = process.children();
        assert!(!children.is_empty(), "a function has run");
        process.signal(signal);
        let status = process.ended().await;
        assert_eq!(status.success(), graceful, "{status}");
        // The kernel ends them with their parent; their entries may stay for an instant.
        let started = std::time::Instant::now();
        while children.iter().any(|&pid| process::is_alive(pid)) {
            assert!(started.elapsed() < ferrogate_tests::chat::PATIENCE, "children of {signal:?} are alive");
            tokio::task::yield_now().await;
        }
    }
}
