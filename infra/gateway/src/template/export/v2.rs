//! HTTP and WebSocket APIs: routes, integrations, authorizers, models.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::document::{Document, Resource, parsed, reference};
use super::v2_stages;
use crate::model::{Api, ApiIntegration, ProtocolType, Route, RouteResponse};

/// The logical ids within one API.
pub(super) struct Ids {
    pub(super) id: String,
    integrations: HashMap<String, String>,
    authorizers: HashMap<String, String>,
    /// What a deployment is made of.
    pub(super) deployed: Vec<String>,
}

impl Ids {
    /// A resource that belongs to the API.
    pub(super) fn resource(&self, kind: &'static str) -> Resource {
        Resource::new(kind).with("ApiId", reference(&self.id))
    }
}

/// Adds the APIs.
pub(super) fn add(document: &mut Document<'_>) {
    let apis: Vec<_> = document.model.apis.values().collect();
    let mut named = Vec::new();
    for api in apis {
        let kind = if api.protocol_type == ProtocolType::Http { "HttpApi" } else { "WebSocketApi" };
        let id = document.ids.declared_or(api.logical_id.as_deref(), &api.name, kind);
        document.references.api(&api.api_id, &id);
        named.push((id, api));
    }
    for (id, api) in named {
        document.add(&id, api_resource(api));
        let mut ids = Ids { id, integrations: HashMap::new(), authorizers: HashMap::new(), deployed: Vec::new() };
        add_authorizers(document, &mut ids, api);
        add_integrations(document, &mut ids, api);
        add_routes(document, &mut ids, api);
        for model in api.models.values() {
            let id = document.ids.make(&[&ids.id, &model.name, "Model"]);
            let resource = ids
                .resource("AWS::ApiGatewayV2::Model")
                .with("Name", model.name.as_str())
                .with("ContentType", model.content_type.clone())
                .with("Description", model.description.clone())
                .with("Schema", parsed(model.schema.as_deref()));
            document.add(&id, resource);
        }
        v2_stages::add(document, &ids, api);
    }
}

fn api_resource(api: &Api) -> Resource {
    let http = api.protocol_type == ProtocolType::Http;
    let selection = Some(api.route_selection_expression.as_str()).filter(|_| !http);
    let keys =
        api.api_key_selection_expression.as_deref().filter(|expression| *expression != "$request.header.x-api-key");
    let addresses = api.ip_address_type.as_deref().filter(|kind| *kind != "ipv4");
    Resource::new("AWS::ApiGatewayV2::Api")
        .with("Name", api.name.as_str())
        .with("ProtocolType", if http { "HTTP" } else { "WEBSOCKET" })
        .with("Description", api.description.clone())
        .with("Version", api.version.clone())
        .with("RouteSelectionExpression", selection)
        .with("ApiKeySelectionExpression", keys)
        .with("CorsConfiguration", serde_json::to_value(&api.cors_configuration).unwrap_or_default())
        .unless("DisableExecuteApiEndpoint", api.disable_execute_api_endpoint, false)
        .with("DisableSchemaValidation", api.disable_schema_validation)
        .with("IpAddressType", addresses)
        .with("Tags", json!(api.tags))
}

fn add_authorizers(document: &mut Document<'_>, ids: &mut Ids, api: &Api) {
    for authorizer in api.authorizers.values() {
        let id = document.ids.make(&[&ids.id, &authorizer.name, "Authorizer"]);
        document.calls(&ids.id, authorizer.authorizer_uri.as_deref());
        let resource = ids
            .resource("AWS::ApiGatewayV2::Authorizer")
            .with("Name", authorizer.name.as_str())
            .with("AuthorizerType", authorizer.authorizer_type.as_str())
            .with("AuthorizerUri", authorizer.authorizer_uri.clone())
            .with("AuthorizerCredentialsArn", authorizer.authorizer_credentials_arn.clone())
            .with("IdentitySource", authorizer.identity_source.clone())
            .with("IdentityValidationExpression", authorizer.identity_validation_expression.clone())
            .with("AuthorizerPayloadFormatVersion", authorizer.authorizer_payload_format_version.clone())
            .unless("AuthorizerResultTtlInSeconds", authorizer.authorizer_result_ttl_in_seconds, 0)
            .unless("EnableSimpleResponses", authorizer.enable_simple_responses, false)
            .with("JwtConfiguration", authorizer.jwt_configuration.clone());
        document.add(&id, resource);
        ids.authorizers.insert(authorizer.authorizer_id.clone(), id);
    }
}

