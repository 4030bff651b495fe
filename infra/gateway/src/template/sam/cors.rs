//! `Cors` of an `AWS::Serverless::Api`: an OPTIONS method on every path, answered by a MOCK integration.

use indexmap::IndexMap;

use crate::model::{Integration, IntegrationResponse, IntegrationType, Method, MethodResponse};

use super::super::error::Report;
use super::super::node::Kind;
use super::super::properties::Properties;
use super::super::rest_builder::{Access, Preflight, RestBuilder};

/// Reads `Cors`: an origin in quotes, or a mapping. The methods come when all paths are there.
pub(super) fn read(builder: &mut RestBuilder, properties: &Properties<'_>, auth: Option<&Properties<'_>>) {
    let with_authorizer = auth.and_then(|auth| auth.boolean("AddDefaultAuthorizerToCorsPreflight")).unwrap_or(true);
    let with_key = auth.and_then(|auth| auth.boolean("AddApiKeyRequiredToCorsPreflight")).unwrap_or(true);
    let Some(node) = properties.take("Cors") else { return };
    let default = builder.authorizers.default.clone().unwrap_or_else(Access::open);
    let access = Access {
        api_key_required: default.api_key_required && with_key,
        ..if with_authorizer { default } else { Access::open() }
    };
    let mut preflight = Preflight {
        at: node.at,
        allow_origin: "'*'".to_owned(),
        allow_headers: None,
        allow_methods: None,
        max_age: None,
        allow_credentials: false,
        access,
    };
    if let Kind::Map(_) = node.kind {
        let Some(cors) = properties.object("Cors") else { return };
        preflight.allow_origin = cors.string("AllowOrigin").unwrap_or(preflight.allow_origin);
        preflight.allow_headers = cors.string("AllowHeaders");
        preflight.allow_methods = cors.string("AllowMethods");
        preflight.max_age = cors.string("MaxAge");
        preflight.allow_credentials = cors.boolean("AllowCredentials").unwrap_or(false);
        if preflight.allow_credentials && preflight.allow_origin == "'*'" {
            let what = "cannot be true when AllowOrigin is \"'*'\" or not set: browsers refuse that";
            cors.error("AllowCredentials", what);
        }
    } else if let Some(origin) = properties.string("Cors") {
        preflight.allow_origin = origin;
    }
    if properties.has("DefinitionUri") {
        properties
            .error("Cors", "works only with a definition in DefinitionBody: SAM does not change a DefinitionUri's");
    }
    builder.preflight = Some(preflight);
}

/// Adds the methods to every path that has methods and no OPTIONS of its own.
pub(in super::super) fn add_preflight(builder: &mut RestBuilder, report: &Report) {
    let Some(preflight) = builder.preflight.take() else { return };
    for index in 0..builder.api.resources.len() {
        let methods = &builder.api.resources[index].methods;
        if methods.is_empty() || methods.contains_key("OPTIONS") {
            continue;
        }
        let allowed = preflight.allow_methods.clone().unwrap_or_else(|| allowed(methods.keys().map(String::as_str)));
        builder.add_method(index, method(&preflight, &allowed), preflight.at, report);
    }
}

/// The verbs of a path, as SAM lists them.
fn allowed<'a>(verbs: impl Iterator<Item = &'a str> + Clone) -> String {
    if verbs.clone().any(|verb| verb == "ANY") {
        return "'DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT'".to_owned();
    }
    let mut verbs: Vec<&str> = verbs.chain(["OPTIONS"]).collect();
    verbs.sort_unstable();
    format!("'{}'", verbs.join(","))
}

fn method(preflight: &Preflight, allowed: &str) -> Method {
    let credentials = preflight.allow_credentials.then_some("'true'");
    let headers = [
        ("Access-Control-Allow-Origin", Some(preflight.allow_origin.as_str())),
        ("Access-Control-Allow-Headers", preflight.allow_headers.as_deref()),
        ("Access-Control-Allow-Methods", Some(allowed)),
        ("Access-Control-Max-Age", preflight.max_age.as_deref()),
        ("Access-Control-Allow-Credentials", credentials),
    ];
    let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let named: IndexMap<String, String> =
        headers.map(|(name, value)| (format!("method.response.header.{name}"), value.to_owned())).collect();
    let json = |text: &str| Some(IndexMap::from([("application/json".to_owned(), Some(text.to_owned()))]));
    let status = || "200".to_owned();
    let response = MethodResponse {
        status_code: status(),
        response_parameters: Some(named.keys().map(|name| (name.clone(), false)).collect()),
        response_models: None,
    };
    let integration_response = IntegrationResponse {
        status_code: status(),
        selection_pattern: None,
        response_parameters: Some(named),
        response_templates: json("{}\n"),
        content_handling: None,
    };
    let access = preflight.access.clone();
    Method {
        http_method: "OPTIONS".to_owned(),
        authorization_type: access.authorization_type,
        authorizer_id: access.authorizer_id,
        api_key_required: access.api_key_required,
        method_responses: IndexMap::from([(status(), response)]),
        integration: Some(Integration {
            integration_type: IntegrationType::Mock,
            request_templates: json("{\n  \"statusCode\" : 200\n}\n"),
            integration_responses: IndexMap::from([(status(), integration_response)]),
            ..Integration::default()
        }),
        ..Method::default()
    }
}
