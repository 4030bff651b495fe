//! REST APIs, resource by resource: the tree of paths, and what methods refer to.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::document::{Document, Resource, get_att, parsed, reference, tags};
use super::{rest_methods, rest_stages};
use crate::model::{AuthorizerType, EndpointConfiguration, RestApi, SchemaModel};

/// The logical ids within one API.
pub(super) struct Api {
    pub(super) id: String,
    pub(super) authorizers: HashMap<String, String>,
    pub(super) validators: HashMap<String, String>,
    pub(super) models: HashMap<String, String>,
    /// What a deployment is made of.
    pub(super) deployed: Vec<String>,
}

impl Api {
    /// A resource that belongs to the API.
    pub(super) fn resource(&self, kind: &'static str) -> Resource {
        Resource::new(kind).with("RestApiId", reference(&self.id))
    }
}

/// Adds the APIs.
pub(super) fn add(document: &mut Document<'_>) {
    let apis: Vec<_> = document.model.rest_apis.values().collect();
    let mut named = Vec::new();
    for api in apis {
        let id = document.ids.declared_or(api.logical_id.as_deref(), &api.name, "RestApi");
        document.references.api(&api.id, &id);
        named.push((id, api));
    }
    for (id, api) in named {
        document.add(&id, api_resource(api));
        let mut ids = Api {
            id,
            authorizers: HashMap::new(),
            validators: HashMap::new(),
            models: HashMap::new(),
            deployed: Vec::new(),
        };
        add_definitions(document, &mut ids, api);
        add_paths(document, &mut ids, api);
        rest_stages::add(document, &ids, api);
    }
}

fn api_resource(api: &RestApi) -> Resource {
    let key_source = api.api_key_source.as_deref().filter(|source| *source != "HEADER");
    let resource = Resource::new("AWS::ApiGateway::RestApi")
        .with("Name", api.name.as_str())
        .with("Description", api.description.clone())
        .with("EndpointConfiguration", api.endpoint_configuration.as_ref().map_or(Value::Null, endpoint))
        .with("BinaryMediaTypes", api.binary_media_types.clone())
        .with("MinimumCompressionSize", api.minimum_compression_size)
        .with("ApiKeySourceType", key_source)
        .with("Policy", parsed(api.policy.as_deref()))
        .unless("DisableExecuteApiEndpoint", api.disable_execute_api_endpoint, false)
        .with("Tags", tags(&api.tags));
    match &api.version {
        Some(version) => resource.note(format!("Its version is {version}, which only a definition (`Body`) can say.")),
        None => resource,
    }
}

fn endpoint(configuration: &EndpointConfiguration) -> Value {
    let mut body = json!({ "Types": configuration.types });
    if let Some(kind) = configuration.ip_address_type.as_deref().filter(|kind| *kind != "ipv4") {
        body["IpAddressType"] = json!(kind);
    }
    if !configuration.vpc_endpoint_ids.is_empty() {
        body["VpcEndpointIds"] = json!(configuration.vpc_endpoint_ids);
    }
    if body == json!({ "Types": ["EDGE"] }) { Value::Null } else { body }
}

fn add_definitions(document: &mut Document<'_>, ids: &mut Api, api: &RestApi) {
    for authorizer in api.authorizers.values() {
        let id = document.ids.make(&[&ids.id, &authorizer.name, "Authorizer"]);
        let kind = match authorizer.authorizer_type {
            AuthorizerType::Token => "TOKEN",
            AuthorizerType::Request => "REQUEST",
            AuthorizerType::CognitoUserPools => "COGNITO_USER_POOLS",
        };
        document.calls(&ids.id, authorizer.authorizer_uri.as_deref());
        let resource = ids
            .resource("AWS::ApiGateway::Authorizer")
            .with("Name", authorizer.name.as_str())
            .with("Type", kind)
            .with("AuthType", authorizer.auth_type.clone())
            .with("ProviderARNs", authorizer.provider_arns.clone())
            .with("AuthorizerUri", authorizer.authorizer_uri.clone())
            .with("AuthorizerCredentials", authorizer.authorizer_credentials.clone())
            .with("IdentitySource", authorizer.identity_source.clone())
            .with("IdentityValidationExpression", authorizer.identity_validation_expression.clone())
            .with("AuthorizerResultTtlInSeconds", authorizer.authorizer_result_ttl_in_seconds);
        document.add(&id, resource);
        ids.authorizers.insert(authorizer.id.clone(), id);
    }
    for validator in api.request_validators.values() {
        let name = validator.name.as_deref().unwrap_or(&validator.id);
        let id = document.ids.make(&[&ids.id, name, "Validator"]);
        let resource = ids
            .resource("AWS::ApiGateway::RequestValidator")
            .with("Name", validator.name.clone())
            .with("ValidateRequestBody", validator.validate_request_body)
            .with("ValidateRequestParameters", validator.validate_request_parameters);
        document.add(&id, resource);
        ids.validators.insert(validator.id.clone(), id);
    }
    add_models(document, ids, api);
    for response in api.gateway_responses.values().filter(|response| !response.default_response) {
        let id = document.ids.make(&[&ids.id, &response.response_type, "Response"]);
        let resource = ids
            .resource("AWS::ApiGateway::GatewayResponse")
            .with("ResponseType", response.response_type.as_str())
            .with("StatusCode", response.status_code.clone())
            .with("ResponseParameters", json!(response.response_parameters))
            .with("ResponseTemplates", json!(response.response_templates));
        document.add(&id, resource);
        ids.deployed.push(id);
    }
    add_documentation(document, ids, api);
}

