//! The JSON schema of a model, made ready: its references to other models found, its patterns compiled.
//!
//! Schemas are of draft 4, whatever their `$schema` says. Nothing is fetched: a `$ref` leads into the same schema or to a
//! model of the same API. Patterns run in linear time, so that no body can make one run for ever.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, Retrieve, Uri, ValidationError, Validator};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::super::Unusable;
use super::validation::check_size;
use crate::model::{RestApi, SchemaModel};

/// A model, ready to check bodies.
#[derive(Debug)]
pub(crate) struct BodyModel {
    pub(crate) validator: Validator,
    /// The model's name.
    pub(crate) name: String,
    /// All schemas that it may refer to, by model.
    pub(crate) schemas: HashMap<String, Value>,
    /// It refers back to itself, so that a body may make it look at the same part of itself along many ways.
    pub(crate) recursive: bool,
}

/// Where API Gateway keeps models, by the id of their API.
const MODELS: &str = "https://apigateway.amazonaws.com/restapis/";
/// The compiled form of one pattern.
const MOST_PATTERN_BYTES: usize = 1024 * 1024;
/// What is data in a schema, and refers to nothing.
const DATA: [&str; 4] = ["default", "enum", "example", "examples"];

/// `Empty` and `Error`, which every API has.
fn built_in(name: &str) -> Option<&'static str> {
    match name {
        "Empty" => Some(r#"{"title":"Empty Schema","type":"object"}"#),
        "Error" => Some(r#"{"title":"Error Schema","type":"object","properties":{"message":{"type":"string"}}}"#),
        _ => None,
    }
}

/// The model, and the fragment behind it, that `https://apigateway.amazonaws.com/restapis/{id}/models/{name}` names.
///
/// The id is not looked at: a cloned API's models name the one that they come from.
pub(crate) fn referred_model(reference: &str) -> Option<(&str, &str)> {
    let (_, model) = reference.strip_prefix(MODELS)?.split_once("/models/")?;
    let (name, fragment) = model.split_at(model.find('#').unwrap_or(model.len()));
    (!name.is_empty() && !name.contains('/')).then_some((name, fragment))
}

fn address(name: &str) -> String {
    format!("{MODELS}api/models/{name}")
}

impl BodyModel {
    /// The model of this name, with all that it refers to.
    ///
    /// # Errors
    /// `Invalid` for what API Gateway refuses too: no JSON, no schema of draft 4, references to what is not there or
    /// elsewhere. `Unsupported` for a pattern that cannot be run in linear time.
    pub(super) fn compile(api: &RestApi, name: &str) -> Result<Self, Unusable> {
        let mut reader = Reader { api, schemas: HashMap::new(), refers: HashMap::new() };
        reader.reach(name).map_err(Unusable::Invalid)?;
        let recursive = reader.recursive(name);
        let schemas = reader.schemas;
        let schema = schemas.get(name).cloned().unwrap_or(Value::Bool(true));
        let options = jsonschema::options()
            .with_draft(Draft::Draft4)
            .with_base_uri(address(name))
            .with_retriever(Models(schemas.iter().map(|(name, schema)| (address(name), schema.clone())).collect()))
            .with_pattern_options(PatternOptions::regex().size_limit(MOST_PATTERN_BYTES))
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true);
        let validator = options.build(&schema).map_err(|error| unusable(name, &error))?;
        Ok(BodyModel { validator, name: name.to_owned(), schemas, recursive })
    }

    /// The schema that a path of keywords leads to, through references.
    pub(crate) fn follow<'k>(&self, path: impl Iterator<Item = &'k str>) -> Option<&Value> {
        let mut root = self.schemas.get(&self.name)?;
        let mut found = root;
        for key in path {
            if key == "$ref" {
                (root, found) = self.target(root, found.get("$ref")?.as_str()?)?;
                continue;
            }
            found = match found {
                Value::Array(items) => items.get(key.parse::<usize>().ok()?)?,
                other => other.get(key)?,
            };
        }
        Some(found)
    }

    fn target<'s>(&'s self, root: &'s Value, reference: &str) -> Option<(&'s Value, &'s Value)> {
        let (root, fragment) = match referred_model(reference) {
            Some((name, fragment)) => (self.schemas.get(name)?, fragment),
            None => (root, reference),
        };
        Some((root, pointed(root, fragment)?))
    }
}

