//! OpenAPI 3.0 and Swagger 2.0 documents with API Gateway's extensions: what REST and HTTP APIs take from them alike.

pub(super) mod http;
pub(crate) mod rest;
mod security;

pub(super) use security::{jwt_configuration, split_sources};

use crate::model::IntegrationType;

use super::error::Place;
use super::node::Node;
use super::properties::Properties;

/// Documentation, and what clients read; API Gateway routes nothing by it.
const DOCUMENTATION: &[&str] = &[
    "basePath",
    "consumes",
    "definitions",
    "externalDocs",
    "host",
    "info",
    "openapi",
    "parameters",
    "produces",
    "responses",
    "schemes",
    "servers",
    "swagger",
    "tags",
    "x-amazon-apigateway-documentation",
    "x-amazon-apigateway-endpoint-configuration",
    "x-amazon-apigateway-importexport-version",
];

/// What says nothing on how a request is answered.
const OPERATION_DOCUMENTATION: &[&str] = &[
    "callbacks",
    "consumes",
    "deprecated",
    "description",
    "externalDocs",
    "parameters",
    "produces",
    "requestBody",
    "responses",
    "schemes",
    "servers",
    "summary",
    "tags",
];

/// One verb on one path.
struct Operation<'a> {
    path: &'a str,
    /// `GET` … `ANY`.
    verb: &'static str,
    at: Place,
    /// `parameters` of the path, which hold for all of its verbs.
    path_parameters: &'a [Node],
    properties: Properties<'a>,
}

/// Takes the operations out of `paths`.
fn operations<'a>(document: &Properties<'a>) -> Vec<Operation<'a>> {
    let mut found = Vec::new();
    document.require("paths");
    for (path, _, node) in document.members("paths") {
        if path.starts_with("x-") && !path.starts_with("x-amazon-apigateway") {
            continue;
        }
        let item = document.reader(document.path(&format!("paths.{path}")), node);
        item.unsupported("$ref", "references to path items are not followed: these methods do not exist");
        item.harmless(&["description", "servers", "summary"]);
        let path_parameters = item.list("parameters");
        for (key, verb) in [
            ("delete", "DELETE"),
            ("get", "GET"),
            ("head", "HEAD"),
            ("options", "OPTIONS"),
            ("patch", "PATCH"),
            ("post", "POST"),
            ("put", "PUT"),
            ("x-amazon-apigateway-any-method", "ANY"),
        ] {
            let Some(at) = item.node().as_map().and_then(|map| map.get(key)).map(|entry| entry.key_at) else {
                continue;
            };
            if let Some(properties) = item.object(key) {
                properties.harmless(OPERATION_DOCUMENTATION);
                ignore_foreign(&properties);
                found.push(Operation { path, verb, at, path_parameters, properties });
            }
        }
        ignore_foreign(&item);
    }
    found
}

/// Vendor extensions of other tools (`x-internal`) are none of API Gateway's business.
fn ignore_foreign(properties: &Properties<'_>) {
    let foreign = |key: &&str| key.starts_with("x-") && !key.starts_with("x-amazon");
    let keys: Vec<&str> =
        properties.node().as_map().into_iter().flatten().map(|(key, _)| key.as_str()).filter(foreign).collect();
    properties.harmless(&keys);
}

/// The document's version: `true` for OpenAPI 3.0, `false` for Swagger 2.0.
fn is_openapi_3(document: &Properties<'_>) -> Option<bool> {
    if let Some(version) = document.string("swagger") {
        if version == "2.0" {
            return Some(false);
        }
        document.error("swagger", format!("must be \"2.0\", not '{version}'"));
        return None;
    }
    match document.string("openapi") {
        Some(version) if version.starts_with("3.0") => Some(true),
        Some(version) => {
            document.error("openapi", format!("must be 3.0.x, which is what API Gateway imports, not '{version}'"));
            None
        }
        None => {
            document.report().error(
                document.at(),
                format!(
                    "{}: an API definition needs `openapi: 3.0.1` or `swagger: \"2.0\"`",
                    document.owner().logical_id
                ),
            );
            None
        }
    }
}

/// The name that a document gives its API.
fn title(document: &Properties<'_>) -> String {
    let title = document.node().get("info").and_then(|info| info.get("title")).and_then(Node::scalar);
    title.unwrap_or_default()
}

/// An integration's `type`.
fn integration_type(properties: &Properties<'_>, key: &str) -> Option<IntegrationType> {
    properties.require(key);
    let text = properties.string(key)?;
    let found = parse_integration_type(&text);
    if found.is_none() {
        properties.error(key, format!("must be one of AWS_PROXY, AWS, HTTP_PROXY, HTTP, MOCK, not '{text}'"));
    }
    found
}

/// `AWS_PROXY` … `MOCK`, in either case.
pub(super) fn parse_integration_type(text: &str) -> Option<IntegrationType> {
    Some(match text.to_ascii_uppercase().as_str() {
        "AWS_PROXY" => IntegrationType::AwsProxy,
        "AWS" => IntegrationType::Aws,
        "HTTP_PROXY" => IntegrationType::HttpProxy,
        "HTTP" => IntegrationType::Http,
        "MOCK" => IntegrationType::Mock,
        _ => return None,
    })
}

/// Follows a `$ref` within the document (`#/components/…`).
fn follow<'a>(root: &'a Node, reference: &str) -> Option<&'a Node> {
    let path = reference.strip_prefix("#/")?;
    path.split('/').try_fold(root, |node, part| node.get(&part.replace("~1", "/").replace("~0", "~")))
}

/// `image~1png` is how JSON patches, and so API Gateway, write `image/png`.
pub(super) fn media_types(types: Vec<String>) -> Vec<String> {
    types.into_iter().map(|media_type| media_type.replace("~1", "/")).collect()
}
