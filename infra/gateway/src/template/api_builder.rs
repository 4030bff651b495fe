//! Puts an HTTP or WebSocket API together, whoever declares it.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::model::{Api, ApiIntegration, IntegrationType, ProtocolType, Route};

use super::error::{Place, Report};
use super::names;
use super::rest_builder::{Access, Authorizers, VERBS};

/// An HTTP or WebSocket API in the making.
pub(super) struct ApiBuilder {
    pub(super) api: Api,
    pub(super) authorizers: Authorizers,
    /// SAM writes the routes of this API from its functions' events.
    pub(super) events_add_routes: bool,
    routes_at: HashMap<String, Place>,
}

impl ApiBuilder {
    pub(super) fn new(logical_id: &str, name: String, protocol_type: ProtocolType) -> Self {
        ApiBuilder {
            api: Api {
                api_id: names::api_id(logical_id),
                logical_id: Some(logical_id.to_owned()),
                name,
                protocol_type,
                route_selection_expression: "$request.method $request.path".to_owned(),
                cors_configuration: None,
                routes: IndexMap::new(),
                integrations: IndexMap::new(),
                authorizers: IndexMap::new(),
                stages: IndexMap::new(),
                ..Api::default()
            },
            authorizers: Authorizers::default(),
            events_add_routes: false,
            routes_at: HashMap::new(),
        }
    }

    /// Adds a route; the same key twice is refused, and so is one that differs in its variables' names alone.
    pub(super) fn add_route(&mut self, route: Route, at: Place, report: &Report) {
        let route_key = &route.route_key;
        if self.api.protocol_type == ProtocolType::Http
            && let Err(why) = check_route_key(route_key)
        {
            report.error(at, format!("the route key '{route_key}' {why}"));
            return;
        }
        let key = match self.api.protocol_type {
            ProtocolType::Http => without_names(route_key),
            ProtocolType::WebSocket => route_key.clone(),
        };
        if let Some(first) = self.routes_at.get(&key) {
            let line = first.line;
            report.error(at, format!("the route '{route_key}' is declared a second time (first in line {line})"));
            return;
        }
        self.routes_at.insert(key, at);
        self.api.routes.insert(route.route_id.clone(), route);
    }

    /// Adds a route with an integration of its own, as OpenAPI and SAM declare them.
    pub(super) fn add_route_with(
        &mut self,
        route_key: &str,
        integration: Option<ApiIntegration>,
        access: Access,
        at: Place,
        report: &Report,
    ) {
        let integration_id = integration.map(|mut integration| {
            let id = names::short_id(&["integration", &self.api.api_id, route_key]);
            integration.integration_id.clone_from(&id);
            self.api.integrations.insert(id.clone(), integration);
            id
        });
        let route = Route {
            route_id: names::short_id(&["route", &self.api.api_id, route_key]),
            route_key: route_key.to_owned(),
            integration_id,
            authorization_type: access.authorization_type,
            authorizer_id: access.authorizer_id,
            authorization_scopes: access.scopes,
            api_key_required: access.api_key_required,
            route_response: false,
            ..Route::default()
        };
        self.add_route(route, at, report);
    }

    /// Whether the API has a route of this key, whatever its variables are called.
    pub(super) fn has_route(&self, route_key: &str) -> bool {
        self.routes_at.contains_key(&without_names(route_key))
    }
}

/// A Lambda proxy integration, its id still to be given.
pub(super) fn lambda_integration(uri: String, payload_format_version: &str, timeout_in_millis: u32) -> ApiIntegration {
    ApiIntegration {
        integration_id: String::new(),
        integration_type: IntegrationType::AwsProxy,
        integration_uri: Some(uri),
        payload_format_version: payload_format_version.to_owned(),
        timeout_in_millis,
        connection_type: Some("INTERNET".to_owned()),
        ..ApiIntegration::default()
    }
}

/// `GET /users/{id}` to `GET /users/{}`; a greedy variable stays apart from a plain one.
fn without_names(route_key: &str) -> String {
    let (verb, path) = route_key.split_once(' ').unwrap_or(("", route_key));
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let parts = path.split('/').map(|part| match part {
        part if part.ends_with("+}") => "{+}",
        part if part.starts_with('{') => "{}",
        part => part,
    });
    format!("{verb} {}", parts.collect::<Vec<_>>().join("/"))
}

fn check_route_key(route_key: &str) -> Result<(), String> {
    if route_key == "$default" {
        return Ok(());
    }
    let Some((verb, path)) = route_key.split_once(' ') else {
        return Err("must be `METHOD /path` or `$default`".to_owned());
    };
    if !VERBS.contains(&verb) {
        return Err(format!("has an unknown method '{verb}'; it is one of {}", VERBS.join(", ")));
    }
    let Some(parts) = path.strip_prefix('/') else {
        return Err("must have a path that begins with /".to_owned());
    };
    let parts: Vec<&str> = parts.split('/').collect();
    for (index, part) in parts.iter().enumerate() {
        let is_variable = part.len() > 2 && part.starts_with('{') && part.ends_with('}');
        if !is_variable && part.contains(['{', '}']) {
            return Err(format!("has a variable that is not a whole segment: '{part}'"));
        }
        if part.ends_with("+}") && index + 1 < parts.len() {
            return Err(format!("has the greedy variable {part} before its end"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn ambiguous_and_malformed_routes_are_refused() {
        let report = Report::default();
        let file = report.add_file(Path::new("t"));
        let mut builder = ApiBuilder::new("Api", "api".to_owned(), ProtocolType::Http);
        for (line, key) in
            ["GET /a/{x}", "GET /a/{y}", "POST /a/{y}", "GET /a/{x+}", "FETCH /a", "GET /{p+}/x", "users", "$default"]
                .iter()
                .enumerate()
        {
            builder.add_route_with(
                key,
                None,
                Access::open(),
                Place { file, line: line as u32 + 1, column: 1 },
                &report,
            );
        }
        let errors = report.errors().to_string();
        let lines: Vec<&str> = errors.lines().collect();
        assert_eq!(lines.len(), 4, "{errors}");
        assert_eq!(lines[0], "t:2:1: the route 'GET /a/{y}' is declared a second time (first in line 1)");
        assert!(lines[1].starts_with("t:5:1: the route key 'FETCH /a' has an unknown method"));
        assert!(lines[2].starts_with("t:6:1: the route key 'GET /{p+}/x' has the greedy variable"));
        assert!(lines[3].starts_with("t:7:1: the route key 'users' must be"));
        assert!(builder.has_route("$default") && builder.has_route("POST /a/{other}"));
    }
}
