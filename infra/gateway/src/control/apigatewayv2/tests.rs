//! The service as clients call it, and what traffic sees of that.

mod apis;
mod authorizers;
mod documents;
mod flows;
mod integrations;
mod records;
mod routes;
mod stages;

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::{Control, testing};
use crate::proxy::testing::{Fake, ok, request, text};
use crate::server::{Plane, Published};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

/// A control plane whose APIs call a stand-in for Lambda, which has the function `f`.
struct Stack {
    control: Control,
    published: Arc<Published>,
    fake: Arc<Fake>,
}

impl Stack {
    fn new() -> Stack {
        Stack::open(None)
    }

    fn open(path: Option<&Path>) -> Stack {
        let fake = Fake::new([("f", ok())]);
        let published = Arc::new(Published::default());
        let control = Control::open(path, fake.gateway(), Arc::clone(&published)).unwrap();
        Stack { control, published, fake }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        testing::rest(&self.control, "apigateway", method, path, body).await
    }

    /// A call that is to succeed.
    #[track_caller]
    fn ok(&self, method: &'static str, path: impl Into<String>, body: Value) -> impl Future<Output = Value> {
        let (path, caller) = (path.into(), std::panic::Location::caller());
        async move {
            let (status, answer) = self.call(method, &path, body).await;
            assert!(status < 300, "{caller}: {method} {path}: {status} {answer}");
            answer
        }
    }

    /// A call that is to fail: status and message.
    async fn fails(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.call(method, path, body).await;
        assert!(status >= 400, "{method} {path}: {status} {answer}");
        (status, answer["message"].as_str().unwrap_or_default().to_owned())
    }

    /// `GET {path}` of an HTTP API: status and body.
    async fn get(&self, api: &str, path: &str) -> (u16, String) {
        let Some(Plane::Http(plane)) = self.published.get(api) else { panic!("{api} is not published") };
        let reply = crate::http::serve(&plane, path, request("GET", path, &[])).await;
        (reply.status().as_u16(), text(&reply).to_owned())
    }

    /// A new HTTP API: its path.
    async fn http_api(&self) -> String {
        let api = self.ok("POST", "/v2/apis", json!({"name": "a", "protocolType": "HTTP"})).await;
        format!("/v2/apis/{}", api["apiId"].as_str().unwrap())
    }

    /// A new WebSocket API: its path.
    async fn web_socket_api(&self) -> String {
        let body =
            json!({"name": "w", "protocolType": "WEBSOCKET", "routeSelectionExpression": "$request.body.action"});
        let api = self.ok("POST", "/v2/apis", body).await;
        format!("/v2/apis/{}", api["apiId"].as_str().unwrap())
    }

    /// An integration of an HTTP API with `f`: its id.
    async fn integration(&self, api: &str) -> String {
        let body = json!({"integrationType": "AWS_PROXY", "integrationUri": FUNCTION, "payloadFormatVersion": "2.0"});
        id(&self.ok("POST", format!("{api}/integrations"), body).await, "integrationId")
    }

    /// A route to it: its id.
    async fn route(&self, api: &str, key: &str, integration: &str) -> String {
        let body = json!({"routeKey": key, "target": format!("integrations/{integration}")});
        id(&self.ok("POST", format!("{api}/routes"), body).await, "routeId")
    }
}

#[track_caller]
fn id(answer: &Value, member: &str) -> String {
    answer[member].as_str().unwrap_or_else(|| panic!("no {member} in {answer}")).to_owned()
}

/// `abc` of `/v2/apis/abc`.
fn api_id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

const OK: (u16, &str) = (200, "ok");

/// A status and body, to compare.
fn seen(answer: &(u16, String)) -> (u16, &str) {
    (answer.0, &answer.1)
}
