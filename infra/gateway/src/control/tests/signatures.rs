//! The control plane takes only what is signed with credentials that it knows, and says which those are.

use super::super::Control;
use super::super::testing::{control, request, send, tag};
use crate::credentials::{Credentials, Issuer, Session, SessionOf};
use crate::ids;
use crate::server::Reply;
use crate::signature::testing::{Signer, TEST};

fn checking(credentials: Credentials) -> (Control, Issuer) {
    let issuer = Issuer::default();
    (control().with_credentials(issuer.clone(), credentials, true), issuer)
}

async fn call(control: &Control, signer: Signer<'_>, form: &str) -> (u16, String) {
    let content = [("Content-Type", "application/x-www-form-urlencoded")];
    let mut call = request("sts", "us-east-1", "POST", "/", &content, form.to_owned());
    call.headers.0.retain(|(name, _)| name != "Authorization");
    let signer = Signer { service: if form.contains("User") { "iam" } else { "sts" }, ..signer };
    text(send(control, signer.sign(call, control.clock().now())).await)
}

fn text(reply: Reply) -> (u16, String) {
    (reply.status().as_u16(), String::from_utf8(reply.body().to_vec()).unwrap())
}

const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";

#[tokio::test]
async fn the_defaults_are_test_and_every_account() {
    let (control, _) = checking(Credentials::default());
    for key in ["test", "123456789012"] {
        let (status, xml) = call(&control, Signer { key, ..TEST }, WHO).await;
        assert_eq!(status, 200, "{xml}");
    }
    for (key, secret, code) in [
        ("foo", "test", "InvalidClientTokenId"),
        ("test", "foo", "SignatureDoesNotMatch"),
        ("123456789012", "foo", "SignatureDoesNotMatch"),
        ("AKIAIOSFODNN7EXAMPLE", "test", "InvalidClientTokenId"),
    ] {
        let (status, xml) = call(&control, Signer { key, secret, ..TEST }, WHO).await;
        assert_eq!((status, tag(&xml, "Code").as_str()), (403, code), "{xml}");
        assert!(xml.contains("AWS_ACCESS_KEY_ID=test with AWS_SECRET_ACCESS_KEY=test"), "{xml}");
        assert!(xml.contains("--no-check-signatures"), "{xml}");
    }
    // Programs made for other local tools send a token with it.
    assert_eq!(call(&control, Signer { token: Some("test"), ..TEST }, WHO).await.0, 200);
}

#[tokio::test]
async fn a_presigned_address_is_taken_too() {
    let (control, _) = checking(Credentials::default());
    let mut get = request("sts", "us-east-1", "GET", &format!("/?{WHO}"), &[], "");
    get.headers.0.retain(|(name, _)| name != "Authorization");
    let signer = Signer { service: "sts", ..TEST };
    let presigned = signer.presign(get, control.clock().now(), Some(900));
    let (status, xml) = text(send(&control, presigned.clone()).await);
    assert_eq!(status, 200, "{xml}");
    let mut altered = presigned;
    altered.raw_query.push_str("&Other=1");
    assert_eq!(text(send(&control, altered).await).0, 403);
}

#[tokio::test]
async fn given_credentials_take_the_place_of_the_defaults() {
    let (control, _) = checking(Credentials::load(None, Some("ALICE:secret")).unwrap());
    let alice = Signer { key: "ALICE", secret: "secret", ..TEST };
    assert_eq!(call(&control, alice, WHO).await.0, 200);
    for key in ["test", "123456789012"] {
        let (status, xml) = call(&control, Signer { key, ..TEST }, WHO).await;
        assert!(status == 403 && !xml.contains("=test"), "{xml}");
    }
}

#[tokio::test]
async fn users_sessions_and_functions_have_their_own() {
    let (control, issuer) = checking(Credentials::default());
    let (status, xml) = call(&control, TEST, "Action=CreateUser&UserName=ada").await;
    assert_eq!(status, 200, "{xml}");
    let (_, xml) = call(&control, TEST, "Action=CreateAccessKey&UserName=ada").await;
    let (key, secret) = (tag(&xml, "AccessKeyId"), tag(&xml, "SecretAccessKey"));
    let ada = Signer { key: &key, secret: &secret, ..TEST };
    let (status, xml) = call(&control, ada, WHO).await;
    assert!(status == 200 && xml.contains(":user/ada</Arn>"), "{xml}");
    assert_eq!(call(&control, Signer { token: Some("t"), ..ada }, WHO).await.0, 403, "its keys have no token");

    let (_, xml) = call(&control, ada, "Action=GetSessionToken").await;
    let (key, secret, token) = (tag(&xml, "AccessKeyId"), tag(&xml, "SecretAccessKey"), tag(&xml, "SessionToken"));
    let session = Signer { key: &key, secret: &secret, token: Some(&token), ..TEST };
    let (status, xml) = call(&control, session, WHO).await;
    assert!(status == 200 && xml.contains(":user/ada</Arn>"), "{xml}");
    assert_eq!(call(&control, Signer { token: None, ..session }, WHO).await.0, 403);
    let (status, xml) = call(&control, session, "Action=GetSessionToken").await;
    assert_eq!((status, tag(&xml, "Code").as_str()), (403, "AccessDenied"), "{xml}");
    control.clock().advance(std::time::Duration::from_secs(43_201));
    let (status, xml) = call(&control, session, WHO).await;
    assert_eq!((status, tag(&xml, "Code").as_str()), (403, "ExpiredToken"), "{xml}");

    let key = ids::session_key_id("000000000000", b"hello");
    let of = Session { of: SessionOf::Function("hello".to_owned()), expires_at: None, policy: None };
    let (secret, token) = (issuer.secret_access_key(&key), issuer.session_token(&key, &of));
    let function = Signer { key: &key, secret: &secret, token: Some(&token), ..TEST };
    let (status, xml) = call(&control, function, WHO).await;
    assert!(status == 200 && xml.contains("<Arn>arn:aws:sts::000000000000:assumed-role/hello/hello</Arn>"), "{xml}");
    assert_eq!(call(&control, Signer { token: Some("local"), ..function }, WHO).await.0, 403);
}

#[tokio::test]
async fn the_rest_of_the_services_is_asked_for_their_own_scope() {
    let (control, _) = checking(Credentials::default());
    let dynamodb = |service| {
        let mut call =
            request("x", "us-east-1", "POST", "/", &[("X-Amz-Target", "DynamoDB_20120810.ListTables")], "{}");
        call.headers.0.retain(|(name, _)| name != "Authorization");
        Signer { service, ..TEST }.sign(call, control.clock().now())
    };
    assert!(control.refuse(&dynamodb("dynamodb"), "dynamodb").is_none());
    let refused = control.refuse(&dynamodb("s3"), "dynamodb").unwrap();
    assert_eq!(refused.status(), 403);
}
