//! Lambda's Invoke API: as it is on the wire, and as boto3 and the AWS CLI use it.

use std::path::Path;
use std::process::{Command, Output};

use ferrogate_tests::peers;
use ferrogate_tests::stack::{Stack, repository};
use reqwest::StatusCode;
use serde_json::Value;

const EVENT: &str = "events/get-product/http-not-found.json";

fn invocations(stack: &Stack, function: &str) -> String {
    format!("{}/2015-03-31/functions/{function}/invocations", stack.endpoint())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_called_by_any_of_its_names() {
    let stack = Stack::start().await;
    let event = std::fs::read(repository().join(EVENT)).unwrap();
    for name in [
        "get-product",
        "GetProductFunction",
        "arn:aws:lambda:us-east-1:000000000000:function:GetProductFunction",
        "000000000000:function:GetProductFunction",
        "get-product:$LATEST",
    ] {
        let answer = stack.client().post(invocations(&stack, name)).body(event.clone()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        assert_eq!(answer.headers()["x-amz-executed-version"], "$LATEST");
        assert_eq!(answer.json::<Value>().await.unwrap()["statusCode"], 404, "{name}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_three_invocation_types_and_the_errors_are_those_of_aws() {
    let stack = Stack::start().await;
    let post = |function: &str, kind: &'static str, body: &'static str| {
        stack.client().post(invocations(&stack, function)).header("X-Amz-Invocation-Type", kind).body(body).send()
    };
    assert_eq!(post("get-product", "DryRun", "{}").await.unwrap().status(), 204);
    assert_eq!(post("get-product", "Event", "{}").await.unwrap().status(), 202);
    let json = post("get-product", "RequestResponse", "no json").await.unwrap();
    assert_eq!(
        (json.status().as_u16(), &json.headers()["x-amzn-errortype"]),
        (400, &"InvalidRequestContentException".parse().unwrap())
    );
    let unknown = post("nobody", "RequestResponse", "{}").await.unwrap();
    assert_eq!(unknown.status(), 404);
    assert_eq!(unknown.headers()["x-amzn-errortype"], "ResourceNotFoundException");
    let said: Value = unknown.json().await.unwrap();
    assert!(said["Message"].as_str().unwrap().contains("function:nobody"), "{said}");
    stack.stop().await;
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A client of AWS with local credentials that nobody's real ones can replace.
fn aws(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .current_dir(repository());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_invokes_functions_and_uses_tables() {
    let Some(python) = peers::python_with("boto3", "pip install boto3") else { return };
    let stack = Stack::start().await;
    let script = r#"
import boto3, json, sys
endpoint, event, table = sys.argv[1:]
functions = boto3.client("lambda", endpoint_url=endpoint)
reply = functions.invoke(FunctionName="get-product", Payload=open(event).read(), LogType="Tail")
assert reply["StatusCode"] == 200 and "FunctionError" not in reply, reply
assert json.load(reply["Payload"])["statusCode"] == 404
assert reply["LogResult"]
try:
    functions.invoke(FunctionName="nobody")
    raise SystemExit("a function that is not there was invoked")
except functions.exceptions.ResourceNotFoundException:
    pass
tables = boto3.client("dynamodb", endpoint_url=endpoint)
assert table in tables.list_tables()["TableNames"]
tables.put_item(TableName=table, Item={"productId": {"S": "boto3"}})
assert tables.get_item(TableName=table, Key={"productId": {"S": "boto3"}})["Item"]
try:
    tables.describe_table(TableName="none")
    raise SystemExit("a table that is not there was described")
except tables.exceptions.ResourceNotFoundException:
    pass
"#;
    let (endpoint, table) = (stack.endpoint(), stack.table("ProductsTable"));
    let output = tokio::task::spawn_blocking(move || {
        aws(&python).args(["-c", script, &endpoint, EVENT, &table]).output().unwrap()
    });
    said(&output.await.unwrap());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_invokes_a_function() {
    let Some(cli) = peers::find("aws", "pip install awscli") else { return };
    let stack = Stack::start().await;
    let folder = tempfile::tempdir().unwrap();
    let reply = folder.path().join("reply.json");
    let (endpoint, to) = (stack.endpoint(), reply.clone());
    let output = tokio::task::spawn_blocking(move || {
        let mut command = aws(&cli);
        command.args(["lambda", "invoke", "--endpoint-url", &endpoint, "--function-name", "get-product"]);
        command.args(["--payload", &format!("fileb://{EVENT}")]).arg(to).output().unwrap()
    });
    assert!(said(&output.await.unwrap()).contains("$LATEST"));
    let reply: Value = serde_json::from_slice(&std::fs::read(reply).unwrap()).unwrap();
    assert_eq!(reply["statusCode"], 404);
    stack.stop().await;
}
