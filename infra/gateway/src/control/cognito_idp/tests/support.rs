//! A control plane with a pool, and the calls of its users.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::super::super::Control;
use super::super::super::testing::{control, control_with, request, send};
use crate::lambda::Invoke;

pub(super) const PASSWORD: &str = "Correct-horse-1";

pub(super) struct Cognito {
    pub(super) control: Control,
    pub(super) pool: String,
    pub(super) client: String,
}

impl Cognito {
    /// A pool that verifies mail addresses, with a client that signs in by password.
    pub(super) async fn new() -> Cognito {
        Cognito::of(control(), json!({}), json!({})).await
    }

    pub(super) async fn with(pool: Value, client: Value) -> Cognito {
        Cognito::of(control(), pool, client).await
    }

    pub(super) async fn with_functions(functions: Arc<dyn Invoke>, pool: Value) -> Cognito {
        Cognito::of(control_with(functions), pool, json!({})).await
    }

    pub(super) async fn of(control: Control, pool: Value, client: Value) -> Cognito {
        let mut cognito = Cognito { control, pool: String::new(), client: String::new() };
        let mut settings = json!({ "PoolName": "people", "AutoVerifiedAttributes": ["email"] });
        merge(&mut settings, pool);
        let made = cognito.ok("CreateUserPool", settings).await;
        cognito.pool = made["UserPool"]["Id"].as_str().unwrap().to_owned();
        cognito.client = cognito.new_client(client).await["ClientId"].as_str().unwrap().to_owned();
        cognito
    }

    pub(super) async fn new_client(&self, more: Value) -> Value {
        let flows = ["USER_PASSWORD", "ADMIN_USER_PASSWORD", "USER_SRP", "REFRESH_TOKEN"];
        let flows = flows.map(|flow| format!("ALLOW_{flow}_AUTH"));
        let mut settings = json!({ "UserPoolId": self.pool, "ClientName": "page", "ExplicitAuthFlows": flows });
        merge(&mut settings, more);
        self.ok("CreateUserPoolClient", settings).await["UserPoolClient"].clone()
    }

    /// A call with these members: signed where AWS wants that. `UserPoolId` and `ClientId` need not be given.
    pub(super) async fn call(&self, operation: &str, mut body: Value) -> (u16, Value) {
        let model = super::super::SERVICE.model;
        let shape = model.shape(model.operations[operation].input.as_ref().unwrap());
        for (name, value) in [("UserPoolId", &self.pool), ("ClientId", &self.client)] {
            if shape.members.contains_key(name) && body.get(name).is_none() && !value.is_empty() {
                body[name] = value.as_str().into();
            }
        }
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let headers = [("X-Amz-Target", target.as_str()), ("Content-Type", "application/x-amz-json-1.1")];
        let mut request = request("cognito-idp", "us-east-1", "POST", "/", &headers, body.to_string());
        if super::super::SERVICE.entry(operation).unwrap().public {
            request.headers.0.retain(|(name, _)| name != "Authorization");
        }
        let reply = send(&self.control, request).await;
        (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or(Value::Null))
    }

    pub(super) async fn ok(&self, operation: &str, body: Value) -> Value {
        let (status, answer) = self.call(operation, body).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    /// `Code: message` of a call that must be refused.
    pub(super) async fn refused(&self, operation: &str, body: Value) -> String {
        let (status, answer) = self.call(operation, body).await;
        assert_eq!(status, 400, "{operation}: {answer}");
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        format!("{}: {}", text("__type"), text("message"))
    }

    /// Signs a user up, with an address of the same name.
    pub(super) async fn sign_up(&self, name: &str) -> Value {
        let email = json!({ "Name": "email", "Value": format!("{name}@example.com") });
        let body = json!({ "Username": name, "Password": PASSWORD, "UserAttributes": [email] });
        self.ok("SignUp", body).await
    }

    /// A user who has signed up and is confirmed.
    pub(super) async fn user(&self, name: &str) -> Value {
        let made = self.sign_up(name).await;
        let code = self.code();
        self.ok("ConfirmSignUp", json!({ "Username": name, "ConfirmationCode": code })).await;
        made
    }

    /// The newest message that nobody was sent.
    pub(super) fn message(&self) -> Value {
        self.control.cognito_outbox()["messages"][0].clone()
    }

    pub(super) fn code(&self) -> String {
        self.message()["code"].as_str().unwrap().to_owned()
    }

    pub(super) fn password_flow(name: &str, password: &str) -> Value {
        json!({ "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": { "USERNAME": name, "PASSWORD": password } })
    }

    pub(super) async fn sign_in(&self, name: &str) -> Value {
        self.ok("InitiateAuth", Cognito::password_flow(name, PASSWORD)).await["AuthenticationResult"].clone()
    }

    pub(super) fn refresh_flow(token: &Value) -> Value {
        json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": { "REFRESH_TOKEN": token } })
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.control.clock().advance(Duration::from_secs(seconds));
    }
}

pub(super) fn merge(into: &mut Value, more: Value) {
    into.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
}

/// The claims of a token.
pub(super) fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

pub(super) fn secret_hash(secret: &str, username: &str, client: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{username}{client}").as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
