use super::*;

#[tokio::test]
async fn authorizers_are_answered_as_aws_answers_them() {
    let stack = Stack::new();
    let (http, chat) = (stack.http_api().await, stack.web_socket_api().await);
    let source = json!(["$request.header.Authorization"]);
    let cases = [
        (
            &http,
            json!({"name": "r", "authorizerType": "REQUEST", "authorizerUri": FUNCTION, "identitySource": source,
                "authorizerPayloadFormatVersion": "2.0", "enableSimpleResponses": true}),
            json!({"name": "r", "authorizerType": "REQUEST", "authorizerUri": FUNCTION, "identitySource": source,
                "authorizerPayloadFormatVersion": "2.0", "enableSimpleResponses": true, "authorizerResultTtlInSeconds": 300}),
        ),
        (
            &http,
            json!({"name": "j", "authorizerType": "JWT", "identitySource": source,
                "jwtConfiguration": {"audience": ["me"], "issuer": "https://issuer.test"}}),
            json!({"name": "j", "authorizerType": "JWT", "identitySource": source,
                "jwtConfiguration": {"audience": ["me"], "issuer": "https://issuer.test"}}),
        ),
        (
            &chat,
            json!({"name": "c", "authorizerType": "REQUEST", "authorizerUri": FUNCTION,
                "identitySource": ["route.request.header.Auth"]}),
            json!({"name": "c", "authorizerType": "REQUEST", "authorizerUri": FUNCTION,
                "identitySource": ["route.request.header.Auth"]}),
        ),
    ];
    for (api, body, expected) in cases {
        let mut answer = stack.ok("POST", format!("{api}/authorizers"), body).await;
        let id = answer.as_object_mut().unwrap().remove("authorizerId").unwrap();
        assert_eq!(id.as_str().unwrap().len(), 6);
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn an_authorizer_in_use_stays() {
    let stack = Stack::new();
    let api = stack.http_api().await;
    let body = json!({"name": "j", "authorizerType": "JWT", "identitySource": ["$request.header.Authorization"],
        "jwtConfiguration": {"audience": ["me"], "issuer": "https://issuer.test"}});
    let authorizer = id(&stack.ok("POST", format!("{api}/authorizers"), body).await, "authorizerId");
    let route = json!({"routeKey": "GET /x", "authorizationType": "JWT", "authorizerId": authorizer,
        "authorizationScopes": ["read"]});
    let route = stack.ok("POST", format!("{api}/routes"), route).await;
    assert_eq!(route["authorizationScopes"], json!(["read"]));
    let path = format!("{api}/authorizers/{authorizer}");
    let in_use = stack.fails("DELETE", &path, Value::Null).await;
    assert_eq!(in_use, (409, "Cannot delete authorizer 'j', is referenced in route: GET /x".to_owned()));
    let open = json!({"authorizationType": "NONE"});
    let route = stack.ok("PATCH", format!("{api}/routes/{}", id(&route, "routeId")), open).await;
    assert!(route["authorizerId"].is_null());
    stack.ok("DELETE", path.as_str(), Value::Null).await;
    let gone = stack.fails("GET", &path, Value::Null).await;
    assert_eq!(gone, (404, format!("Invalid Authorizer identifier specified {authorizer}")));
}

#[tokio::test]
async fn what_no_authorizer_has_is_refused() {
    let stack = Stack::new();
    let (http, chat) = (stack.http_api().await, stack.web_socket_api().await);
    let request = |more: Value| {
        let mut body = json!({"name": "r", "authorizerType": "REQUEST", "authorizerUri": FUNCTION,
            "identitySource": ["$request.header.A"], "authorizerPayloadFormatVersion": "2.0"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let jwt = |more: Value| {
        let mut body = json!({"name": "j", "authorizerType": "JWT", "identitySource": ["$request.header.A"],
            "jwtConfiguration": {"audience": ["me"], "issuer": "https://issuer.test"}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let refused = [
        (
            &http,
            request(json!({"authorizerPayloadFormatVersion": null})),
            "AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer",
        ),
        (&http, request(json!({"authorizerPayloadFormatVersion": "1.0", "enableSimpleResponses": true})), "2.0 only"),
        (&http, request(json!({"authorizerUri": null})), "AuthorizerUri"),
        (&http, request(json!({"identitySource": ["Authorization"]})), "Invalid identity source"),
        (&http, request(json!({"authorizerResultTtlInSeconds": 3601})), "less than or equal to 3600"),
        (&http, request(json!({"identitySource": [], "authorizerResultTtlInSeconds": 5})), "Identity sources"),
        (
            &http,
            jwt(json!({"authorizerPayloadFormatVersion": "2.0"})),
            "AuthorizerPayloadFormatVersion can only be set for REQUEST authorizer.",
        ),
        (&http, jwt(json!({"jwtConfiguration": null})), "JwtConfiguration"),
        (&http, jwt(json!({"jwtConfiguration": {"audience": [], "issuer": "https://x"}})), "Audience"),
        (&http, jwt(json!({"jwtConfiguration": {"audience": ["a"], "issuer": "x"}})), "issuer"),
        (&http, jwt(json!({"identitySource": ["$context.x"]})), "identity source"),
        (&chat, jwt(json!({})), "HTTP APIs only"),
        (&chat, request(json!({"identitySource": ["route.request.header.A"]})), "AuthorizerPayloadFormatVersion"),
    ];
    for (api, body, message) in refused {
        let (status, said) = stack.fails("POST", &format!("{api}/authorizers"), body).await;
        assert!(status == 400 && said.contains(message), "{message}: {status} {said}");
    }
    stack.ok("POST", format!("{http}/authorizers"), jwt(json!({}))).await;
    assert_eq!(stack.fails("POST", &format!("{http}/authorizers"), jwt(json!({}))).await.0, 400, "the name is taken");
}
