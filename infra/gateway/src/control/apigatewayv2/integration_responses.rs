//! Integration responses of WebSocket APIs.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::change::{Effect, change};
use super::errors::{bad_request, conflict, full, not_found};
use super::state::fresh_id;
use super::{input, integrations, paging};
use crate::model::{Api, ApiIntegration, ApiIntegrationResponse, ProtocolType};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateIntegrationResponse", create),
    op("GetIntegrationResponse", get),
    op("GetIntegrationResponses", list),
    op("UpdateIntegrationResponse", update),
    op("DeleteIntegrationResponse", delete),
];

const MAX_RESPONSES: usize = 300;

fn create(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| {
        let integration = integration(api, call)?;
        if integration.integration_responses.len() >= MAX_RESPONSES {
            return Err(full("IntegrationResponses"));
        }
        let taken = |id: &str| integration.integration_responses.contains_key(id);
        let new = ApiIntegrationResponse { integration_response_id: fresh_id(7, taken), ..Default::default() };
        let response: ApiIntegrationResponse = input::patched(&new, call, &[])?;
        put(integration, response)
    })?;
    Output::of(answer)
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let integration = integrations::find(state.api(call.text("ApiId"))?, call)?;
    Output::of(find(integration, call)?)
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let responses = &integrations::find(state.api(call.text("ApiId"))?, call)?.integration_responses;
    paging::page(call, responses.iter().map(|(id, item)| (id.as_str(), item)), |item| json!(item))
}

fn update(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| {
        let integration = integration(api, call)?;
        let apart = ["ResponseParameters"];
        let mut response: ApiIntegrationResponse = input::patched(find(integration, call)?, call, &apart)?;
        input::patch_map(&mut response.response_parameters, call, "ResponseParameters")?;
        put(integration, response)
    })?;
    Output::of(answer)
}

fn delete(call: &Call<'_>) -> Outcome {
    change(call, Effect::Configuration, |api| {
        let integration = integration(api, call)?;
        let id = find(integration, call)?.integration_response_id.clone();
        integration.integration_responses.shift_remove(&id);
        Ok(())
    })?;
    Ok(Output::empty())
}

fn integration<'a>(api: &'a mut Api, call: &Call<'_>) -> Result<&'a mut ApiIntegration, ApiError> {
    if api.protocol_type == ProtocolType::Http {
        return Err(bad_request("Integration responses are for WebSocket APIs only"));
    }
    let id = call.text("IntegrationId");
    api.integrations.get_mut(id).ok_or_else(|| not_found("Integration", id))
}

fn find<'a>(integration: &'a ApiIntegration, call: &Call<'_>) -> Result<&'a ApiIntegrationResponse, ApiError> {
    let id = call.text("IntegrationResponseId");
    integration.integration_responses.get(id).ok_or_else(|| not_found("IntegrationResponse", id))
}

fn put(integration: &mut ApiIntegration, response: ApiIntegrationResponse) -> Result<Value, ApiError> {
    let key = response.integration_response_key.as_str();
    let expression = key.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|inner| !inner.is_empty());
    if key != "$default" && expression.is_none() {
        return Err(bad_request(format!(
            "Invalid IntegrationResponseKey {key}: it is $default or a regular expression between slashes, as in /4\\d\\d/"
        )));
    }
    if let Some(Err(error)) = expression.map(regex::Regex::new) {
        return Err(bad_request(format!("Invalid IntegrationResponseKey {key}: {error}")));
    }
    let others = integration.integration_responses.values();
    let mut others = others.filter(|other| other.integration_response_id != response.integration_response_id);
    if others.any(|other| other.integration_response_key == key) {
        return Err(conflict(format!("Integration response with key {key} already exists for this integration")));
    }
    let answer = json!(response);
    integration.integration_responses.insert(response.integration_response_id.clone(), response);
    Ok(answer)
}
