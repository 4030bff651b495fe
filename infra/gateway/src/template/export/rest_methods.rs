//! Methods of REST APIs with their integrations.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::document::{Document, Resource, reference};
use super::rest::Api;
use crate::model::{Integration, Method, Resource as Path};

/// A method. `at` is what refers to its resource.
pub(super) fn resource(document: &mut Document<'_>, ids: &Api, path: &Path, method: &Method, at: Value) -> Resource {
    let id_of = |known: Option<&String>, plain: &Option<String>| match (known, plain) {
        (Some(id), _) => reference(id),
        (None, plain) => json!(plain),
    };
    let authorizer = method.authorizer_id.as_ref().and_then(|id| ids.authorizers.get(id));
    let validator = method.request_validator_id.as_ref().and_then(|id| ids.validators.get(id));
    let mut resource = ids
        .resource("AWS::ApiGateway::Method")
        .with("ResourceId", at)
        .with("HttpMethod", method.http_method.as_str())
        .with("AuthorizationType", method.authorization_type.as_str())
        .with("AuthorizerId", id_of(authorizer, &method.authorizer_id))
        .with("AuthorizationScopes", method.authorization_scopes.clone())
        .unless("ApiKeyRequired", method.api_key_required, false)
        .with("OperationName", method.operation_name.clone())
        .with("RequestValidatorId", id_of(validator, &method.request_validator_id))
        .with("RequestParameters", json!(method.request_parameters))
        .with("RequestModels", models(ids, method.request_models.as_ref()));
    let responses: Vec<Value> = method
        .method_responses
        .values()
        .map(|response| {
            let body = Resource::new("")
                .with("StatusCode", response.status_code.as_str())
                .with("ResponseParameters", json!(response.response_parameters))
                .with("ResponseModels", models(ids, response.response_models.as_ref()));
            Value::Object(body.properties)
        })
        .collect();
    resource = resource.with("MethodResponses", responses);
    match &method.integration {
        None => resource.note("It has no integration, so that no deployment can be made: give it one."),
        Some(declared) => {
            document.calls(&ids.id, declared.uri.as_deref());
            let (body, notes) = integration(path, declared);
            resource.notes.extend(notes);
            resource.with("Integration", body)
        }
    }
}

/// Models by content type, by reference, so that they are made first.
fn models(ids: &Api, models: Option<&IndexMap<String, String>>) -> Value {
    let named = models.into_iter().flatten().map(|(content_type, name)| {
        let model = ids.models.get(name).map_or_else(|| json!(name), |id| reference(id));
        (content_type.clone(), model)
    });
    Value::Object(named.collect())
}

fn integration(path: &Path, integration: &Integration) -> (Map<String, Value>, Vec<String>) {
    let mut notes = Vec::new();
    let mut templates = |templates: &Option<IndexMap<String, Option<String>>>, of: &str| -> Value {
        let mut written = Map::new();
        for (content_type, template) in templates.iter().flatten() {
            match template {
                Some(template) => {
                    written.insert(content_type.clone(), json!(template));
                }
                None => notes.push(format!(
                    "Its {of} for {content_type} is null, which passes bodies on; CloudFormation has no word for it."
                )),
            }
        }
        Value::Object(written)
    };
    let request_templates = templates(&integration.request_templates, "request template");
    let responses: Vec<Value> = integration
        .integration_responses
        .values()
        .map(|response| {
            let body = Resource::new("")
                .with("StatusCode", response.status_code.as_str())
                .with("SelectionPattern", response.selection_pattern.clone())
                .with("ResponseParameters", json!(response.response_parameters))
                .with("ResponseTemplates", templates(&response.response_templates, "response template"))
                .with("ContentHandling", response.content_handling.clone());
            Value::Object(body.properties)
        })
        .collect();
    let namespace = integration.cache_namespace.clone().filter(|namespace| *namespace != path.id);
    let connection = integration.connection_type.as_deref().filter(|kind| *kind != "INTERNET");
    let passthrough = integration.passthrough_behavior.as_deref().filter(|behavior| *behavior != "WHEN_NO_MATCH");
    let transfer = integration.response_transfer_mode.as_deref().filter(|mode| *mode != "BUFFERED");
    if integration.tls_config.is_some() {
        notes.push("Its TLS settings are only in a definition (`Body`), so they are not in here.".to_owned());
    }
    let body = Resource::new("")
        .with("Type", integration.integration_type.as_str())
        .with("IntegrationHttpMethod", integration.http_method.clone())
        .with("Uri", integration.uri.clone())
        .with("ConnectionType", connection)
        .with("ConnectionId", integration.connection_id.clone())
        .with("Credentials", integration.credentials.clone())
        .with("RequestParameters", json!(integration.request_parameters))
        .with("RequestTemplates", request_templates)
        .with("PassthroughBehavior", passthrough)
        .with("ContentHandling", integration.content_handling.clone())
        .unless("TimeoutInMillis", integration.timeout_in_millis, 29_000)
        .with("CacheNamespace", namespace)
        .with("CacheKeyParameters", integration.cache_key_parameters.clone())
        .with("ResponseTransferMode", transfer)
        .with("IntegrationTarget", integration.integration_target.clone())
        .with("IntegrationResponses", responses);
    (body.properties, notes)
}
