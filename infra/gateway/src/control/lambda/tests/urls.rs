//! Function URLs: their configuration, and what answers at them.

use super::*;
use crate::function_url;
use crate::server::{ClientRequest, Headers};

fn get(headers: &[(&str, &str)]) -> ClientRequest {
    ClientRequest {
        method: http::Method::GET,
        raw_path: "/a%20b".to_owned(),
        raw_query: "x=1&x=2".to_owned(),
        headers: Headers(headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()),
        body: bytes::Bytes::new(),
        source_ip: [127, 0, 0, 1].into(),
        port: 4566,
        secure: false,
    }
}

#[tokio::test]
async fn a_url_is_made_served_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    let mut input = create_input("f");
    input["Environment"] = json!({ "Variables": { "ANSWER": r#"{"hello":"world"}"# } });
    ok(&control, "POST", FUNCTIONS, input).await;
    let path = "/2021-10-31/functions/f/url";
    let cors = json!({ "AllowOrigins": ["http://page"], "AllowMethods": ["GET"] });
    let made = ok(&control, "POST", path, json!({ "AuthType": "NONE", "Cors": cors })).await;
    assert_eq!(made["FunctionArn"], "arn:aws:lambda:us-east-1:000000000000:function:f");
    let url = made["FunctionUrl"].as_str().unwrap();
    let id = url.strip_prefix("http://").unwrap().strip_suffix(".lambda-url.us-east-1.localhost:4566/").unwrap();
    let (status, message) = refused(&control, "POST", path, json!({ "AuthType": "NONE" })).await;
    assert!(status == 409 && message.ends_with("FunctionUrlConfig exists for this Lambda function"), "{message}");

    let target = control.function_url(id).unwrap();
    let reply =
        function_url::serve(&target, "/a%20b", &get(&[("Cookie", "a=1; b=2"), ("Origin", "http://page")]), false).await;
    assert_eq!(reply.status(), 200, "{:?}", reply.body());
    assert_eq!(reply.headers()["access-control-allow-origin"], "http://page");
    assert_eq!(reply.headers()["content-type"], "application/json");

    let preflight = ClientRequest {
        method: http::Method::OPTIONS,
        ..get(&[("Origin", "http://page"), ("Access-Control-Request-Method", "GET")])
    };
    let reply = function_url::serve(&target, "/", &preflight, false).await;
    assert_eq!(reply.headers()["access-control-allow-methods"], "GET");

    let statement =
        json!({ "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com" });
    ok(&control, "POST", &format!("{FUNCTIONS}/f/policy"), statement).await;
    let closed = control.function_url(id).unwrap();
    assert_eq!(
        function_url::serve(&closed, "/", &get(&[]), false).await.status(),
        403,
        "a policy that does not name it"
    );
    let statement = json!({ "StatementId": "url", "Action": "lambda:InvokeFunctionUrl", "Principal": "*",
        "FunctionUrlAuthType": "NONE" });
    ok(&control, "POST", &format!("{FUNCTIONS}/f/policy"), statement).await;
    assert_eq!(function_url::serve(&control.function_url(id).unwrap(), "/", &get(&[]), false).await.status(), 200);

    ok(&control, "PUT", path, json!({ "AuthType": "AWS_IAM" })).await;
    let signed_only = control.function_url(id).unwrap();
    assert_eq!(function_url::serve(&signed_only, "/", &get(&[]), false).await.status(), 403);
    assert_eq!(function_url::serve(&signed_only, "/", &get(&[]), true).await.status(), 200);
    let listed = ok(&control, "GET", "/2021-10-31/functions/f/urls", Value::Null).await;
    assert_eq!(listed["FunctionUrlConfigs"].as_array().unwrap().len(), 1);
    ok(&control, "DELETE", path, Value::Null).await;
    assert!(control.function_url(id).is_none());
    assert_eq!(refused(&control, "GET", path, Value::Null).await.0, 404);
    let (status, message) =
        refused(&control, "POST", path, json!({ "AuthType": "NONE", "InvokeMode": "RESPONSE_STREAM" })).await;
    assert!(status == 400 && message.contains("responses are buffered"), "{message}");
}
