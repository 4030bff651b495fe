//! Events of a function: `Api` and `HttpApi` become routes, `DynamoDB` an event source mapping, `SNS` a subscription, the
//! rest is listed.

use crate::model::{Integration, IntegrationType, Method};

use super::super::api_builder::lambda_integration;
use super::super::cfn::v2::route_settings as read_route_settings;
use super::super::cfn::{event_source, sns};
use super::super::loader::Loader;
use super::super::names;
use super::super::properties::Properties;
use super::super::rest_builder::VERBS;
use super::super::sections::Resource;
use super::globals::{IMPLICIT_HTTP_API, IMPLICIT_REST_API};
use super::{auth, requests, resource_policy};

/// Adds the routes of a function's events.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    // `function` has read all the others.
    properties.rest_is_harmless();
    for (name, _, node) in properties.members("Events") {
        let event = properties.reader(format!("Events.{name}"), node);
        event.require("Type");
        let Some(kind) = event.string("Type") else {
            event.rest_is_harmless();
            continue;
        };
        match kind.as_str() {
            "Api" | "HttpApi" => {
                let Some(details) = event.object("Properties") else {
                    if kind == "HttpApi" && !event.has("Properties") {
                        catch_all(loader, resource, &event);
                    } else {
                        event.require("Properties");
                    }
                    continue;
                };
                match kind.as_str() {
                    "Api" => rest(loader, resource, &details),
                    _ => http(loader, resource, &details),
                }
            }
            "DynamoDB" => {
                event.require("Properties");
                if let Some(details) = event.object("Properties") {
                    stream(loader, resource, name, &details);
                }
            }
            "SNS" => {
                event.require("Properties");
                if let Some(details) = event.object("Properties") {
                    sns::load_event(loader, resource, name, &details);
                }
            }
            _ => event.whole_unsupported(format!("{kind} events do not reach the function locally")),
        }
    }
}

/// SAM makes a mapping of the function's and the event's name.
fn stream<'t>(loader: &mut Loader<'t>, resource: &'t Resource, name: &str, event: &Properties<'t>) {
    let uuid = names::mapping_uuid(loader.resolver.options, &format!("{}{name}", resource.logical_id));
    let function = loader.resolver.function_name(resource).ok();
    let function = function.map(|function| names::function_arn(loader.resolver.options, &function));
    event_source::insert(loader, event, "Stream", uuid, function);
}

fn function_uri(loader: &Loader<'_>, resource: &Resource) -> Option<String> {
    let name = loader.resolver.function_name(resource).ok()?;
    Some(loader.lambda_uri(&names::function_arn(loader.resolver.options, &name)))
}

/// `get` or `any` as a template writes it, to `GET` or `ANY`.
fn verb(event: &Properties<'_>) -> Option<String> {
    let text = event.string("Method")?;
    let upper = match text.as_str() {
        "*" | "x-amazon-apigateway-any-method" => "ANY".to_owned(),
        _ => text.to_ascii_uppercase(),
    };
    if VERBS.contains(&upper.as_str()) {
        return Some(upper);
    }
    event.error("Method", format!("must be one of {}, not '{text}'", VERBS.join(", ")));
    None
}

/// The URI by which API Gateway has a function's response while it is written.
fn streaming(uri: &str) -> String {
    uri.replace("/2015-03-31/functions/", "/2021-11-15/functions/")
        .replace("/invocations", "/response-streaming-invocations")
}

fn rest<'t>(loader: &mut Loader<'t>, resource: &'t Resource, event: &Properties<'t>) {
    event.require("Path");
    event.require("Method");
    let path = event.string("Path");
    let verb = verb(event);
    let response_transfer_mode = event.one_of("ResponseTransferMode", &["BUFFERED", "STREAM", "RESPONSE_STREAM"]);
    let response_transfer_mode = response_transfer_mode.map(|mode| mode.replace("RESPONSE_STREAM", "STREAM"));
    let timeout_in_millis = event.integer("TimeoutInMillis", 50..=300_000).unwrap_or(29_000);
    let streams = response_transfer_mode.as_deref() == Some("STREAM");
    let uri = function_uri(loader, resource).map(|uri| if streams { streaming(&uri) } else { uri });
    let api_id = match event.has("RestApiId") {
        true => event.string("RestApiId"),
        false => Some(names::api_id(IMPLICIT_REST_API)),
    };
    let Some(api_id) = api_id else { return };
    let Some(builder) = loader.rest.get_mut(&api_id) else {
        event.error("RestApiId", format!("is '{api_id}', which is no REST API of this template"));
        return;
    };
    let access = auth::event(&builder.authorizers, event);
    let (Some(path), Some(verb)) = (path, verb) else { return };
    if !builder.events_add_routes {
        if !builder.has_method(&path, &verb) {
            let reason = format!("the API's own definition has no {verb} {path}, and SAM adds none to it");
            event.report().unsupported(event.owner(), Some(&event.path("Path")), event.at(), reason);
        }
        return;
    }
    let Some(index) = builder.ensure(&path, event.place("Path"), event.report()) else { return };
    let integration = Integration {
        integration_type: IntegrationType::AwsProxy,
        uri,
        http_method: Some("POST".to_owned()),
        timeout_in_millis,
        response_transfer_mode,
        ..Integration::default()
    };
    let mut method = Method {
        http_method: verb,
        authorization_type: access.authorization_type,
        authorizer_id: access.authorizer_id,
        authorization_scopes: access.scopes,
        api_key_required: access.api_key_required,
        integration: Some(integration),
        ..Method::default()
    };
    requests::read(builder, event, &mut method);
    builder.add_method(index, method, event.place("Path"), event.report());
    if let Some(rules) = own_policy(event) {
        resource_policy::of_event(builder, index, &rules);
    }
    let api_logical_id = builder.api.logical_id.clone().unwrap_or_default();
    loader.resolver.add_dependency(&api_logical_id, &resource.logical_id, event.at());
}

