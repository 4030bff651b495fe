//! App clients: who may speak for a pool's users, and how.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::random::{LOWER, MIXED};
use super::state::MAX_CLIENTS;
use super::{invalid, limit_exceeded, not_authorized, pools, settings};
use crate::model::UserPoolClient;

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateUserPoolClient", create).partly("OAuth settings are kept; there is no hosted sign-in page"),
    op("DescribeUserPoolClient", describe),
    op("ListUserPoolClients", list),
    op("UpdateUserPoolClient", update).partly("OAuth settings are kept; there is no hosted sign-in page"),
    op("DeleteUserPoolClient", delete),
];

/// Members that are not settings.
const OWN: &[&str] = &["UserPoolId", "ClientId", "ClientName", "ClientSecret", "GenerateSecret"];
/// `ClientSecret`'s length on AWS.
const SECRET: usize = 51;

/// What is kept of an input, with AWS's defaults; sound, or refused.
pub(super) fn settings_of(members: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let mut settings: Map<String, Value> = members.clone();
    settings.retain(|name, _| !OWN.contains(&name.as_str()));
    let mut default = |name: &str, value: Value| {
        settings.entry(name).or_insert(value);
    };
    default("RefreshTokenValidity", 30.into());
    default("EnableTokenRevocation", true.into());
    default("EnablePropagateAdditionalUserContextData", false.into());
    default("AuthSessionValidity", 3.into());
    default("AllowedOAuthFlowsUserPoolClient", false.into());
    default("TokenValidityUnits", json!({}));
    let client = UserPoolClient { settings, ..UserPoolClient::default() };
    settings::validity(&client)?;
    let settings = client.settings;
    let flows = settings.get("ExplicitAuthFlows").and_then(Value::as_array).into_iter().flatten();
    let (new, old): (Vec<&str>, Vec<&str>) =
        flows.filter_map(Value::as_str).partition(|flow| flow.starts_with("ALLOW_"));
    if !new.is_empty() && !old.is_empty() {
        return Err(invalid("You cannot mix new and old ExplicitAuthFlows values."));
    }
    let rotates = settings.get("RefreshTokenRotation").is_some_and(|rotation| rotation["Feature"] == "ENABLED");
    if rotates {
        return Err(invalid("Ferrogate does not rotate refresh tokens: RefreshTokenRotation must be DISABLED"));
    }
    Ok(settings)
}

/// `UserPoolClientType`
fn shown(client: &UserPoolClient) -> Value {
    let mut all = client.settings.clone();
    for (name, value) in [
        ("UserPoolId", client.user_pool_id.as_str()),
        ("ClientId", &client.client_id),
        ("ClientName", &client.client_name),
    ] {
        all.insert(name.to_owned(), value.into());
    }
    if let Some(secret) = &client.client_secret {
        all.insert("ClientSecret".to_owned(), secret.as_str().into());
    }
    all.insert("CreationDate".to_owned(), client.creation_date.into());
    all.insert("LastModifiedDate".to_owned(), client.last_modified_date.into());
    Value::Object(all)
}

fn create(call: &Call<'_>) -> Outcome {
    let settings = settings_of(&call.input.members)?;
    let mut state = lock(&call.world.cognito_idp);
    let pool = state.pool(call.text("UserPoolId"))?.id.clone();
    if state.clients.len() >= MAX_CLIENTS {
        return Err(limit_exceeded(format!("{MAX_CLIENTS} app clients are here, and there are no more")));
    }
    let secret = match (call.optional_text("ClientSecret"), call.boolean("GenerateSecret")) {
        (Some(_), Some(true)) => return Err(invalid("GenerateSecret and ClientSecret exclude each other")),
        (Some(given), _) => Some(given.to_owned()),
        (None, Some(true)) => Some(state.random.letters(MIXED, SECRET)?),
        (None, _) => None,
    };
    let client = UserPoolClient {
        client_id: state.random.letters(LOWER, 26)?,
        user_pool_id: pool,
        client_name: call.text("ClientName").to_owned(),
        client_secret: secret,
        creation_date: call.now(),
        last_modified_date: call.now(),
        settings,
    };
    let output = Output::of(json!({ "UserPoolClient": shown(&client) }));
    state.clients.insert(client.client_id.clone(), client)?;
    output
}

fn describe(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    let client = state.client_of(call.text("UserPoolId"), call.text("ClientId"))?;
    Output::of(json!({ "UserPoolClient": shown(client) }))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    let pool = &state.pool(call.text("UserPoolId"))?.id;
    let of_pool = state.clients.values().filter(|client| client.user_pool_id == *pool);
    let all = of_pool.map(|client| {
        let shown = json!({
            "ClientId": client.client_id, "UserPoolId": client.user_pool_id, "ClientName": client.client_name,
        });
        (client.client_id.as_str(), shown)
    });
    pools::page(call, "UserPoolClients", ("MaxResults", "NextToken"), all)
}

fn update(call: &Call<'_>) -> Outcome {
    let settings = settings_of(&call.input.members)?;
    let mut state = lock(&call.world.cognito_idp);
    let id = state.client_of(call.text("UserPoolId"), call.text("ClientId"))?.client_id.clone();
    let now = call.now();
    let change = |client: &mut UserPoolClient| {
        // As on AWS: what an update leaves out goes back to its default.
        client.settings = settings;
        if let Some(name) = call.optional_text("ClientName") {
            client.client_name = name.to_owned();
        }
        client.last_modified_date = now;
        Output::of(json!({ "UserPoolClient": shown(client) }))
    };
    state.clients.update(&id, change).unwrap_or_else(|| Err(super::state::no_client(&id)))
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let id = state.client_of(call.text("UserPoolId"), call.text("ClientId"))?.client_id.clone();
    let sessions: Vec<_> =
        state.sessions.iter().filter(|(_, session)| session.client_id == id).map(|(id, _)| id.to_owned()).collect();
    sessions.iter().try_for_each(|session| state.sessions.remove(session).map(drop))?;
    state.clients.remove(&id)?;
    Ok(Output::empty())
}

/// Whether an application that names `username` knows its client's secret.
///
/// # Errors
/// `NotAuthorizedException`
pub(super) fn check_secret(client: &UserPoolClient, username: &str, hash: Option<&str>) -> Result<(), ApiError> {
    let id = &client.client_id;
    match (&client.client_secret, hash) {
        (None, None) => Ok(()),
        (None, Some(_)) => {
            Err(not_authorized(format!("Client {id} is not configured with secret but SECRET_HASH was received")))
        }
        (Some(_), None) => {
            Err(not_authorized(format!("Client {id} is configured with secret but SECRET_HASH was not received")))
        }
        (Some(secret), Some(hash)) => {
            #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
            mac.update(username.as_bytes());
            mac.update(id.as_bytes());
            let expected = mac.finalize().into_bytes();
            let given = STANDARD.decode(hash).unwrap_or_default();
            if bool::from(expected.as_slice().ct_eq(given.as_slice())) {
                return Ok(());
            }
            Err(not_authorized(format!("Unable to verify secret hash for client {id}")))
        }
    }
}

/// Whether an application that sends its client's secret itself knows it.
pub(super) fn check_plain_secret(client: &UserPoolClient, given: Option<&str>) -> Result<(), ApiError> {
    match &client.client_secret {
        None => Ok(()),
        Some(secret) if bool::from(secret.as_bytes().ct_eq(given.unwrap_or_default().as_bytes())) => Ok(()),
        Some(_) => Err(not_authorized("Invalid client secret")),
    }
}
