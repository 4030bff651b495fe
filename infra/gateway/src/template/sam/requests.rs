//! What SAM says of requests: `Models` and `GatewayResponses` of an API, `RequestModel` and `RequestParameters` of an
//! event.

use indexmap::IndexMap;

use crate::model::{GatewayResponse, Method, RequestValidator, SchemaModel};

use super::super::cfn::rest::complete;
use super::super::names;
use super::super::node::Node;
use super::super::properties::Properties;
use super::super::rest_builder::RestBuilder;
use crate::model::GATEWAY_RESPONSES;

/// `Models`: schemas by name.
pub(super) fn models(builder: &mut RestBuilder, properties: &Properties<'_>) {
    for (name, _, node) in properties.members("Models") {
        let model = SchemaModel {
            id: names::short_id(&["model", &builder.api.id, name]),
            name: name.to_owned(),
            description: None,
            schema: Some(node.to_json().to_string()),
            content_type: Some("application/json".to_owned()),
        };
        builder.api.models.insert(name.to_owned(), model);
    }
}

/// `GatewayResponses` by type.
pub(super) fn gateway_responses(builder: &mut RestBuilder, properties: &Properties<'_>) {
    for (name, _, node) in properties.members("GatewayResponses") {
        if !GATEWAY_RESPONSES.iter().any(|(known, _)| *known == name) {
            properties.error("GatewayResponses", format!("has '{name}', and there is no such type"));
            continue;
        }
        let declared = properties.reader(properties.path(&format!("GatewayResponses.{name}")), node);
        let mut response_parameters = IndexMap::new();
        if let Some(parameters) = declared.object("ResponseParameters") {
            for (key, place) in [("Headers", "header"), ("Paths", "path"), ("QueryStrings", "querystring")] {
                let named = parameters.string_map(key).into_iter();
                response_parameters
                    .extend(named.map(|(name, value)| (format!("gatewayresponse.{place}.{name}"), value)));
            }
        }
        let mut response = GatewayResponse {
            response_type: name.to_owned(),
            status_code: declared.string("StatusCode"),
            response_parameters,
            response_templates: declared.string_map("ResponseTemplates"),
            default_response: false,
        };
        complete(&mut response);
        builder.api.gateway_responses.insert(name.to_owned(), response);
    }
}

/// What an event says of its requests.
pub(super) fn read(builder: &mut RestBuilder, event: &Properties<'_>, method: &mut Method) {
    if let Some(model) = event.object("RequestModel") {
        let name = model.required_string("Model");
        if let Some(name) = &name {
            method.request_models = Some(IndexMap::from([("application/json".to_owned(), name.clone())]));
            if !builder.api.models.contains_key(name) {
                model.error("Model", format!("is '{name}', which is no model of this API (`Models`)"));
            }
        }
        model.harmless(&["Required"]);
        let body = model.boolean("ValidateBody");
        let parameters = model.boolean("ValidateParameters");
        if body.is_some() || parameters.is_some() {
            let (body, parameters) = (body.unwrap_or(false), parameters.unwrap_or(false));
            method.request_validator_id = Some(validator(builder, body, parameters));
        }
    }
    let mut required = IndexMap::new();
    for node in event.list("RequestParameters") {
        match (node.scalar(), node.single_entry()) {
            (Some(name), _) => {
                required.insert(name, false);
            }
            (None, Some((name, entry))) => {
                let flag = |key: &str| entry.value.get(key).and_then(Node::scalar).is_some_and(|text| text == "true");
                required.insert(name.to_owned(), flag("Required"));
                if let Some(integration) = method.integration.as_mut().filter(|_| flag("Caching")) {
                    integration.cache_key_parameters.push(name.to_owned());
                }
            }
            (None, None) => event.error("RequestParameters", "has names, each alone or with `Required` and `Caching`"),
        }
    }
    if !required.is_empty() {
        method.request_parameters = Some(required);
    }
}

/// The id of the validator for these two, made where it is not there yet.
fn validator(builder: &mut RestBuilder, body: bool, parameters: bool) -> String {
    // SAM's own names.
    let name = match (body, parameters) {
        (true, true) => "body-and-params",
        (true, false) => "body-only",
        (false, true) => "params-only",
        (false, false) => "no-validation",
    };
    let id = names::short_id(&["validator", &builder.api.id, name])[..6].to_owned();
    builder.api.request_validators.entry(id.clone()).or_insert_with(|| RequestValidator {
        id: id.clone(),
        name: Some(name.to_owned()),
        validate_request_body: body,
        validate_request_parameters: parameters,
    });
    id
}
