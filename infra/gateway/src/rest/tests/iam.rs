//! AWS_IAM methods: who has signed, whether the signature is good, and what the caller's policies say.

use std::time::Duration;

use super::*;
use crate::control::Control;
use crate::control::testing::{control_with_directory, put_user_policy, query, tag, user};
use crate::signature::testing::{Signer, TEST};

const INVALID: &str = r#"{"message":"The security token included in the request is invalid."}"#;

/// `GET /a`, `POST /a` and `GET /{proxy+}` for those who sign, and who has keys.
fn closed() -> (Plane, Control) {
    let mut api = api(&[("GET /a", "f"), ("POST /a", "f"), ("GET /{proxy+}", "f")]);
    for method in api.resources.iter_mut().flat_map(|resource| resource.methods.values_mut()) {
        method.authorization_type = "AWS_IAM".to_owned();
    }
    let plane = Plane::new(&api, [("f", ok())]);
    let control = control_with_directory();
    plane.gateway.iam.ask(control.shared_directory());
    (plane, control)
}

impl Plane {
    async fn signed(&self, signer: Signer<'_>, target: &str) -> Reply {
        self.send(signer.sign(request("GET", target, &[]), self.gateway.clock.now())).await
    }
}

fn statement(effect: &str, resource: &str) -> Value {
    json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource})
}

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn arn(rest: &str) -> String {
    format!("arn:aws:execute-api:us-east-1:000000000000:userapi/{rest}")
}

#[tokio::test]
async fn the_integration_learns_who_has_signed() {
    let (plane, _control) = closed();
    let now = plane.gateway.clock.now();
    for signed in [
        TEST.sign(request("GET", "/prod/a?x=1+2&y=%2F&y=&z", &[("User-Agent", "u")]), now),
        TEST.presign(request("GET", "/prod/a?x=1+2&y=%2F&y=&z", &[("User-Agent", "u")]), now, Some(60)),
    ] {
        assert_eq!(plane.send(signed).await.status(), 200);
        let event = plane.fake.event("f");
        assert_eq!(event["headers"].get("Authorization"), None, "a signature is API Gateway's");
        assert_eq!(event["queryStringParameters"]["x"], "1 2");
        let root = "arn:aws:iam::000000000000:root";
        assert_eq!(
            event["requestContext"]["identity"],
            json!({
                "accessKey": "test", "accountId": "000000000000", "caller": "000000000000", "user": "000000000000",
                "userArn": root, "principalOrgId": null, "sourceIp": "127.0.0.1", "userAgent": "u",
                "cognitoAuthenticationProvider": null, "cognitoAuthenticationType": null, "cognitoIdentityId": null,
                "cognitoIdentityPoolId": null,
            })
        );
        assert_eq!(event["requestContext"].get("authorizer"), None);
    }
}

#[tokio::test]
async fn each_refusal_has_its_own_words() {
    let (plane, _control) = closed();
    let now = plane.gateway.clock.now();
    let unknown = plane.signed(Signer { key: "nobody", ..TEST }, "/prod/a").await;
    assert_error(&unknown, 403, INVALID, "UnrecognizedClientException");

    let wrong = plane.signed(Signer { secret: "wrong", ..TEST }, "/prod/a?q=1").await;
    assert_eq!((wrong.status().as_u16(), header(&wrong, "x-amzn-errortype")), (403, Some("InvalidSignatureException")));
    let said: Value = serde_json::from_slice(wrong.body()).unwrap();
    let said = said["message"].as_str().unwrap();
    assert!(
        said.starts_with("The request signature we calculated does not match the signature you provided."),
        "{said}"
    );
    assert!(
        said.contains("The Canonical String for this request should have been\n'GET\n/prod/a\nq=1\nhost:"),
        "{said}"
    );

    let elsewhere = plane.signed(Signer { region: "eu-west-1", ..TEST }, "/prod/a").await;
    let body = r#"{"message":"Credential should be scoped to a valid region, not 'eu-west-1'. "}"#;
    assert_error(&elsewhere, 403, body, "InvalidSignatureException");
    let service = plane.signed(Signer { service: "lambda", ..TEST }, "/prod/a").await;
    let body = r#"{"message":"Credential should be scoped to correct service: 'execute-api'. "}"#;
    assert_error(&service, 403, body, "InvalidSignatureException");

    let mut altered = TEST.sign(request("GET", "/prod/a", &[]), now);
    altered.method = ::http::Method::POST;
    assert_eq!(plane.send(altered).await.status(), 403);
    let mut turned = TEST.sign(request("GET", "/prod/a", &[]), now);
    turned.headers.0.push(("X-HTTP-Method-Override".to_owned(), "POST".to_owned()));
    assert_eq!(plane.send(turned).await.status(), 403, "a header that is not signed cannot choose the method");
    let mut dotted = TEST.sign(request("GET", "/prod/a", &[]), now);
    dotted.raw_path = "/prod/x/../a".to_owned();
    assert_eq!(plane.send(dotted).await.status(), 403, "another resource than the one that is signed");
    assert_eq!(plane.fake.count("f"), 0);
}

