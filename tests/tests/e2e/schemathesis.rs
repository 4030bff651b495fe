//! The APIs held to their own documents by somebody else: Schemathesis reads `/_ferrogate/apis/{id}/openapi.json`, calls every
//! operation with what it allows and with what it does not, and finds no server error, no status and no body that the document
//! does not have.

use std::path::{Path, PathBuf};
use std::process::Command;

use ferrogate_tests::peers;
use ferrogate_tests::stack::Stack;

/// How many requests an operation gets at most of each kind: a test's few seconds, and the same ones each time.
const EXAMPLES: &str = "30";

struct Run<'a> {
    schemathesis: &'a Path,
    api: &'a str,
    /// What answers are held to.
    checks: &'a str,
    /// A header of every request.
    header: &'a str,
    /// The paths that are called.
    paths: &'a str,
    /// How many operations these have.
    operations: usize,
}

async fn holds(stack: &Stack, run: Run<'_>) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(run.schemathesis);
    command
        .arg("run")
        .arg(format!("{}/_ferrogate/apis/{}/openapi.json", stack.endpoint(), run.api))
        .args(["--checks", run.checks, "--header", run.header, "--include-path-regex", run.paths])
        // Nothing is left to chance, and nothing is remembered from another run.
        .args(["--phases", "coverage,fuzzing,stateful", "--max-examples", EXAMPLES, "--generation-deterministic"])
        .args(["--suppress-health-check", "all", "--warnings", "off"])
        .args(["--max-redirects", "0", "--workers", "1", "--no-color"])
        .current_dir(folder.path())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    let said = peers::run(command).await;
    assert!(said.contains(&format!("Tested: {}", run.operations)), "{} {}: {said}", run.api, run.paths);
}

fn schemathesis() -> Option<PathBuf> {
    peers::find("schemathesis", "pip install schemathesis")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_api_answers_nothing_that_its_document_does_not_have() {
    let Some(schemathesis) = schemathesis() else { return };
    let stack = Stack::start().await;
    let person = stack.person("ada").await;
    let own = format!("Authorization: Bearer {}", person.token);
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
    for (header, paths, operations) in [
        ("Authorization: Bearer demo-token", "^/(users|products|operations)", 9),
        ("Authorization: Bearer demo-token", "^/(catalog|feedback|status)", 5),
        (own.as_str(), "^/(me|tokens)", 4),
        ("X-Api-Key: demo-free-key", "^/data", 1),
        // Whoever is nobody.
        ("Authorization: Bearer nobody", "^/", 19),
    ] {
        let run = Run { schemathesis: &schemathesis, api: "userapi", checks, header, paths, operations };
        holds(&stack, run).await;
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_http_api_has_no_server_error_for_whatever_it_is_sent() {
    let Some(schemathesis) = schemathesis() else { return };
    let stack = Stack::start().await;
    let run = Run {
        schemathesis: &schemathesis,
        api: "edgeapi",
        // HTTP APIs know of no responses, bodies or query: their documents have the routes alone.
        checks: "not_a_server_error",
        header: "Authorization: Bearer demo-token",
        paths: "^/",
        operations: 10,
    };
    holds(&stack, run).await;
    stack.stop().await;
}