fn add_integrations(document: &mut Document<'_>, ids: &mut Ids, api: &Api) {
    for integration in api.integrations.values() {
        // By the route that it serves: it has no name of its own.
        let route =
            api.routes.values().find(|route| route.integration_id.as_ref() == Some(&integration.integration_id));
        let of = route.map_or(integration.integration_id.as_str(), |route| route.route_key.as_str());
        let id = document.ids.make(&[&ids.id, of, "Integration"]);
        document.calls(&ids.id, integration.integration_uri.as_deref());
        let resource = integration_resource(ids, api.protocol_type, integration);
        document.add(&id, resource);
        for response in integration.integration_responses.values() {
            let response_id = document.ids.make(&[&id, &response.integration_response_key, "Response"]);
            let resource = ids
                .resource("AWS::ApiGatewayV2::IntegrationResponse")
                .with("IntegrationId", reference(&id))
                .with("IntegrationResponseKey", response.integration_response_key.as_str())
                .with("ContentHandlingStrategy", response.content_handling_strategy.clone())
                .with("ResponseParameters", json!(response.response_parameters))
                .with("ResponseTemplates", json!(response.response_templates))
                .with("TemplateSelectionExpression", response.template_selection_expression.clone());
            document.add(&response_id, resource);
            ids.deployed.push(response_id);
        }
        ids.integrations.insert(integration.integration_id.clone(), id);
    }
}

fn integration_resource(ids: &Ids, protocol: ProtocolType, integration: &ApiIntegration) -> Resource {
    let http = protocol == ProtocolType::Http;
    let connection = integration.connection_type.as_deref().filter(|kind| *kind != "INTERNET");
    let version = Some(integration.payload_format_version.as_str()).filter(|_| http);
    let responses = integration.response_parameters.iter().map(|(status, parameters)| {
        let list: Vec<Value> =
            parameters.iter().map(|(name, value)| json!({ "Destination": name, "Source": value })).collect();
        (status.clone(), json!({ "ResponseParameters": list }))
    });
    ids.resource("AWS::ApiGatewayV2::Integration")
        .with("IntegrationType", integration.integration_type.as_str())
        .with("IntegrationSubtype", integration.integration_subtype.clone())
        .with("IntegrationMethod", integration.integration_method.clone())
        .with("IntegrationUri", integration.integration_uri.clone())
        .with("Description", integration.description.clone())
        .with("ConnectionType", connection)
        .with("ConnectionId", integration.connection_id.clone())
        .with("CredentialsArn", integration.credentials_arn.clone())
        .with("ContentHandlingStrategy", integration.content_handling_strategy.clone())
        .with("PassthroughBehavior", integration.passthrough_behavior.clone())
        .with("PayloadFormatVersion", version)
        .with("RequestParameters", json!(integration.request_parameters))
        .with("RequestTemplates", json!(integration.request_templates))
        .with("ResponseParameters", Value::Object(responses.collect()))
        .with("TemplateSelectionExpression", integration.template_selection_expression.clone())
        .unless("TimeoutInMillis", integration.timeout_in_millis, if http { 30_000 } else { 29_000 })
        .with("TlsConfig", integration.tls_config.clone())
}

fn add_routes(document: &mut Document<'_>, ids: &mut Ids, api: &Api) {
    for route in api.routes.values() {
        let id = document.ids.make(&[&ids.id, &route.route_key, "Route"]);
        document.add(&id, route_resource(ids, route));
        ids.deployed.push(id.clone());
        let default = RouteResponse { route_response_key: "$default".to_owned(), ..RouteResponse::default() };
        let missing = route.route_response && route.route_responses.is_empty();
        for response in route.route_responses.values().chain(missing.then_some(&default)) {
            let response_id = document.ids.make(&[&id, "Response"]);
            let resource = ids
                .resource("AWS::ApiGatewayV2::RouteResponse")
                .with("RouteId", reference(&id))
                .with("RouteResponseKey", response.route_response_key.as_str())
                .with("ModelSelectionExpression", response.model_selection_expression.clone())
                .with("ResponseModels", json!(response.response_models))
                .with("ResponseParameters", json!(response.response_parameters));
            document.add(&response_id, resource);
            ids.deployed.push(response_id);
        }
    }
}

fn route_resource(ids: &Ids, route: &Route) -> Resource {
    let target = route.integration_id.as_ref().map_or(Value::Null, |id| match ids.integrations.get(id) {
        Some(id) => json!({ "Fn::Sub": format!("integrations/${{{id}}}") }),
        None => json!(format!("integrations/{id}")),
    });
    let authorizer = route.authorizer_id.as_ref().map_or(Value::Null, |id| match ids.authorizers.get(id) {
        Some(id) => reference(id),
        None => json!(id),
    });
    let selection = route.route_response_selection_expression.clone();
    let selection = selection.or_else(|| route.route_response.then(|| "$default".to_owned()));
    ids.resource("AWS::ApiGatewayV2::Route")
        .with("RouteKey", route.route_key.as_str())
        .with("Target", target)
        .unless("AuthorizationType", route.authorization_type.as_str(), "NONE")
        .with("AuthorizerId", authorizer)
        .with("AuthorizationScopes", route.authorization_scopes.clone())
        .unless("ApiKeyRequired", route.api_key_required, false)
        .with("OperationName", route.operation_name.clone())
        .with("ModelSelectionExpression", route.model_selection_expression.clone())
        .with("RequestModels", json!(route.request_models))
        .with("RequestParameters", json!(route.request_parameters))
        .with("RouteResponseSelectionExpression", selection)
}
