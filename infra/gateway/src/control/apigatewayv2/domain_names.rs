//! Custom domain names, as records: every name below `.localhost` leads here without one.

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, conflict};
use super::state::State;
use super::{input, paging};
use crate::ids::short_id;
use crate::model::ApiDomainName;

const RECORD: &str = "a record: requests are not routed by custom domain names yet";

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateDomainName", create).partly(RECORD),
    op("GetDomainName", get),
    op("GetDomainNames", list),
    op("UpdateDomainName", update).partly(RECORD),
    op("DeleteDomainName", delete),
];

const MAX_DOMAIN_NAMES: usize = 120;

fn create(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigatewayv2);
    let name = call.text("DomainName");
    let fits = |label: &str| {
        let inner = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let labels = name.strip_prefix("*.").unwrap_or(name);
    if labels.len() > 253 || !labels.contains('.') || !labels.split('.').all(fits) {
        return Err(bad_request("The provided domain name is not a valid domain name"));
    }
    if state.domain_names.contains(name) {
        return Err(conflict("The domain name resource already exists."));
    }
    if state.domain_names.len() >= MAX_DOMAIN_NAMES {
        let message = "Maximum number of domain names for this account has been reached.";
        return Err(conflict(message).with_status(429));
    }
    let new = ApiDomainName { routing_mode: "API_MAPPING_ONLY".to_owned(), ..ApiDomainName::default() };
    let mut domain: ApiDomainName = input::patched(&new, call, &[])?;
    domain.tags = input::tags(call)?;
    complete(&mut domain, call, None)?;
    let answer = view(call, &domain);
    state.domain_names.insert(name, domain)?;
    Output::of(answer)
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    Output::of(view(call, find(&state, call.text("DomainName"))?))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    paging::page(call, state.domain_names.iter(), |domain| view(call, domain))
}

fn update(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigatewayv2);
    let name = call.text("DomainName");
    let changed = state.domain_names.update(name, |domain| {
        let mut changed: ApiDomainName = input::patched(domain, call, &["DomainName"])?;
        complete(&mut changed, call, domain.domain_name_configurations.first())?;
        *domain = changed;
        Ok(view(call, domain))
    });
    Output::of(changed.ok_or_else(not_found)??)
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigatewayv2);
    let name = call.text("DomainName");
    find(&state, name)?;
    let mappings = state.mappings.iter().filter(|(_, mapping)| mapping.domain_name == name);
    let mappings: Vec<_> = mappings.map(|(id, _)| id.to_owned()).collect();
    for id in mappings {
        state.mappings.remove(&id)?;
    }
    state.domain_names.remove(name)?;
    Ok(Output::empty())
}

pub(super) fn find<'s>(state: &'s State, name: &str) -> Result<&'s ApiDomainName, ApiError> {
    state.domain_names.get(name).ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::new("NotFoundException", "The domain name resource specified in the request was not found.")
}

/// Adds to the configurations what AWS answers beside what was declared; a former one keeps its addresses.
fn complete(domain: &mut ApiDomainName, call: &Call<'_>, former: Option<&Map<String, Value>>) -> Result<(), ApiError> {
    if domain.domain_name_configurations.len() > 1 {
        return Err(bad_request("A domain name has one configuration"));
    }
    let region = &call.world.id.region;
    for configuration in &mut domain.domain_name_configurations {
        let address = format!("d-{}.execute-api.{region}.amazonaws.com", short_id(10));
        let defaults = json!({
            "ApiGatewayDomainName": former.and_then(|former| former.get("ApiGatewayDomainName")).cloned().unwrap_or(address.into()),
            "DomainNameStatus": "AVAILABLE",
            "EndpointType": "REGIONAL",
            "HostedZoneId": "Z1UJRXOUMOOFQ8",
            "IpAddressType": "ipv4",
            "SecurityPolicy": "TLS_1_2",
        });
        for (name, value) in defaults.as_object().into_iter().flatten() {
            if configuration.get(name).is_none_or(Value::is_null) {
                configuration.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(())
}

fn view(call: &Call<'_>, domain: &ApiDomainName) -> Value {
    let mut view = json!(domain);
    view["ApiMappingSelectionExpression"] = "$request.basepath".into();
    let region = &call.world.id.region;
    view["DomainNameArn"] = format!("arn:aws:apigateway:{region}::/domainnames/{}", domain.domain_name).into();
    view
}
