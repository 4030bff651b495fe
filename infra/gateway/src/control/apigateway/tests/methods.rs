//! Methods and their responses.

use super::*;

const NO_AUTHORIZER: &str = "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or \
    COGNITO_USER_POOLS requires a valid authorizer.";

#[tokio::test]
async fn a_method_is_what_was_put() {
    let f = Fixture::new().await;
    let path = format!("/resources/{}/methods/ANY", f.root);
    let put = f.ok("PUT", &path, json!({"authorizationType": "NONE"})).await;
    assert_eq!(put, json!({"apiKeyRequired": false, "authorizationType": "NONE", "httpMethod": "ANY"}));
    assert_eq!(f.ok("GET", &path, json!(null)).await, put);
    assert_eq!(
        f.refused("PUT", &path, json!({"authorizationType": "NONE"})).await,
        (409, "Method already exists for this resource".to_owned())
    );
    assert_eq!(f.call("DELETE", &path, json!(null)).await.0, 204);
    let gone = (404, "Invalid Method identifier specified".to_owned());
    assert_eq!(f.refused("GET", &path, json!(null)).await, gone);
    assert_eq!(f.refused("DELETE", &path, json!(null)).await, gone);
}

#[tokio::test]
async fn what_a_method_names_must_be_there() {
    let f = Fixture::new().await;
    let put = |verb: &'static str, body: Value| {
        let f = &f;
        async move { f.refused("PUT", &format!("/resources/{}/methods/{verb}", f.root), body).await.1 }
    };
    assert_eq!(
        put("GOT", json!({"authorizationType": "NONE"})).await,
        "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"
    );
    assert_eq!(put("GET", json!({"authorizationType": "CUSTOM"})).await, NO_AUTHORIZER);
    assert_eq!(
        put("GET", json!({"authorizationType": "NONE", "requestValidatorId": "x"})).await,
        "Invalid Request Validator identifier specified"
    );
    assert_eq!(
        put("GET", json!({"authorizationType": "NONE", "requestModels": {"application/json": "petModel"}})).await,
        "Invalid model identifier specified: petModel"
    );
    assert_eq!(
        put(
            "GET",
            json!({"authorizationType": "NONE", "requestParameters":
            {"method.request.querystring.a": true, "method.request.header.a": false}})
        )
        .await,
        "Parameter names must be unique across querystring, header and path"
    );
    assert!(
        put("GET", json!({"authorizationType": "NONE", "requestParameters": {"a": true}}))
            .await
            .ends_with("errors : [Invalid mapping expression parameter specified: a]")
    );
    let body = json!({"authorizationType": "NONE"});
    assert_eq!(
        f.refused("PUT", "/resources/nope/methods/GET", body).await,
        (404, "Invalid Resource identifier specified".to_owned())
    );
}

#[tokio::test]
async fn a_method_is_patched_as_on_aws() {
    let f = Fixture::new().await;
    let path = format!("/resources/{}/methods/ANY", f.root);
    f.ok("PUT", &path, json!({"authorizationType": "NONE"})).await;
    let added = f
        .patch(
            &path,
            json!([{"op": "add", "path": "/requestParameters/method.request.querystring.optional", "value": "true"},
                   {"op": "add", "path": "/requestModels/application~1json", "value": "Empty"}]),
        )
        .await;
    assert_eq!(added["requestParameters"], json!({"method.request.querystring.optional": true}));
    assert_eq!(added["requestModels"], json!({"application/json": "Empty"}));
    // An authorizer without use for it is left out; any other value than true is false.
    let same = f
        .patch(
            &path,
            json!([{"op": "replace", "path": "/authorizerId", "value": "abc123"},
                   {"op": "replace", "path": "/apiKeyRequired", "value": "whatever"}]),
        )
        .await;
    assert_eq!((same.get("authorizerId"), &same["apiKeyRequired"]), (None, &json!(false)));
    let refused = |op: &'static str, at: &'static str, value: &'static str| {
        let (f, path) = (&f, path.as_str());
        async move { f.patch_refused(path, json!([{"op": op, "path": at, "value": value}])).await.1 }
    };
    let only_replace = "Invalid patch operation specified. Must be one of: [replace]";
    assert_eq!(refused("add", "/operationName", "x").await, only_replace);
    assert_eq!(refused("add", "/requestValidatorId", "x").await, only_replace);
    assert_eq!(refused("add", "/httpMethod", "PUT").await, "Invalid patch path /httpMethod");
    assert_eq!(refused("replace", "/requestParameters", "x").await, "Invalid patch path /requestParameters");
    assert_eq!(
        refused("add", "/requestModels/application/json", "Empty").await,
        "Invalid patch path /requestModels/application/json"
    );
    assert_eq!(refused("replace", "/caching/ttlInSeconds", "300").await, "Invalid patch path /caching/ttlInSeconds");
    assert_eq!(refused("replace", "/authorizationType", "CUSTOM").await, NO_AUTHORIZER);
    let removed = f
        .patch(
            &path,
            json!([{"op": "remove", "path": "/requestParameters/method.request.querystring.optional", "value": "true"},
                   {"op": "remove", "path": "/requestModels/application~1json", "value": "Empty"}]),
        )
        .await;
    assert_eq!(removed, json!({"apiKeyRequired": false, "authorizationType": "NONE", "httpMethod": "ANY"}));
}

#[tokio::test]
async fn method_responses_come_and_go() {
    let f = Fixture::new().await;
    let path = format!("{}/responses/200", f.method(&f.root, "GET").await);
    let body = json!({"responseParameters": {"method.response.header.A": false}});
    f.ok("PUT", &path, body.clone()).await;
    assert_eq!(f.refused("PUT", &path, body).await, (409, "Response already exists for this resource".to_owned()));
    let (status, patched) = f
        .call(
            "PATCH",
            &path,
            json!({"patchOperations": [{"op": "add", "path": "/responseModels/application~1json", "value": "Error"}]}),
        )
        .await;
    assert_eq!((status, &patched["responseModels"]), (201, &json!({"application/json": "Error"})));
    assert_eq!(f.call("DELETE", &path, json!(null)).await.0, 204);
    assert_eq!(f.refused("GET", &path, json!(null)).await, (404, "Invalid Response status code specified".to_owned()));
}
