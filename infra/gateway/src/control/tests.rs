//! What holds for every service.

use serde_json::json;

use super::services::SERVICES;
use super::testing::{control, request, rest, send};

#[test]
fn every_operation_that_is_here_is_one_of_the_model_and_stands_once() {
    for service in SERVICES {
        let mut seen = std::collections::HashSet::new();
        for entry in service.operations.iter().copied().flatten() {
            assert!(service.model.operations.contains_key(entry.name), "{} has no {}", service.name, entry.name);
            assert!(seen.insert(entry.name), "{} twice", entry.name);
        }
    }
}

#[tokio::test]
async fn what_is_not_here_is_named() {
    let control = control();
    let (status, body) = rest(&control, "apigateway", "GET", "/nothing/like/it", json!(null)).await;
    assert_eq!(status, 404);
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("apigateway GET /nothing/like/it"), "{message}");
}

#[tokio::test]
async fn an_unsigned_request_is_told_what_is_missing() {
    let control = control();
    let mut unsigned = request("apigateway", "us-east-1", "GET", "/restapis", &[], "");
    unsigned.headers.0.retain(|(name, _)| name != "Authorization");
    let reply = send(&control, unsigned).await;
    assert_eq!(reply.status(), 403);
    assert_eq!(reply.headers()["x-amzn-errortype"], "MissingAuthenticationTokenException");
}
