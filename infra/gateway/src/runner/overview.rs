//! Says what runs where, for the banner and for `/_ferrogate/health`.

use crate::model::{ApiIntegration, Integration, IntegrationType, Model, ProtocolType};
use crate::server::{ApiEntry, FunctionEntry, Overview, RouteEntry, TableEntry, local_url};

/// The overview of a deployed model.
pub(super) fn overview(model: &Model, port: u16) -> Overview {
    Overview {
        status: "ok",
        apis: rest_apis(model, port).chain(apis(model, port)).collect(),
        functions: model
            .functions
            .values()
            .map(|function| FunctionEntry {
                name: function.function_name.clone(),
                runtime: function.runtime.clone(),
                url: format!("http://127.0.0.1:{port}/2015-03-31/functions/{}/invocations", function.function_name),
            })
            .collect(),
        tables: model.tables.keys().map(|name| TableEntry { name: name.clone() }).collect(),
    }
}

fn rest_apis(model: &Model, port: u16) -> impl Iterator<Item = ApiEntry> {
    model.rest_apis.values().flat_map(move |api| {
        let methods = api.resources.iter().flat_map(|resource| {
            resource.methods.values().map(|method| RouteEntry {
                route: format!("{} {}", method.http_method, resource.path),
                target: method.integration.as_ref().map_or_else(|| "no integration".to_owned(), rest_target),
            })
        });
        let routes: Vec<_> = methods.collect();
        api.stages.keys().map(move |stage| ApiEntry {
            id: api.id.clone(),
            name: api.name.clone(),
            protocol: "REST",
            stage: stage.clone(),
            url: format!("{}/{stage}", local_url("http", port, &api.id)),
            routes: routes.clone(),
        })
    })
}

fn apis(model: &Model, port: u16) -> impl Iterator<Item = ApiEntry> {
    model.apis.values().flat_map(move |api| {
        let (protocol, scheme) = match api.protocol_type {
            ProtocolType::Http => ("HTTP", "http"),
            ProtocolType::WebSocket => ("WEBSOCKET", "ws"),
        };
        let routes = api.routes.values().map(|route| {
            let integration = route.integration_id.as_ref().and_then(|id| api.integrations.get(id));
            RouteEntry {
                route: route.route_key.clone(),
                target: integration.map_or_else(|| "no integration".to_owned(), target),
            }
        });
        let routes: Vec<_> = routes.collect();
        api.stages.keys().map(move |stage| ApiEntry {
            id: api.api_id.clone(),
            name: api.name.clone(),
            protocol,
            stage: stage.clone(),
            url: match stage.as_str() {
                "$default" => format!("{}/", local_url(scheme, port, &api.api_id)),
                stage => format!("{}/{stage}", local_url(scheme, port, &api.api_id)),
            },
            routes: routes.clone(),
        })
    })
}

fn rest_target(integration: &Integration) -> String {
    name(integration.integration_type, integration.uri.as_deref())
}

fn target(integration: &ApiIntegration) -> String {
    name(integration.integration_type, integration.integration_uri.as_deref())
}

fn name(integration_type: IntegrationType, uri: Option<&str>) -> String {
    let function = uri.and_then(|uri| uri.split_once(":function:")?.1.split('/').next());
    function.map_or_else(|| format!("{} integration", integration_type.as_str()), str::to_owned)
}
