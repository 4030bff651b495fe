//! Functions that a pool calls: before a sign-up, after a confirmation, before and after a sign-in, before tokens are made.
//! AWS has more; a pool that names one of those is told of.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html>

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::call::ApiError;
use super::super::world::World;
use super::settings;
use super::user::User;
use crate::lambda::{Caller, InvokeRequest};
use crate::model::UserPool;

/// How long AWS waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is called.
const CALLED: &[&str] = &[
    "PreSignUp",
    "PostConfirmation",
    "PreAuthentication",
    "PostAuthentication",
    "PreTokenGeneration",
    "PreTokenGenerationConfig",
];

/// Names what a pool asks for and does not get.
pub(super) fn warn(pool: &UserPool) {
    let config = pool.settings.get("LambdaConfig").and_then(Value::as_object).into_iter().flatten();
    for (name, _) in config.filter(|(name, _)| !CALLED.contains(&name.as_str())) {
        tracing::warn!(pool = pool.id, "user pool {}: the trigger {name} is kept and not called", pool.name);
    }
    let version = pool
        .settings
        .get("LambdaConfig")
        .and_then(|config| config["PreTokenGenerationConfig"]["LambdaVersion"].as_str());
    if let Some(version) = version.filter(|version| *version != "V1_0") {
        tracing::warn!(pool = pool.id, "user pool {}: PreTokenGeneration is called as V1_0, not {version}", pool.name);
    }
    if settings::demands_mfa(pool) {
        tracing::warn!(pool = pool.id, "user pool {}: it demands MFA, which is not here: nobody signs in", pool.name);
    }
}

/// Whom a function is called about.
pub(super) struct About<'a> {
    pub(super) pool: &'a UserPool,
    pub(super) user: &'a User,
    pub(super) client_id: &'a str,
    /// `PreSignUp_SignUp`, …
    pub(super) source: &'a str,
}

/// Calls a pool's function, if it has one; gives what the function has made of `response`.
async fn run(
    world: &Arc<World>,
    name: &str,
    function: Option<String>,
    about: About<'_>,
    more: Value,
    response: Value,
) -> Result<Option<Value>, ApiError> {
    let Some(function) = function else { return Ok(None) };
    let mut attributes = Map::new();
    attributes.insert("sub".to_owned(), about.user.sub.as_str().into());
    attributes.insert("cognito:user_status".to_owned(), about.user.status.as_str().into());
    attributes.extend(about.user.attributes.iter().map(|(name, value)| (name.clone(), value.as_str().into())));
    let mut request = Map::from_iter([("userAttributes".to_owned(), Value::Object(attributes))]);
    request.extend(more.as_object().cloned().unwrap_or_default().into_iter().filter(|(_, value)| !value.is_null()));
    let event = json!({
        "version": "1",
        "region": world.id.region,
        "userPoolId": about.pool.id,
        "userName": about.user.username,
        "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": about.client_id },
        "triggerSource": about.source,
        "request": request,
        "response": response,
    });
    let invocation = InvokeRequest {
        caller: Some(Caller {
            principal: "cognito-idp.amazonaws.com",
            source_arn: world.arn("cognito-idp", &format!("userpool/{}", about.pool.id)).as_str().into(),
            source_account: world.id.account.as_str().into(),
        }),
        ..InvokeRequest::sync(event.to_string())
    };
    let answer = tokio::time::timeout(PATIENCE, world.gateway.lambda.invoke(&function, invocation)).await;
    let answer = answer.map_err(|_| unexpected(format!("{name} invocation failed due to error Timeout.")))?;
    let answer = answer.map_err(|error| unexpected(format!("{name} invocation failed due to error {error}.")))?;
    let body: Value = serde_json::from_slice(&answer.payload).unwrap_or_default();
    if answer.function_error.is_some() {
        let message = body["errorMessage"].as_str().unwrap_or_default();
        let message = format!("{name} failed with error {}.", message.trim_end_matches('.'));
        return Err(ApiError::new("UserLambdaValidationException", message));
    }
    match body.get("response") {
        Some(response) if response.is_object() => Ok(Some(response.clone())),
        _ => Err(ApiError::new("InvalidLambdaResponseException", "Unrecognizable lambda output")),
    }
}

fn unexpected(message: String) -> ApiError {
    ApiError::new("UnexpectedLambdaException", message)
}

/// What a function has decided on a new user.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Decision {
    pub(super) confirm: bool,
    pub(super) verify_email: bool,
    pub(super) verify_phone: bool,
}

/// `PreSignUp`: an error refuses the user.
pub(super) async fn pre_sign_up(world: &Arc<World>, about: About<'_>, more: Value) -> Result<Decision, ApiError> {
    let response = json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false });
    let function = settings::trigger(about.pool, "PreSignUp");
    let answer = run(world, "PreSignUp", function, about, more, response).await?.unwrap_or_default();
    let flag = |name: &str| answer[name].as_bool().unwrap_or_default();
    Ok(Decision {
        confirm: flag("autoConfirmUser"),
        verify_email: flag("autoVerifyEmail"),
        verify_phone: flag("autoVerifyPhone"),
    })
}

/// `PostConfirmation`: an error is the caller's answer, and the user is confirmed all the same.
pub(super) async fn post_confirmation(world: &Arc<World>, about: About<'_>, metadata: Value) -> Result<(), ApiError> {
    let function = settings::trigger(about.pool, "PostConfirmation");
    let more = json!({ "clientMetadata": metadata });
    run(world, "PostConfirmation", function, about, more, json!({})).await.map(drop)
}

/// `PreAuthentication`, whose error refuses the sign-in. It is called once the password is known to be right: what it
/// refuses, it refuses all the same.
pub(super) async fn pre_authentication(world: &Arc<World>, about: About<'_>, metadata: Value) -> Result<(), ApiError> {
    let function = settings::trigger(about.pool, "PreAuthentication");
    let more = json!({ "validationData": metadata });
    run(world, "PreAuthentication", function, about, more, json!({})).await.map(drop)
}

/// `PostAuthentication`, whose error is the caller's answer.
pub(super) async fn post_authentication(world: &Arc<World>, about: About<'_>, metadata: Value) -> Result<(), ApiError> {
    let function = settings::trigger(about.pool, "PostAuthentication");
    let more = json!({ "newDeviceUsed": false, "clientMetadata": metadata });
    run(world, "PostAuthentication", function, about, more, json!({})).await.map(drop)
}

/// `PreTokenGeneration`, version 1: gives `claimsOverrideDetails`.
pub(super) async fn pre_token_generation(
    world: &Arc<World>,
    pool: &UserPool,
    user: &User,
    client_id: &str,
    source: &str,
    more: Value,
) -> Result<Value, ApiError> {
    let configured = settings::trigger(pool, "PreTokenGeneration").or_else(|| {
        let arn = &pool.settings.get("LambdaConfig")?["PreTokenGenerationConfig"]["LambdaArn"];
        arn.as_str().map(str::to_owned)
    });
    let about = About { pool, user, client_id, source };
    let response = json!({ "claimsOverrideDetails": null });
    let answer = run(world, "PreTokenGeneration", configured, about, more, response).await?.unwrap_or_default();
    Ok(answer["claimsOverrideDetails"].clone())
}
