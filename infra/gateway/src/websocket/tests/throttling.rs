//! API keys of connects, and how often whom may connect, send, and be sent to.

use std::time::Duration;

use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::support::{Server, answer, api};
use crate::model::{QuotaSettings, RouteSettings, ThrottleSettings};
use crate::throttle::testing::{Plans, key, plan};
use crate::websocket::Connections;

const KEY: &str = "the-value-of-the-first-key";

fn settings(rate: f64, burst: i32) -> RouteSettings {
    RouteSettings { throttling_rate_limit: Some(rate), throttling_burst_limit: Some(burst), ..RouteSettings::default() }
}

#[tokio::test]
async fn a_connect_may_need_a_key() {
    let keyed = api(|api| api.routes["$connect"].api_key_required = true);
    let mut server = Server::with(keyed, Connections::default()).await;
    let plans = Plans::new(&server.gateway.limits);
    plans.set([key("k1", KEY)], [plan("p1", &["chatapi/production"])], &["p1/k1"]);
    let refused = server.refused("/production", &[]).await;
    assert!(refused.0 == 403 && refused.1.starts_with(r#"{"message": "Forbidden", "connectionId":""#), "{refused:?}");
    assert_eq!(server.refused("/production", &[("x-api-key", "wrong")]).await.0, 403);
    assert!(server.events.try_recv().is_err(), "the function must not run");
    let mut request = server.url("/production").into_client_request().unwrap();
    request.headers_mut().insert("x-api-key", KEY.parse().unwrap());
    let _client = connect_async(request).await.unwrap();
    let event = server.event("CONNECT").await;
    let identity = &event["requestContext"]["identity"];
    assert_eq!((&identity["apiKey"], &identity["apiKeyId"]), (&json!(KEY), &json!("k1")));

    plans.change(|plans| plans[0].throttle = Some(ThrottleSettings { rate_limit: 0.0, burst_limit: 0 }));
    let refused = server.refused("/production", &[("x-api-key", KEY)]).await;
    assert!(refused.0 == 429 && refused.1.contains("Too Many Requests"), "{refused:?}");
    plans.change(|plans| {
        plans[0].throttle = None;
        plans[0].quota = Some(QuotaSettings { limit: 1, offset: 0, period: "MONTH".to_owned() });
    });
    let refused = server.refused("/production", &[("x-api-key", KEY)]).await;
    assert!(refused.0 == 429 && refused.1.contains("Limit Exceeded"), "the first has counted: {refused:?}");
}

#[tokio::test]
async fn a_key_that_nobody_can_select_lets_nobody_in() {
    // The authorizer that would say the key is none of this API's.
    for expression in ["$context.authorizer.usageIdentifierKey", "$request.querystring.key"] {
        let keyed = api(|api| {
            api.routes["$connect"].api_key_required = true;
            api.api_key_selection_expression = Some(expression.to_owned());
        });
        let server = Server::with(keyed, Connections::default()).await;
        let plans = Plans::new(&server.gateway.limits);
        plans.set([key("k1", KEY)], [plan("p1", &["chatapi/production"])], &["p1/k1"]);
        assert_eq!(server.refused("/production?key=the-value-of-the-first-key", &[("x-api-key", KEY)]).await.0, 403);
    }
}

#[tokio::test]
async fn routes_are_throttled_and_the_connection_stays_open() {
    let limited = api(|api| {
        let settings = [("ask".to_owned(), settings(1.0, 2)), ("$connect".to_owned(), settings(0.5, 1))];
        api.stages["production"].route_settings = settings.into();
    });
    let server = Server::with(limited, Connections::default()).await;
    server.functions.set("ask", |_| async { answer(json!({ "statusCode": 200, "body": "yes" })) });
    let mut client = server.connect().await;
    let refused = server.refused("/production", &[]).await;
    assert!(refused.0 == 429 && refused.1.starts_with(r#"{"message": "Too Many Requests", "connectionId":""#));
    for expected in ["yes", "yes"] {
        client.send(r#"{"action":"ask"}"#).await;
        assert_eq!(client.text().await, expected);
    }
    client.send(r#"{"action":"ask"}"#).await;
    let frame = client.text().await;
    assert!(frame.starts_with(r#"{"message": "Too Many Requests", "connectionId":""#), "{frame}");
    server.clock.advance(Duration::from_secs(2));
    client.send(r#"{"action":"ask"}"#).await;
    assert_eq!(client.text().await, "yes");
    let _second = server.connect().await;
}

#[tokio::test]
async fn callbacks_share_the_accounts_throttle() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    let id = server.event("CONNECT").await["requestContext"]["connectionId"].as_str().unwrap().to_owned();
    // From a minute ahead, so that it does not fill while the next request comes: that one finds it as empty as it can be.
    let drain = || {
        let later = server.clock.now() + 60_000;
        while server.gateway.limits.admit(None, None, later).is_ok() {}
    };
    drain();
    let refused = server.call("POST", &id, "hello").await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["x-amzn-errortype"]),
        (429, &"LimitExceededException".parse().unwrap())
    );
    drain();
    assert_eq!(server.refused("/production", &[]).await.0, 429);
    server.clock.advance(Duration::from_secs(120));
    assert_eq!(server.call("POST", &id, "hello").await.status(), 200);
    assert_eq!(client.text().await, "hello");
}
