//! `CreateIntegration`, `GetIntegration`, `GetIntegrations`, `UpdateIntegration`, `DeleteIntegration`.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::change::{Effect, change};
use super::errors::{bad_request, conflict, full, not_found};
use super::state::fresh_id;
use super::{input, paging};
use crate::model::{Api, ApiIntegration, IntegrationType, ProtocolType};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateIntegration", create),
    op("GetIntegration", get),
    op("GetIntegrations", list),
    op("UpdateIntegration", update),
    op("DeleteIntegration", delete),
];

const MAX_INTEGRATIONS: usize = 300;
const MAX_TIMEOUT_WEB_SOCKET: u32 = 29_000;

fn create(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| {
        if api.integrations.len() >= MAX_INTEGRATIONS {
            return Err(full("Integrations"));
        }
        let http = api.protocol_type == ProtocolType::Http;
        let new = ApiIntegration {
            integration_id: fresh_id(7, |id| api.integrations.contains_key(id)),
            connection_type: Some("INTERNET".to_owned()),
            payload_format_version: if http { String::new() } else { "1.0".to_owned() },
            timeout_in_millis: if http { 30_000 } else { MAX_TIMEOUT_WEB_SOCKET },
            ..ApiIntegration::default()
        };
        let mut integration: ApiIntegration = input::patched(&new, call, &[])?;
        input::without_empty(&mut integration.request_parameters);
        complete(api.protocol_type, &mut integration);
        check(api, &integration)?;
        let answer = view(&integration);
        api.integrations.insert(integration.integration_id.clone(), integration);
        Ok(answer)
    })?;
    Output::of(answer)
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    Output::of(view(find(state.api(call.text("ApiId"))?, call)?))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let integrations = &state.api(call.text("ApiId"))?.integrations;
    paging::page(call, integrations.iter().map(|(id, item)| (id.as_str(), item)), view)
}

fn update(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| {
        let current = find(api, call)?;
        let apart = ["RequestParameters", "ResponseParameters"];
        let mut integration: ApiIntegration = input::patched(current, call, &apart)?;
        if integration.integration_type != current.integration_type {
            integration.integration_response_selection_expression = None;
        }
        input::patch_map(&mut integration.request_parameters, call, "RequestParameters")?;
        input::patch_map(&mut integration.response_parameters, call, "ResponseParameters")?;
        complete(api.protocol_type, &mut integration);
        check(api, &integration)?;
        let answer = view(&integration);
        api.integrations.insert(integration.integration_id.clone(), integration);
        Ok(answer)
    })?;
    Output::of(answer)
}

fn delete(call: &Call<'_>) -> Outcome {
    change(call, Effect::Configuration, |api| {
        let id = find(api, call)?.integration_id.clone();
        let users = api.routes.values().filter(|route| route.integration_id.as_ref() == Some(&id));
        let users: Vec<_> = users.map(|route| route.route_id.as_str()).collect();
        if !users.is_empty() {
            return Err(conflict(format!(
                "Cannot delete Integration because it is referenced by the following Routes with Ids: [{}]",
                users.join(", ")
            )));
        }
        api.integrations.shift_remove(&id);
        Ok(())
    })?;
    Ok(Output::empty())
}

/// The integration that a call names.
pub(super) fn find<'a>(api: &'a Api, call: &Call<'_>) -> Result<&'a ApiIntegration, ApiError> {
    let id = call.text("IntegrationId");
    api.integrations.get(id).ok_or_else(|| not_found("Integration", id))
}

/// Fills in what AWS fills in where nothing was said.
pub(super) fn complete(protocol: ProtocolType, integration: &mut ApiIntegration) {
    let kind = integration.integration_type;
    let method = match kind {
        // A function is always called with POST, and an AWS service's action has a method of its own.
        IntegrationType::AwsProxy | IntegrationType::Aws if integration.integration_subtype.is_none() => Some("POST"),
        IntegrationType::HttpProxy if protocol == ProtocolType::Http => Some("ANY"),
        IntegrationType::HttpProxy | IntegrationType::Http => Some("POST"),
        _ => None,
    };
    if integration.integration_method.is_none() {
        integration.integration_method = method.map(str::to_owned);
    }
    if protocol == ProtocolType::Http {
        return;
    }
    if integration.passthrough_behavior.is_none() {
        integration.passthrough_behavior = Some("WHEN_NO_MATCH".to_owned());
    }
    if integration.integration_response_selection_expression.is_none() {
        let expression = match kind {
            IntegrationType::Http | IntegrationType::Mock => Some("${integration.response.statuscode}"),
            IntegrationType::Aws => Some("${integration.response.body.errorMessage}"),
            _ => None,
        };
        integration.integration_response_selection_expression = expression.map(str::to_owned);
    }
}

