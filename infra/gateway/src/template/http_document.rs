//! An OpenAPI document as a whole HTTP API, for API Gateway's own import.

use std::path::Path;

use super::api_builder::ApiBuilder;
use super::error::{Owner, Report};
use super::node::Node;
use super::properties::Properties;
use super::{openapi, yaml};
use crate::model::{Api, ProtocolType};

/// What a document declares.
#[derive(Debug)]
pub(crate) struct HttpDocument {
    /// The API without stages; its `warnings` are what of the document was not taken over.
    pub(crate) api: Api,
    /// The base path of its first server, `/v1`; empty if there is none.
    pub(crate) base_path: String,
}

/// Reads an OpenAPI 3.0 document, JSON or YAML, as the HTTP API of this id.
///
/// # Errors
/// All that is wrong, each with its line and column.
pub(crate) fn http_document(text: &str, api_id: &str) -> Result<HttpDocument, Vec<String>> {
    let report = Report::default();
    let file = report.add_file(Path::new("Body"));
    let document = yaml::parse(text, file, &report);
    let api = document.as_ref().map(|document| {
        let owner = Owner { logical_id: api_id, resource_type: "" };
        let mut builder = ApiBuilder::new(api_id, String::new(), ProtocolType::Http);
        let properties = Properties::new(&report, owner, "", &document.root);
        // Read below, where the reader of templates has no use for it.
        properties.harmless(&["servers", "tags", "x-amazon-apigateway-importexport-version"]);
        openapi::http::import(&mut builder, &properties);
        builder.api
    });
    let (Some(document), Some(mut api)) = (document, api.filter(|_| !report.has_errors())) else {
        let errors = report.errors().0;
        return Err(errors.into_iter().map(|e| format!("{}:{}: {}", e.line, e.column, e.message)).collect());
    };
    let info = |key: &str| document.root.get("info")?.get(key)?.scalar();
    api.logical_id = None;
    api.description = info("description");
    api.version = info("version");
    for tag in document.root.get("tags").and_then(Node::as_list).unwrap_or_default() {
        let text = |key| tag.get(key).and_then(Node::scalar);
        if let (Some(name), Some(value)) = (text("name"), text("x-amazon-apigateway-tag-value")) {
            api.tags.insert(name, value);
        }
    }
    let warnings = report.take_unsupported().into_iter().map(|found| {
        let property = found.property.unwrap_or_default();
        format!("{property}: {} (line {})", found.reason, found.line)
    });
    api.warnings = warnings.collect();
    Ok(HttpDocument { api, base_path: base_path(&document.root).unwrap_or_default() })
}

/// The path of the first server's URL, its `{basePath}` filled in.
fn base_path(root: &Node) -> Option<String> {
    let server = root.get("servers")?.as_list()?.first()?;
    let mut url = server.get("url")?.scalar()?;
    for (name, variable) in server.get("variables").and_then(Node::as_map).into_iter().flatten() {
        let default = variable.value.get("default").and_then(Node::scalar).unwrap_or_default();
        url = url.replace(&format!("{{{name}}}"), &default);
    }
    let path = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
    Some(path.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"
openapi: 3.0.1
info: {title: Shop, version: "2", description: Sells}
servers: [{url: "https://x.test/{basePath}", variables: {basePath: {default: v1}}}]
tags: [{name: Team, x-amazon-apigateway-tag-value: blue}, {name: Plain}]
paths:
  /items:
    get:
      x-amazon-apigateway-integration:
        {type: aws_proxy, uri: "arn:aws:lambda:us-east-1:000000000000:function:f", payloadFormatVersion: "2.0"}
"#;

    #[test]
    fn a_document_is_an_api() {
        let read = http_document(DOCUMENT, "abc123").unwrap();
        assert_eq!((read.api.name.as_str(), read.api.version.as_deref()), ("Shop", Some("2")));
        assert_eq!(read.api.description.as_deref(), Some("Sells"));
        assert_eq!(read.api.tags.len(), 1);
        assert_eq!(read.base_path, "/v1");
        assert_eq!(read.api.routes.values().next().unwrap().route_key, "GET /items");
        assert!(read.api.warnings.is_empty(), "{:?}", read.api.warnings);
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let errors = http_document("openapi: 3.0.1\npaths: {/a: {get: {}}}", "abc123").unwrap_err();
        assert!(errors[0].starts_with("2:") && errors[0].contains("x-amazon-apigateway-integration"), "{errors:?}");
        assert!(!http_document("{", "abc123").unwrap_err().is_empty());
        assert!(http_document("swagger: '2.0'", "abc123").unwrap_err()[0].contains("OpenAPI 3.0 only"));
    }
}
