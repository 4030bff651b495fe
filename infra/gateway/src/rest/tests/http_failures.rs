//! What clients get when an endpoint fails.

use std::time::Duration;

use super::super::integration::endpoints::{Does, Endpoint};
use super::http::{integrated, map, proxying};
use super::*;

const NETWORK: &str = r#"{"message":"Network error communicating with endpoint"}"#;
const INTERNAL: &str = r#"{"message":"Internal server error"}"#;
const TYPE: &str = "InternalServerErrorException";

fn head(text: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{text}\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn endpoints_that_break_off_or_talk_nonsense_are_network_errors() {
    for does in [
        Does::AnswersAndResets(Vec::new()),
        Does::AnswersAndCloses(head("Content-Length: 100\r\n\r\nhalf")),
        Does::AnswersAndCloses(head("Bad Name: x")),
        Does::AnswersAndCloses(b"hello\r\n\r\n".to_vec()),
    ] {
        let endpoint = Endpoint::new(does).await;
        let reply = proxying(endpoint.url("/")).get("/prod/a", &[]).await;
        assert_error(&reply, 504, NETWORK, TYPE);
        let api = integrated(IntegrationType::Http, endpoint.url("/"), |_, _| {});
        assert_error(&Plane::new(&api, []).get("/prod/a", &[]).await, 504, NETWORK, TYPE);
    }
}

#[tokio::test]
async fn a_response_of_100_megabytes_is_a_configuration_error() {
    let endpoint = Endpoint::new(Does::Floods(head("Content-Length: 104857600"))).await;
    let reply = proxying(endpoint.url("/")).get("/prod/a", &[]).await;
    assert_error(&reply, 500, INTERNAL, TYPE);
    let endpoint = Endpoint::new(Does::Floods(head("Connection: close"))).await;
    let reply = proxying(endpoint.url("/")).get("/prod/a", &[]).await;
    assert_error(&reply, 500, INTERNAL, TYPE);
}

#[tokio::test]
async fn an_endpoint_that_hangs_times_out() {
    for bytes in [Vec::new(), head("Content-Length: 100\r\n\r\nhalf")] {
        let endpoint = Endpoint::new(Does::AnswersAndHangs(bytes)).await;
        let api = integrated(IntegrationType::HttpProxy, endpoint.url("/"), |integration, _| {
            integration.timeout_in_millis = 50;
        });
        let plane = Plane::new(&api, []);
        let reply = tokio::time::timeout(Duration::from_secs(20), plane.get("/prod/a", &[])).await.unwrap();
        assert_error(&reply, 504, r#"{"message":"Endpoint request timed out"}"#, TYPE);
    }
}

#[tokio::test]
async fn link_local_addresses_and_unusable_uris_are_500() {
    for uri in [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "http://2852039166/",
        "http://ferrogate.invalid/",
        "http://${stageVariables.none}/",
    ] {
        let reply = proxying(uri.to_owned()).get("/prod/a", &[]).await;
        assert_error(&reply, 500, INTERNAL, TYPE);
    }
    // A client that has a say in the host does not get further either.
    let api = integrated(IntegrationType::HttpProxy, "http://{host}/latest".to_owned(), |integration, _| {
        integration.request_parameters = Some(map(&[("integration.request.path.host", "method.request.header.X-To")]));
    });
    let plane = Plane::new(&api, []);
    for to in ["169.254.169.254", "169.254.169.254:80", "a@169.254.169.254", "h/../x", "[fe80::1]", ""] {
        let reply = plane.get("/prod/a", &[("X-To", to)]).await;
        assert_error(&reply, 500, INTERNAL, TYPE);
    }
}

#[tokio::test]
async fn what_is_declared_wrongly_is_refused_or_closed() {
    let (api, stage) = {
        let api = integrated(IntegrationType::HttpProxy, "ftp://h/".to_owned(), |_, _| {});
        let stage = api.stages["prod"].clone();
        (api, stage)
    };
    assert!(compile(&api, &stage).unwrap_err().to_string().contains("Invalid HTTP endpoint specified for URI"));
    let link = integrated(IntegrationType::HttpProxy, "http://h/".to_owned(), |integration, _| {
        integration.connection_type = Some("VPC_LINK".to_owned());
        integration.connection_id = Some("l1".to_owned());
    });
    assert_error(&Plane::new(&link, []).get("/prod/a", &[]).await, 500, INTERNAL, TYPE);
    let illegal = integrated(IntegrationType::HttpProxy, "http://127.0.0.1:1/".to_owned(), |integration, _| {
        integration.request_parameters = Some(map(&[("integration.request.header.Content-Length", "'1'")]));
    });
    assert_error(&Plane::new(&illegal, []).get("/prod/a", &[]).await, 500, INTERNAL, TYPE);
}

#[tokio::test]
async fn gateway_responses_apply_to_failed_endpoints() {
    let endpoint = Endpoint::new(Does::AnswersAndCloses(Vec::new())).await;
    let mut api = integrated(IntegrationType::HttpProxy, endpoint.url("/"), |_, _| {});
    let custom = crate::model::GatewayResponse {
        response_type: "INTEGRATION_FAILURE".to_owned(),
        status_code: Some("502".to_owned()),
        ..Default::default()
    };
    api.gateway_responses.insert("INTEGRATION_FAILURE".to_owned(), custom);
    assert_eq!(Plane::new(&api, []).get("/prod/a", &[]).await.status(), 502);
}
