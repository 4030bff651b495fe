//! `CreateAuthorizer`, `GetAuthorizer`, `GetAuthorizers`, `UpdateAuthorizer`, `DeleteAuthorizer`, `ResetAuthorizersCache`.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::change::{Effect, change};
use super::errors::{bad_request, conflict, full, no_stage, not_found};
use super::state::fresh_id;
use super::{input, paging};
use crate::compile::{IdentitySource, Unusable};
use crate::model::{Api, ApiAuthorizer, ProtocolType};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateAuthorizer", create),
    op("GetAuthorizer", get),
    op("GetAuthorizers", list),
    op("UpdateAuthorizer", update),
    op("DeleteAuthorizer", delete),
    op("ResetAuthorizersCache", reset_cache),
];

const MAX_AUTHORIZERS: usize = 10;
/// `AuthorizerResultTtlInSeconds` of an HTTP API's Lambda authorizer with identity sources, where nothing is said.
const DEFAULT_TTL: u32 = 300;

fn create(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| {
        if api.authorizers.len() >= MAX_AUTHORIZERS {
            return Err(full("Authorizers"));
        }
        let new = ApiAuthorizer {
            authorizer_id: fresh_id(6, |id| api.authorizers.contains_key(id)),
            ..ApiAuthorizer::default()
        };
        let mut authorizer: ApiAuthorizer = input::patched(&new, call, &[])?;
        let cached = api.protocol_type == ProtocolType::Http && authorizer.authorizer_type == "REQUEST";
        if cached && call.integer("AuthorizerResultTtlInSeconds").is_none() && !authorizer.identity_source.is_empty() {
            authorizer.authorizer_result_ttl_in_seconds = DEFAULT_TTL;
        }
        check(api, &authorizer, call)?;
        let answer = view(api, &authorizer);
        api.authorizers.insert(authorizer.authorizer_id.clone(), authorizer);
        Ok(answer)
    })?;
    Output::of(answer)
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let api = state.api(call.text("ApiId"))?;
    Output::of(view(api, find(api, call)?))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let api = state.api(call.text("ApiId"))?;
    let authorizers = api.authorizers.iter().map(|(id, item)| (id.as_str(), item));
    paging::page(call, authorizers, |authorizer| view(api, authorizer))
}

fn update(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| {
        let authorizer: ApiAuthorizer = input::patched(find(api, call)?, call, &[])?;
        check(api, &authorizer, call)?;
        let answer = view(api, &authorizer);
        api.authorizers.insert(authorizer.authorizer_id.clone(), authorizer);
        Ok(answer)
    })?;
    Output::of(answer)
}

fn delete(call: &Call<'_>) -> Outcome {
    change(call, Effect::Configuration, |api| {
        let authorizer = find(api, call)?;
        let (id, name) = (authorizer.authorizer_id.clone(), &authorizer.name);
        let user = api.routes.values().find(|route| route.authorizer_id.as_ref() == Some(&id));
        if let Some(route) = user {
            let key = &route.route_key;
            return Err(conflict(format!("Cannot delete authorizer '{name}', is referenced in route: {key}")));
        }
        api.authorizers.shift_remove(&id);
        Ok(())
    })?;
    Ok(Output::empty())
}

/// A stage that is compiled anew has asked nobody yet.
fn reset_cache(call: &Call<'_>) -> Outcome {
    change(call, Effect::Settings(call.text("StageName")), |api| {
        if api.protocol_type == ProtocolType::WebSocket {
            return Err(bad_request("Only the authorizers of HTTP APIs have a cache"));
        }
        api.stages.get(call.text("StageName")).map(|_| ()).ok_or_else(no_stage)
    })?;
    Ok(Output::empty())
}

fn find<'a>(api: &'a Api, call: &Call<'_>) -> Result<&'a ApiAuthorizer, ApiError> {
    let id = call.text("AuthorizerId");
    api.authorizers.get(id).ok_or_else(|| not_found("Authorizer", id))
}