#[tokio::test]
async fn a_request_is_good_as_long_as_its_time_and_no_longer() {
    let (plane, _control) = closed();
    let now = plane.gateway.clock.now();
    let signed = TEST.sign(request("GET", "/prod/a", &[]), now);
    let presigned = TEST.presign(request("GET", "/prod/a", &[]), now, Some(3_600));
    assert_eq!(plane.send(signed.clone()).await.status(), 200);
    assert_eq!(plane.send(signed.clone()).await.status(), 200, "AWS takes it again within its time, and so does this");
    plane.gateway.clock.advance(Duration::from_secs(310));
    let expired = plane.send(signed).await;
    assert_eq!(header(&expired, "x-amzn-errortype"), Some("InvalidSignatureException"));
    assert!(text(&expired).starts_with(r#"{"message":"Signature expired: "#), "{}", text(&expired));
    assert_eq!(plane.send(presigned.clone()).await.status(), 200);
    plane.gateway.clock.advance(Duration::from_secs(3_600));
    assert_eq!(plane.send(presigned).await.status(), 403);
}

#[tokio::test]
async fn a_user_may_what_its_policies_say() {
    let (plane, control) = closed();
    let (key, secret) = user(&control, "ada", None).await;
    let ada = Signer { key: &key, secret: &secret, ..TEST };
    let masked = "arn:aws:execute-api:us-east-1:********0000:userapi/prod/GET/a";
    let denied = |why: &str| {
        let user = "User: arn:aws:iam::000000000000:user/ada";
        json!({"Message": format!("{user} is not authorized to perform: execute-api:Invoke on resource: {masked} {why}")})
            .to_string()
    };
    let implicit = denied("because no identity-based policy allows the execute-api:Invoke action");
    assert_error(&plane.signed(ada, "/prod/a").await, 403, &implicit, "AccessDeniedException");

    put_user_policy(&control, "ada", &policy(&[statement("Allow", &arn("prod/GET/*"))])).await;
    assert_eq!(plane.signed(ada, "/prod/a").await.status(), 200);
    let identity = plane.fake.event("f")["requestContext"]["identity"].clone();
    assert_eq!(
        (&identity["accessKey"], &identity["userArn"]),
        (&json!(key), &json!("arn:aws:iam::000000000000:user/ada"))
    );
    assert!(identity["user"].as_str().unwrap().starts_with("AIDA") && identity["caller"] == identity["user"]);
    let post = ada.sign(request("POST", "/prod/a", &[]), plane.gateway.clock.now());
    assert_eq!(plane.send(post).await.status(), 403, "another method");
    assert_eq!(plane.signed(ada, "/dev/a").await.status(), 403, "another stage");

    let statements = [statement("Allow", "*"), statement("Deny", &arn("*/GET/a"))];
    put_user_policy(&control, "ada", &policy(&statements)).await;
    let explicit = denied("with an explicit deny in an identity-based policy");
    assert_error(&plane.signed(ada, "/prod/a").await, 403, &explicit, "AccessDeniedException");
    assert_eq!(plane.signed(ada, "/prod/b").await.status(), 200);

    let attach = "Action=AttachUserPolicy&UserName=eve&PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FAmazonAPIGatewayInvokeFullAccess";
    let (key, secret) = user(&control, "eve", None).await;
    let eve = Signer { key: &key, secret: &secret, ..TEST };
    assert_eq!(plane.signed(eve, "/prod/a").await.status(), 403);
    assert_eq!(query(&control, "iam", attach).await.0, 200);
    assert_eq!(plane.signed(eve, "/prod/a").await.status(), 200);
    let disable = format!("Action=UpdateAccessKey&UserName=eve&AccessKeyId={key}&Status=Inactive");
    assert_eq!(query(&control, "iam", &disable).await.0, 200);
    assert_error(&plane.signed(eve, "/prod/a").await, 403, INVALID, "UnrecognizedClientException");
    let (_, xml) = query(&control, "iam", &format!("Action=GetAccessKeyLastUsed&AccessKeyId={key}")).await;
    assert_eq!((tag(&xml, "UserName"), tag(&xml, "ServiceName")), ("eve".to_owned(), "execute-api".to_owned()));
}

#[tokio::test]
async fn temporary_credentials_need_their_token_and_end() {
    let (plane, control) = closed();
    let trust =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}"#;
    let encoded =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let create = format!("Action=CreateRole&RoleName=caller&AssumeRolePolicyDocument={}", encoded(trust));
    assert_eq!(query(&control, "iam", &create).await.0, 200);
    let role = policy(&[statement("Allow", &arn("prod/*"))]).to_string();
    let put = format!("Action=PutRolePolicy&RoleName=caller&PolicyName=p&PolicyDocument={}", encoded(&role));
    assert_eq!(query(&control, "iam", &put).await.0, 200);
    let assume = "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fcaller&RoleSessionName=ada&DurationSeconds=900";
    let (status, xml) = query(&control, "sts", assume).await;
    assert_eq!(status, 200, "{xml}");
    let (key, secret, token) = (tag(&xml, "AccessKeyId"), tag(&xml, "SecretAccessKey"), tag(&xml, "SessionToken"));
    let session = Signer { key: &key, secret: &secret, token: Some(&token), ..TEST };
    assert_eq!(plane.signed(session, "/prod/a").await.status(), 200);
    let identity = plane.fake.event("f")["requestContext"]["identity"].clone();
    assert_eq!(identity["userArn"], "arn:aws:sts::000000000000:assumed-role/caller/ada");
    assert!(
        identity["caller"].as_str().unwrap().starts_with("AROA")
            && identity["caller"].as_str().unwrap().ends_with(":ada")
    );
    assert_eq!(plane.signed(session, "/dev/a").await.status(), 403);
    let presigned = session.presign(request("GET", "/prod/a", &[]), plane.gateway.clock.now(), Some(60));
    assert_eq!(plane.send(presigned).await.status(), 200);

    let without = Signer { token: None, ..session };
    assert_error(&plane.signed(without, "/prod/a").await, 403, INVALID, "UnrecognizedClientException");
    let other = Signer { token: Some("other"), ..session };
    assert_error(&plane.signed(other, "/prod/a").await, 403, INVALID, "UnrecognizedClientException");

    // A session's own policy takes away and does not give.
    let narrow = policy(&[statement("Allow", &arn("*/GET/b"))]).to_string();
    let (_, xml) = query(&control, "sts", &format!("{assume}&Policy={}", encoded(&narrow))).await;
    let (key, secret, token) = (tag(&xml, "AccessKeyId"), tag(&xml, "SecretAccessKey"), tag(&xml, "SessionToken"));
    let bounded = Signer { key: &key, secret: &secret, token: Some(&token), ..TEST };
    assert_eq!(plane.signed(bounded, "/prod/b").await.status(), 200);
    assert_eq!(plane.signed(bounded, "/prod/a").await.status(), 403, "not in the session's");
    assert_eq!(plane.signed(bounded, "/dev/b").await.status(), 403, "not in the role's");

    let (_, xml) = query(&control, "sts", "Action=GetFederationToken&Name=guest").await;
    let (key, secret, token) = (tag(&xml, "AccessKeyId"), tag(&xml, "SecretAccessKey"), tag(&xml, "SessionToken"));
    let guest = Signer { key: &key, secret: &secret, token: Some(&token), ..TEST };
    assert_eq!(plane.signed(guest, "/prod/a").await.status(), 403, "without a policy a federated user may nothing");

    plane.gateway.clock.advance(Duration::from_secs(901));
    let expired = r#"{"message":"The security token included in the request is expired"}"#;
    assert_error(&plane.signed(session, "/prod/a").await, 403, expired, "ExpiredTokenException");
}

#[tokio::test]
async fn a_user_of_another_account_is_no_owner_of_this_api() {
    let (plane, _control) = closed();
    let account = Signer { key: "123456789012", ..TEST };
    assert_eq!(plane.signed(account, "/prod/a").await.status(), 200, "whoever runs this may do everything");
    let identity = plane.fake.event("f")["requestContext"]["identity"].clone();
    assert_eq!((&identity["accountId"], &identity["accessKey"]), (&json!("123456789012"), &json!("123456789012")));
    let wrong = Signer { secret: "other", ..account };
    assert_eq!(plane.signed(wrong, "/prod/a").await.status(), 403);
}
