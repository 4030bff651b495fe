//! The proxy event, whole.

use super::*;

fn plane(change: impl FnOnce(&mut RestApi)) -> Plane {
    let mut api = api(&[("ANY /users/{userId}", "f"), ("GET /", "f")]);
    change(&mut api);
    Plane::new(&api, [("f", ok())])
}

#[tokio::test]
async fn the_event_is_complete() {
    let plane = plane(|api| {
        api.stages["prod"].variables.insert("tier".to_owned(), "free".to_owned());
        method(api, "ANY /users/{userId}").operation_name = Some("UpdateUser".to_owned());
    });
    let mut put = request(
        "PUT",
        "/prod/users/u%201?q=a+b&q=c%2Bd&e",
        &[("Host", "localhost:4566"), ("user-agent", "curl/8"), ("X-Custom", "1"), ("x-custom", "2")],
    );
    put.body = r#"{"a":1}"#.into();
    let reply = plane.send(put).await;
    let mut event = plane.fake.event("f");
    let trace = header(&reply, "x-amzn-trace-id").unwrap();
    assert_eq!(event["headers"]["X-Amzn-Trace-Id"], trace);
    let context = event["requestContext"].take();
    assert_eq!(
        event,
        json!({
            "resource": "/users/{userId}",
            "path": "/users/u%201",
            "httpMethod": "PUT",
            "headers": {
                "Host": "localhost:4566",
                "User-Agent": "curl/8",
                "X-Custom": "2",
                "X-Amzn-Trace-Id": trace,
                "X-Forwarded-For": "127.0.0.1",
                "X-Forwarded-Port": "4566",
                "X-Forwarded-Proto": "http",
            },
            "multiValueHeaders": {
                "Host": ["localhost:4566"],
                "User-Agent": ["curl/8"],
                "X-Custom": ["1", "2"],
                "X-Amzn-Trace-Id": [trace],
                "X-Forwarded-For": ["127.0.0.1"],
                "X-Forwarded-Port": ["4566"],
                "X-Forwarded-Proto": ["http"],
            },
            "queryStringParameters": {"q": "c+d", "e": ""},
            "multiValueQueryStringParameters": {"q": ["a b", "c+d"], "e": [""]},
            "pathParameters": {"userId": "u%201"},
            "stageVariables": {"tier": "free"},
            "requestContext": null,
            "body": "{\"a\":1}",
            "isBase64Encoded": false,
        })
    );
    assert_eq!(context["requestId"], header(&reply, "x-amzn-requestid").unwrap());
    assert_eq!(context["extendedRequestId"], header(&reply, "x-amz-apigw-id").unwrap());
    assert!(context["requestTimeEpoch"].is_i64());
    assert!(context["requestTime"].as_str().unwrap().ends_with(" +0000"));
    assert_eq!(
        without(context, &["requestId", "extendedRequestId", "requestTime", "requestTimeEpoch"]),
        json!({
            "accountId": "000000000000",
            "apiId": "userapi",
            "deploymentId": "d1",
            "domainName": "userapi.execute-api.localhost:4566",
            "domainPrefix": "userapi",
            "httpMethod": "PUT",
            "identity": {
                "accessKey": null,
                "accountId": null,
                "caller": null,
                "cognitoAuthenticationProvider": null,
                "cognitoAuthenticationType": null,
                "cognitoIdentityId": null,
                "cognitoIdentityPoolId": null,
                "principalOrgId": null,
                "sourceIp": "127.0.0.1",
                "user": null,
                "userAgent": "curl/8",
                "userArn": null,
            },
            "operationName": "UpdateUser",
            "path": "/prod/users/u%201",
            "protocol": "HTTP/1.1",
            "resourceId": "r0",
            "resourcePath": "/users/{userId}",
            "stage": "prod",
        })
    );
}

#[tokio::test]
async fn what_is_absent_is_null() {
    let plane = plane(|_| {});
    plane.get("/prod", &[]).await;
    let event = plane.fake.event("f");
    for key in ["queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body"]
    {
        assert_eq!(event.get(key), Some(&Value::Null), "{key}");
    }
    assert_eq!(event["headers"]["Host"], "userapi.execute-api.localhost:4566");
    assert_eq!(event["requestContext"].get("authorizer"), None);
    assert_eq!(event.get("version"), None);
}

#[tokio::test]
async fn binary_bodies_are_base64() {
    let plane = plane(|api| api.binary_media_types = vec!["image/*".to_owned()]);
    for (content_type, body, base64) in [("image/png", "/wE=", true), ("text/plain", "\u{FFFD}\u{1}", false)] {
        let mut post = request("POST", "/prod/users/1", &[("content-type", content_type)]);
        post.body = (&b"\xff\x01"[..]).into();
        plane.send(post).await;
        let event = plane.fake.event("f");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(body), &json!(base64)));
    }
}

#[tokio::test]
async fn stages_have_their_own_functions() {
    let plane = {
        let mut api = api(&[("GET /", "unused")]);
        method(&mut api, "GET /").integration.as_mut().unwrap().uri =
            Some(lambda_uri("${stageVariables.fn}:${stageVariables.alias}"));
        for (stage, alias) in [("prod", "live"), ("dev", "7")] {
            let variables = &mut api.stages[stage].variables;
            variables.insert("fn".to_owned(), format!("f-{stage}"));
            variables.insert("alias".to_owned(), alias.to_owned());
        }
        Plane::new(&api, [("f-prod", ok()), ("f-dev", ok())])
    };
    for (target, function, qualifier) in [("/prod", "f-prod", "live"), ("/dev", "f-dev", "7")] {
        assert_eq!(plane.get(target, &[]).await.status(), 200);
        assert_eq!(plane.fake.qualifier(function).as_deref(), Some(qualifier));
    }
}

#[tokio::test]
async fn a_trace_is_carried_on() {
    let plane = plane(|_| {});
    let sent = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let reply = plane.get("/prod", &[("X-AMZN-Trace-Id", sent)]).await;
    assert_eq!(header(&reply, "x-amzn-trace-id"), Some(sent));
    assert_eq!(plane.fake.event("f")["multiValueHeaders"]["X-Amzn-Trace-Id"], json!([sent]));
}
