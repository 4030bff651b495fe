//! User pools: driven by boto3, used by a page, declared by a template.

use ferrogate::Ferrogate;
use ferrogate_tests::peers;
use ferrogate_tests::stack::{Stack, empty, isolated};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const TEMPLATE: &str = r"
Parameters:
  SignUps: { Type: String, Default: 'true' }
Resources:
  People:
    Type: AWS::Cognito::UserPool
    Properties:
      UserPoolName: people
      UsernameAttributes: [email]
      AutoVerifiedAttributes: [email]
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: !If [Open, 'false', 'true'] }
      Policies: { PasswordPolicy: { MinimumLength: '8', RequireNumbers: true } }
  Page:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref People
      ExplicitAuthFlows: [ALLOW_USER_PASSWORD_AUTH, ALLOW_REFRESH_TOKEN_AUTH]
      PreventUserExistenceErrors: ENABLED
Conditions:
  Open: !Equals [!Ref SignUps, 'true']
Outputs:
  Pool: { Value: !Ref People }
  Client: { Value: !Ref Page }
  Issuer: { Value: !GetAtt People.ProviderURL }
  Keys: { Value: !Sub '${People.ProviderURL}/.well-known/jwks.json' }
";

async fn call(stack: &Stack, operation: &str, body: Value) -> (StatusCode, Value) {
    let answer = page(stack, &format!("AWSCognitoIdentityProviderService.{operation}"), &body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// A request as a page of another origin sends it: unsigned.
fn page(stack: &Stack, target: &str, body: &Value) -> reqwest::RequestBuilder {
    let request = stack.client().post(stack.endpoint()).header("Origin", "https://app.example");
    request.header("X-Amz-Target", target).header("Content-Type", "application/x-amz-json-1.1").body(body.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_signs_up_and_in_and_administers() {
    let Some(python) = peers::python_with("boto3, joserfc", "pip install boto3 joserfc") else { return };
    let stack = Stack::with(empty()).await;
    let mut command = peers::aws_client(&python, &stack.endpoint(), "test");
    command.arg("tests/peers/cognito.py");
    peers::run(command).await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_signs_up_and_in_with_a_templates_pool_and_its_users_outlast_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, TEMPLATE).unwrap();
    let data = folder.path().join("data");
    let start =
        || async { Stack::with(Ferrogate::from_template(&template).port(0).watch(false).data_dir(&data)).await };
    let stack = start().await;
    let banner = stack.banner();
    let output = |name: &str| {
        let line = banner.lines().find(|line| line.trim_start().starts_with(name));
        line.and_then(|line| line.split_whitespace().last()).unwrap_or_else(|| panic!("{name}: {banner}")).to_owned()
    };
    let (pool, client) = (output("Pool"), output("Client"));
    assert_eq!(output("Issuer"), format!("https://cognito-idp.us-east-1.amazonaws.com/{pool}"));
    assert_eq!(output("Keys"), format!("http://localhost:{}/{pool}/.well-known/jwks.json", stack.port()));

    let preflight = stack.client().request(Method::OPTIONS, stack.endpoint()).header("Origin", "https://app.example");
    let preflight = preflight
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "content-type,x-amz-target,x-amz-user-agent");
    let allowed = preflight.send().await.unwrap();
    assert_eq!(allowed.headers()["access-control-allow-origin"], "*");
    assert!(allowed.headers()["access-control-allow-headers"].to_str().unwrap().contains("x-amz-target"));

    let sign_up = json!({ "ClientId": client, "Username": "ann@example.com", "Password": "correct-horse-1" });
    let (status, made) = call(&stack, "SignUp", sign_up).await;
    assert_eq!(status, 200, "{made}");
    let outbox = stack.client().get(format!("{}/_ferrogate/cognito", stack.endpoint())).send().await.unwrap();
    let outbox: Value = outbox.json().await.unwrap();
    let code = &outbox["messages"][0]["code"];
    let confirm = json!({ "ClientId": client, "Username": "ann@example.com", "ConfirmationCode": code });
    assert_eq!(call(&stack, "ConfirmSignUp", confirm).await.0, 200);
    let parameters = json!({ "USERNAME": "ann@example.com", "PASSWORD": "correct-horse-1" });
    let sign_in = json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
    let answer = page(&stack, "AWSCognitoIdentityProviderService.InitiateAuth", &sign_in).send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    let tokens: Value = answer.json().await.unwrap();
    let access = tokens["AuthenticationResult"]["AccessToken"].clone();
    // An error too is one that the page can read.
    let wrong = json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": "ann@example.com", "PASSWORD": "wrong" } });
    let answer = page(&stack, "AWSCognitoIdentityProviderService.InitiateAuth", &wrong).send().await.unwrap();
    assert_eq!(
        (answer.status(), answer.headers()["access-control-allow-origin"].to_str().unwrap()),
        (StatusCode::BAD_REQUEST, "*")
    );

    // Nothing else is open to a page.
    let list = json!({ "UserPoolId": pool });
    for (target, body) in [
        ("AWSCognitoIdentityProviderService.ListUsers", &list),
        ("AWSCognitoIdentityProviderService.AdminInitiateAuth", &sign_in),
        ("DynamoDB_20120810.ListTables", &json!({})),
        ("Logs_20140328.DescribeLogGroups", &json!({})),
    ] {
        let answer = page(&stack, target, body).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{target}");
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "{target}");
    }
    let credential = "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, \
                      Signature=0";
    let signed = page(&stack, "AWSCognitoIdentityProviderService.InitiateAuth", &sign_in);
    assert_eq!(signed.header("Authorization", credential).send().await.unwrap().status(), 403);
    stack.stop().await;

    let stack = start().await;
    let (status, user) = call(&stack, "GetUser", json!({ "AccessToken": access })).await;
    assert_eq!((status, &user["Username"]), (StatusCode::OK, &made["UserSub"]), "{user}");
    assert_eq!(call(&stack, "InitiateAuth", sign_in).await.0, 200);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_closed_to_sign_ups_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, TEMPLATE).unwrap();
    let stack = Stack::with(isolated(Ferrogate::from_template(&template).parameter("SignUps", "false"))).await;
    let banner = stack.banner();
    let client = banner.lines().find(|line| line.trim_start().starts_with("Client")).unwrap();
    let client = client.split_whitespace().last().unwrap();
    let sign_up = json!({ "ClientId": client, "Username": "ann@example.com", "Password": "correct-horse-1" });
    let (status, refused) = call(&stack, "SignUp", sign_up).await;
    assert_eq!(status, 400);
    assert_eq!(refused["message"], "SignUp is not permitted for this user pool");
    stack.stop().await;
}
