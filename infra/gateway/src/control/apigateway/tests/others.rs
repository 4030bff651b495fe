//! Authorizers, request validators, gateway responses.

use super::*;

#[tokio::test]
async fn authorizers_have_the_shape_and_the_rules_of_aws() {
    let f = Fixture::new().await;
    let body = json!({"name": "n", "type": "TOKEN", "authorizerUri": FUNCTION,
        "identitySource": "method.request.header.Authorization"});
    let made = f.ok("POST", "/authorizers", body.clone()).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let expected = json!({"id": id, "name": "n", "type": "TOKEN", "authType": "custom", "authorizerUri": FUNCTION,
        "identitySource": "method.request.header.Authorization", "authorizerResultTtlInSeconds": 300});
    assert_eq!(made, expected);
    assert_eq!(
        f.refused("POST", "/authorizers", body).await,
        (409, "Authorizer name must be unique. Authorizer n already exists in this RestApi.".to_owned())
    );
    let (status, message) = f.refused("POST", "/authorizers", json!({"name": "m", "type": "TOKEN"})).await;
    assert_eq!(status, 400);
    assert!(message.starts_with("Invalid Authorizer URI: null."), "{message}");
    let method = format!("/resources/{}/methods/GET", f.root);
    f.ok("PUT", &method, json!({"authorizationType": "CUSTOM", "authorizerId": id})).await;
    assert_eq!(
        f.refused("DELETE", &format!("/authorizers/{id}"), json!(null)).await,
        (409, "Cannot delete authorizer 'n', is referenced in method: GET//".to_owned())
    );
    let changed = f
        .patch(
            &format!("/authorizers/{id}"),
            json!([{"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "0"}]),
        )
        .await;
    assert_eq!(changed["authorizerResultTtlInSeconds"], 0);
    f.ok("DELETE", &method, json!(null)).await;
    assert_eq!(f.call("DELETE", &format!("/authorizers/{id}"), json!(null)).await.0, 202);
    let gone = (404, "Invalid Authorizer identifier specified".to_owned());
    assert_eq!(f.refused("GET", &format!("/authorizers/{id}"), json!(null)).await, gone);
    let (status, body) =
        rest(&f.control, "apigateway", "POST", "/restapis/nope/authorizers", json!({"name": "n", "type": "TOKEN"}))
            .await;
    assert_eq!(status, 409);
    assert!(body["message"].as_str().unwrap().starts_with("Unable to complete operation due to concurrent"));
}

#[tokio::test]
async fn validators_have_the_words_of_aws() {
    let f = Fixture::new().await;
    let made = f.ok("POST", "/requestvalidators", json!({"name": "n"})).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(made, json!({"id": id, "name": "n", "validateRequestBody": false, "validateRequestParameters": false}));
    let path = format!("/requestvalidators/{id}");
    let body = |value: Value| json!([{"op": "replace", "path": "/validateRequestBody", "value": value}]);
    assert_eq!(f.patch(&path, body(json!("true"))).await["validateRequestBody"], true);
    assert_eq!(f.patch(&path, body(json!(null))).await["validateRequestBody"], false);
    let refused = |operations: Value| {
        let (f, path) = (&f, path.as_str());
        async move { f.patch_refused(path, operations).await.1 }
    };
    assert_eq!(
        refused(json!([{"op": "add", "path": "/validateRequestBody", "value": "true"}])).await,
        "Invalid patch path  '/validateRequestBody' specified for op 'add'. Please choose supported operations"
    );
    assert_eq!(
        refused(json!([{"op": "replace", "path": "/invalidPath", "value": "true"}])).await,
        "Invalid patch path  '/invalidPath' specified for op 'replace'. Must be one of: [/name, \
         /validateRequestParameters, /validateRequestBody]"
    );
    assert_eq!(
        refused(json!([{"op": "replace", "path": "/name", "value": ""}])).await,
        "Request Validator name cannot be blank"
    );
    assert_eq!(f.call("DELETE", &path, json!(null)).await.0, 202);
    let gone = (404, "Invalid Request Validator identifier specified".to_owned());
    assert_eq!(f.refused("GET", &path, json!(null)).await, gone);
    let (status, body) =
        rest(&f.control, "apigateway", "POST", "/restapis/nope/requestvalidators", json!({"name": "n"})).await;
    assert_eq!((status, body["message"].as_str().unwrap()), (400, "Invalid REST API identifier specified"));
}

#[tokio::test]
async fn gateway_responses_are_those_of_the_api_of_their_class_or_built_in() {
    let f = Fixture::new().await;
    let built_in = json!({"defaultResponse": true, "responseParameters": {}, "responseTemplates":
        {"application/json": "{\"message\":$context.error.messageString}"},
        "responseType": "MISSING_AUTHENTICATION_TOKEN", "statusCode": "403"});
    let path = "/gatewayresponses/MISSING_AUTHENTICATION_TOKEN";
    assert_eq!(f.ok("GET", path, json!(null)).await, built_in);
    assert_eq!(
        f.refused("DELETE", path, json!(null)).await,
        (404, "Gateway response type not defined on api".to_owned())
    );
    let (status, put) = f.call("PUT", path, json!({"statusCode": "404"})).await;
    assert_eq!((status, &put["statusCode"], &put["defaultResponse"]), (201, &json!("404"), &json!(false)));
    f.ok(
        "PUT",
        "/gatewayresponses/DEFAULT_5XX",
        json!({"statusCode": "599", "responseParameters": {"gatewayresponse.header.a": "'b'"}}),
    )
    .await;
    let all = f.ok("GET", "/gatewayresponses", json!(null)).await;
    let all = all["item"].as_array().unwrap();
    assert_eq!(all.len(), 21);
    let timeout = all.iter().find(|response| response["responseType"] == "INTEGRATION_TIMEOUT").unwrap();
    assert_eq!((&timeout["statusCode"], &timeout["defaultResponse"]), (&json!("599"), &json!(true)));
    assert_eq!(timeout["responseParameters"], json!({"gatewayresponse.header.a": "'b'"}));
    assert!(all.iter().find(|response| response["responseType"] == "DEFAULT_4XX").unwrap().get("statusCode").is_none());
    assert_eq!(f.call("DELETE", path, json!(null)).await.0, 202);
    assert_eq!(f.ok("GET", path, json!(null)).await, built_in);
}

#[tokio::test]
async fn a_gateway_response_is_patched_as_on_aws() {
    let f = Fixture::new().await;
    let path = "/gatewayresponses/DEFAULT_4XX";
    let made = f.patch(path, json!([{"op": "replace", "path": "/statusCode", "value": "444"}])).await;
    assert_eq!((&made["statusCode"], &made["defaultResponse"]), (&json!("444"), &json!(false)));
    let refused = |operation: Value| {
        let f = &f;
        async move { f.patch_refused(path, json!([operation])).await }
    };
    let path_of = |path: &str| (400, format!("Invalid patch path {path}"));
    assert_eq!(refused(json!({"op": "add", "path": "/statusCode", "value": "1"})).await, path_of("/statusCode"));
    assert_eq!(refused(json!({"op": "replace", "path": "/wrongPath"})).await, path_of("/wrongPath"));
    assert_eq!(refused(json!({"op": "add", "value": "1"})).await, path_of("null"));
    assert_eq!(
        refused(json!({"op": "replace", "path": "/responseParameters/gatewayresponse.header.no", "value": "'a'"}))
            .await,
        (404, "Invalid parameter name specified".to_owned())
    );
    assert_eq!(
        refused(json!({"op": "replace", "path": "/responseTemplates/application~1json"})).await.1,
        "Invalid null or empty value in responseTemplates"
    );
}
