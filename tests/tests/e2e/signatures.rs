//! Signatures of AWS's own clients: what they sign is let in, and what was altered or signed by others is not.

use ferrogate::Ferrogate;
use ferrogate_tests::peers;
use ferrogate_tests::sign::signed;
use ferrogate_tests::stack::{Stack, empty, isolated};
use reqwest::Method;
use serde_json::Value;

const TEMPLATE: &str = r#"
Resources:
  Echo:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: arn:aws:iam::000000000000:role/none
      Code:
        ZipFile: |
          import json
          def handler(event, context):
              return {"statusCode": 200, "body": json.dumps(event)}
  Web:
    Type: AWS::ApiGatewayV2::Api
    Properties: { Name: web, ProtocolType: HTTP }
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: { ApiId: !Ref Web, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Echo.Arn, PayloadFormatVersion: '2.0' }
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: { ApiId: !Ref Web, RouteKey: $default, AuthorizationType: AWS_IAM, Target: !Sub 'integrations/${Integration}' }
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: { ApiId: !Ref Web, StageName: $default, AutoDeploy: true }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn botocore_signs_for_each_kind_of_api_and_for_connections() {
    let Some(python) = peers::python_with("boto3, websockets", "pip install -r .ci/requirements.txt") else { return };
    let stack = Stack::with(empty()).await;
    let mut command = peers::aws_client(&python, &stack.endpoint(), "test");
    command.arg("tests/peers/signed.py");
    peers::run(command).await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_sdk_signs_for_a_route() {
    let Some(_) = peers::find("python3", "Python 3") else { return };
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, TEMPLATE).unwrap();
    let stack = Stack::with(isolated(Ferrogate::from_template(&template))).await;
    for path in ["web/a%2Fb/c", "web/a?b=2&a=1&a=&c=%2B", "web/a?plus=1+2&none", "web/a//b/~c"] {
        let url = stack.api(path);
        let answer =
            signed(stack.client(), Method::POST, url.as_str(), "execute-api", &[], "body").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let event: Value = answer.json().await.unwrap();
        assert_eq!(event["requestContext"]["authorizer"]["iam"]["accessKey"], "test", "{event}");
        let other = signed(stack.client(), Method::POST, url.as_str(), "execute-api", &[], "body").body("other");
        assert_eq!(other.send().await.unwrap().status(), 403, "{path}");
    }
    let unsigned = stack.client().get(stack.api("web/a")).send().await.unwrap();
    assert_eq!(
        (unsigned.status().as_u16(), unsigned.text().await.unwrap().as_str()),
        (403, r#"{"message":"Forbidden"}"#)
    );
    stack.stop().await;
}