/// What a fragment (`#/definitions/a`, `#` or nothing) points to in a schema.
fn pointed<'s>(root: &'s Value, fragment: &str) -> Option<&'s Value> {
    let pointer = percent_decode_str(fragment.strip_prefix('#').unwrap_or(fragment)).decode_utf8().ok()?;
    root.pointer(&pointer)
}

/// Why the schema does not compile.
fn unusable(name: &str, error: &ValidationError<'_>) -> Unusable {
    let place = match error.instance_path().to_string() {
        path if path.is_empty() => String::new(),
        path => format!(" at {path}"),
    };
    if matches!(error.kind(), ValidationErrorKind::Format { format } if format == "regex") {
        return Unusable::Unsupported(format!(
            "model {name}: the pattern {}{place} cannot be run in linear time: it is too large, or looks around or back",
            error.instance()
        ));
    }
    Unusable::Invalid(format!("model {name} is no JSON schema of draft 4{place}: {error}"))
}

/// Whether a model that is to be added to an API has a schema of use.
///
/// # Errors
/// Why API Gateway would not take it.
pub(crate) fn check_model(api: &RestApi, model: &SchemaModel) -> Result<(), String> {
    let mut models = api.models.clone();
    models.insert(model.name.clone(), model.clone());
    let api = RestApi { models, ..RestApi::default() };
    check_size(&api)?;
    match BodyModel::compile(&api, &model.name) {
        // AWS takes the patterns that are not served here.
        Ok(_) | Err(Unusable::Unsupported(_)) => Ok(()),
        Err(Unusable::Invalid(reason)) => Err(reason),
    }
}

/// Gathers a model's schema and those that it refers to.
struct Reader<'a> {
    api: &'a RestApi,
    schemas: HashMap<String, Value>,
    /// The models that a model refers to.
    refers: HashMap<String, Vec<String>>,
}

impl Reader<'_> {
    fn reach(&mut self, name: &str) -> Result<(), String> {
        let mut waiting = vec![name.to_owned()];
        while let Some(name) = waiting.pop() {
            if self.schemas.contains_key(&name) {
                continue;
            }
            let text = match self.api.models.get(&name) {
                Some(model) => model.schema.as_deref().unwrap_or("{}"),
                None => built_in(&name).ok_or_else(|| format!("there is no model {name} in the API"))?,
            };
            let mut schema: Value = serde_json::from_str(text)
                .map_err(|error| format!("the schema of model {name} is no JSON: {error}"))?;
            let mut walk = Walk { api: self.api, model: &name, refers: Vec::new(), own: false };
            let root = schema.clone();
            walk.rewrite(&mut schema, &root, "")?;
            let Value::Object(map) = &mut schema else {
                return Err(format!("the schema of model {name} is no JSON object"));
            };
            // In draft 4, whatever it claims.
            map.insert("$schema".to_owned(), "http://json-schema.org/draft-04/schema#".into());
            let mut refers = walk.refers;
            waiting.extend(refers.iter().cloned());
            if walk.own {
                refers.push(name.clone());
            }
            self.refers.insert(name.clone(), refers);
            self.schemas.insert(name, schema);
        }
        Ok(())
    }

    /// Whether references lead in a circle; a reference within one model counts as one.
    fn recursive(&self, name: &str) -> bool {
        fn leads<'a>(of: &'a HashMap<String, Vec<String>>, name: &'a str, above: &mut Vec<&'a str>) -> bool {
            if above.contains(&name) {
                return true;
            }
            above.push(name);
            let circle = of.get(name).into_iter().flatten().any(|next| leads(of, next, above));
            above.pop();
            circle
        }
        // The ways through models without a circle may be many; beyond a few models it is taken for one.
        self.refers.len() > 16 || leads(&self.refers, name, &mut Vec::new())
    }
}

