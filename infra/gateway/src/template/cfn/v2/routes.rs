//! `AWS::ApiGatewayV2::{Route, RouteResponse}`.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::model::{Route, RouteResponse};

use super::super::require_authorizer;
use crate::template::loader::Loader;
use crate::template::names;
use crate::template::node::Node;
use crate::template::properties::Properties;
use crate::template::sections::Resource;

/// Routes, with what their route responses say of them.
pub(in crate::template) fn load<'t>(loader: &mut Loader<'t>, routes: &[&'t Resource], responses: &[&'t Resource]) {
    let mut two_way: TwoWay<'t> = HashMap::new();
    for response in responses {
        let properties = loader.properties(response);
        let declared = RouteResponse {
            route_response_id: names::api_id(&response.logical_id),
            route_response_key: "$default".to_owned(),
            model_selection_expression: properties.string("ModelSelectionExpression"),
            response_models: properties.string_map("ResponseModels"),
            response_parameters: parameters(&properties, "ResponseParameters"),
        };
        let route_id = properties.required_string("RouteId");
        let key = properties.required_string("RouteResponseKey");
        if key.as_deref().is_some_and(|key| key != "$default") {
            properties.error("RouteResponseKey", "must be $default, the only one that there is");
        }
        let Some(api) = loader.api_of(&properties, "ApiId") else { continue };
        let api_id = api.api.api_id.clone();
        if let Some(route_id) = route_id {
            two_way.insert((api_id, route_id), (declared, properties));
        }
    }
    for resource in routes {
        load_route(loader, resource, &mut two_way);
    }
    for ((_, route_id), (_, properties)) in two_way {
        if !properties.report().has_errors() {
            properties.error("RouteId", format!("is '{route_id}', which is no route of this API"));
        }
    }
}

/// Route responses by the ids of their API and route.
type TwoWay<'t> = HashMap<(String, String), (RouteResponse, Properties<'t>)>;

fn load_route<'t>(loader: &mut Loader<'t>, resource: &'t Resource, two_way: &mut TwoWay<'t>) {
    let properties = loader.properties(resource);
    let declared = Route {
        operation_name: properties.string("OperationName"),
        model_selection_expression: properties.string("ModelSelectionExpression"),
        request_models: properties.string_map("RequestModels"),
        request_parameters: parameters(&properties, "RequestParameters"),
        ..Route::default()
    };
    properties.unsupported("ModelSelectionExpression", "models are not used: messages are not validated");
    properties.unsupported("RequestModels", "models are not used: messages are not validated");
    properties.unsupported("RequestParameters", "requests are not validated");
    let route_key = properties.required_string("RouteKey");
    let target = properties.string("Target");
    let types = ["NONE", "AWS_IAM", "CUSTOM", "JWT"];
    let authorization_type = properties.one_of("AuthorizationType", &types).unwrap_or_else(|| "NONE".to_owned());
    let authorizer_id = properties.string("AuthorizerId");
    let authorization_scopes = properties.strings("AuthorizationScopes");
    let api_key_required = properties.boolean("ApiKeyRequired").unwrap_or(false);
    let selection = properties.string("RouteResponseSelectionExpression");
    let Some(api) = loader.api_of(&properties, "ApiId") else { return };
    if matches!(authorization_type.as_str(), "CUSTOM" | "JWT") {
        require_authorizer(&properties, authorizer_id.as_ref(), &api.api.authorizers);
    }
    let integration_id = target.and_then(|target| match target.strip_prefix("integrations/") {
        Some(id) if api.api.integrations.contains_key(id) => Some(id.to_owned()),
        Some(id) => {
            properties.error("Target", format!("names the integration '{id}', which this API does not have"));
            None
        }
        None => {
            properties.error("Target", format!("must be `integrations/{{id}}`, not '{target}'"));
            None
        }
    });
    let Some(route_key) = route_key else { return };
    let route_id = names::api_id(&resource.logical_id);
    let response = two_way.remove(&(api.api.api_id.clone(), route_id.clone())).map(|(response, _)| response);
    let has_response = response.is_some();
    // AWS wants both halves: a route response, and the expression that selects it.
    if has_response != selection.is_some() {
        let missing = match has_response {
            true => "RouteResponseSelectionExpression: $default on the route",
            false => "an AWS::ApiGatewayV2::RouteResponse with the key $default",
        };
        let reason = format!("the route stays one-way: it needs {missing} as well");
        let property = Some("RouteResponseSelectionExpression");
        properties.report().unsupported(resource.owner(), property, resource.at, reason);
    }
    let route = Route {
        route_id,
        route_key,
        integration_id,
        authorization_type,
        authorizer_id,
        authorization_scopes,
        api_key_required,
        route_response: has_response && selection.is_some(),
        route_response_selection_expression: selection,
        route_responses: response.into_iter().map(|response| (response.route_response_id.clone(), response)).collect(),
        ..declared
    };
    api.add_route(route, resource.at, properties.report());
}

/// `{Required: true}` by name.
fn parameters(properties: &Properties<'_>, key: &str) -> IndexMap<String, Value> {
    let members = properties.members(key).into_iter();
    members.map(|(name, _, node)| (name.to_owned(), json!({ "Required": required(node) }))).collect()
}

fn required(node: &Node) -> bool {
    node.get("Required").and_then(Node::scalar).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}
