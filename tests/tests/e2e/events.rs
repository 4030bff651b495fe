//! Every event of `events/`, over the Invoke API against the real process, and through `cargo lambda`.

use std::process::{Command, Stdio};

use ferrogate::Ferrogate;
use ferrogate_fixtures::{Case, functions, jwt, table_variable};
use ferrogate_tests::issuer::Issuer;
use ferrogate_tests::peers;
use ferrogate_tests::process::{free_port, until_it_listens};
use ferrogate_tests::stack::{Stack, isolated, own_template, repository};
use serde_json::Value;

/// The tables of the template, by logical id.
const TABLES: [&str; 8] = [
    "UsersTable",
    "UserEmailsTable",
    "ProductsTable",
    "FeedbackTable",
    "ApiTokensTable",
    "CustomerTiersTable",
    "ConnectionsTable",
    "MessagesTable",
];

fn tables() -> Vec<String> {
    TABLES.map(str::to_owned).to_vec()
}

async fn invoke(stack: &Stack, case: &Case) -> Result<Value, String> {
    let url = format!("{}/2015-03-31/functions/{}/invocations", stack.endpoint(), case.function);
    let answer = stack.client().post(url).body(case.event.clone()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}/{}", case.function, case.name);
    let failed = answer.headers().contains_key("x-amz-function-error");
    let result: Value = answer.json().await.unwrap();
    if failed { Err(result["errorMessage"].as_str().unwrap_or_default().to_owned()) } else { Ok(result) }
}

/// Runs every case; gives the differences.
async fn all_cases(stack: &Stack) -> Vec<String> {
    let mut found = Vec::new();
    for case in functions().iter().flat_map(|function| Case::all(function)) {
        stack.prepare(&case, &tables()).await;
        let result = invoke(stack, &case).await;
        let mut differences = case.outcome.check(&result);
        differences.extend(stack.differences_after(&case).await);
        found.extend(differences.into_iter().map(|line| format!("{}/{}: {line}", case.function, case.name)));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_has_its_outcome_over_the_invoke_api() {
    // The events' tokens are those of an issuer of their own.
    let issuer = Issuer::start().await;
    let gateway = own_template().parameter("TokenIssuer", jwt::ISSUER).parameter("TokenAudience", jwt::CLIENT);
    let stack = Stack::with(gateway.parameter("TokenKeysUrl", &issuer.keys_url)).await;
    let found = all_cases(&stack).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
    stack.stop().await;
}

/// `cargo lambda watch`, ended with everything it has started.
struct Watch {
    child: std::process::Child,
}

impl Watch {
    /// Starts it for a stack: functions find their tables and their API there.
    fn start(cargo_lambda: &std::path::Path, port: u16, stack: &Stack, issuer: &Issuer) -> Watch {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(cargo_lambda);
        command
            .args([
                "lambda",
                "watch",
                "--ignore-changes",
                "--invoke-address",
                "127.0.0.1",
                "--invoke-port",
                &port.to_string(),
            ])
            .current_dir(repository())
            .env("AWS_ENDPOINT_URL", stack.endpoint())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("CHAT_CALLBACK_URL", stack.api("chatapi/production").as_str())
            .env("CHAT_URL", "ws://127.0.0.1/chat")
            .env("COGNITO_ENDPOINT", stack.endpoint())
            .env("COGNITO_CLIENT_ID", jwt::CLIENT)
            .env("JWT_ISSUER", jwt::ISSUER)
            .env("JWT_AUDIENCE", jwt::CLIENT)
            .env("JWT_JWKS_URL", &issuer.keys_url)
            .env("FREE_TIER_API_KEY", "free0000000000000000")
            .env("BASIC_TIER_API_KEY", "basic000000000000000")
            .env("PREMIUM_TIER_API_KEY", "premium0000000000000")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        for table in TABLES {
            command.env(table_variable(table), stack.table(table));
        }
        Watch { child: command.spawn().unwrap() }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It has started cargo, and that the functions: all of them are of its group.
        let group = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_has_its_outcome_through_cargo_lambda() {
    let Some(cargo_lambda) = peers::find("cargo-lambda", "pip install cargo-lambda") else { return };
    let tables_host = Stack::start().await;
    let port = free_port();
    let issuer = Issuer::start().await;
    let watch = Watch::start(&cargo_lambda, port, &tables_host, &issuer);
    until_it_listens(port).await;

    // By its own client, as the README says.
    let mut found = Vec::new();
    for case in functions().iter().flat_map(|function| Case::all(function)) {
        tables_host.prepare(&case, &tables()).await;
        let (program, function, file) = (cargo_lambda.clone(), case.function.clone(), case.file.clone());
        let output = tokio::task::spawn_blocking(move || {
            Command::new(program)
                .args([
                    "lambda",
                    "invoke",
                    &function,
                    "--invoke-address",
                    "127.0.0.1",
                    "--invoke-port",
                    &port.to_string(),
                ])
                .arg("--data-file")
                .arg(file)
                .current_dir(repository())
                .output()
                .unwrap()
        });
        let output = output.await.unwrap();
        let result = if output.status.success() {
            Ok(serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
        } else {
            Err(error_message(&String::from_utf8_lossy(&output.stderr)))
        };
        let differences = case.outcome.check(&result);
        found.extend(differences.into_iter().map(|line| format!("{}/{}: {line}", case.function, case.name)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));

    // And as the gateway's functions: `--function-endpoint`.
    let gateway = Ferrogate::from_template(repository().join("infra/template.yaml"));
    let gateway = isolated(gateway).function_endpoint(format!("http://127.0.0.1:{port}"));
    let gateway = Stack::with(gateway).await;
    let products = gateway.client().get(gateway.api("userapi/production/products/none")).send().await.unwrap();
    assert_eq!(products.status(), 404);
    assert!(products.json::<Value>().await.unwrap()["message"].is_string());
    gateway.stop().await;
    drop(watch);
    tables_host.stop().await;
}

/// The `errorMessage` in what `cargo lambda invoke` says of a function's error: the line behind its cross.
fn error_message(said: &str) -> String {
    said.lines().find_map(|line| line.trim().strip_prefix('×')).unwrap_or(said).trim().to_owned()
}

#[test]
fn this_suite_and_the_template_name_the_same_tables() {
    let options = ferrogate::template::LoadOptions::default();
    let loaded = ferrogate::template::load(&repository().join("infra/template.yaml"), &options).unwrap();
    let mut in_template: Vec<_> = loaded.model.tables.values().filter_map(|table| table.logical_id.clone()).collect();
    let mut here = tables();
    in_template.sort();
    here.sort();
    assert_eq!(in_template, here);
}