fn add_documentation(document: &mut Document<'_>, ids: &Api, api: &RestApi) {
    let mut parts = Vec::new();
    for part in api.documentation_parts.values() {
        let at = &part.location;
        let place = [at.method.as_deref(), at.path.as_deref(), at.status_code.as_deref(), at.name.as_deref()];
        let place: Vec<&str> = place.into_iter().flatten().collect();
        let id = document.ids.make(&[&ids.id, &at.part_type, &place.join(" "), "Documentation"]);
        let location = Resource::new("")
            .with("Type", at.part_type.as_str())
            .with("Path", at.path.clone())
            .with("Method", at.method.clone())
            .with("StatusCode", at.status_code.clone())
            .with("Name", at.name.clone());
        let resource = ids
            .resource("AWS::ApiGateway::DocumentationPart")
            .with("Location", location.properties)
            .with("Properties", part.properties.as_str());
        document.add(&id, resource);
        parts.push(id);
    }
    for version in api.documentation_versions.values() {
        let id = document.ids.make(&[&ids.id, &version.version, "Documentation"]);
        let mut resource = ids
            .resource("AWS::ApiGateway::DocumentationVersion")
            .with("DocumentationVersion", version.version.as_str())
            .with("Description", version.description.clone())
            .after(parts.clone());
        if version.documentation_parts != api.documentation_parts {
            resource = resource.note("This version had other parts; only the present ones can be written down.");
        }
        document.add(&id, resource);
    }
}

fn add_models(document: &mut Document<'_>, ids: &mut Api, api: &RestApi) {
    let written: Vec<&SchemaModel> = api.models.values().filter(|model| !is_built_in(model)).collect();
    // The names that every API has from its start can be given to no other model.
    let name = |model: &SchemaModel| match BUILT_IN.iter().any(|(name, _)| *name == model.name) {
        true => format!("{}Model", model.name),
        false => model.name.clone(),
    };
    let made: Vec<String> = written.iter().map(|model| document.ids.make(&[&ids.id, &model.name, "Model"])).collect();
    let mut order = Order::default();
    for (model, id) in written.iter().zip(&made) {
        let mut schema = model.schema.clone().unwrap_or_default();
        for other in written.iter().filter(|other| name(other) != other.name) {
            schema = schema.replace(&format!("/models/{}\"", other.name), &format!("/models/{}\"", name(other)));
        }
        // API Gateway takes a model only where those that it refers to are there.
        let others =
            written.iter().zip(&made).filter(|(other, _)| schema.contains(&format!("/models/{}\"", name(other))));
        let after = others.filter(|(_, other)| order.add(id, other)).map(|(_, other)| other.clone()).collect();
        let mut resource = ids
            .resource("AWS::ApiGateway::Model")
            .with("Name", name(model))
            .with("Description", model.description.clone())
            .with("ContentType", model.content_type.clone())
            .with("Schema", parsed(model.schema.as_ref().map(|_| schema.as_str())))
            .after(after);
        if name(model) != model.name {
            let own = &model.name;
            resource = resource
                .note(format!("It was {own}, which CloudFormation cannot write: every API has one of its own."));
        }
        document.add(id, resource);
        ids.models.insert(model.name.clone(), id.clone());
    }
}

/// What comes after what, without circles.
#[derive(Default)]
struct Order {
    after: HashMap<String, Vec<String>>,
}

impl Order {
    /// Puts `later` after `earlier`, unless that is after it already.
    fn add(&mut self, later: &str, earlier: &str) -> bool {
        let fits = !self.is_after(earlier, later);
        if fits {
            self.after.entry(later.to_owned()).or_default().push(earlier.to_owned());
        }
        fits
    }

    fn is_after(&self, later: &str, earlier: &str) -> bool {
        // Each is put into `after` only where no circle arises, so this ends.
        later == earlier || self.after.get(later).into_iter().flatten().any(|next| self.is_after(next, earlier))
    }
}

/// The models that every API has from its start, with their descriptions.
const BUILT_IN: [(&str, &str); 2] =
    [("Empty", "This is a default empty schema model"), ("Error", "This is a default error schema model")];

fn is_built_in(model: &SchemaModel) -> bool {
    BUILT_IN.contains(&(model.name.as_str(), model.description.as_deref().unwrap_or_default()))
}

/// The tree of resources with their methods, parents first.
fn add_paths(document: &mut Document<'_>, ids: &mut Api, api: &RestApi) {
    let mut resources: HashMap<&str, Value> = HashMap::new();
    let mut ordered: Vec<_> = api.resources.iter().collect();
    ordered.sort_by_key(|resource| resource.path.matches('/').count() + usize::from(resource.path.len() > 1));
    for resource in ordered {
        let at = match &resource.parent_id {
            None => get_att(&ids.id, "RootResourceId"),
            Some(parent) => {
                let Some(parent) = resources.get(parent.as_str()).cloned() else { continue };
                let id = document.ids.make(&[&ids.id, &resource.path, "Resource"]);
                let body = ids
                    .resource("AWS::ApiGateway::Resource")
                    .with("ParentId", parent)
                    .with("PathPart", resource.path_part.clone());
                document.add(&id, body);
                reference(&id)
            }
        };
        resources.insert(&resource.id, at.clone());
        for method in resource.methods.values() {
            let id = document.ids.make(&[&ids.id, &method.http_method, &resource.path]);
            let body = rest_methods::resource(document, ids, resource, method, at.clone());
            document.add(&id, body);
            ids.deployed.push(id);
        }
    }
}
