//! `CreateApi`, `GetApi`, `GetApis`, `UpdateApi`, `DeleteApi`, `DeleteCorsConfiguration`.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::change::{Effect, change, keep};
use super::errors::{bad_request, conflict};
use super::state::fresh_id;
use super::{input, paging, quick_create};
use crate::compile::websocket::RouteSelection;
use crate::model::{Api, CorsConfiguration, ProtocolType};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateApi", create),
    op("GetApi", get),
    op("GetApis", list),
    op("UpdateApi", update),
    op("DeleteApi", delete),
    op("DeleteCorsConfiguration", delete_cors),
];

/// HTTP and WebSocket APIs of one account and region, as AWS has them.
const MAX_APIS: usize = 600;
/// The members of a call that are not the API's own.
const QUICK_CREATE: [&str; 3] = ["Target", "RouteKey", "CredentialsArn"];

fn create(call: &Call<'_>) -> Outcome {
    let mut api = new_api(call, call.optional_text("ProtocolType") == Some("WEBSOCKET"));
    api = input::patched(&api, call, &QUICK_CREATE)?;
    api.tags = input::tags(call)?;
    if api.protocol_type == ProtocolType::WebSocket && api.route_selection_expression.is_empty() {
        return Err(bad_request("RouteSelectionExpression is a required parameter for a WEBSOCKET API"));
    }
    check(&api)?;
    quick_create::create(&mut api, call)?;
    create_new(call, api)
}

/// An API with nothing but what every API has.
pub(super) fn new_api(call: &Call<'_>, web_socket: bool) -> Api {
    let state = lock(&call.world.apigatewayv2);
    // What another region or service has is no less served here, where all share one machine.
    let taken = |id: &str| state.apis.contains(id) || call.control.published().get(id).is_some();
    Api {
        api_id: fresh_id(10, taken),
        created_date: call.now(),
        protocol_type: if web_socket { ProtocolType::WebSocket } else { ProtocolType::Http },
        route_selection_expression: if web_socket { "" } else { "$request.method $request.path" }.to_owned(),
        api_key_selection_expression: Some("$request.header.x-api-key".to_owned()),
        ip_address_type: Some("ipv4".to_owned()),
        ..Api::default()
    }
}

/// Keeps an API that was not there before, and answers with it.
pub(super) fn create_new(call: &Call<'_>, api: Api) -> Outcome {
    let mut state = lock(&call.world.apigatewayv2);
    if state.apis.len() >= MAX_APIS {
        let message =
            "Maximum number of APIs for this account has been reached. Please contact AWS if you need additional APIs.";
        return Err(conflict(message).with_status(429));
    }
    let id = api.api_id.clone();
    keep(call, &mut state, api, Effect::Configuration)?;
    Output::of(view(call, state.api(&id)?))
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    Output::of(view(call, state.api(call.text("ApiId"))?))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    paging::page(call, state.apis.iter(), |api| view(call, api))
}

fn update(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| {
        let mut changed: Api = input::patched(api, call, &[&QUICK_CREATE[..], &["CorsConfiguration"]].concat())?;
        if let Some(cors) = call.member("CorsConfiguration") {
            changed.cors_configuration = Some(serde_json::from_value(cors.clone()).map_err(ApiError::internal)?);
        }
        check(&changed)?;
        quick_create::update(&mut changed, call)?;
        *api = changed;
        Ok(view(call, api))
    })?;
    Output::of(answer)
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigatewayv2);
    let id = call.text("ApiId");
    state.api(id)?;
    if let Some(mapping) = state.mappings.values().find(|mapping| mapping.api_id == id) {
        return Err(bad_request(format!(
            "Please remove all api mappings related to the API first: {} is one of {}",
            mapping.api_mapping_id, mapping.domain_name
        )));
    }
    let keys: Vec<_> = state.deployments.iter().map(|(key, _)| key.to_owned()).collect();
    for key in keys.iter().filter(|key| key.split_once('/').is_some_and(|(api, _)| api == id)) {
        state.deployments.remove(key)?;
    }
    state.apis.remove(id)?;
    call.control.published().withdraw(id);
    drop(state);
    lock(&call.world.registry).unbind(id, None)?;
    Ok(Output::empty())
}

