//! `CreateRoute`, `GetRoute`, `GetRoutes`, `UpdateRoute`, `DeleteRoute`, `DeleteRouteRequestParameter`.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::change::{Effect, change};
use super::errors::{bad_request, full, not_found};
use super::state::fresh_id;
use super::{input, paging, route_keys};
use crate::model::{Api, ProtocolType, Route};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateRoute", create),
    op("GetRoute", get),
    op("GetRoutes", list),
    op("UpdateRoute", update),
    op("DeleteRoute", delete),
    op("DeleteRouteRequestParameter", delete_request_parameter),
];

const MAX_ROUTES: usize = 300;

fn create(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| {
        if api.routes.len() >= MAX_ROUTES {
            return Err(full("Routes"));
        }
        let new = Route {
            route_id: fresh_id(7, |id| api.routes.contains_key(id)),
            authorization_type: "NONE".to_owned(),
            ..Route::default()
        };
        let mut route: Route = input::patched(&new, call, &["Target"])?;
        target(api, call, &mut route)?;
        check(api, &route)?;
        let answer = view(&route);
        api.routes.insert(route.route_id.clone(), route);
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
    let routes = &state.api(call.text("ApiId"))?.routes;
    paging::page(call, routes.iter().map(|(id, route)| (id.as_str(), route)), view)
}

fn update(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| {
        let current = find(api, call)?;
        let mut route: Route = input::patched(current, call, &["Target", "RequestParameters", "AuthorizationType"])?;
        input::patch_map(&mut route.request_parameters, call, "RequestParameters")?;
        if let Some(kind) = call.optional_text("AuthorizationType") {
            kind.clone_into(&mut route.authorization_type);
            if kind == "NONE" && call.optional_text("AuthorizerId").is_none() {
                route.authorizer_id = None;
            }
        }
        if route.api_gateway_managed == Some(true) && route.route_key != current.route_key {
            return Err(bad_request("The route key of a route that is managed by API Gateway cannot be changed"));
        }
        target(api, call, &mut route)?;
        check(api, &route)?;
        let answer = view(&route);
        api.routes.insert(route.route_id.clone(), route);
        Ok(answer)
    })?;
    Output::of(answer)
}

fn delete(call: &Call<'_>) -> Outcome {
    change(call, Effect::Configuration, |api| {
        let route = find(api, call)?.clone();
        api.routes.shift_remove(&route.route_id);
        for stage in api.stages.values_mut() {
            stage.route_settings.shift_remove(&route.route_key);
        }
        Ok(())
    })?;
    Ok(Output::empty())
}

fn delete_request_parameter(call: &Call<'_>) -> Outcome {
    change(call, Effect::Configuration, |api| {
        find(api, call)?;
        let key = call.text("RequestParameterKey");
        let route = api.routes.get_mut(call.text("RouteId"));
        match route.and_then(|route| route.request_parameters.shift_remove(key)) {
            Some(_) => Ok(()),
            None => Err(not_found("RequestParameter", key)),
        }
    })?;
    Ok(Output::empty())
}

/// The route that a call names.
pub(super) fn find<'a>(api: &'a Api, call: &Call<'_>) -> Result<&'a Route, ApiError> {
    let id = call.text("RouteId");
    api.routes.get(id).ok_or_else(|| not_found("Route", id))
}

/// `integrations/{id}`, of an integration that is there.
fn target(api: &Api, call: &Call<'_>, route: &mut Route) -> Result<(), ApiError> {
    let Some(target) = call.optional_text("Target") else { return Ok(()) };
    route.integration_id = match target.strip_prefix("integrations/") {
        _ if target.is_empty() => None,
        Some(id) if api.integrations.contains_key(id) => Some(id.to_owned()),
        Some(id) => return Err(not_found("Integration", id)),
        None => return Err(bad_request(format!("Invalid Target {target}: it is integrations/{{integrationId}}"))),
    };
    Ok(())
}

fn check(api: &Api, route: &Route) -> Result<(), ApiError> {
    route_keys::check(api, &route.route_key, Some(&route.route_id))?;
    let http = api.protocol_type == ProtocolType::Http;
    let kind = route.authorization_type.as_str();
    if http {
        let for_web_sockets = [
            ("ApiKeyRequired", route.api_key_required),
            ("ModelSelectionExpression", route.model_selection_expression.is_some()),
            ("RequestModels", !route.request_models.is_empty()),
            ("RequestParameters", !route.request_parameters.is_empty()),
            ("RouteResponseSelectionExpression", route.route_response_selection_expression.is_some()),
        ];
        if let Some((member, _)) = for_web_sockets.into_iter().find(|(_, given)| *given) {
            return Err(bad_request(format!("{member} is for WebSocket APIs only")));
        }
    } else {
        if kind != "NONE" && route.route_key != "$connect" {
            return Err(bad_request("Currently, authorization is restricted to the $connect route only"));
        }
        if kind == "JWT" {
            return Err(bad_request("JWT authorization is for HTTP APIs only"));
        }
    }
    let authorizer = route.authorizer_id.as_deref().and_then(|id| api.authorizers.get(id));
    let authorizer = authorizer.map(|authorizer| authorizer.authorizer_type.as_str());
    match (kind, authorizer) {
        ("JWT", Some("JWT")) | ("CUSTOM", Some("REQUEST")) => Ok(()),
        ("JWT" | "CUSTOM", _) => Err(bad_request(format!(
            "Invalid authorizer ID specified. Setting the authorization type to {kind} requires a valid {} authorizer.",
            if kind == "JWT" { "JWT" } else { "custom" }
        ))),
        _ => Ok(()),
    }
}

/// The route as it is answered.
pub(super) fn view(route: &Route) -> Value {
    let mut view = json!(route);
    view["Target"] = json!(route.integration_id.as_ref().map(|id| format!("integrations/{id}")));
    view
}
