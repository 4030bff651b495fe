//! Schemas become models: those with a name under that name, those that stand where they are used under a made-up one.

use serde_json::Value;

use crate::model::SchemaModel;

use super::super::super::names;
use super::super::super::node::Node;
use super::super::super::properties::Properties;
use super::super::super::rest_builder::RestBuilder;
use super::references::{SchemaReference, schema};
use super::{Reader, warn};

impl<'a> Reader<'_, 'a> {
    /// `definitions` or `components.schemas`. They may refer to each other in circles: models may.
    pub(super) fn models(&self, builder: &mut RestBuilder, components: Option<&Properties<'a>>) {
        let members = match (self.is_3, components) {
            (false, _) => self.document.members("definitions"),
            (true, Some(components)) => components.members("schemas"),
            (true, None) => Vec::new(),
        };
        // All names first, since a schema may refer to a later one.
        let mut named = Vec::new();
        for (name, at, node) in members {
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                warn(builder, self.document, at, format!("Model name must be alphanumeric: {name}"));
                continue;
            }
            builder.api.models.insert(name.to_owned(), SchemaModel::default());
            named.push((name, node));
        }
        for (name, node) in named {
            let description = node.get("description").and_then(Node::scalar);
            let schema = self.schema_text(builder, node);
            let model = SchemaModel {
                id: names::short_id(&["model", &builder.api.id, name]),
                name: name.to_owned(),
                description,
                schema: Some(schema),
                content_type: Some("application/json".to_owned()),
            };
            builder.api.models.insert(name.to_owned(), model);
        }
    }

    /// The name of the model that a body's schema is; one is made for a schema without name.
    pub(super) fn model_of(&self, builder: &mut RestBuilder, node: &'a Node, place: &str) -> Option<String> {
        if let Some(reference) = node.get("$ref") {
            let text = reference.scalar().unwrap_or_default();
            return match schema(&text) {
                SchemaReference::Model(name) if builder.api.models.contains_key(&name) => Some(name),
                SchemaReference::Model(name) => {
                    warn(
                        builder,
                        self.document,
                        reference.at,
                        format!("Reference to model '{name}' not found. Ignoring."),
                    );
                    None
                }
                SchemaReference::Within | SchemaReference::Foreign => {
                    self.bad_schema_reference(reference, &text);
                    None
                }
            };
        }
        let schema = self.schema_text(builder, node);
        let known = builder
            .api
            .models
            .values()
            .find(|model| model.name.starts_with("MODEL") && model.schema.as_ref() == Some(&schema));
        if let Some(known) = known {
            return Some(known.name.clone());
        }
        let name = format!("MODEL{}", &names::short_id(&["inline", &builder.api.id, place])[..6]);
        let model = SchemaModel {
            id: names::short_id(&["model", &builder.api.id, &name]),
            name: name.clone(),
            description: None,
            schema: Some(schema),
            content_type: Some("application/json".to_owned()),
        };
        builder.api.models.insert(name.clone(), model);
        Some(name)
    }

    /// A schema as API Gateway keeps it: JSON whose references are the models' own addresses.
    fn schema_text(&self, builder: &mut RestBuilder, node: &Node) -> String {
        let value = self.rewritten(builder, node);
        serde_json::to_string_pretty(&value).unwrap_or_default()
    }

    fn rewritten(&self, builder: &mut RestBuilder, node: &Node) -> Value {
        if let Some(items) = node.as_list() {
            return items.iter().map(|item| self.rewritten(builder, item)).collect();
        }
        let Some(map) = node.as_map() else { return node.to_json() };
        let entries = map.iter().filter_map(|(key, entry)| {
            let value = match (key.as_str(), entry.value.as_text()) {
                ("$ref", Some(text)) => self.address(builder, &entry.value, text),
                ("properties" | "patternProperties" | "definitions", _) => self.by_name(builder, &entry.value),
                // API Gateway's import leaves them out of what it validates.
                ("minItems" | "maxItems", _) if entry.value.scalar().is_some() => {
                    let what = format!("{key} is not part of a model that is imported. Ignoring.");
                    warn(builder, self.document, entry.key_at, what);
                    return None;
                }
                _ => self.rewritten(builder, &entry.value),
            };
            Some((key.clone(), value))
        });
        Value::Object(entries.collect())
    }

    /// Schemas by names, which are the author's.
    fn by_name(&self, builder: &mut RestBuilder, node: &Node) -> Value {
        let Some(map) = node.as_map() else { return self.rewritten(builder, node) };
        let entries = map.iter().map(|(name, entry)| (name.clone(), self.rewritten(builder, &entry.value)));
        Value::Object(entries.collect())
    }

    fn address(&self, builder: &mut RestBuilder, node: &Node, text: &str) -> Value {
        match schema(text) {
            SchemaReference::Model(name) => {
                if !builder.api.models.contains_key(&name) {
                    warn(builder, self.document, node.at, format!("Reference to model '{name}' not found. Ignoring."));
                }
                format!("https://apigateway.amazonaws.com/restapis/{}/models/{name}", builder.api.id).into()
            }
            // Within one schema: `#`, `#/properties/…` of itself.
            SchemaReference::Within if text == "#" => text.into(),
            SchemaReference::Within | SchemaReference::Foreign => {
                self.bad_schema_reference(node, text);
                text.into()
            }
        }
    }

    fn bad_schema_reference(&self, node: &Node, text: &str) {
        let form = if self.is_3 { "#/components/schemas/{name}" } else { "#/definitions/{name}" };
        self.document
            .report()
            .error(node.at, format!("$ref '{text}' names no model: a schema may refer to '{form}' alone"));
    }
}
