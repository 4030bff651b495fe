//! Security schemes: authorizers by their names, API keys, signatures.

use serde_json::{Map, Value, json};

use super::Exported;
use crate::model::{Authorizer, AuthorizerType, Method};

const API_KEY: &str = "api_key";
const SIGV4: &str = "sigv4";

/// The schemes that methods need, and all authorizers.
pub(super) fn schemes(exported: &Exported<'_>) -> Map<String, Value> {
    let mut schemes = Map::new();
    let methods = || exported.api.resources.iter().flat_map(|resource| resource.methods.values());
    for authorizer in exported.api.authorizers.values() {
        schemes.insert(authorizer.name.clone(), scheme(exported, authorizer));
    }
    if methods().any(|method| method.api_key_required) {
        schemes.insert(API_KEY.to_owned(), json!({"type": "apiKey", "name": "x-api-key", "in": "header"}));
    }
    if methods().any(|method| method.authorization_type == "AWS_IAM") {
        let mut scheme = json!({"type": "apiKey", "name": "Authorization", "in": "header"});
        scheme["x-amazon-apigateway-authtype"] = "awsSigv4".into();
        schemes.insert(SIGV4.to_owned(), scheme);
    }
    schemes
}

/// `security` of a method; empty if it is open.
pub(super) fn of(exported: &Exported<'_>, method: &Method) -> Vec<Value> {
    let mut security = Vec::new();
    let name = match method.authorization_type.as_str() {
        "AWS_IAM" => Some(SIGV4),
        _ => method
            .authorizer_id
            .as_ref()
            .and_then(|id| exported.api.authorizers.get(id))
            .map(|found| found.name.as_str()),
    };
    if let Some(name) = name {
        security.push(json!({name: method.authorization_scopes}));
    }
    if method.api_key_required {
        security.push(json!({API_KEY: []}));
    }
    security
}

fn scheme(exported: &Exported<'_>, authorizer: &Authorizer) -> Value {
    let source = authorizer.identity_source.as_deref();
    let header = source.and_then(|source| source.strip_prefix("method.request.header."));
    // One header can be said in OpenAPI's own words; anything else is `identitySource` alone.
    let header = header.filter(|name| !name.contains(','));
    let request = authorizer.authorizer_type == AuthorizerType::Request;
    let name = header.filter(|_| !request).unwrap_or("Unused");
    let mut scheme = json!({"type": "apiKey", "name": name, "in": "header"});
    if !exported.extensions.authorizers {
        return scheme;
    }
    let cognito = authorizer.authorizer_type == AuthorizerType::CognitoUserPools;
    let auth_type = authorizer.auth_type.as_deref().unwrap_or(if cognito { "cognito_user_pools" } else { "custom" });
    scheme["x-amazon-apigateway-authtype"] = auth_type.into();
    let mut written = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            written.insert(key.to_owned(), value);
        }
    };
    let text = |value: &Option<String>| value.as_deref().map(Value::from);
    set(
        "type",
        Some(match authorizer.authorizer_type {
            AuthorizerType::Token => "token".into(),
            AuthorizerType::Request => "request".into(),
            AuthorizerType::CognitoUserPools => "cognito_user_pools".into(),
        }),
    );
    set("providerARNs", (!authorizer.provider_arns.is_empty()).then(|| json!(authorizer.provider_arns)));
    set("authorizerUri", text(&authorizer.authorizer_uri));
    set("authorizerCredentials", text(&authorizer.authorizer_credentials));
    set("identitySource", text(&authorizer.identity_source).filter(|_| request || header.is_none()));
    set("identityValidationExpression", text(&authorizer.identity_validation_expression));
    set(
        "authorizerResultTtlInSeconds",
        (!cognito || authorizer.authorizer_result_ttl_in_seconds != 300)
            .then(|| authorizer.authorizer_result_ttl_in_seconds.into()),
    );
    scheme["x-amazon-apigateway-authorizer"] = written.into();
    scheme
}
