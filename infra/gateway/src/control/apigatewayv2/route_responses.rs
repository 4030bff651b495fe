//! Route responses of WebSocket APIs: what makes a route two-way.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::change::{Effect, change};
use super::errors::{bad_request, conflict, not_found};
use super::state::fresh_id;
use super::{input, paging, routes};
use crate::model::{Api, ProtocolType, Route, RouteResponse};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateRouteResponse", create),
    op("GetRouteResponse", get),
    op("GetRouteResponses", list),
    op("UpdateRouteResponse", update),
    op("DeleteRouteResponse", delete),
];

fn create(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| {
        let route = route(api, call)?;
        let taken = |id: &str| route.route_responses.contains_key(id);
        let new = RouteResponse { route_response_id: fresh_id(6, taken), ..RouteResponse::default() };
        let response: RouteResponse = input::patched(&new, call, &[])?;
        check(route, &response)?;
        Ok(put(route, response))
    })?;
    Output::of(answer)
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let route = routes::find(state.api(call.text("ApiId"))?, call)?;
    Output::of(find(route, call)?)
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let responses = &routes::find(state.api(call.text("ApiId"))?, call)?.route_responses;
    paging::page(call, responses.iter().map(|(id, item)| (id.as_str(), item)), |item| json!(item))
}

fn update(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| {
        let route = route(api, call)?;
        let mut response: RouteResponse = input::patched(find(route, call)?, call, &["ResponseParameters"])?;
        input::patch_map(&mut response.response_parameters, call, "ResponseParameters")?;
        check(route, &response)?;
        Ok(put(route, response))
    })?;
    Output::of(answer)
}

fn delete(call: &Call<'_>) -> Outcome {
    change(call, Effect::Configuration, |api| {
        let route = route(api, call)?;
        let id = find(route, call)?.route_response_id.clone();
        route.route_responses.shift_remove(&id);
        two_way(route);
        Ok(())
    })?;
    Ok(Output::empty())
}

fn route<'a>(api: &'a mut Api, call: &Call<'_>) -> Result<&'a mut Route, ApiError> {
    if api.protocol_type == ProtocolType::Http {
        return Err(bad_request("Route responses are for WebSocket APIs only"));
    }
    let id = call.text("RouteId");
    api.routes.get_mut(id).ok_or_else(|| not_found("Route", id))
}

fn find<'a>(route: &'a Route, call: &Call<'_>) -> Result<&'a RouteResponse, ApiError> {
    let id = call.text("RouteResponseId");
    route.route_responses.get(id).ok_or_else(|| not_found("RouteResponse", id))
}

fn check(route: &Route, response: &RouteResponse) -> Result<(), ApiError> {
    if response.route_response_key != "$default" {
        return Err(bad_request("Invalid RouteResponseKey: $default is the only one that there is"));
    }
    let id = &response.route_response_id;
    match route.route_responses.values().any(|other| other.route_response_id != *id) {
        true => Err(conflict("Route response with key $default already exists for this route")),
        false => Ok(()),
    }
}

fn put(route: &mut Route, response: RouteResponse) -> Value {
    let answer = json!(response);
    route.route_responses.insert(response.route_response_id.clone(), response);
    two_way(route);
    answer
}

/// Says at the route whether it has a response of the key `$default`.
fn two_way(route: &mut Route) {
    route.route_response = route.route_responses.values().any(|response| response.route_response_key == "$default");
}