/// One schema, whose references are written as the compiler of schemas knows them.
struct Walk<'a> {
    api: &'a RestApi,
    model: &'a str,
    refers: Vec<String>,
    /// Some reference leads into the schema itself.
    own: bool,
}

impl Walk<'_> {
    fn rewrite(&mut self, value: &mut Value, root: &Value, at: &str) -> Result<(), String> {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.rewrite(item, root, &format!("{at}/{index}"))?;
                }
            }
            Value::Object(map) => self.rewrite_object(map, root, at)?,
            _ => {}
        }
        Ok(())
    }

    fn rewrite_object(&mut self, map: &mut Map<String, Value>, root: &Value, at: &str) -> Result<(), String> {
        // `id` would move what references are relative to; API Gateway resolves none by it.
        for key in ["id", "$schema"] {
            if map.get(key).is_some_and(Value::is_string) {
                map.shift_remove(key);
            }
        }
        for (key, value) in map.iter_mut() {
            match value {
                Value::String(text) if key == "$ref" => *text = self.reference(text, root, at)?,
                _ if DATA.contains(&key.as_str()) => {}
                _ => self.rewrite(value, root, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")))?,
            }
        }
        Ok(())
    }

    fn reference(&mut self, text: &str, root: &Value, at: &str) -> Result<String, String> {
        let local = ["#/definitions/", "#/components/schemas/"].iter().find_map(|prefix| text.strip_prefix(prefix));
        if text == "#" || text.starts_with("#/") && pointed(root, text).is_some() {
            self.own = true;
            return Ok(text.to_owned());
        }
        // As in the document that a template has it from.
        let named = local.filter(|name| !name.contains('/')).map(|name| (name, "")).or_else(|| referred_model(text));
        let fail = |why: String| Err(format!("model {}: $ref '{text}' at {at}/$ref {why}", self.model));
        let Some((name, fragment)) = named else {
            return fail(if text.starts_with('#') {
                "leads to nothing in the schema".to_owned()
            } else {
                let form = "https://apigateway.amazonaws.com/restapis/{api-id}/models/{name}";
                format!("is elsewhere, and nothing is fetched: make it a model of the API and refer to {form}")
            });
        };
        if !self.api.models.contains_key(name) && built_in(name).is_none() {
            return fail(format!("names the model {name}, which the API does not have"));
        }
        self.refers.push(name.to_owned());
        Ok(format!("{}{fragment}", address(name)))
    }
}

/// The models of an API, by their addresses; nothing else is to be had.
struct Models(HashMap<String, Value>);

impl Retrieve for Models {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        self.0.get(uri.as_str()).cloned().ok_or_else(|| "it is no model of the API".into())
    }
}

/// Models that have been compiled for a stage, each once.
pub(super) struct BodyModels<'a> {
    api: &'a RestApi,
    compiled: HashMap<String, Result<Arc<BodyModel>, String>>,
}

impl<'a> BodyModels<'a> {
    pub(super) fn new(api: &'a RestApi) -> Self {
        BodyModels { api, compiled: HashMap::new() }
    }

    /// The model of this name; `Ok(Err)` says why it cannot be used here.
    ///
    /// # Errors
    /// Why API Gateway would not take it.
    pub(super) fn get(&mut self, name: &str) -> Result<Result<Arc<BodyModel>, String>, String> {
        if let Some(known) = self.compiled.get(name) {
            return Ok(known.clone());
        }
        let compiled = match BodyModel::compile(self.api, name) {
            Ok(model) => Ok(Arc::new(model)),
            Err(Unusable::Unsupported(reason)) => Err(reason),
            Err(Unusable::Invalid(reason)) => return Err(reason),
        };
        self.compiled.insert(name.to_owned(), compiled.clone());
        Ok(compiled)
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
