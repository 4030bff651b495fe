//! `Auth` of SAM's APIs: authorizers by name, and the one that every route gets unless it says otherwise.

use crate::model::{ApiAuthorizer, Authorizer, AuthorizerType};

use super::super::api_builder::ApiBuilder;
use super::super::loader::Loader;
use super::super::names;
use super::super::openapi;
use super::super::properties::Properties;
use super::super::rest_builder::{Access, Authorizers, RestBuilder};
use super::resource_policy::Rules;

/// `Auth` of an `AWS::Serverless::Api`.
pub(super) fn rest<'t>(loader: &Loader<'t>, builder: &mut RestBuilder, auth: &Properties<'t>) {
    auth.harmless(&["InvokeRole"]);
    builder.resource_policy = auth.object("ResourcePolicy").map(|policy| Rules::read(&policy));
    for (name, _, node) in auth.members("Authorizers") {
        let declared = auth.reader(auth.path(&format!("Authorizers.{name}")), node);
        let id = names::short_id(&["authorizer", auth.owner().logical_id, name]);
        let mut access = Access::of("CUSTOM", Some(id.clone()));
        let identity = declared.object("Identity");
        let identity = identity.as_ref();
        let header = identity.and_then(|identity| identity.string("Header"));
        let mut authorizer = Authorizer {
            id: id.clone(),
            name: name.to_owned(),
            authorizer_type: AuthorizerType::Token,
            authorizer_uri: None,
            identity_source: None,
            identity_validation_expression: identity.and_then(|identity| identity.string("ValidationExpression")),
            authorizer_result_ttl_in_seconds: identity
                .and_then(|identity| identity.integer("ReauthorizeEvery", 0..=3600))
                .unwrap_or(300),
            ..Authorizer::default()
        };
        let one_header = || format!("method.request.header.{}", header.as_deref().unwrap_or("Authorization"));
        if declared.has("UserPoolArn") {
            let one = declared.node().get("UserPoolArn").is_some_and(|node| node.as_list().is_none());
            authorizer.provider_arns = match one {
                true => declared.string("UserPoolArn").into_iter().collect(),
                false => declared.strings("UserPoolArn"),
            };
            authorizer.authorizer_type = AuthorizerType::CognitoUserPools;
            authorizer.identity_source = Some(one_header());
            "COGNITO_USER_POOLS".clone_into(&mut access.authorization_type);
            access.scopes = declared.strings("AuthorizationScopes");
        } else {
            declared.harmless(&["DisableFunctionDefaultPermissions"]);
            authorizer.authorizer_credentials = declared.string("FunctionInvokeRole");
            let arn = declared.required_string("FunctionArn");
            authorizer.authorizer_uri = arn.map(|arn| loader.lambda_uri(&arn));
            let payload = declared.one_of("FunctionPayloadType", &["TOKEN", "REQUEST"]);
            if payload.as_deref() == Some("REQUEST") {
                authorizer.authorizer_type = AuthorizerType::Request;
                let sources = identity.map(|identity| request_sources(identity, "method.request")).unwrap_or_default();
                if sources.is_empty() && authorizer.authorizer_result_ttl_in_seconds > 0 {
                    let what = "needs an identity source in `Identity` (Headers, QueryStrings, StageVariables, Context), \
                                or `ReauthorizeEvery: 0`";
                    auth.report().error(node.at, format!("{}.Auth.Authorizers.{name} {what}", auth.owner().logical_id));
                }
                authorizer.identity_source = (!sources.is_empty()).then(|| sources.join(","));
            } else {
                authorizer.identity_source = Some(one_header());
            }
        }
        builder.api.authorizers.insert(id, authorizer);
        builder.authorizers.by_name.insert(name.to_owned(), access);
    }
    let api_key_required = auth.boolean("ApiKeyRequired").unwrap_or(false);
    set_default(&mut builder.authorizers, auth);
    if api_key_required {
        builder.authorizers.default.get_or_insert_with(Access::open).api_key_required = true;
    }
}

