//! `x-amazon-apigateway-integration`, whole.

use indexmap::IndexMap;

use crate::model::{Integration, IntegrationResponse, IntegrationType, TlsConfig};

use super::super::super::node::{Kind, Node};
use super::super::super::properties::Properties;
use super::super::super::rest_builder::RestBuilder;
use super::super::{Operation, integration_type};
use super::{Reader, non_empty, warn};

const KEY: &str = "x-amazon-apigateway-integration";

impl<'a> Reader<'_, 'a> {
    /// What answers a method.
    pub(super) fn integration(
        &self,
        builder: &mut RestBuilder,
        operation: &Operation<'a>,
        path: &str,
    ) -> Option<Integration> {
        let method = &operation.properties;
        if !method.has(KEY) {
            if self.options.needs_integrations {
                let place = method.path("");
                let id = method.owner().logical_id;
                let place = place.trim_end_matches('.');
                let what = format!("{id}.{place}: No integration defined for method: it needs `{KEY}`");
                method.report().error(method.at(), what);
            }
            return None;
        }
        let properties = method.object(KEY)?;
        let kind = integration_type(&properties, "type")?;
        let mut integration = Integration {
            integration_type: kind,
            http_method: properties.string("httpMethod").map(|verb| verb.to_ascii_uppercase()),
            uri: properties.string("uri"),
            connection_type: properties.string("connectionType").map(|text| text.to_ascii_uppercase()),
            connection_id: properties.string("connectionId"),
            credentials: properties.string("credentials"),
            request_parameters: non_empty(properties.string_map("requestParameters")),
            request_templates: non_empty(templates(&properties, "requestTemplates")),
            passthrough_behavior: Some(
                one_of(&properties, "passthroughBehavior", &["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"])
                    .unwrap_or_else(|| "WHEN_NO_MATCH".to_owned()),
            ),
            content_handling: one_of(&properties, "contentHandling", &["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"]),
            timeout_in_millis: properties.integer("timeoutInMillis", 50..=300_000).unwrap_or(29_000),
            cache_namespace: properties.string("cacheNamespace"),
            cache_key_parameters: properties.strings("cacheKeyParameters"),
            integration_responses: responses(builder, &properties, operation.verb, path),
            tls_config: properties.object("tlsConfig").map(|tls| TlsConfig {
                insecure_skip_verification: tls.boolean("insecureSkipVerification").unwrap_or(false),
                server_name_to_verify: tls.string("serverNameToVerify"),
            }),
            response_transfer_mode: one_of(&properties, "responseTransferMode", &["BUFFERED", "STREAM"]),
            integration_target: properties.string("integrationTarget"),
        };
        if matches!(kind, IntegrationType::Http | IntegrationType::HttpProxy) {
            integration.connection_type.get_or_insert_with(|| "INTERNET".to_owned());
        }
        // It says which event a function gets, which for REST APIs is always 1.0.
        properties.harmless(&["payloadFormatVersion"]);
        self.check(&properties, &integration, operation.verb, path);
        // What is no proxy to a function is named when it is compiled.
        if kind == IntegrationType::AwsProxy && self.options.needs_integrations {
            properties.unsupported("requestParameters", "request parameters are not mapped");
        }
        Some(integration)
    }

    /// What `PutIntegration` would refuse, in its words.
    fn check(&self, properties: &Properties<'_>, integration: &Integration, verb: &str, path: &str) {
        let uri = integration.uri.as_deref();
        let what = match integration.integration_type {
            IntegrationType::Mock => None,
            _ if uri.is_none() && self.options.needs_integrations => {
                properties.require("uri");
                None
            }
            IntegrationType::Http | IntegrationType::HttpProxy => {
                // A stage variable may be any part of it.
                let known =
                    |uri: &str| uri.starts_with("http://") || uri.starts_with("https://") || uri.starts_with("${");
                (!uri.is_some_and(known)).then_some("Invalid HTTP endpoint specified for URI")
            }
            IntegrationType::Aws | IntegrationType::AwsProxy => {
                let known = |uri: &str| uri.starts_with("arn:") || uri.contains("${");
                (!uri.is_some_and(known)).then_some("Invalid ARN specified in the request")
            }
        };
        if let Some(what) = what {
            let place = if uri.is_some() { properties.place("uri") } else { properties.at() };
            let what = format!("Unable to put integration on '{verb}' for resource at path '{path}': {what}");
            properties.report().error(place, what);
        }
    }
}

/// `responses`: by selection pattern in a document, by status code in the model.
fn responses(
    builder: &mut RestBuilder,
    integration: &Properties<'_>,
    verb: &str,
    path: &str,
) -> IndexMap<String, IntegrationResponse> {
    let mut responses = IndexMap::new();
    for (pattern, at, node) in integration.members("responses") {
        let properties = integration.reader(integration.path(&format!("responses.{pattern}")), node);
        let Some(status_code) = properties.required_string("statusCode") else { continue };
        let response = IntegrationResponse {
            status_code: status_code.clone(),
            selection_pattern: (pattern != "default").then(|| pattern.to_owned()),
            response_parameters: non_empty(properties.string_map("responseParameters")),
            response_templates: non_empty(templates(&properties, "responseTemplates")),
            content_handling: one_of(&properties, "contentHandling", &["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"]),
        };
        if responses.insert(status_code.clone(), response).is_some() {
            let what = format!(
                "Several integration responses for status {status_code} on method '{verb} {path}': the last one is used"
            );
            warn(builder, integration, at, what);
        }
    }
    responses
}

/// Templates by content type; a null one passes the body on.
fn templates(properties: &Properties<'_>, key: &str) -> IndexMap<String, Option<String>> {
    let mut templates = IndexMap::new();
    for (name, at, node) in properties.members(key) {
        let text = match (&node.kind, node.scalar()) {
            (Kind::Null, _) => None,
            (Kind::Unresolved, _) => continue,
            (_, Some(text)) => Some(text),
            // A template that is JSON and was written as such.
            (Kind::Map(_) | Kind::List(_), None) => Some(json(node)),
            _ => {
                properties.report().error(at, format!("{}.{name} must be a string", properties.path(key)));
                continue;
            }
        };
        templates.insert(name.to_owned(), text);
    }
    templates
}

fn json(node: &Node) -> String {
    node.to_json().to_string()
}

/// One of a few words, in either case.
fn one_of(properties: &Properties<'_>, key: &str, allowed: &[&str]) -> Option<String> {
    let text = properties.string(key)?;
    let found = allowed.iter().find(|word| word.eq_ignore_ascii_case(&text));
    if found.is_none() {
        properties.error(key, format!("must be one of {}, not '{text}'", allowed.join(", ")));
    }
    found.map(|word| (*word).to_owned())
}