fn check(api: &Api, authorizer: &ApiAuthorizer, call: &Call<'_>) -> Result<(), ApiError> {
    let others = api.authorizers.values().filter(|other| other.authorizer_id != authorizer.authorizer_id);
    if others.into_iter().any(|other| other.name == authorizer.name) {
        return Err(bad_request(format!(
            "Authorizer name must be unique. Authorizer {} already exists in this API.",
            authorizer.name
        )));
    }
    let http = api.protocol_type == ProtocolType::Http;
    if authorizer.authorizer_type == "JWT" {
        if !http {
            return Err(bad_request("JWT authorizers are for HTTP APIs only"));
        }
        return check_jwt(authorizer, call);
    }
    if authorizer.jwt_configuration.is_some() {
        return Err(bad_request("JwtConfiguration can only be set for JWT authorizer."));
    }
    match &authorizer.authorizer_uri {
        None => return Err(bad_request("AuthorizerUri is a required parameter for REQUEST authorizer")),
        Some(uri) if !uri.starts_with("arn:") => {
            return Err(bad_request(format!(
                "Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation."
            )));
        }
        Some(_) => {}
    }
    for source in &authorizer.identity_source {
        let parsed = match http {
            // What is only not read yet is for the log, at deployment.
            true => match IdentitySource::parse_http(source) {
                Err(Unusable::Invalid(reason)) => Err(reason),
                _ => Ok(()),
            },
            false => check_web_socket_source(source),
        };
        parsed.map_err(|reason| bad_request(format!("Invalid identity source: {reason}")))?;
    }
    if !http {
        let for_http = ["AuthorizerPayloadFormatVersion", "AuthorizerResultTtlInSeconds", "EnableSimpleResponses"];
        let given = for_http.into_iter().find(|member| match call.member(member) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Number(number)) => number.as_i64() != Some(0),
            Some(_) => true,
        });
        return match given {
            Some(member) => Err(bad_request(format!("{member} is for HTTP APIs only"))),
            None => Ok(()),
        };
    }
    match authorizer.authorizer_payload_format_version.as_deref() {
        None => Err(bad_request("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer")),
        Some("2.0") => Ok(()),
        Some("1.0") if authorizer.enable_simple_responses => {
            Err(bad_request("EnableSimpleResponses is for AuthorizerPayloadFormatVersion 2.0 only"))
        }
        Some("1.0") => Ok(()),
        Some(other) => Err(bad_request(format!("Invalid AuthorizerPayloadFormatVersion {other}: it is 1.0 or 2.0"))),
    }
    .and_then(|()| {
        match authorizer.authorizer_result_ttl_in_seconds > 0 && authorizer.identity_source.is_empty() {
            true => Err(bad_request("Identity sources are required when the results of an authorizer are cached")),
            false => Ok(()),
        }
    })
}

fn check_jwt(authorizer: &ApiAuthorizer, call: &Call<'_>) -> Result<(), ApiError> {
    let for_functions = [
        "AuthorizerPayloadFormatVersion",
        "AuthorizerResultTtlInSeconds",
        "AuthorizerUri",
        "AuthorizerCredentialsArn",
        "EnableSimpleResponses",
    ];
    let given = for_functions.into_iter().find(|member| {
        !matches!(call.member(member), None | Some(Value::Null | Value::Bool(false)))
            && call.integer(member) != Some(0)
            && call.optional_text(member) != Some("")
    });
    if let Some(member) = given {
        return Err(bad_request(format!("{member} can only be set for REQUEST authorizer.")));
    }
    let jwt = authorizer.jwt_configuration.as_ref();
    let Some(jwt) = jwt else { return Err(bad_request("JwtConfiguration is a required parameter for JWT authorizer")) };
    let issuer = jwt["Issuer"].as_str().unwrap_or_default();
    if !issuer.starts_with("https://") && !issuer.starts_with("http://") {
        return Err(bad_request(format!("Invalid issuer: {issuer}. Issuer must be a valid URL.")));
    }
    if jwt["Audience"].as_array().is_none_or(Vec::is_empty) {
        return Err(bad_request("JwtConfiguration needs at least one Audience"));
    }
    match authorizer.identity_source.as_slice() {
        [one] if one.starts_with("$request.header.") || one.starts_with("$request.querystring.") => Ok(()),
        _ => Err(bad_request(
            "A JWT authorizer has one identity source: $request.header.{name} or $request.querystring.{name}",
        )),
    }
}

fn check_web_socket_source(source: &str) -> Result<(), String> {
    let known = ["route.request.header.", "route.request.querystring.", "stageVariables.", "context."];
    let named = known.iter().any(|prefix| source.strip_prefix(prefix).is_some_and(|name| !name.is_empty()));
    named.then_some(()).ok_or_else(|| {
        "it is route.request.header.{name}, route.request.querystring.{name}, stageVariables.{name} or context.{name}".to_owned()
    })
}

/// The authorizer as it is answered: with its time to live where there is a cache.
fn view(api: &Api, authorizer: &ApiAuthorizer) -> Value {
    let mut view = json!(authorizer);
    if authorizer.authorizer_type == "REQUEST" && api.protocol_type == ProtocolType::Http {
        view["AuthorizerResultTtlInSeconds"] = authorizer.authorizer_result_ttl_in_seconds.into();
        view["EnableSimpleResponses"] = authorizer.enable_simple_responses.into();
    }
    view
}
