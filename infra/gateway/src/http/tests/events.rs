//! Both payload formats, whole.

use super::*;

fn without(mut value: Value, keys: &[&str]) -> Value {
    for key in keys {
        value.as_object_mut().unwrap().remove(*key).unwrap_or_else(|| panic!("{key} is missing"));
    }
    value
}

fn post() -> ClientRequest {
    let headers = [
        ("Host", "localhost:4566"),
        ("User-Agent", "curl/8"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("X-A", "1"),
        ("x-a", "2"),
        ("Cookie", "a=1; b=2"),
        ("Cookie", "c=3"),
        ("X-Amzn-Trace-Id", "Root=1-0-a;Parent=b;Sampled=1"),
    ];
    let mut request = request("POST", "/dev/users/u%201?q=a+b&q=c%2Cd&e", &headers);
    request.body = "{}".into();
    request
}

fn plane(version: &str) -> Plane {
    let mut declared = api(&["POST /users/{userId}", "$default"]);
    declared.integrations[0].payload_format_version = version.to_owned();
    declared.stages["dev"].stage_variables.insert("v".to_owned(), "1".to_owned());
    Plane::new(&declared, [("f", ok())])
}

#[tokio::test]
async fn payload_2_0() {
    let plane = plane("2.0");
    let reply = plane.send(post()).await;
    let mut event = plane.fake.event("f");
    let context = event["requestContext"].take();
    assert_eq!(
        event,
        json!({
            "version": "2.0",
            "routeKey": "POST /users/{userId}",
            "rawPath": "/dev/users/u 1",
            "rawQueryString": "q=a+b&q=c%2Cd&e",
            "cookies": ["a=1", "b=2", "c=3"],
            "headers": {
                "host": "localhost:4566",
                "user-agent": "curl/8",
                "content-type": "application/json; charset=utf-8",
                "content-length": "2",
                "x-a": "1,2",
                "x-amzn-trace-id": "Root=1-0-a;Parent=b;Sampled=1",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "4566",
                "x-forwarded-proto": "http",
            },
            "queryStringParameters": {"q": "a b,c,d", "e": ""},
            "pathParameters": {"userId": "u 1"},
            "stageVariables": {"v": "1"},
            "requestContext": null,
            "body": "{}",
            "isBase64Encoded": false,
        })
    );
    assert_eq!(context["requestId"], header(&reply, "apigw-requestid").unwrap());
    assert!(context["timeEpoch"].is_i64() && context["time"].as_str().unwrap().ends_with(" +0000"));
    assert_eq!(
        without(context, &["requestId", "time", "timeEpoch"]),
        json!({
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": "api.execute-api.localhost:4566",
            "domainPrefix": "api",
            "http": {
                "method": "POST",
                "path": "/dev/users/u 1",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "curl/8",
            },
            "routeKey": "POST /users/{userId}",
            "stage": "dev",
        })
    );
}

#[tokio::test]
async fn what_is_absent_is_left_out_of_2_0() {
    let plane = plane("2.0");
    plane.get("/anything", &[]).await;
    let event = plane.fake.event("f");
    assert_eq!(event["routeKey"], "$default");
    for key in ["cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"] {
        assert_eq!(event.get(key), None, "{key}");
    }
    assert_eq!(event["requestContext"].get("authorizer"), None);
    assert_eq!((&event["rawQueryString"], &event["isBase64Encoded"]), (&json!(""), &json!(false)));
}

#[tokio::test]
async fn bodies_that_are_no_text_are_base64() {
    for version in ["1.0", "2.0"] {
        let plane = plane(version);
        let mut form = request("POST", "/x", &[("content-type", "application/x-www-form-urlencoded")]);
        form.body = "a=1".into();
        plane.send(form).await;
        let event = plane.fake.event("f");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("YT0x"), &json!(true)));
    }
}

#[tokio::test]
async fn payload_1_0() {
    let plane = plane("1.0");
    let reply = plane.send(post()).await;
    let mut event = plane.fake.event("f");
    let context = event["requestContext"].take();
    assert_eq!(event["version"], "1.0");
    assert_eq!((&event["resource"], &event["path"]), (&json!("/users/{userId}"), &json!("/dev/users/u 1")));
    assert_eq!(event["httpMethod"], "POST");
    assert_eq!(event["headers"]["X-A"], "2");
    assert_eq!(event["multiValueHeaders"]["X-A"], json!(["1", "2"]));
    assert_eq!(event["multiValueHeaders"]["Cookie"], json!(["a=1; b=2", "c=3"]));
    assert_eq!(event["queryStringParameters"], json!({"q": "c,d", "e": ""}));
    assert_eq!(event["multiValueQueryStringParameters"], json!({"q": ["a b", "c,d"], "e": [""]}));
    assert_eq!(event["pathParameters"], json!({"userId": "u 1"}));
    assert_eq!(event["stageVariables"], json!({"v": "1"}));
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{}"), &json!(false)));
    assert_eq!(context["requestId"], header(&reply, "apigw-requestid").unwrap());
    assert_eq!(context["extendedRequestId"], context["requestId"]);
    assert_eq!(context["resourceId"], "POST /users/{userId}");
    assert_eq!(context["resourcePath"], "/users/{userId}");
    assert_eq!(context["identity"]["userAgent"], "curl/8");
    assert_eq!(context.get("deploymentId"), None);

    plane.get("/x", &[]).await;
    let event = plane.fake.event("f");
    for key in ["queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body"]
    {
        assert_eq!(event.get(key), Some(&Value::Null), "{key}");
    }
}
