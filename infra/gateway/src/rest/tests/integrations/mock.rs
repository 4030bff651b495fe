//! MOCK: what its templates say.

use super::*;

#[tokio::test]
async fn a_mock_answers_with_its_template() {
    let plane = plane(
        "/status",
        mock(
            r#"{"statusCode": 200}"#,
            json!({"responseTemplates": {"application/json": "{\"message\": \"API under maintenance\"}"}}),
        ),
        ok(),
    );
    let reply = plane.get("/prod/status", &[]).await;
    assert_eq!(outcome(&reply), (200, r#"{"message": "API under maintenance"}"#));
    assert_eq!(header(&reply, "content-type"), Some("application/json"));
    // Nothing is called, and so nothing is traced.
    assert_eq!(header(&reply, "x-amzn-trace-id"), None);
    assert_eq!(header(&reply, "x-amzn-requestid").map(str::len), Some(36));
    assert_eq!(reply.headers().len(), 3, "{:?}", reply.headers());
    assert_eq!(plane.fake.count("f"), 0);
}

#[tokio::test]
async fn without_a_response_template_the_body_is_empty() {
    let plane = plane("/", mock("{statusCode: 200}", json!({})), ok());
    assert_eq!(outcome(&plane.get("/prod", &[]).await), (200, ""));
    assert_eq!(outcome(&plane.send(post("/prod", &[], b"{}")).await), (200, ""));
}

#[tokio::test]
async fn the_status_selects_the_response() {
    let template = "{\"statusCode\": $input.params('s')}";
    let integration = json!({"type": "MOCK", "requestTemplates": {"application/json": template}, "integrationResponses": {
        "200": {"responseTemplates": {"application/json": "default"}},
        "404": {"selectionPattern": "404", "responseTemplates": {"application/json": "none"}},
        "503": {"selectionPattern": "5\\d{2}", "responseTemplates": {"application/json": "down"}},
    }});
    let plane = plane("/", integration, ok());
    for (status, expected) in
        [("200", (200, "default")), ("404", (404, "none")), ("500", (503, "down")), ("4040", (200, "default"))]
    {
        assert_eq!(outcome(&plane.get(&format!("/prod?s={status}"), &[]).await), expected, "{status}");
    }
    for status in ["\"200\"", "x", "2.5", ""] {
        let reply = plane.get(&format!("/prod?s={status}"), &[]).await;
        assert_error(&reply, 500, INTERNAL, INTERNAL_TYPE);
    }
}

#[tokio::test]
async fn no_response_for_the_status_is_a_mistake_of_the_api() {
    let with = |responses: Value| json!({"type": "MOCK", "requestTemplates": {"application/json": "{statusCode: 200}"}, "integrationResponses": responses});
    for responses in [json!({}), json!({"404": {"selectionPattern": "404"}})] {
        assert_error(&plane("/", with(responses), ok()).get("/prod", &[]).await, 500, INTERNAL, INTERNAL_TYPE);
    }
    // The method declares no such response.
    let mut api = integrated("/", with(json!({"200": {}})));
    method(&mut api, "ANY /").method_responses.clear();
    assert_error(&Plane::new(&api, []).get("/prod", &[]).await, 500, INTERNAL, INTERNAL_TYPE);
}

#[tokio::test]
async fn a_body_that_no_template_is_for_goes_as_passthrough_says() {
    const UNSUPPORTED: (u16, &str) = (415, r#"{"message":"Unsupported Media Type"}"#);
    // The body that is passed through is the mock's own request.
    const PASSED: (u16, &str) = (200, "answer");
    const TEMPLATE: (u16, &str) = (404, "none");
    let json_only = json!({"application/json": "{statusCode: 404}"});
    for (behavior, templates, content_type, expected) in [
        (None, json_only.clone(), Some("application/json; charset=utf-8"), TEMPLATE),
        (None, json_only.clone(), None, TEMPLATE),
        (None, json_only.clone(), Some("text/plain"), PASSED),
        (Some("WHEN_NO_MATCH"), json_only.clone(), Some("text/plain"), PASSED),
        (Some("WHEN_NO_MATCH"), json!({}), Some("text/plain"), PASSED),
        (Some("WHEN_NO_TEMPLATES"), json_only.clone(), Some("application/json"), TEMPLATE),
        (Some("WHEN_NO_TEMPLATES"), json_only.clone(), Some("text/plain"), UNSUPPORTED),
        (Some("WHEN_NO_TEMPLATES"), json!({}), Some("text/plain"), PASSED),
        (Some("NEVER"), json_only.clone(), Some("application/json"), TEMPLATE),
        (Some("NEVER"), json_only.clone(), Some("text/plain"), UNSUPPORTED),
        (Some("NEVER"), json!({}), None, UNSUPPORTED),
        (Some("NEVER"), json!({"$default": "{statusCode: 404}"}), Some("text/plain"), TEMPLATE),
        // An empty template is one that leaves the body as it is.
        (Some("NEVER"), json!({"text/plain": null}), Some("text/plain"), PASSED),
    ] {
        let integration = json!({"type": "MOCK", "requestTemplates": templates, "passthroughBehavior": behavior, "integrationResponses": {
            "200": {"responseTemplates": {"application/json": "answer"}},
            "404": {"selectionPattern": "404", "responseTemplates": {"application/json": "none"}},
        }});
        let plane = plane("/", integration, ok());
        let headers: Vec<_> = content_type.map(|content_type| ("Content-Type", content_type)).into_iter().collect();
        let reply = plane.send(post("/prod", &headers, b"{\"statusCode\": 200}")).await;
        assert_eq!(outcome(&reply), expected, "{behavior:?} {templates} {content_type:?}");
        if expected == UNSUPPORTED {
            assert_error(&reply, 415, UNSUPPORTED.1, "BadRequestException");
        }
    }
}

#[tokio::test]
async fn the_client_chooses_among_response_templates() {
    let templates = json!({"application/json": "json", "application/xml": "<x/>"});
    let plane = plane("/", mock("{statusCode: 200}", json!({"responseTemplates": templates})), ok());
    for (accept, body) in
        [(None, "json"), (Some("application/xml"), "<x/>"), (Some("text/html"), "json"), (Some("*/*"), "json")]
    {
        let headers: Vec<_> = accept.map(|accept| ("Accept", accept)).into_iter().collect();
        assert_eq!(text(&plane.get("/prod", &headers).await), body, "{accept:?}");
    }
    let twice = [("Accept", "application/json"), ("Accept", "application/xml")];
    assert_eq!(text(&plane.get("/prod", &twice).await), "<x/>", "the last one counts");
}

#[tokio::test]
async fn an_override_in_either_template_wins() {
    let request = "#set($context.responseOverride.status = 444)#set($context.responseOverride.header.X-Request = \"a\"){statusCode: 200}";
    let bare = plane("/", mock(request, json!({})), ok());
    let reply = bare.get("/prod", &[]).await;
    assert_eq!((outcome(&reply), header(&reply, "x-request")), ((444, ""), Some("a")));
    let response = "#set($context.responseOverride.header.Content-Type = 'text/html')#set($context.responseOverride.header.x-mapped = 'over')$context.requestOverride.header.h";
    let with_template = plane(
        "/",
        mock(
            &format!("#set($context.requestOverride.header.h = 'seen'){request}"),
            json!({
                "responseTemplates": {"application/json": response},
                "responseParameters": {"method.response.header.X-Mapped": "'mapped'"},
            }),
        ),
        ok(),
    );
    let reply = with_template.get("/prod", &[]).await;
    assert_eq!(outcome(&reply), (444, "seen"));
    assert_eq!((header(&reply, "content-type"), header(&reply, "x-mapped")), (Some("text/html"), Some("over")));
    for (status, expected) in [("'418'", 418), ("99", 200), ("600", 200), ("'x'", 200), ("101", 200)] {
        let template = format!("#set($context.responseOverride.status = {status}){{statusCode: 200}}");
        let plane = plane("/", mock(&template, json!({})), ok());
        assert_eq!(plane.get("/prod", &[]).await.status(), expected, "{status}");
    }
}

#[tokio::test]
async fn templates_read_the_request_its_context_and_the_stage() {
    let template = concat!(
        "$input.params('id')|$input.params('q')|$input.params('X-A')|$context.identity.sourceIp|$context.stage|",
        "$context.resourcePath|$context.httpMethod|$stageVariables.v|$context.authorizer.principalId|$context.identity.caller|",
        "$context.apiId"
    );
    let mut api = integrated(
        "/users/{id}",
        mock("{statusCode: 200}", json!({"responseTemplates": {"application/json": template}})),
    );
    api.stages["prod"].variables.insert("v".to_owned(), "blue".to_owned());
    let plane = Plane::new(&api, []);
    let reply = plane.get("/prod/users/a%20b?q=1&q=2", &[("X-A", "x"), ("X-A", "y")]).await;
    assert_eq!(text(&reply), "a b|2|y|127.0.0.1|prod|/users/{id}|GET|blue|||userapi");
}

#[tokio::test]
async fn a_template_that_fails_is_a_500() {
    let endless = "#macro(again)#again()#end#again()";
    let plane =
        plane("/", mock("{statusCode: 200}", json!({"responseTemplates": {"application/json": endless}})), ok());
    assert_error(&plane.get("/prod", &[]).await, 500, INTERNAL, INTERNAL_TYPE);
}

#[tokio::test]
async fn a_preflight_is_answered_by_static_headers() {
    let parameters = json!({
        "method.response.header.Access-Control-Allow-Origin": "'*'",
        "method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'",
    });
    let plane = plane(
        "/users",
        mock(
            "{\n  \"statusCode\" : 200\n}\n",
            json!({"responseParameters": parameters, "responseTemplates": {"application/json": "{}\n"}}),
        ),
        ok(),
    );
    let preflight =
        request("OPTIONS", "/prod/users", &[("Origin", "http://x"), ("Access-Control-Request-Method", "GET")]);
    let reply = plane.send(preflight).await;
    assert_eq!(outcome(&reply), (200, "{}\n"));
    assert_eq!(header(&reply, "access-control-allow-origin"), Some("*"));
    assert_eq!(header(&reply, "access-control-allow-methods"), Some("GET,OPTIONS"));
}
