//! Authorizers.

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, conflict, no_such};
use super::page::{json, page};
use super::patch::{self, Op, Refusal, Rule, add_remove, any, replace};
use crate::ids;
use crate::model::{Authorizer, AuthorizerType, RestApi};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateAuthorizer", create).partly("authorizers of type JWT"),
    op("GetAuthorizer", get),
    op("GetAuthorizers", list),
    op("UpdateAuthorizer", update),
    op("DeleteAuthorizer", delete),
];

/// `authorizerResultTtlInSeconds`
const DEFAULT_TTL: u32 = 300;
const MAX_TTL: u32 = 3_600;
const DEFAULT_SOURCE: &str = "method.request.header.Authorization";

fn no_authorizer() -> ApiError {
    no_such("Authorizer")
}

fn create(call: &Call<'_>) -> Outcome {
    if call.text("type") == "JWT" {
        return Err(bad_request("Authorizers of type JWT are not here: use TOKEN, REQUEST or COGNITO_USER_POOLS"));
    }
    let mut authorizer: Authorizer = call.parse()?;
    authorizer.id = ids::short_id(6);
    if call.member("authorizerResultTtlInSeconds").is_none() {
        authorizer.authorizer_result_ttl_in_seconds = DEFAULT_TTL;
    }
    let cognito = authorizer.authorizer_type == AuthorizerType::CognitoUserPools;
    authorizer.auth_type.get_or_insert_with(|| if cognito { "cognito_user_pools" } else { "custom" }.to_owned());
    if authorizer.authorizer_type != AuthorizerType::Request {
        authorizer.identity_source.get_or_insert_with(|| DEFAULT_SOURCE.to_owned());
    }
    let mut state = lock(&call.world.apigateway);
    // This is what AWS says of an unknown API here.
    let missing = || conflict("Unable to complete operation due to concurrent modification. Please try again later.");
    state.change_or(call, missing, |api| {
        check(api, &authorizer)?;
        let output = Output::of(&authorizer)?;
        api.authorizers.insert(authorizer.id.clone(), authorizer);
        Ok(output)
    })
}

fn check(api: &RestApi, authorizer: &Authorizer) -> Result<(), ApiError> {
    let name = &authorizer.name;
    if name.trim().is_empty() {
        return Err(bad_request("Authorizer name cannot be blank"));
    }
    if api.authorizers.values().any(|other| other.id != authorizer.id && other.name == *name) {
        return Err(conflict(format!(
            "Authorizer name must be unique. Authorizer {name} already exists in this RestApi."
        )));
    }
    if authorizer.authorizer_result_ttl_in_seconds > MAX_TTL {
        return Err(bad_request("Invalid authorizer result TTL specified. Must be between 0 and 3600 seconds"));
    }
    if authorizer.authorizer_type == AuthorizerType::CognitoUserPools {
        if authorizer.provider_arns.is_empty() {
            return Err(bad_request(
                "At least one provider ARN must be specified for authorizers of type COGNITO_USER_POOLS",
            ));
        }
    } else {
        let uri = authorizer.authorizer_uri.as_deref();
        let parts: Vec<_> = uri.unwrap_or_default().splitn(6, ':').collect();
        let is_function = matches!(parts[..], ["arn", _, "apigateway", _, "lambda", path] if path.starts_with("path/"));
        if !is_function && !uri.is_some_and(|uri| uri.starts_with("${stageVariables.")) {
            let uri = uri.unwrap_or("null");
            return Err(bad_request(format!(
                "Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation."
            )));
        }
    }
    let cached = authorizer.authorizer_result_ttl_in_seconds > 0;
    let sources = authorizer.identity_source.as_deref().unwrap_or_default();
    let sources: Vec<_> = sources.split(',').map(str::trim).filter(|source| !source.is_empty()).collect();
    match authorizer.authorizer_type {
        AuthorizerType::Request if sources.is_empty() && cached => {
            return Err(bad_request(
                "An identity source must be specified while the results of the authorizer are cached",
            ));
        }
        AuthorizerType::Request => {}
        _ if sources.len() == 1 && sources[0].starts_with("method.request.header.") => {}
        _ => return Err(bad_request(format!("Invalid identity source specified: {}", sources.join(", ")))),
    }
    let prefixes = ["method.request.header.", "method.request.querystring.", "stageVariables.", "context."];
    let known = |source: &str| {
        let single = source.replacen("multivalue", "", 1);
        prefixes.iter().any(|prefix| single.strip_prefix(prefix).is_some_and(|name| !name.is_empty()))
    };
    if let Some(source) = sources.iter().find(|source| !known(source)) {
        return Err(bad_request(format!("Invalid identity source specified: {source}")));
    }
    Ok(())
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let api = state.apis.get(call.text("restApiId"));
    Output::of(api.and_then(|api| api.authorizers.get(call.text("authorizerId"))).ok_or_else(no_authorizer)?)
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    page(call, state.api(call)?.authorizers.iter().map(|(id, authorizer)| (id.as_str(), authorizer)), json)
}