/// `Auth` of an `AWS::Serverless::HttpApi`.
pub(super) fn http<'t>(loader: &Loader<'t>, builder: &mut ApiBuilder, auth: &Properties<'t>) {
    auth.harmless(&["EnableIamAuthorizer"]);
    for (name, _, node) in auth.members("Authorizers") {
        let declared = auth.reader(auth.path(&format!("Authorizers.{name}")), node);
        let id = names::short_id(&["authorizer", auth.owner().logical_id, name]);
        let mut authorizer =
            ApiAuthorizer { authorizer_id: id.clone(), name: name.to_owned(), ..ApiAuthorizer::default() };
        let mut access = Access::of("CUSTOM", Some(id.clone()));
        if declared.has("FunctionArn") {
            declared.harmless(&["EnableFunctionDefaultPermissions"]);
            authorizer.authorizer_credentials_arn = declared.string("FunctionInvokeRole");
            "REQUEST".clone_into(&mut authorizer.authorizer_type);
            authorizer.authorizer_uri = declared.string("FunctionArn").map(|arn| loader.lambda_uri(&arn));
            declared.require("AuthorizerPayloadFormatVersion");
            authorizer.authorizer_payload_format_version =
                declared.one_of("AuthorizerPayloadFormatVersion", &["1.0", "2.0"]);
            authorizer.enable_simple_responses = declared.boolean("EnableSimpleResponses").unwrap_or(false);
            let identity = declared.object("Identity");
            let ttl = identity.as_ref().and_then(|identity| identity.integer("ReauthorizeEvery", 0..=3600));
            if let Some(identity) = &identity {
                authorizer.identity_source = request_sources(identity, "$request");
            }
            // SAM hands the value on as it is, and HTTP APIs cache only where they are told to.
            authorizer.authorizer_result_ttl_in_seconds = ttl.unwrap_or(0);
        } else {
            "JWT".clone_into(&mut authorizer.authorizer_type);
            "JWT".clone_into(&mut access.authorization_type);
            access.scopes = declared.strings("AuthorizationScopes");
            declared.require("JwtConfiguration");
            authorizer.jwt_configuration =
                declared.object("JwtConfiguration").map(|jwt| openapi::jwt_configuration(&jwt));
            authorizer.identity_source = declared.string("IdentitySource").into_iter().collect();
        }
        builder.api.authorizers.insert(id, authorizer);
        builder.authorizers.by_name.insert(name.to_owned(), access);
    }
    set_default(&mut builder.authorizers, auth);
}

fn set_default(authorizers: &mut Authorizers, auth: &Properties<'_>) {
    let Some(name) = auth.string("DefaultAuthorizer") else { return };
    let whose = format!("{}.Auth.DefaultAuthorizer", auth.owner().logical_id);
    authorizers.default = match name.as_str() {
        "AWS_IAM" => Some(Access::of("AWS_IAM", None)),
        _ => authorizers.find(&name, auth.place("DefaultAuthorizer"), &whose, auth.report()),
    };
}

/// `Auth` of an event: its own authorizer, the API's default, or none.
pub(super) fn event(authorizers: &Authorizers, event: &Properties<'_>) -> Access {
    let default = || authorizers.default.clone().unwrap_or_else(Access::open);
    let Some(auth) = event.object("Auth") else { return default() };
    auth.harmless(&["InvokeRole", "OverrideApiAuth"]);
    // `events` reads it.
    auth.harmless(&["ResourcePolicy"]);
    let whose = format!("{}.{}", auth.owner().logical_id, auth.path("Authorizer"));
    let mut access = match auth.string("Authorizer").as_deref() {
        None => default(),
        Some("NONE") => Access { authorization_type: "NONE".to_owned(), authorizer_id: None, ..default() },
        Some("AWS_IAM") => Access::of("AWS_IAM", None),
        Some(name) => {
            let at = auth.place("Authorizer");
            authorizers.find(name, at, &whose, auth.report()).unwrap_or_else(Access::open)
        }
    };
    let by_default = default().api_key_required;
    access.api_key_required = auth.boolean("ApiKeyRequired").unwrap_or(access.api_key_required || by_default);
    if auth.has("AuthorizationScopes") {
        access.scopes = auth.strings("AuthorizationScopes");
    }
    access
}

/// The identity sources of a REQUEST authorizer, as API Gateway writes them.
fn request_sources(identity: &Properties<'_>, request: &str) -> Vec<String> {
    let dollar = if request.starts_with('$') { "$" } else { "" };
    let mut sources = Vec::new();
    for (key, prefix) in [
        ("Headers", format!("{request}.header")),
        ("QueryStrings", format!("{request}.querystring")),
        ("StageVariables", format!("{dollar}stageVariables")),
        ("Context", format!("{dollar}context")),
    ] {
        sources.extend(identity.strings(key).iter().map(|name| format!("{prefix}.{name}")));
    }
    sources
}
