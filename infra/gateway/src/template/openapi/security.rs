//! Who may call an operation: security schemes with `x-amazon-apigateway-authorizer`, and `security` itself.

use crate::model::{ApiAuthorizer, Authorizer, AuthorizerType};

use super::super::node::{Kind, Node};
use super::super::properties::Properties;
use super::super::rest_builder::{Access, Authorizers};

/// A declared scheme.
pub(super) struct Scheme<'a> {
    pub(super) name: &'a str,
    pub(super) properties: Properties<'a>,
    /// `name` of an `apiKey` scheme: the header (or parameter) with the credentials.
    pub(super) parameter: Option<String>,
    /// `x-amazon-apigateway-authtype`
    pub(super) authtype: Option<String>,
    pub(super) is_api_key: bool,
}

/// The schemes of a document, Swagger's or OpenAPI's.
pub(super) fn schemes<'a>(document: &Properties<'a>, components: Option<&Properties<'a>>) -> Vec<Scheme<'a>> {
    let (holder, key) = match components {
        Some(components) => (components, "securitySchemes"),
        None => (document, "securityDefinitions"),
    };
    let members = holder.members(key).into_iter();
    members
        .map(|(name, _, node)| {
            let properties = holder.reader(holder.path(&format!("{key}.{name}")), node);
            // How clients send the credentials, which the authorizer's identity source says for API Gateway.
            let documentation = [
                "authorizationUrl",
                "bearerFormat",
                "description",
                "flow",
                "flows",
                "in",
                "openIdConnectUrl",
                "scheme",
            ];
            properties.harmless(&documentation);
            properties.harmless(&["scopes", "tokenUrl"]);
            Scheme {
                name,
                parameter: properties.string("name"),
                authtype: properties.string("x-amazon-apigateway-authtype"),
                is_api_key: properties.string("type").as_deref() == Some("apiKey"),
                properties,
            }
        })
        .collect()
}

/// A REST API's authorizer, or what else a scheme stands for; `None` where API Gateway ignores it.
pub(super) fn rest_scheme(scheme: &Scheme<'_>, api_id: &str) -> Option<(Access, Option<Authorizer>)> {
    if scheme.authtype.as_deref().is_some_and(|authtype| authtype.eq_ignore_ascii_case("awsSigv4")) {
        return Some((Access::of("AWS_IAM", None), None));
    }
    let Some(authorizer) = scheme.properties.object("x-amazon-apigateway-authorizer") else {
        if scheme.is_api_key && scheme.parameter.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("x-api-key")) {
            return Some((Access { api_key_required: true, ..Access::open() }, None));
        }
        return None;
    };
    let kind = authorizer.one_of("type", &["token", "request", "cognito_user_pools"])?;
    let header = scheme.parameter.clone().unwrap_or_else(|| "Authorization".to_owned());
    let (authorizer_type, authorization_type) = match kind.as_str() {
        "token" => (AuthorizerType::Token, "CUSTOM"),
        "request" => (AuthorizerType::Request, "CUSTOM"),
        _ => (AuthorizerType::CognitoUserPools, "COGNITO_USER_POOLS"),
    };
    let authorizer_uri = authorizer.string("authorizerUri");
    if authorizer_type != AuthorizerType::CognitoUserPools {
        authorizer.require("authorizerUri");
    }
    let identity_source = authorizer
        .string("identitySource")
        .or_else(|| (authorizer_type != AuthorizerType::Request).then(|| format!("method.request.header.{header}")));
    let id = super::super::names::short_id(&["authorizer", api_id, scheme.name])[..6].to_owned();
    let model = Authorizer {
        id: id.clone(),
        name: scheme.name.to_owned(),
        authorizer_type,
        provider_arns: authorizer.strings("providerARNs"),
        auth_type: scheme.authtype.clone(),
        authorizer_uri,
        // The gateway calls functions with its own authority, so the role is kept and not assumed.
        authorizer_credentials: authorizer.string("authorizerCredentials"),
        identity_source,
        identity_validation_expression: authorizer.string("identityValidationExpression"),
        authorizer_result_ttl_in_seconds: authorizer.integer("authorizerResultTtlInSeconds", 0..=3600).unwrap_or(300),
    };
    Some((Access::of(authorization_type, Some(id)), Some(model)))
}

