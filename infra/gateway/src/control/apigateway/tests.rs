//! The service as its clients call it.

mod apis;
mod canaries;
mod deployments;
mod integrations;
mod methods;
mod models;
mod others;
mod program;
mod resources;
mod stages;

use serde_json::{Value, json};

use super::super::Control;
use super::super::testing::{control, control_with, rest};

const FUNCTION: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
    arn:aws:lambda:us-east-1:000000000000:function:f/invocations";

/// A control plane with one API.
struct Fixture {
    control: Control,
    /// `/restapis/{id}`
    api: String,
    root: String,
}

impl Fixture {
    async fn new() -> Fixture {
        Fixture::on(control()).await
    }

    async fn on(control: Control) -> Fixture {
        let (status, api) = rest(&control, "apigateway", "POST", "/restapis", json!({"name": "a"})).await;
        assert_eq!(status, 201, "{api}");
        let root = api["rootResourceId"].as_str().unwrap().to_owned();
        Fixture { control, api: format!("/restapis/{}", api["id"].as_str().unwrap()), root }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        rest(&self.control, "apigateway", method, &format!("{}{path}", self.api), body).await
    }

    /// The body of a call that succeeds.
    async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    /// The status and the message of a call that is refused.
    async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.call(method, path, body).await;
        assert!(status >= 400, "{method} {path}: {status} {answer}");
        (status, answer["message"].as_str().unwrap_or_default().to_owned())
    }

    async fn patch(&self, path: &str, operations: Value) -> Value {
        self.ok("PATCH", path, json!({"patchOperations": operations})).await
    }

    async fn patch_refused(&self, path: &str, operations: Value) -> (u16, String) {
        self.refused("PATCH", path, json!({"patchOperations": operations})).await
    }

    /// A child of `parent`; its id.
    async fn resource(&self, parent: &str, part: &str) -> String {
        let made = self.ok("POST", &format!("/resources/{parent}"), json!({"pathPart": part})).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// A method that calls a function; its path.
    async fn method(&self, resource: &str, verb: &str) -> String {
        let path = format!("/resources/{resource}/methods/{verb}");
        self.ok("PUT", &path, json!({"authorizationType": "NONE"})).await;
        let integration = json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": FUNCTION});
        self.ok("PUT", &format!("{path}/integration"), integration).await;
        path
    }

    async fn deploy(&self, body: Value) -> String {
        self.ok("POST", "/deployments", body).await["id"].as_str().unwrap().to_owned()
    }
}
