//! A test of one authorizer: in front of a method that is not there otherwise.

use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::super::call::{ApiError, Call, Outcome, Output};
use super::super::super::world::lock;
use super::super::errors::no_such;
use super::log::{Log, shown};
use super::recorder::{NOBODY, Recorder};
use super::{Test, run};
use crate::gateway::Gateway;
use crate::model::{AuthorizerType, Integration, IntegrationType, Method, Resource, RestApi};
use crate::telemetry::masked;

/// AWS's own name for the stage of such a test; the policy's ARNs are to match it.
const STAGE: &str = "ESTestInvoke-stage";

pub(super) fn invoke<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    answer(call).boxed()
}

async fn answer(call: &Call<'_>) -> Outcome {
    let api = definition(call)?;
    let recorder = Recorder::new(Arc::clone(&call.world.gateway.lambda));
    let gateway = Gateway { lambda: Arc::clone(&recorder) as _, ..call.world.gateway.clone() };
    let path = call.optional_text("pathWithQueryString").filter(|path| path.starts_with('/')).unwrap_or("/");
    let test = Test { api, stage: STAGE, verb: "GET".to_owned(), path: path.to_owned() };
    let started = Instant::now();
    let tested = run(call, gateway, test).await?;
    let latency = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);

    let mut log = Log::new(&tested.request_id, call.now());
    let id = call.text("authorizerId");
    log.line(format_args!("Starting authorizer: {id} for request: {}", tested.request_id));
    let seen = recorder.seen();
    let answered = seen.first().and_then(|seen| {
        log.call(&call.world.id.region, seen);
        let invocation = seen.answer.as_ref().inspect_err(|error| {
            log.line(format_args!("Execution failed due to configuration error: {error}"));
        });
        let payload = &invocation.ok()?.payload;
        log.line(format_args!("Authorizer result body before parsing: {}", shown(payload)));
        serde_json::from_slice::<Value>(payload).ok()
    });
    let status = tested.reply.status().as_u16();
    // What the policy says of the test's own method is no part of the answer: it is the policy that is asked for.
    let status = if status == 403 && answered.is_some() { 200 } else { status };
    let answered = answered.filter(|_| status == 200).unwrap_or_default();
    // Of a user pool's token: what the integration would have seen.
    let event = recorder.let_in().and_then(|event| serde_json::from_slice::<Value>(&event).ok());
    let claims = event.and_then(|event| event.pointer("/requestContext/authorizer/claims").cloned());
    if status == 200 && claims.is_some() {
        log.line("Successfully completed authorizer execution");
    } else if status == 200 {
        log.line(format_args!(
            "Using valid authorizer policy for principal: {}",
            masked(answered["principalId"].as_str().unwrap_or_default())
        ));
        log.line("Successfully completed authorizer execution");
    } else {
        let why = tested.warnings.first().map(String::as_str);
        log.line(match (status, seen.is_empty(), why) {
            (401, true, None) => "Unauthorized request: the identity source is missing or does not match",
            (401, ..) => "Unauthorized request: the authorizer answered Unauthorized",
            (_, _, Some(why)) => why,
            _ => "Execution failed due to an authorizer error",
        });
    }
    let policy = answered.get("policyDocument").map(ToString::to_string);
    Output::of(json!({
        "clientStatus": status,
        "log": log.end(),
        "latency": latency,
        "principalId": answered.get("principalId"),
        "policy": policy,
        "claims": claims,
    }))
}

/// The API with nothing but the authorizer, in front of every path.
fn definition(call: &Call<'_>) -> Result<RestApi, ApiError> {
    let state = lock(&call.world.apigateway);
    let api = state.api(call)?;
    let mut authorizer = api.authorizers.get(call.text("authorizerId")).ok_or_else(|| no_such("Authorizer"))?.clone();
    // A test asks, whatever was answered before.
    authorizer.authorizer_result_ttl_in_seconds = 0;
    let cognito = authorizer.authorizer_type == AuthorizerType::CognitoUserPools;
    let region = &call.world.id.region;
    let function = format!("arn:aws:lambda:{region}:{}:function:{NOBODY}", call.world.id.account);
    let method = Method {
        http_method: "ANY".to_owned(),
        authorization_type: if cognito { "COGNITO_USER_POOLS" } else { "CUSTOM" }.to_owned(),
        authorizer_id: Some(authorizer.id.clone()),
        integration: Some(Integration {
            integration_type: IntegrationType::AwsProxy,
            http_method: Some("POST".to_owned()),
            uri: Some(format!("arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations")),
            ..Integration::default()
        }),
        ..Method::default()
    };
    let resource = |id: &str, path: &str| Resource {
        id: id.to_owned(),
        path: path.to_owned(),
        methods: IndexMap::from([("ANY".to_owned(), method.clone())]),
        ..Resource::default()
    };
    Ok(RestApi {
        resources: vec![resource("root", "/").into(), resource("rest", "/{proxy+}").into()],
        authorizers: IndexMap::from([(authorizer.id.clone(), authorizer)]),
        stages: IndexMap::new(),
        // The test tells the authorizer's own outcome.
        gateway_responses: IndexMap::new(),
        ..api.clone()
    })
}