/// # Errors
/// `BadRequestException` for what the API's protocol does not have.
pub(super) fn check(api: &Api, integration: &ApiIntegration) -> Result<(), ApiError> {
    let kind = integration.integration_type;
    let subtype = integration.integration_subtype.as_deref();
    if api.protocol_type == ProtocolType::Http {
        check_http(integration)?;
    } else {
        check_web_socket(integration)?;
    }
    if kind != IntegrationType::Mock && subtype.is_none() && integration.integration_uri.is_none() {
        return Err(bad_request(format!("IntegrationUri is a required parameter for {} integrations", kind.as_str())));
    }
    let url =
        integration.integration_uri.as_deref().filter(|_| integration.connection_type.as_deref() != Some("VPC_LINK"));
    if let Some(url) = url.filter(|_| matches!(kind, IntegrationType::Http | IntegrationType::HttpProxy))
        && !url.starts_with("http://")
        && !url.starts_with("https://")
    {
        return Err(bad_request(format!("Invalid HTTP endpoint specified for URI: {url}")));
    }
    if let Some(uri) = integration.integration_uri.as_deref().filter(|_| kind == IntegrationType::AwsProxy)
        && !uri.starts_with("arn:")
    {
        return Err(bad_request(format!("Invalid IntegrationUri {uri}: AWS_PROXY calls a function by its ARN")));
    }
    match (integration.connection_type.as_deref(), &integration.connection_id) {
        (Some("VPC_LINK"), None) => {
            Err(bad_request("ConnectionId is a required parameter for the connection type VPC_LINK"))
        }
        _ => Ok(()),
    }
}

fn check_http(integration: &ApiIntegration) -> Result<(), ApiError> {
    let kind = integration.integration_type;
    if !matches!(kind, IntegrationType::AwsProxy | IntegrationType::HttpProxy) {
        return Err(bad_request(
            "Currently, an API with a protocol type of HTTP may only be associated with proxy integrations (AWS_PROXY, \
             HTTP_PROXY)",
        ));
    }
    let for_web_sockets = [
        ("ContentHandlingStrategy", integration.content_handling_strategy.is_some()),
        ("PassthroughBehavior", integration.passthrough_behavior.is_some()),
        ("RequestTemplates", !integration.request_templates.is_empty()),
        ("TemplateSelectionExpression", integration.template_selection_expression.is_some()),
    ];
    if let Some((member, _)) = for_web_sockets.into_iter().find(|(_, given)| *given) {
        return Err(bad_request(format!("{member} is for WebSocket APIs only")));
    }
    let to_function = kind == IntegrationType::AwsProxy && integration.integration_subtype.is_none();
    match integration.payload_format_version.as_str() {
        "" => return Err(bad_request("PayloadFormatVersion is a required parameter for integration")),
        "1.0" => {}
        "2.0" if to_function => {}
        "2.0" => return Err(bad_request("PayloadFormatVersion 2.0 is for integrations with Lambda functions only")),
        other => return Err(bad_request(format!("Invalid PayloadFormatVersion {other}: it is 1.0 or 2.0"))),
    }
    if integration.integration_subtype.is_some() && kind != IntegrationType::AwsProxy {
        return Err(bad_request("IntegrationSubtype is for AWS_PROXY integrations only"));
    }
    if integration.integration_subtype.is_some() && integration.credentials_arn.is_none() {
        return Err(bad_request("CredentialsArn is a required parameter for integrations with AWS services"));
    }
    Ok(())
}

fn check_web_socket(integration: &ApiIntegration) -> Result<(), ApiError> {
    if integration.payload_format_version != "1.0" {
        return Err(bad_request("Invalid PayloadFormatVersion: WebSocket APIs have 1.0 only"));
    }
    if integration.timeout_in_millis > MAX_TIMEOUT_WEB_SOCKET {
        return Err(bad_request("Timeout should be between 50 ms and 29000 ms"));
    }
    let for_http = [
        ("IntegrationSubtype", integration.integration_subtype.is_some()),
        ("ResponseParameters", !integration.response_parameters.is_empty()),
        ("TlsConfig", integration.tls_config.is_some()),
    ];
    match for_http.into_iter().find(|(_, given)| *given) {
        Some((member, _)) => Err(bad_request(format!("{member} is for HTTP APIs only"))),
        None => Ok(()),
    }
}

fn view(integration: &ApiIntegration) -> Value {
    json!(integration)
}
