//! Integrations and their responses.

use super::*;

#[tokio::test]
async fn an_integration_has_the_defaults_of_aws() {
    let f = Fixture::new().await;
    let path = format!("{}/integration", f.method(&f.root, "GET").await);
    let common = json!({"cacheKeyParameters": [], "cacheNamespace": f.root, "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000});
    let with = |more: Value| {
        let mut all = common.as_object().unwrap().clone();
        all.extend(more.as_object().unwrap().clone());
        Value::Object(all)
    };
    let got = f.ok("GET", &path, json!(null)).await;
    assert_eq!(got, with(json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": FUNCTION})));
    let mock = f.ok("PUT", &path, json!({"type": "MOCK", "uri": "http://example.com"})).await;
    assert_eq!(mock, with(json!({"type": "MOCK"})));
    let http = f.ok("PUT", &path, json!({"type": "HTTP", "httpMethod": "POST", "uri": "http://example.com"})).await;
    let expected =
        with(json!({"type": "HTTP", "httpMethod": "POST", "uri": "http://example.com", "connectionType": "INTERNET"}));
    assert_eq!(http, expected);
}

#[tokio::test]
async fn what_an_integration_cannot_be_is_said() {
    let f = Fixture::new().await;
    let method = f.method(&f.root, "GET").await;
    let path = format!("{method}/integration");
    let put = |body: Value| {
        let (f, path) = (&f, path.as_str());
        async move { f.refused("PUT", path, body).await.1 }
    };
    for kind in ["HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY"] {
        assert_eq!(
            put(json!({"type": kind, "uri": "http://example.com"})).await,
            "Enumeration value for HttpMethod must be non-empty"
        );
    }
    let uri = |kind: &str, uri: &str| json!({"type": kind, "httpMethod": "POST", "uri": uri});
    assert_eq!(put(uri("HTTP", "non-valid-http")).await, "Invalid HTTP endpoint specified for URI");
    assert_eq!(put(uri("AWS", "non-valid-arn")).await, "Invalid ARN specified in the request");
    assert_eq!(
        put(uri("AWS", "arn:aws:iam::0000000000:role/service-role/asdf")).await,
        "AWS ARN for integration must contain path or action"
    );
    assert_eq!(
        put(uri("AWS_PROXY", "arn:aws:apigateway:us-east-1:s3:path/b/k")).await,
        "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."
    );
    assert_eq!(
        put(uri("AWS", "arn:aws:apigateway:us-east-1:s3:path/b/k")).await,
        "Role ARN must be specified for AWS integrations"
    );
    assert_eq!(
        put(json!({"type": "MOCK", "timeoutInMillis": 30000})).await,
        "Timeout should be between 50 ms and 29000 ms"
    );
    assert!(
        put(json!({"type": "HTTP", "httpMethod": "GET", "uri": "http://e", "requestParameters":
            {"integration.request.path.id": "method.request.path.id"}}))
        .await
        .ends_with("errors : [Invalid mapping expression specified: method.request.path.id]")
    );
    let (status, message) = f.refused("PUT", &path, json!({"type": "HTTPS_PROXY"})).await;
    assert_eq!(status, 400);
    assert!(message.contains("failed to satisfy constraint: Member must satisfy enum value set"), "{message}");
    assert_eq!(
        f.refused("PUT", &format!("/resources/{}/methods/POST/integration", f.root), json!({"type": "MOCK"})).await,
        (404, "Invalid Method identifier specified".to_owned())
    );
}

#[tokio::test]
async fn an_integration_is_patched_as_on_aws() {
    let f = Fixture::new().await;
    let method = f.method(&f.root, "GET").await;
    let path = format!("{method}/integration");
    let patched = f
        .patch(
            &path,
            json!([{"op": "replace", "path": "/timeoutInMillis", "value": "100"},
                   {"op": "add", "path": "/requestTemplates/application~1json", "value": "{}"},
                   {"op": "add", "path": "/requestParameters/integration.request.header.A", "value": "'x'"},
                   {"op": "replace", "path": "/tlsConfig/insecureSkipVerification", "value": "true"}]),
        )
        .await;
    assert_eq!(patched["timeoutInMillis"], 100);
    assert_eq!(patched["requestTemplates"], json!({"application/json": "{}"}));
    assert_eq!(patched["tlsConfig"]["insecureSkipVerification"], true);
    let (_, message) =
        f.patch_refused(&path, json!([{"op": "replace", "path": "/timeoutInMillis", "value": "1"}])).await;
    assert_eq!(message, "Timeout should be between 50 ms and 29000 ms");
    let (_, message) = f.patch_refused(&path, json!([{"op": "replace", "path": "/type", "value": "MOCK"}])).await;
    assert_eq!(message, "Invalid patch path /type");
    assert_eq!(f.call("DELETE", &path, json!(null)).await.0, 204);
    assert_eq!(
        f.refused("GET", &path, json!(null)).await,
        (404, "Invalid Integration identifier specified".to_owned())
    );
}

#[tokio::test]
async fn integration_responses_need_what_they_map_to() {
    let f = Fixture::new().await;
    let method = f.method(&f.root, "GET").await;
    let path = format!("{method}/integration/responses/200");
    let mapped = json!({"responseParameters": {"method.response.header.A": "integration.response.header.A"}});
    assert!(f.refused("PUT", &path, mapped.clone()).await.1.ends_with("[No method response exists for method.]"));
    f.ok("PUT", &format!("{method}/responses/200"), json!({})).await;
    assert!(
        f.refused("PUT", &path, mapped.clone()).await.1.ends_with("parameter specified: method.response.header.A]")
    );
    let patch = json!({"patchOperations": [{"op": "add", "path": "/responseParameters/method.response.header.A", "value": "false"}]});
    f.ok("PATCH", &format!("{method}/responses/200"), patch).await;
    f.ok("PUT", &path, mapped).await;
    let patched = f
        .patch(
            &path,
            json!([{"op": "replace", "path": "/selectionPattern", "value": "2\\d{2}"},
                   {"op": "add", "path": "/responseTemplates/application~1json", "value": ""}]),
        )
        .await;
    let expected = json!({"statusCode": "200", "selectionPattern": "2\\d{2}", "responseTemplates": {"application/json": ""},
        "responseParameters": {"method.response.header.A": "integration.response.header.A"}});
    assert_eq!(patched, expected);
    let shown = f.ok("GET", &method, json!(null)).await;
    assert_eq!(shown["methodIntegration"]["integrationResponses"]["200"], expected);
    assert_eq!(f.call("DELETE", &path, json!(null)).await.0, 204);
}

#[tokio::test]
async fn a_caches_key_has_what_is_declared_or_mapped() {
    let f = Fixture::new().await;
    let method = f.method(&f.root, "GET").await;
    let path = format!("{method}/integration");
    let put = async |keys: &[&str], mapped: Value| {
        let body = json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": FUNCTION, "cacheKeyParameters": keys,
            "requestParameters": mapped});
        let (status, answer) = f.call("PUT", &path, body).await;
        (status, answer["message"].as_str().unwrap_or_default().to_owned())
    };
    let refused = (400, "Invalid cache key parameter specified".to_owned());
    assert_eq!(put(&["method.request.querystring.q"], json!({})).await, refused);
    let declare = json!([{"op": "add", "path": "/requestParameters/method.request.querystring.q", "value": "false"}]);
    f.patch(&method, declare).await;
    assert_eq!(put(&["method.request.querystring.q"], json!({})).await.0, 201);
    assert_eq!(put(&["integration.request.header.h"], json!({})).await, refused);
    let mapped = json!({"integration.request.header.h": "method.request.querystring.q"});
    assert_eq!(put(&["integration.request.header.h"], mapped).await.0, 201);
    let add = json!([{"op": "add", "path": "/cacheKeyParameters", "value": "method.request.header.other"}]);
    assert_eq!(f.patch_refused(&path, add).await, refused);
}