const RULES: &[Rule<Authorizer>] = &[
    replace("/authorizerUri", |authorizer, patch| {
        authorizer.authorizer_uri = patch.optional();
        Ok(())
    }),
    replace("/authorizerCredentials", |authorizer, patch| {
        authorizer.authorizer_credentials = patch.optional();
        Ok(())
    }),
    replace("/authorizerResultTtlInSeconds", |authorizer, patch| {
        authorizer.authorizer_result_ttl_in_seconds = patch.number()?;
        Ok(())
    }),
    replace("/authType", |authorizer, patch| {
        authorizer.auth_type = patch.optional();
        Ok(())
    }),
    any("/identitySource", |authorizer, patch| {
        authorizer.identity_source = patch.optional().filter(|_| patch.op != Op::Remove);
        Ok(())
    }),
    replace("/identityValidationExpression", |authorizer, patch| {
        authorizer.identity_validation_expression = patch.optional();
        Ok(())
    }),
    replace("/name", |authorizer, patch| {
        patch.text().clone_into(&mut authorizer.name);
        Ok(())
    }),
    add_remove("/providerARNs", |authorizer, patch| {
        patch.member(&mut authorizer.provider_arns, patch.text());
        Ok(())
    }),
    replace("/type", |authorizer, patch| {
        authorizer.authorizer_type = match patch.text() {
            "TOKEN" => AuthorizerType::Token,
            "REQUEST" => AuthorizerType::Request,
            "COGNITO_USER_POOLS" => AuthorizerType::CognitoUserPools,
            other => return Err(bad_request(format!("Invalid authorizer type specified: {other}"))),
        };
        Ok(())
    }),
];

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut state = lock(&call.world.apigateway);
    state.change_or(call, no_authorizer, |api| {
        let mut authorizer = api.authorizers.get(call.text("authorizerId")).cloned().ok_or_else(no_authorizer)?;
        patch::apply(&mut authorizer, &operations, RULES, Refusal::Operations)?;
        check(api, &authorizer)?;
        let output = Output::of(&authorizer)?;
        api.authorizers.insert(authorizer.id.clone(), authorizer);
        Ok(output)
    })
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    state.change_or(call, no_authorizer, |api| {
        let authorizer = api.authorizers.get(call.text("authorizerId")).ok_or_else(no_authorizer)?;
        for resource in &api.resources {
            let user = resource.methods.values().find(|method| method.authorizer_id.as_ref() == Some(&authorizer.id));
            if let Some(method) = user {
                let (name, verb, path) = (&authorizer.name, &method.http_method, &resource.path);
                return Err(conflict(format!(
                    "Cannot delete authorizer '{name}', is referenced in method: {verb}/{path}"
                )));
            }
        }
        api.authorizers.shift_remove(call.text("authorizerId"));
        Ok(Output::empty())
    })
}
