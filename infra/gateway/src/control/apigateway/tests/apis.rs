//! REST APIs and their tags.

use serde_json::json;

use super::*;

#[tokio::test]
async fn an_api_has_the_defaults_of_aws() {
    let f = Fixture::new().await;
    let api = f.ok("GET", "", json!(null)).await;
    let id = api["id"].as_str().unwrap();
    assert_eq!((id.len(), f.root.len()), (10, 10));
    assert!(api["createdDate"].is_number());
    let mut rest = api.clone();
    for member in ["id", "createdDate", "rootResourceId"] {
        rest.as_object_mut().unwrap().remove(member);
    }
    let expected = json!({"name": "a", "apiKeySource": "HEADER", "disableExecuteApiEndpoint": false,
        "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"}});
    assert_eq!(rest, expected);
    let models = f.ok("GET", "/models", json!(null)).await;
    let names: Vec<_> =
        models["item"].as_array().unwrap().iter().map(|model| model["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Empty", "Error"]);
}

#[tokio::test]
async fn what_an_api_cannot_be_is_said() {
    let f = Fixture::new().await;
    let create = |body| rest(&f.control, "apigateway", "POST", "/restapis", body);
    let (status, body) = create(json!({"name": "a", "description": ""})).await;
    assert_eq!((status, body["message"].as_str().unwrap()), (400, "Description cannot be an empty string"));
    let (status, body) = create(json!({"name": "a", "minimumCompressionSize": -1})).await;
    assert_eq!(status, 400);
    assert_eq!(body["message"], "Invalid minimum compression size, must be between 0 and 10485760");
    let (status, _) = create(json!({"name": "a", "policy": "{}"})).await;
    assert_eq!(status, 400);
    let (status, body) = rest(&f.control, "apigateway", "GET", "/restapis/Nope", json!(null)).await;
    assert_eq!(
        (status, body["message"].as_str().unwrap()),
        (404, "Invalid API identifier specified 000000000000:Nope")
    );
}

#[tokio::test]
async fn an_update_is_all_of_its_operations_or_none() {
    let f = Fixture::new().await;
    let api = f
        .patch(
            "",
            json!([{"op": "add", "path": "/binaryMediaTypes/image~1png"}, {"op": "add", "path": "/binaryMediaTypes/image~1jpeg"}]),
        )
        .await;
    assert_eq!(api["binaryMediaTypes"], json!(["image/png", "image/jpeg"]));
    assert_eq!(api["tags"], json!({}));
    let api = f
        .patch(
            "",
            json!([{"op": "replace", "path": "/binaryMediaTypes/image~1png", "value": "image/gif"},
                   {"op": "replace", "path": "/endpointConfiguration/types/EDGE", "value": "PRIVATE"},
                   {"op": "replace", "path": "/minimumCompressionSize", "value": "10"}]),
        )
        .await;
    assert_eq!(api["binaryMediaTypes"], json!(["image/jpeg", "image/gif"]));
    assert_eq!(api["endpointConfiguration"], json!({"types": ["PRIVATE"], "ipAddressType": "dualstack"}));
    assert_eq!(api["minimumCompressionSize"], 10);
    let api = f.patch("", json!([{"op": "replace", "path": "/minimumCompressionSize"}])).await;
    assert!(api.get("minimumCompressionSize").is_none());
    let refused = f
        .patch_refused(
            "",
            json!([{"op": "replace", "path": "/name", "value": "b"}, {"op": "add", "path": "/minimumCompressionSize", "value": "1"}]),
        )
        .await;
    assert_eq!(refused, (400, "Invalid patch operation specified. Must be one of: [replace]".to_owned()));
    let refused = f.patch_refused("", json!([{"op": "add", "path": "/binaryMediaTypes", "value": "a/b"}])).await;
    assert_eq!(refused, (400, "Invalid patch path /binaryMediaTypes".to_owned()));
    assert_eq!(f.ok("GET", "", json!(null)).await["name"], "a");
}