/// An HTTP API's authorizer; `None` where API Gateway ignores the scheme.
pub(super) fn http_scheme(scheme: &Scheme<'_>) -> Option<(Access, ApiAuthorizer)> {
    let authorizer = scheme.properties.object("x-amazon-apigateway-authorizer")?;
    let kind = authorizer.one_of("type", &["request", "jwt"])?;
    let id = super::super::names::short_id(&["authorizer", scheme.properties.owner().logical_id, scheme.name]);
    // A string with commas, or a list.
    let identity_source = match authorizer.take("identitySource") {
        Some(Node { kind: Kind::List(_), .. }) => authorizer.strings("identitySource"),
        Some(_) => split_sources(&authorizer.string("identitySource").unwrap_or_default()),
        None => Vec::new(),
    };
    let mut model = ApiAuthorizer {
        authorizer_id: id.clone(),
        name: scheme.name.to_owned(),
        identity_source,
        ..ApiAuthorizer::default()
    };
    if kind == "jwt" {
        authorizer.require("jwtConfiguration");
        "JWT".clone_into(&mut model.authorizer_type);
        model.jwt_configuration = authorizer.object("jwtConfiguration").map(|jwt| jwt_configuration(&jwt));
        return Some((Access::of("JWT", Some(id)), model));
    }
    "REQUEST".clone_into(&mut model.authorizer_type);
    authorizer.require("authorizerUri");
    model.authorizer_uri = authorizer.string("authorizerUri");
    model.authorizer_credentials_arn = authorizer.string("authorizerCredentials");
    authorizer.require("authorizerPayloadFormatVersion");
    model.authorizer_payload_format_version = authorizer.one_of("authorizerPayloadFormatVersion", &["1.0", "2.0"]);
    model.enable_simple_responses = authorizer.boolean("enableSimpleResponses").unwrap_or(false);
    // Off unless asked for, unlike REST.
    model.authorizer_result_ttl_in_seconds = authorizer.integer("authorizerResultTtlInSeconds", 0..=3600).unwrap_or(0);
    Some((Access::of("CUSTOM", Some(id)), model))
}

/// `Issuer` and `Audience`, by the names of the API, whatever the document calls them.
pub(in super::super) fn jwt_configuration(jwt: &Properties<'_>) -> serde_json::Value {
    let issuer = jwt.string("issuer").or_else(|| jwt.string("Issuer"));
    let key = if jwt.has("audience") { "audience" } else { "Audience" };
    serde_json::json!({"Issuer": issuer, "Audience": jwt.strings(key)})
}

/// A comma-separated list of identity sources.
pub(in super::super) fn split_sources(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|source| !source.is_empty()).map(str::to_owned).collect()
}

/// Who may call an operation: by `x-amazon-apigateway-auth`, or else by `security`.
pub(super) fn access(
    operation: &Properties<'_>,
    document: Option<&Node>,
    ignored: &[&str],
    authorizers: &Authorizers,
) -> Access {
    let mut access = by_schemes(operation, document, ignored, authorizers);
    if let Some(auth) = operation.object("x-amazon-apigateway-auth")
        && auth.string("type").as_deref() == Some("AWS_IAM")
    {
        "AWS_IAM".clone_into(&mut access.authorization_type);
        access.authorizer_id = None;
    }
    access
}

/// Who may call an operation, by its own `security`, the document's, or SAM's default.
fn by_schemes(
    operation: &Properties<'_>,
    document: Option<&Node>,
    ignored: &[&str],
    authorizers: &Authorizers,
) -> Access {
    let own = operation.take("security");
    let fallback = || authorizers.default.clone().unwrap_or_else(Access::open);
    // `security: []` opens an operation; SAM's DefaultAuthorizer closes it again.
    let Some(node) = own.or(document) else { return fallback() };
    let Some(requirements) = node.as_list() else {
        operation.report().error(node.at, format!("{}: `security` must be a list", operation.owner().logical_id));
        return fallback();
    };
    let mut access: Option<Access> = None;
    let mut api_key_required = false;
    for requirement in requirements {
        for (name, entry) in requirement.as_map().into_iter().flatten() {
            if ignored.contains(&name.as_str()) {
                let reason = format!("API Gateway knows no such scheme as '{name}' and ignores it: the method is open");
                operation.report().unsupported(
                    operation.owner(),
                    Some(&operation.path("security")),
                    entry.key_at,
                    reason,
                );
                continue;
            }
            let whose = format!("{}.{}", operation.owner().logical_id, operation.path("security"));
            let Some(mut found) = authorizers.find(name, entry.key_at, &whose, operation.report()) else { continue };
            api_key_required |= found.api_key_required;
            if found.authorization_type == "NONE" {
                continue;
            }
            found.scopes = entry.value.as_list().unwrap_or_default().iter().filter_map(Node::scalar).collect();
            if !found.scopes.is_empty() && found.authorization_type == "CUSTOM" {
                found.scopes.clear();
            }
            match &access {
                Some(other) if *other != found => operation
                    .report()
                    .error(entry.key_at, format!("{whose}: an operation has one authorizer; '{name}' is a second one")),
                _ => access = Some(found),
            }
        }
    }
    let mut access = access.unwrap_or_else(fallback);
    let by_default = authorizers.default.as_ref().is_some_and(|default| default.api_key_required);
    access.api_key_required |= api_key_required || by_default;
    access
}
