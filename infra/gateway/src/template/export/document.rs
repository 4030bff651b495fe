//! The template in the making: resources, outputs, comments and files.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::names::LogicalIds;
use super::references::References;
use super::{ExportOptions, Exported, Format, yaml};
use crate::model::Model;

/// A resource of the template.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) kind: &'static str,
    pub(super) properties: Map<String, Value>,
    pub(super) depends_on: Vec<String>,
    pub(super) metadata: Option<Value>,
    /// What a template cannot say of it.
    pub(super) notes: Vec<String>,
}

impl Resource {
    pub(super) fn new(kind: &'static str) -> Resource {
        Resource { kind, properties: Map::new(), depends_on: Vec::new(), metadata: None, notes: Vec::new() }
    }

    /// Adds a property, unless it is null or says nothing.
    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Resource {
        let value = value.into();
        let says_nothing = match &value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        };
        if !says_nothing {
            self.properties.insert(key.to_owned(), value);
        }
        self
    }

    /// Adds a property, unless it is AWS's default.
    pub(super) fn unless<T: PartialEq + Into<Value>>(self, key: &str, value: T, default: T) -> Resource {
        if value == default { self } else { self.with(key, value) }
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Resource {
        self.notes.push(note.into());
        self
    }

    pub(super) fn after(mut self, depends_on: Vec<String>) -> Resource {
        self.depends_on = depends_on;
        self
    }
}

/// The template in the making.
pub(super) struct Document<'m> {
    pub(super) model: &'m Model,
    pub(super) options: &'m ExportOptions,
    pub(super) ids: LogicalIds,
    pub(super) references: References,
    resources: IndexMap<String, Resource>,
    outputs: IndexMap<String, Value>,
    pub(super) files: Vec<(PathBuf, Vec<u8>)>,
    /// Function and API, by logical id, where the API calls the function.
    pub(super) calls: Vec<(String, String)>,
    called: HashSet<(String, String)>,
    /// Log groups by name.
    log_groups: HashMap<String, String>,
    /// The logical ids of stages by API id and name.
    pub(super) stages: HashMap<(String, String), String>,
}

impl<'m> Document<'m> {
    pub(super) fn new(model: &'m Model, options: &'m ExportOptions) -> Self {
        Document {
            model,
            options,
            ids: LogicalIds::default(),
            references: References::new(&options.region, &options.account_id),
            resources: IndexMap::new(),
            outputs: IndexMap::new(),
            files: Vec::new(),
            calls: Vec::new(),
            called: HashSet::new(),
            log_groups: HashMap::new(),
            stages: HashMap::new(),
        }
    }

    /// Adds a resource under an id that [`LogicalIds`] has given.
    pub(super) fn add(&mut self, id: &str, resource: Resource) {
        self.resources.insert(id.to_owned(), resource);
    }

    pub(super) fn output(&mut self, id: String, description: &str, value: Value) {
        self.outputs.insert(id, json!({ "Description": description, "Value": value }));
    }

    /// Notes that an API calls the function that a URI names.
    pub(super) fn calls(&mut self, api: &str, uri: Option<&str>) {
        let Some(function) = uri.and_then(|uri| self.references.function_in(uri)) else { return };
        let call = (function.to_owned(), api.to_owned());
        if self.called.insert(call.clone()) {
            self.calls.push(call);
        }
    }

    /// The destination of an access log: its log group becomes a resource, without which a stage cannot be made.
    pub(super) fn log_destination(&mut self, arn: &str) -> Value {
        let Some((_, rest)) = arn.split_once(":log-group:") else { return json!(arn) };
        let name = rest.strip_suffix(":*").unwrap_or(rest);
        let id = match self.log_groups.get(name) {
            Some(id) => id.clone(),
            None => self.add_log_group(name, Resource::new("AWS::Logs::LogGroup").with("LogGroupName", name)),
        };
        match rest.ends_with(":*") {
            true => get_att(&id, "Arn"),
            false => json!({ "Fn::Sub": format!(
                "arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:${{{id}}}"
            ) }),
        }
    }

    /// Adds a log group of this name; gives its logical id.
    pub(super) fn add_log_group(&mut self, name: &str, group: Resource) -> String {
        let id = self.ids.make(&[name, "LogGroup"]);
        self.add(&id, group);
        self.log_groups.insert(name.to_owned(), id.clone());
        id
    }

    /// The finished template.
    pub(super) fn finish(self) -> Exported {
        let mut root = yaml::Writer::new();
        root.comment("Written by `ferrogate export`: what ran when it was asked.");
        if self.options.format == Format::Sam && !self.model.functions.is_empty() {
            root.comment(
                "SAM makes each function a role that may write its log. What else a function does on AWS (read a table, \
                 post to a connection) wants `Policies` there: nothing is refused for the want of one here.",
            );
        }
        root.entry("AWSTemplateFormatVersion", &json!("2010-09-09"));
        if self.options.format == Format::Sam {
            root.entry("Transform", &json!(super::super::sections::SERVERLESS));
        }
        root.open("Resources");
        if self.resources.is_empty() {
            root.comment("Nothing ran. CloudFormation wants one resource at least; this one does nothing.");
            root.entry("Nothing", &json!({ "Type": "AWS::CloudFormation::WaitConditionHandle" }));
        }
        for (id, resource) in &self.resources {
            for note in &resource.notes {
                root.comment(note);
            }
            let mut body = Map::new();
            body.insert("Type".to_owned(), json!(resource.kind));
            if !resource.depends_on.is_empty() {
                body.insert("DependsOn".to_owned(), json!(resource.depends_on));
            }
            if let Some(metadata) = &resource.metadata {
                body.insert("Metadata".to_owned(), metadata.clone());
            }
            let mut properties = Value::Object(resource.properties.clone());
            self.references.apply(id, &mut properties);
            body.insert("Properties".to_owned(), properties);
            root.entry(id, &Value::Object(body));
        }
        root.close();
        if !self.outputs.is_empty() {
            root.open("Outputs");
            for (id, output) in &self.outputs {
                root.entry(id, output);
            }
            root.close();
        }
        Exported { template: root.finish(), files: self.files }
    }
}

/// `{"Ref": id}`
pub(super) fn reference(id: &str) -> Value {
    json!({ "Ref": id })
}

/// `{"Fn::GetAtt": [id, attribute]}`
pub(super) fn get_att(id: &str, attribute: &str) -> Value {
    json!({ "Fn::GetAtt": [id, attribute] })
}

/// CloudFormation's list of tags.
pub(super) fn tags(tags: &IndexMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// JSON that is kept as text, as the object that it is.
pub(super) fn parsed(text: Option<&str>) -> Value {
    match text {
        None => Value::Null,
        Some(text) => match serde_json::from_str::<Value>(text) {
            Ok(value @ Value::Object(_)) => value,
            _ => json!(text),
        },
    }
}
