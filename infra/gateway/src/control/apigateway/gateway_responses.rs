//! Gateway responses: what API Gateway itself answers when it refuses or fails.

use indexmap::IndexMap;
use serde_json::json;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, not_found};
use super::page;
use super::patch::{self, Op, Patch, Refusal, Rule, any, replace};
use crate::model::{GATEWAY_RESPONSE_TEMPLATE, GATEWAY_RESPONSES, GatewayResponse, RestApi};

pub(super) const OPERATIONS: &[Entry] = &[
    op("PutGatewayResponse", put),
    op("GetGatewayResponse", get),
    op("GetGatewayResponses", list),
    op("UpdateGatewayResponse", update),
    op("DeleteGatewayResponse", delete),
];

fn default_status(kind: &str) -> Option<&'static str> {
    GATEWAY_RESPONSES.iter().find(|(name, _)| *name == kind).and_then(|(_, status)| *status)
}

/// What API Gateway made itself.
fn built_in(kind: &str) -> GatewayResponse {
    GatewayResponse {
        response_type: kind.to_owned(),
        status_code: default_status(kind).map(str::to_owned),
        response_parameters: IndexMap::new(),
        response_templates: IndexMap::from([("application/json".to_owned(), GATEWAY_RESPONSE_TEMPLATE.to_owned())]),
        default_response: true,
    }
}

/// What the API answers: its own, or that of all errors of the class, or what API Gateway made.
fn effective(api: &RestApi, kind: &str) -> GatewayResponse {
    if let Some(own) = api.gateway_responses.get(kind) {
        return own.clone();
    }
    let built_in = built_in(kind);
    let class = match default_status(kind) {
        Some(status) if status.starts_with('4') => "DEFAULT_4XX",
        Some(_) => "DEFAULT_5XX",
        None => return built_in,
    };
    match api.gateway_responses.get(class) {
        None => built_in,
        Some(class) => GatewayResponse {
            response_type: kind.to_owned(),
            status_code: class.status_code.clone().or(built_in.status_code),
            default_response: true,
            ..class.clone()
        },
    }
}

fn put(call: &Call<'_>) -> Outcome {
    let asked: GatewayResponse = call.parse()?;
    let kind = call.text("responseType");
    let built_in = built_in(kind);
    let no_templates = asked.response_templates.is_empty();
    let response = GatewayResponse {
        response_type: kind.to_owned(),
        status_code: asked.status_code.or(built_in.status_code),
        response_parameters: asked.response_parameters,
        response_templates: if no_templates { built_in.response_templates } else { asked.response_templates },
        default_response: false,
    };
    check(&response)?;
    let mut state = lock(&call.world.apigateway);
    state.change(call, |api| {
        let output = Output::of(&response)?;
        api.gateway_responses.insert(kind.to_owned(), response);
        Ok(output)
    })
}

fn check(response: &GatewayResponse) -> Result<(), ApiError> {
    let invalid = |expression: &str| {
        bad_request(format!(
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: {expression}]"
        ))
    };
    for (name, source) in &response.response_parameters {
        if name.strip_prefix("gatewayresponse.header.").is_none_or(str::is_empty) {
            return Err(invalid(name));
        }
        let quoted = source.len() >= 2 && source.starts_with('\'') && source.ends_with('\'');
        let prefixes = ["method.request.", "context.", "stageVariables."];
        if !quoted && !prefixes.iter().any(|prefix| source.starts_with(prefix)) {
            return Err(invalid(source));
        }
    }
    Ok(())
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    Output::of(effective(state.api(call)?, call.text("responseType")))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let api = state.api(call)?;
    // There are so few that AWS gives them all at once.
    let all = GATEWAY_RESPONSES.iter().map(|(kind, _)| page::json(effective(api, kind)));
    Output::of(json!({"items": all.collect::<Result<Vec<_>, _>>()?}))
}

const RULES: &[Rule<GatewayResponse>] = &[
    replace("/statusCode", |response, patch| {
        let fits = patch.text().len() == 3 && patch.text().chars().all(|c| c.is_ascii_digit());
        if !fits || !matches!(patch.text().as_bytes()[0], b'1'..=b'5') {
            return Err(bad_request(format!("Invalid status code specified: {}", patch.text())));
        }
        response.status_code = patch.optional();
        Ok(())
    }),
    any("/responseParameters/{name}", |response, patch| {
        entry(patch, &mut response.response_parameters, "responseParameters")
    }),
    any("/responseTemplates/{contentType}", |response, patch| {
        entry(patch, &mut response.response_templates, "responseTemplates")
    }),
];

fn entry(patch: &Patch, map: &mut IndexMap<String, String>, name: &str) -> Result<(), ApiError> {
    if patch.op != Op::Remove && patch.text().is_empty() {
        return Err(bad_request(format!("Invalid null or empty value in {name}")));
    }
    if patch.op != Op::Add && !map.contains_key(patch.key()) {
        return Err(not_found("Invalid parameter name specified"));
    }
    patch.entry(map);
    Ok(())
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut state = lock(&call.world.apigateway);
    state.change(call, |api| {
        let kind = call.text("responseType");
        let mut response = api.gateway_responses.get(kind).cloned().unwrap_or_else(|| built_in(kind));
        response.default_response = false;
        patch::apply(&mut response, &operations, RULES, Refusal::Path)?;
        check(&response)?;
        let output = Output::of(&response)?;
        api.gateway_responses.insert(kind.to_owned(), response);
        Ok(output)
    })
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    state.change(call, |api| {
        let gone = api.gateway_responses.shift_remove(call.text("responseType"));
        gone.map(|_| Output::empty()).ok_or_else(|| not_found("Gateway response type not defined on api"))
    })
}