#[tokio::test]
async fn a_policy_is_kept_written_out_and_shown_as_aws_escapes_it() {
    let f = Fixture::new().await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
        "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}]});
    let api = f.patch("", json!([{"op": "replace", "path": "/policy", "value": policy.to_string()}])).await;
    let shown: String = serde_json::from_str(&format!("\"{}\"", api["policy"].as_str().unwrap())).unwrap();
    let kept: Value = serde_json::from_str(&shown).unwrap();
    let id = api["id"].as_str().unwrap();
    assert_eq!(kept["Statement"][0]["Resource"], format!("arn:aws:execute-api:us-east-1:000000000000:{id}/*"));
    let (status, message) = f.patch_refused("", json!([{"op": "replace", "path": "/policy", "value": "{"}])).await;
    assert_eq!(status, 400);
    assert!(message.starts_with("Invalid policy document."), "{message}");
    let api = f.patch("", json!([{"op": "replace", "path": "/policy", "value": ""}])).await;
    assert!(api.get("policy").is_none());
}

#[tokio::test]
async fn a_clone_has_everything_under_ids_of_its_own() {
    let f = Fixture::new().await;
    let users = f.resource(&f.root, "users").await;
    f.method(&users, "GET").await;
    let source = f.api.trim_start_matches("/restapis/");
    let (status, clone) =
        rest(&f.control, "apigateway", "POST", "/restapis", json!({"name": "b", "cloneFrom": source})).await;
    assert_eq!((status, clone["name"].as_str().unwrap()), (201, "b"));
    let path = format!("/restapis/{}/resources?embed=methods", clone["id"].as_str().unwrap());
    let (_, resources) = rest(&f.control, "apigateway", "GET", &path, json!(null)).await;
    let resources = resources["item"].as_array().unwrap();
    let new = resources.iter().find(|resource| resource["path"] == "/users").unwrap();
    assert_ne!(new["id"].as_str().unwrap(), users);
    assert_eq!(new["parentId"], clone["rootResourceId"]);
    assert_eq!(new["resourceMethods"]["GET"]["methodIntegration"]["cacheNamespace"], new["id"]);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let f = Fixture::new().await;
    for name in ["b", "c"] {
        rest(&f.control, "apigateway", "POST", "/restapis", json!({"name": name})).await;
    }
    let mut names = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let (status, page) = rest(&f.control, "apigateway", "GET", &format!("/restapis{query}"), json!(null)).await;
        assert_eq!(status, 200, "{page}");
        names.extend(page["item"].as_array().unwrap().iter().map(|api| api["name"].as_str().unwrap().to_owned()));
        match page["position"].as_str() {
            Some(position) => query = format!("?limit=2&position={position}"),
            None => break,
        }
    }
    assert_eq!(names, ["a", "b", "c"]);
    let (status, _) = rest(&f.control, "apigateway", "GET", "/restapis?limit=0", json!(null)).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_deleted_api_is_gone_with_all_that_was_in_it() {
    let f = Fixture::new().await;
    f.method(&f.root, "GET").await;
    f.deploy(json!({"stageName": "dev"})).await;
    let id = f.api.trim_start_matches("/restapis/");
    assert!(f.control.published().get(id).is_some());
    assert_eq!(f.call("DELETE", "", json!(null)).await.0, 202);
    assert!(f.control.published().get(id).is_none());
    assert_eq!(f.call("GET", "/deployments", json!(null)).await.0, 404);
    assert_eq!(f.call("DELETE", "", json!(null)).await.0, 404);
}

#[tokio::test]
async fn tags_are_those_of_the_arn() {
    let f = Fixture::new().await;
    f.method(&f.root, "GET").await;
    f.deploy(json!({"stageName": "dev"})).await;
    let arn = |rest: &str| {
        format!("/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A{}", format!("{}{rest}", f.api).replace('/', "%2F"))
    };
    for of in [arn(""), arn("/stages/dev")] {
        let (status, _) = rest(&f.control, "apigateway", "PUT", &of, json!({"tags": {"a": "1", "b": "2"}})).await;
        assert_eq!(status, 204);
        rest(&f.control, "apigateway", "DELETE", &format!("{of}?tagKeys=a"), json!(null)).await;
        let (_, tags) = rest(&f.control, "apigateway", "GET", &of, json!(null)).await;
        assert_eq!(tags["tags"], json!({"b": "2"}));
    }
    assert_eq!(f.ok("GET", "", json!(null)).await["tags"], json!({"b": "2"}));
    let (status, _) = rest(&f.control, "apigateway", "GET", &arn("/stages/no"), json!(null)).await;
    assert_eq!(status, 404);
}