fn delete_cors(call: &Call<'_>) -> Outcome {
    change(call, Effect::Configuration, |api| {
        api.cors_configuration = None;
        Ok(())
    })?;
    Ok(Output::empty())
}

fn check(api: &Api) -> Result<(), ApiError> {
    let key = api.api_key_selection_expression.as_deref().unwrap_or_default();
    let keys = [
        "",
        "$request.header.x-api-key",
        "${request.header.x-api-key}",
        "$context.authorizer.usageIdentifierKey",
        "${context.authorizer.usageIdentifierKey}",
    ];
    if !keys.contains(&key) {
        return Err(bad_request(format!(
            "Invalid ApiKeySelectionExpression {key}: it is $request.header.x-api-key or \
             $context.authorizer.usageIdentifierKey"
        )));
    }
    let selection = api.route_selection_expression.as_str();
    match api.protocol_type {
        ProtocolType::Http => {
            if !matches!(selection, "$request.method $request.path" | "${request.method} ${request.path}") {
                return Err(bad_request(
                    "Invalid RouteSelectionExpression: an HTTP API has $request.method $request.path and no other",
                ));
            }
            if let Some(cors) = &api.cors_configuration {
                check_cors(cors)?;
            }
            Ok(())
        }
        ProtocolType::WebSocket => {
            if api.cors_configuration.is_some() {
                return Err(bad_request("CorsConfiguration is for HTTP APIs only"));
            }
            RouteSelection::parse(selection)
                .map(|_| ())
                .map_err(|reason| bad_request(format!("Invalid RouteSelectionExpression {selection}: {reason}")))
        }
    }
}

fn check_cors(cors: &CorsConfiguration) -> Result<(), ApiError> {
    if cors.allow_credentials && cors.allow_origins.iter().any(|origin| origin == "*") {
        return Err(bad_request("Invalid CORS configuration: AllowCredentials cannot be combined with the origin *"));
    }
    let is_origin = |origin: &str| origin == "*" || origin == "null" || origin.contains("://");
    if let Some(origin) = cors.allow_origins.iter().find(|origin| !is_origin(origin)) {
        return Err(bad_request(format!(
            "Invalid format for origin {origin}: it needs a scheme, as in https://{origin}, or is *"
        )));
    }
    Ok(())
}

/// The API as it is answered.
///
/// `ApiEndpoint` is an address that works on this machine: `{id}.execute-api.localhost` is the loopback interface to every
/// resolver that follows RFC 6761.
pub(super) fn view(call: &Call<'_>, api: &Api) -> Value {
    let scheme = match api.protocol_type {
        ProtocolType::Http => "http",
        ProtocolType::WebSocket => "ws",
    };
    let cors = api.cors_configuration.as_ref().map(|cors| {
        let mut view = json!(cors);
        view["AllowCredentials"] = cors.allow_credentials.into();
        view
    });
    json!({
        "ApiEndpoint": format!("{scheme}://{}.execute-api.localhost:{}", api.api_id, call.world.gateway.port),
        "ApiGatewayManaged": api.api_gateway_managed,
        "ApiId": api.api_id,
        "ApiKeySelectionExpression": api.api_key_selection_expression,
        "CorsConfiguration": cors,
        "CreatedDate": api.created_date,
        "Description": api.description,
        "DisableExecuteApiEndpoint": api.disable_execute_api_endpoint,
        "DisableSchemaValidation": api.disable_schema_validation,
        "ImportInfo": (!api.import_info.is_empty()).then_some(&api.import_info),
        "IpAddressType": api.ip_address_type,
        "Name": api.name,
        "ProtocolType": api.protocol_type,
        "RouteSelectionExpression": api.route_selection_expression,
        "Tags": api.tags,
        "Version": api.version,
        "Warnings": (!api.warnings.is_empty()).then_some(&api.warnings),
    })
}
