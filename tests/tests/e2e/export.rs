//! `ferrogate export`: what runs, as a template that AWS's own checker accepts and that runs the same.

use std::path::Path;
use std::process::Command;

use ferrogate_tests::peers;
use ferrogate_tests::process::{self, Process};
use ferrogate_tests::sign::signed;
use ferrogate_tests::stack::client;
use serde_json::{Value, json};

const TEMPLATE: &str = r#"
Resources:
  Notes:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
  Greeter:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: arn:aws:iam::000000000000:role/none
      Environment: { Variables: { TABLE: !Ref Notes, HOME_PAGE: !GetAtt Site.ApiEndpoint } }
      Code:
        ZipFile: |
          import os
          def handler(event, context):
              return {"statusCode": 200, "body": os.environ["TABLE"] + " " + event["pathParameters"]["name"]}
  Site:
    Type: AWS::ApiGatewayV2::Api
    Properties: { Name: site, ProtocolType: HTTP }
  Greeting:
    Type: AWS::ApiGatewayV2::Integration
    Properties: { ApiId: !Ref Site, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Greeter.Arn, PayloadFormatVersion: '2.0' }
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: { ApiId: !Ref Site, RouteKey: 'GET /hello/{name}', Target: !Sub 'integrations/${Greeting}' }
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: { ApiId: !Ref Site, StageName: $default, AutoDeploy: true }
"#;

fn export(endpoint: &str, folder: &Path, format: &str) {
    let folder = folder.to_str().unwrap();
    let output = process::output(&["export", "--endpoint", endpoint, "--output", folder, "--format", format]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with(folder));
}

/// cfn-lint's word on a template; that code has to be packaged before it is deployed is no fault of it.
fn lint(template: &Path) {
    let Some(cfn_lint) = peers::find("cfn-lint", "pip install cfn-lint") else { return };
    let output = Command::new(cfn_lint)
        .args(["--non-zero-exit-code", "informational", "--ignore-checks", "W3002", "--template"])
        .arg(template)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .output()
        .unwrap();
    let text = std::fs::read_to_string(template).unwrap();
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_runs_the_same() {
    let Some(_) = peers::find("python3", "Python 3") else { return };
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, TEMPLATE).unwrap();
    let first = Process::start(&["--ephemeral", "--template", template.to_str().unwrap()]).await;
    // What no template has said.
    let (url, body) =
        (format!("{}/restapis", first.endpoint), json!({ "name": "by hand", "description": "made through the API" }));
    let json = [("content-type", "application/json")];
    let created =
        signed(&client(), reqwest::Method::POST, &url, "apigateway", &json, body.to_string()).send().await.unwrap();
    assert_eq!(created.status(), 201);
    let hello = |endpoint: &str| client().get(format!("{endpoint}/_aws/execute-api/site/hello/you")).send();
    let said = hello(&first.endpoint).await.unwrap().text().await.unwrap();
    assert_eq!(said, "ferrogate-Notes you");

    for format in ["sam", "cloudformation"] {
        let target = folder.path().join(format);
        export(&first.endpoint, &target, format);
        let exported = target.join("template.yaml");
        lint(&exported);
        let text = std::fs::read_to_string(&exported).unwrap();
        assert!(text.contains("Name: by hand") && text.contains("TABLE: !Ref Notes"), "{text}");
        assert!(text.contains("https://${Site}.execute-api.${AWS::Region}.${AWS::URLSuffix}"), "{text}");
        let again = Process::start(&["--ephemeral", "--template", exported.to_str().unwrap()]).await;
        assert_eq!(hello(&again.endpoint).await.unwrap().text().await.unwrap(), said);
        let health = again.health().await;
        let tables: Vec<&Value> = health["tables"].as_array().unwrap().iter().map(|table| &table["name"]).collect();
        assert_eq!(tables, ["ferrogate-Notes"]);
    }
    let there = folder.path().join("sam");
    let output = process::output(&["export", "--endpoint", &first.endpoint, "--output", there.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--force"));
}

#[tokio::test(flavor = "multi_thread")]
async fn this_repositorys_stack_exports_to_what_cfn_lint_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Process::start(&["--ephemeral"]).await;
    for format in ["sam", "cloudformation"] {
        let target = folder.path().join(format);
        export(&stack.endpoint, &target, format);
        lint(&target.join("template.yaml"));
        let loaded = ferrogate::template::load(&target.join("template.yaml"), &Default::default());
        let loaded = loaded.unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(loaded.model.functions.len(), 20);
        assert_eq!(loaded.model.tables.len(), 8);
    }
}

#[test]
fn nobody_there_is_said() {
    let output = process::output(&["export", "--endpoint", "http://127.0.0.1:1", "--output", "/nowhere"]);
    assert_eq!(output.status.code(), Some(69));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("http://127.0.0.1:1") && said.contains("cannot be reached"), "{said}");
}
