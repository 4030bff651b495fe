use super::*;

#[tokio::test]
async fn a_route_has_the_members_of_aws_and_is_changed() {
    let stack = Stack::new();
    let api = stack.http_api().await;
    let integration = stack.integration(&api).await;
    let body = json!({"routeKey": "GET /x", "target": format!("integrations/{integration}")});
    let mut route = stack.ok("POST", format!("{api}/routes"), body).await;
    let id = id(&route, "routeId");
    assert_eq!(id.len(), 7);
    route.as_object_mut().unwrap().remove("routeId");
    let target = format!("integrations/{integration}");
    assert_eq!(
        route,
        json!({"apiKeyRequired": false, "authorizationType": "NONE", "routeKey": "GET /x", "target": target})
    );
    let route =
        stack.ok("PATCH", format!("{api}/routes/{id}"), json!({"routeKey": "ANY /y", "operationName": "y"})).await;
    assert_eq!(
        (&route["routeKey"], &route["operationName"], &route["target"]),
        (&json!("ANY /y"), &json!("y"), &json!(target))
    );
    assert_eq!(stack.ok("GET", format!("{api}/routes"), Value::Null).await["items"], json!([route]));

    let in_use = stack.fails("DELETE", &format!("{api}/integrations/{integration}"), Value::Null).await;
    let message =
        format!("Cannot delete Integration because it is referenced by the following Routes with Ids: [{id}]");
    assert_eq!(in_use, (409, message));
    stack.ok("DELETE", format!("{api}/routes/{id}"), Value::Null).await;
    stack.ok("DELETE", format!("{api}/integrations/{integration}"), Value::Null).await;
    let gone = stack.fails("GET", &format!("{api}/routes/{id}"), Value::Null).await;
    assert_eq!(gone, (404, format!("Invalid Route identifier specified {id}")));
}

#[tokio::test]
async fn what_no_route_has_is_refused() {
    let stack = Stack::new();
    let api = stack.http_api().await;
    let integration = stack.integration(&api).await;
    stack.route(&api, "GET /x", &integration).await;
    let routes = format!("{api}/routes");
    let conflict = stack.fails("POST", &routes, json!({"routeKey": "GET /x"})).await;
    assert_eq!(conflict, (409, "Route with key GET /x already exists for this API".to_owned()));
    let format = "The provided route key is not formatted properly for HTTP protocol. Format should be \
                  \"<HTTP METHOD> /<RESOURCE PATH>\" or \"$default\"";
    assert_eq!(stack.fails("POST", &routes, json!({"routeKey": "x"})).await, (400, format.to_owned()));
    let missing = stack.fails("POST", &routes, json!({"routeKey": "GET /y", "target": "integrations/none"})).await;
    assert_eq!(missing, (404, "Invalid Integration identifier specified none".to_owned()));
    let refused = [
        (json!({"routeKey": "GET /y", "target": "none"}), "integrations/{integrationId}"),
        (json!({"routeKey": "GET /y", "apiKeyRequired": true}), "ApiKeyRequired is for WebSocket APIs only"),
        (json!({"routeKey": "GET /y", "requestModels": {"a": "b"}}), "RequestModels is for WebSocket APIs only"),
        (
            json!({"routeKey": "GET /y", "authorizationType": "JWT"}),
            "Invalid authorizer ID specified. Setting the authorization type to JWT requires a valid JWT authorizer.",
        ),
        (
            json!({"routeKey": "GET /y", "authorizationType": "CUSTOM", "authorizerId": "x"}),
            "Invalid authorizer ID specified.",
        ),
        (json!({"target": "x"}), "routeKey"),
    ];
    for (body, message) in refused {
        let (status, said) = stack.fails("POST", &routes, body).await;
        assert!(status == 400 && said.contains(message), "{message}: {status} {said}");
    }
    let chat = format!("{}/routes", stack.web_socket_api().await);
    let refused = [
        (
            json!({"routeKey": "send", "authorizationType": "AWS_IAM"}),
            "Currently, authorization is restricted to the $connect route only",
        ),
        (json!({"routeKey": "$send"}), "begin with $"),
        (json!({"routeKey": "$connect", "authorizationType": "JWT"}), "JWT"),
    ];
    for (body, message) in refused {
        let (status, said) = stack.fails("POST", &chat, body).await;
        assert!(status == 400 && said.contains(message), "{message}: {status} {said}");
    }
}

#[tokio::test]
async fn a_route_response_makes_a_route_two_way() {
    let stack = Stack::new();
    let api = stack.web_socket_api().await;
    let body = json!({"routeKey": "ask", "routeResponseSelectionExpression": "$default",
        "requestParameters": {"route.request.header.a": {"required": true}}});
    let route = id(&stack.ok("POST", format!("{api}/routes"), body).await, "routeId");
    let responses = format!("{api}/routes/{route}/routeresponses");
    assert_eq!(stack.fails("POST", &responses, json!({"routeResponseKey": "other"})).await.0, 400);
    let response = stack.ok("POST", responses.as_str(), json!({"routeResponseKey": "$default"})).await;
    let one = format!("{responses}/{}", id(&response, "routeResponseId"));
    assert_eq!(stack.fails("POST", &responses, json!({"routeResponseKey": "$default"})).await.0, 409);
    let two_way = |stack: &Stack| {
        let world = stack.control.default_world().unwrap();
        let state = crate::control::world::lock(&world.apigatewayv2);
        state.api(api_id(&api)).unwrap().routes[&route].route_response
    };
    assert!(two_way(&stack));
    let changed = stack.ok("PATCH", one.as_str(), json!({"responseModels": {"$default": "M"}})).await;
    assert_eq!(changed["responseModels"], json!({"$default": "M"}));
    stack.ok("DELETE", one.as_str(), Value::Null).await;
    assert!(!two_way(&stack));
    assert_eq!(stack.fails("GET", &one, Value::Null).await.0, 404);

    let parameter = format!("{api}/routes/{route}/requestparameters/route.request.header.a");
    stack.ok("DELETE", parameter.as_str(), Value::Null).await;
    assert_eq!(stack.fails("DELETE", &parameter, Value::Null).await.0, 404);
}

#[tokio::test]
async fn there_is_an_end_to_routes() {
    let stack = Stack::new();
    let api = stack.http_api().await;
    for number in 0..300 {
        stack.ok("POST", format!("{api}/routes"), json!({"routeKey": format!("GET /{number}")})).await;
    }
    let (status, message) = stack.fails("POST", &format!("{api}/routes"), json!({"routeKey": "GET /x"})).await;
    assert_eq!((status, message.starts_with("Maximum number of Routes for this API has been reached.")), (429, true));
    let page = stack.ok("GET", format!("{api}/routes"), Value::Null).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 100);
    assert!(page["nextToken"].is_string());
}