/// `Auth.ResourcePolicy` of an event; `auth` has read the rest of `Auth`.
fn own_policy(event: &Properties<'_>) -> Option<resource_policy::Rules> {
    let auth = event.object("Auth")?;
    auth.rest_is_harmless();
    auth.object("ResourcePolicy").map(|policy| resource_policy::Rules::read(&policy))
}

fn http<'t>(loader: &mut Loader<'t>, resource: &'t Resource, event: &Properties<'t>) {
    let route_key = match (event.has("Path"), event.has("Method")) {
        (false, false) => Some("$default".to_owned()),
        (true, false) => event.string("Path").map(|path| match path.as_str() {
            "$default" | "/$default" => "$default".to_owned(),
            _ => format!("ANY {path}"),
        }),
        (false, true) => {
            event.require("Path");
            event.harmless(&["Method"]);
            None
        }
        (true, true) => match (event.string("Path"), verb(event)) {
            (Some(path), _) if path == "$default" || path == "/$default" => Some("$default".to_owned()),
            (Some(path), Some(verb)) => Some(format!("{verb} {path}")),
            _ => None,
        },
    };
    let route_settings = event.object("RouteSettings").map(|settings| read_route_settings(&settings));
    let timeout = event.integer("TimeoutInMillis", 50..=30_000).unwrap_or(30_000);
    let version = event.one_of("PayloadFormatVersion", &["1.0", "2.0"]).unwrap_or_else(|| "2.0".to_owned());
    let uri = function_uri(loader, resource);
    let api_id = match event.has("ApiId") {
        true => event.string("ApiId"),
        false => Some(names::api_id(IMPLICIT_HTTP_API)),
    };
    let Some(api_id) = api_id else { return };
    let Some(builder) = loader.apis.get_mut(&api_id) else {
        event.error("ApiId", format!("is '{api_id}', which is no HTTP API of this template"));
        return;
    };
    let access = auth::event(&builder.authorizers, event);
    if let Some(auth) = event.object("Auth") {
        auth.rest_is_harmless();
        auth.unsupported("ResourcePolicy", "HTTP APIs have no resource policies");
    }
    let (Some(route_key), Some(uri)) = (route_key, uri) else { return };
    if !builder.events_add_routes {
        if !builder.has_route(&route_key) {
            let reason = format!("the API's own definition has no {route_key}, and SAM adds none to it");
            event.report().unsupported(event.owner(), Some(&event.path("Path")), event.at(), reason);
        }
        return;
    }
    if let Some(settings) = route_settings {
        for stage in builder.api.stages.values_mut() {
            stage.route_settings.insert(route_key.clone(), settings.clone());
        }
    }
    let integration = lambda_integration(uri, &version, timeout);
    builder.add_route_with(&route_key, Some(integration), access, event.place("Path"), event.report());
    let api_logical_id = builder.api.logical_id.clone().unwrap_or_default();
    loader.resolver.add_dependency(&api_logical_id, &resource.logical_id, event.at());
}

/// An `HttpApi` event without properties: everything that no other route takes.
fn catch_all<'t>(loader: &mut Loader<'t>, resource: &'t Resource, event: &Properties<'t>) {
    let Some(uri) = function_uri(loader, resource) else { return };
    let Some(builder) = loader.apis.get_mut(&names::api_id(IMPLICIT_HTTP_API)) else { return };
    let access = builder.authorizers.default.clone().unwrap_or_else(super::super::rest_builder::Access::open);
    let integration = lambda_integration(uri, "2.0", 30_000);
    builder.add_route_with("$default", Some(integration), access, event.at(), event.report());
}
