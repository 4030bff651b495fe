//! Parameter mapping in both directions, and what comes of values that are not to be trusted.

use super::*;

/// A MOCK with these mappings of its request: what it is sent goes nowhere, and what cannot be sent fails all the same.
fn mapping(parameters: Value) -> Value {
    json!({"type": "MOCK", "requestTemplates": {"application/json": "{statusCode: 200}"},
        "requestParameters": parameters, "integrationResponses": {"200": {}}})
}

#[tokio::test]
async fn a_response_takes_its_headers_from_everywhere() {
    let parameters = json!({
        "method.response.header.Static": "'a b'",
        "method.response.header.Empty": "''",
        "method.response.header.Stage": "stageVariables.v",
        "method.response.header.No-Stage": "stageVariables.none",
        "method.response.header.Context": "context.httpMethod",
        "method.response.header.Nested": "context.identity.sourceIp",
        "method.response.header.No-Context": "context.authorizer.principalId",
        "method.response.header.Body": "integration.response.body.user.name",
        "method.response.header.Number": "integration.response.body.user.age",
        "method.response.header.Item": "integration.response.body.list[1]",
        "method.response.header.Object": "integration.response.body.user",
        "method.response.header.Missing": "integration.response.body.none",
        "method.response.header.Type": "integration.response.header.Content-Type",
        "method.response.header.Wrong-Case": "integration.response.header.content-type",
        "method.response.header.Multi": "integration.response.multivalueheader.Content-Type",
    });
    let integration = lambda(json!({"integrationResponses": {"200": {"responseParameters": parameters}}}));
    let mut api = integrated("/", integration);
    api.stages["prod"].variables.insert("v".to_owned(), "blue".to_owned());
    let answer = json!({"user": {"name": "Ada", "age": 36}, "list": ["a", "b"]});
    let plane = Plane::new(&api, [("f", Answer::Json(answer))]);
    let reply = plane.get("/prod", &[]).await;
    for (name, expected) in [
        ("static", Some("a b")),
        ("empty", None),
        ("stage", Some("blue")),
        ("no-stage", None),
        ("context", Some("GET")),
        ("nested", Some("127.0.0.1")),
        ("no-context", None),
        ("body", Some("Ada")),
        ("number", Some("36")),
        ("item", Some("b")),
        ("object", Some(r#"{"name":"Ada","age":36}"#)),
        ("missing", None),
        ("type", Some("application/json")),
        ("wrong-case", None),
        ("multi", Some("application/json")),
    ] {
        assert_eq!(header(&reply, name), expected, "{name}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_maps_to_nothing_or_fails() {
    let of_body = |source: &str| {
        lambda(json!({"integrationResponses": {"200": {"responseParameters": {"method.response.header.X": source}}}}))
    };
    for (body, source, status) in [
        (&b"plain"[..], "integration.response.body.a", 200),
        (b"{broken", "integration.response.body.a", 500),
        (b"{broken", "integration.response.body", 500),
        (b"[1, 2]", "integration.response.body", 200),
    ] {
        let reply = plane("/", of_body(source), Answer::Raw(body)).get("/prod", &[]).await;
        assert_eq!(reply.status(), status, "{source} of {}", String::from_utf8_lossy(body));
    }
}

#[tokio::test]
async fn a_value_ends_no_header() {
    let parameters = json!({"method.response.header.X": "integration.response.body.v"});
    let integration = lambda(json!({"integrationResponses": {"200": {"responseParameters": parameters}}}));
    let plane = plane("/", integration, ok());
    for value in ["a\r\nSet-Cookie: b=c", "a\nb", "a\rb", "a\u{0}b", "a\u{7f}"] {
        plane.fake.answer("f", Answer::Json(json!({"v": value})));
        let reply = plane.get("/prod", &[]).await;
        assert_error(&reply, 500, INTERNAL, INTERNAL_TYPE);
        assert_eq!(header(&reply, "set-cookie"), None);
    }
    plane.fake.answer("f", Answer::Json(json!({"v": "tab\tand é"})));
    let reply = plane.get("/prod", &[]).await;
    assert_eq!(reply.headers()["x"].as_bytes(), "tab\tand é".as_bytes());
}

#[tokio::test]
async fn a_clients_value_ends_no_header_either() {
    let plane =
        self::plane("/", mapping(json!({"integration.request.header.X": "method.request.querystring.v"})), ok());
    let reply = plane.get("/prod?v=a%0d%0aX-Evil:+1", &[]).await;
    assert_error(&reply, 400, r#"{"message":"Invalid request parameters"}"#, "BadRequestException");
    assert_eq!(plane.get("/prod?v=fine", &[]).await.status(), 200);
}

#[tokio::test]
async fn a_request_is_parsed_only_where_it_looks_like_json() {
    let plane = plane("/", mapping(json!({"integration.request.header.X": "method.request.body.a"})), ok());
    for (body, status) in [(&b"plain"[..], 200), (b"{\"a\": 1}", 200), (b"", 200), (b"{broken", 400), (b"'x'", 400)] {
        let reply = plane.send(post("/prod", &[], body)).await;
        assert_eq!(reply.status(), status, "{}", String::from_utf8_lossy(body));
        if status == 400 {
            assert_error(&reply, 400, r#"{"message":"Invalid JSON in request body"}"#, "BadRequestException");
        }
    }
}

#[tokio::test]
async fn headers_that_nobody_may_map_fail_every_request() {
    for (name, members) in [
        ("Content-Length", lambda(json!({}))),
        ("Authorization", lambda(json!({}))),
        ("X-Amzn-Trace-Id", mapping(json!({}))),
    ] {
        let mut integration = members;
        integration["requestParameters"] = json!({format!("integration.request.header.{name}"): "'x'"});
        assert_error(&plane("/", integration, ok()).get("/prod", &[]).await, 500, INTERNAL, INTERNAL_TYPE);
    }
}

#[tokio::test]
async fn some_mapped_headers_are_sent_under_another_name_or_not() {
    let names = [
        "Authorization",
        "Connection",
        "Content-MD5",
        "Date",
        "Expect",
        "Host",
        "Max-Forwards",
        "Proxy-Authenticate",
        "Server",
        "Trailer",
        "Upgrade",
        "User-Agent",
        "WWW-Authenticate",
    ];
    let dropped = ["Content-Length", "TE", "Transfer-Encoding"];
    let parameters: serde_json::Map<String, Value> = names
        .iter()
        .chain(&dropped)
        .chain(&["Via", "Age"])
        .map(|name| (format!("method.response.header.{name}"), json!("'7'")))
        .collect();
    let plane = plane("/", mock("{statusCode: 200}", json!({"responseParameters": parameters})), ok());
    let reply = plane.get("/prod", &[]).await;
    for name in names {
        assert_eq!(header(&reply, &format!("x-amzn-remapped-{name}")), Some("7"), "{name}");
        assert_eq!(header(&reply, name), None, "{name}");
    }
    for name in dropped {
        assert_eq!((header(&reply, name), header(&reply, &format!("x-amzn-remapped-{name}"))), (None, None), "{name}");
    }
    assert_eq!((header(&reply, "via"), header(&reply, "age")), (Some("7"), Some("7")));
}
