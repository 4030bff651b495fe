//! What goes in and out of a method: parameters, bodies, responses.

use indexmap::IndexMap;

use crate::model::MethodResponse;

use super::super::super::node::Node;
use super::super::super::rest_builder::RestBuilder;
use super::super::Operation;
use super::references::resolved;
use super::{Reader, non_empty, warn};

impl<'a> Reader<'_, 'a> {
    /// `requestParameters` and `requestModels` of a method.
    pub(super) fn request(
        &self,
        builder: &mut RestBuilder,
        operation: &Operation<'a>,
        path: &str,
    ) -> (IndexMap<String, bool>, IndexMap<String, String>) {
        let mut parameters = IndexMap::new();
        let mut models = IndexMap::new();
        // An operation's own parameters win over its path's.
        let own = operation.properties.list("parameters");
        for node in operation.path_parameters.iter().chain(own) {
            let Some(parameter) = resolved(self.document, node) else { continue };
            let text = |key: &str| parameter.get(key).and_then(Node::scalar).unwrap_or_default();
            let (name, required) = (text("name"), text("required") == "true");
            let place = match text("in").as_str() {
                "path" => "path",
                "query" => "querystring",
                "header" => "header",
                "body" => {
                    if let Some(schema) = parameter.get("schema") {
                        let place = format!("{} {path} request", operation.verb);
                        let Some(model) = self.model_of(builder, schema, &place) else { continue };
                        for media_type in self.media_types(operation, "consumes") {
                            models.insert(media_type, model.clone());
                        }
                    }
                    continue;
                }
                // Neither has a place in API Gateway's own parameters.
                "cookie" | "formData" => continue,
                other => {
                    let what = format!(
                        "a parameter's `in` must be path, query, header, cookie, body or formData, not '{other}'"
                    );
                    self.document.report().error(parameter.at, what);
                    continue;
                }
            };
            if name.is_empty() {
                self.document.report().error(parameter.at, "a parameter needs a `name`");
                continue;
            }
            parameters.insert(format!("method.request.{place}.{name}"), required);
        }
        if let Some(body) = operation.properties.take("requestBody").and_then(|body| resolved(self.document, body)) {
            models.extend(self.content(builder, body, &format!("{} {path} request", operation.verb)));
        }
        (parameters, models)
    }

    /// Method responses by status code.
    pub(super) fn responses(
        &self,
        builder: &mut RestBuilder,
        operation: &Operation<'a>,
        path: &str,
    ) -> IndexMap<String, MethodResponse> {
        let mut responses = IndexMap::new();
        for (status, at, node) in operation.properties.members("responses") {
            if status.starts_with("x-") {
                continue;
            }
            if status.len() != 3 || !status.bytes().all(|byte| byte.is_ascii_digit()) {
                let what =
                    format!("Ignoring response '{status}' on method '{} {path}': it is no status code", operation.verb);
                warn(builder, self.document, at, what);
                continue;
            }
            let Some(response) = resolved(self.document, node) else { continue };
            let place = format!("{} {path} {status}", operation.verb);
            let models = match response.get("schema") {
                Some(schema) => {
                    let model = self.model_of(builder, schema, &place);
                    let types = self.media_types(operation, "produces").into_iter();
                    model.map(|model| types.map(|media| (media, model.clone())).collect()).unwrap_or_default()
                }
                None => self.content(builder, response, &place),
            };
            let headers = response.get("headers").and_then(Node::as_map).into_iter().flatten();
            let parameters = headers.map(|(name, _)| (format!("method.response.header.{name}"), false)).collect();
            let response = MethodResponse {
                status_code: status.to_owned(),
                response_parameters: non_empty(parameters),
                response_models: non_empty(models),
            };
            responses.insert(status.to_owned(), response);
        }
        responses
    }

    /// OpenAPI 3's `content`: models by media type.
    fn content(&self, builder: &mut RestBuilder, holder: &'a Node, place: &str) -> IndexMap<String, String> {
        let mut models = IndexMap::new();
        for (media_type, entry) in holder.get("content").and_then(Node::as_map).into_iter().flatten() {
            let Some(schema) = entry.value.get("schema") else { continue };
            if let Some(model) = self.model_of(builder, schema, place) {
                models.insert(media_type.clone(), model);
            }
        }
        models
    }

    /// Swagger's `consumes` or `produces`, the operation's or the document's.
    fn media_types(&self, operation: &Operation<'a>, key: &str) -> Vec<String> {
        let of = |node: &'a Node| node.get(key).and_then(Node::as_list);
        let list = of(operation.properties.node()).or_else(|| of(self.document.node()));
        let types: Vec<String> = list.into_iter().flatten().filter_map(Node::scalar).collect();
        if types.is_empty() { vec!["application/json".to_owned()] } else { types }
    }
}
