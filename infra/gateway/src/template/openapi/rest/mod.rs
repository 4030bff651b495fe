//! An OpenAPI document as the definition of a REST API: what a template embeds and what `ImportRestApi` is sent are read
//! alike, into the same model.

mod documentation;
mod integration;
mod messages;
mod references;
mod schemas;
mod settings;
mod standalone;

#[cfg(test)]
mod tests;

pub(crate) use standalone::{documentation_parts, rest_api};

use indexmap::IndexMap;

use crate::model::Method;

use super::super::error::Place;
use super::super::node::Node;
use super::super::properties::Properties;
use super::super::rest_builder::RestBuilder;
use super::{DOCUMENTATION, Operation, ignore_foreign, is_openapi_3, operations, security, title};

/// What to do with `basePath` or the path of the first server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BasePath {
    /// Nothing.
    #[default]
    Ignore,
    /// Every path begins with it.
    Prepend,
    /// Every path begins with it but for its first segment.
    Split,
}

/// How a document is read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) base_path: BasePath,
    /// Leaves `x-amazon-apigateway-documentation` out.
    pub(crate) ignore_documentation: bool,
    /// A method without integration is an error: what is read is deployed at once.
    pub(crate) needs_integrations: bool,
}

/// Adds what a template's document declares to `builder`.
pub(in super::super) fn import(builder: &mut RestBuilder, document: &Properties<'_>, base_path: BasePath) {
    read(builder, document, Options { base_path, needs_integrations: true, ..Options::default() });
}

/// A document that is being read.
struct Reader<'r, 'a> {
    document: &'r Properties<'a>,
    /// OpenAPI 3.0 rather than Swagger 2.0.
    is_3: bool,
    options: Options,
}

/// Adds what a document declares to `builder`.
fn read(builder: &mut RestBuilder, document: &Properties<'_>, options: Options) {
    let Some(is_3) = is_openapi_3(document) else {
        document.rest_is_harmless();
        return;
    };
    document.harmless(DOCUMENTATION);
    ignore_foreign(document);
    let reader = Reader { document, is_3, options };
    if builder.api.name.is_empty() {
        builder.api.name = title(document);
    }
    let info = |key: &str| document.node().get("info").and_then(|info| info.get(key)).and_then(Node::scalar);
    builder.api.version = info("version");
    if builder.api.description.is_none() {
        builder.api.description = info("description");
    }
    settings::read(builder, document);
    let validator = settings::request_validators(builder, document);
    let components = if is_3 { document.object("components") } else { None };
    reader.models(builder, components.as_ref());
    let ignored = reader.authorizers(builder, components.as_ref());
    if let Some(components) = &components {
        // What is referred to is read where it is referred to; the rest is the authors' own.
        components.rest_is_harmless();
    }
    let prefix = reader.path_prefix();
    let document_security = document.take("security");
    for operation in operations(document) {
        reader.method(builder, &operation, &prefix, validator.as_deref(), document_security, &ignored);
    }
    if !options.ignore_documentation {
        documentation::read(builder, document);
    }
}

impl<'a> Reader<'_, 'a> {
    /// Authorizers by their schemes; gives the names of the schemes that API Gateway ignores.
    fn authorizers(&self, builder: &mut RestBuilder, components: Option<&Properties<'a>>) -> Vec<&'a str> {
        let mut ignored = Vec::new();
        for scheme in security::schemes(self.document, components) {
            match security::rest_scheme(&scheme, &builder.api.id) {
                Some((access, authorizer)) => {
                    if let Some(authorizer) = authorizer {
                        builder.api.authorizers.insert(authorizer.id.clone(), authorizer);
                    }
                    builder.authorizers.by_name.insert(scheme.name.to_owned(), access);
                }
                None => ignored.push(scheme.name),
            }
        }
        ignored
    }

    fn method(
        &self,
        builder: &mut RestBuilder,
        operation: &Operation<'a>,
        prefix: &str,
        default_validator: Option<&str>,
        document_security: Option<&Node>,
        ignored: &[&str],
    ) {
        let properties = &operation.properties;
        let access = security::access(properties, document_security, ignored, &builder.authorizers);
        let path = format!("{prefix}{}", operation.path);
        let validator = settings::request_validator(builder, properties).or(default_validator.map(str::to_owned));
        let integration = self.integration(builder, operation, &path);
        let (request_parameters, request_models) = self.request(builder, operation, &path);
        let method_responses = self.responses(builder, operation, &path);
        let Some(resource) = builder.ensure(&path, operation.at, properties.report()) else { return };
        let method = Method {
            http_method: operation.verb.to_owned(),
            authorization_type: access.authorization_type,
            authorizer_id: access.authorizer_id,
            authorization_scopes: access.scopes,
            api_key_required: access.api_key_required,
            operation_name: properties.string("operationId"),
            request_validator_id: validator,
            request_parameters: non_empty(request_parameters),
            request_models: non_empty(request_models),
            method_responses,
            integration,
        };
        builder.add_method(resource, method, operation.at, properties.report());
    }

    /// What stands before every path.
    fn path_prefix(&self) -> String {
        let base = match self.is_3 {
            false => self.document.node().get("basePath").and_then(Node::scalar),
            true => self.server_path(),
        };
        let base = base.unwrap_or_default();
        let base = base.trim_matches('/');
        let kept = match self.options.base_path {
            BasePath::Ignore => "",
            BasePath::Prepend => base,
            BasePath::Split => base.split_once('/').map_or("", |(_, rest)| rest),
        };
        if kept.is_empty() { String::new() } else { format!("/{kept}") }
    }

    /// The path of the first server's URL, its variables at their defaults.
    fn server_path(&self) -> Option<String> {
        let server = self.document.node().get("servers")?.as_list()?.first()?;
        let mut url = server.get("url")?.scalar()?;
        for (name, entry) in server.get("variables").and_then(Node::as_map).into_iter().flatten() {
            if let Some(default) = entry.value.get("default").and_then(Node::scalar) {
                url = url.replace(&format!("{{{name}}}"), &default);
            }
        }
        let after = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        Some(after.split_once('/').map_or("", |(_, path)| path).to_owned())
    }
}

/// What of a document is left out, which AWS says and goes on.
fn warn(builder: &mut RestBuilder, properties: &Properties<'_>, at: Place, message: impl Into<String>) {
    let message = message.into();
    properties.report().unsupported(properties.owner(), None, at, message.as_str());
    if !builder.api.warnings.contains(&message) {
        builder.api.warnings.push(message);
    }
}

fn non_empty<V>(map: IndexMap<String, V>) -> Option<IndexMap<String, V>> {
    (!map.is_empty()).then_some(map)
}
