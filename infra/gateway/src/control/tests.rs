//! What holds for every service.

mod alarms;
mod signatures;

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

/// Its client would otherwise see a status and nothing else.
#[test]
fn a_service_that_is_not_here_is_named_in_the_form_that_its_client_reads() {
    let control = control();
    let refused = |service: &str, method: &str, headers: &[(&str, &str)], body: &str| {
        let request = request(service, "us-east-1", method, "/", headers, body.to_owned());
        let reply = control.refuse_other_service(&request).unwrap();
        (reply.status().as_u16(), String::from_utf8(reply.body().to_vec()).unwrap())
    };
    let (status, json) = refused("glue", "POST", &[("X-Amz-Target", "AWSGlue.GetDatabases")], "{}");
    assert!(status == 400 && json.contains(r#""__type":"UnknownOperationException""#), "{json}");
    assert!(json.contains("glue GetDatabases"), "{json}");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let (status, xml) = refused("ec2", "POST", &form, "Action=DescribeInstances&Version=2016-11-15");
    assert!(status == 400 && xml.contains("<Code>UnknownOperationException</Code>"), "{xml}");
    assert!(xml.contains("ec2 DescribeInstances"), "{xml}");
    let (status, xml) = refused("s3", "GET", &[], "");
    assert!(status == 404 && xml.contains("s3 GET /"), "{xml}");
}

#[test]
fn what_is_no_request_of_an_aws_client_is_left_alone() {
    let mut unsigned = request("s3", "us-east-1", "GET", "/", &[], "");
    unsigned.headers.0.retain(|(name, _)| name != "Authorization");
    assert!(control().refuse_other_service(&unsigned).is_none());
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
