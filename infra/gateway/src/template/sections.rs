//! The anatomy of a template: its sections and its resources, checked for shape, with nothing resolved yet.

use std::path::PathBuf;

use indexmap::IndexMap;

use super::error::{Owner, Place, Report, did_you_mean};
use super::node::{Kind, Mapping, Node};

/// SAM's transform.
pub(super) const SERVERLESS: &str = "AWS::Serverless-2016-10-31";

/// A template, taken apart.
#[derive(Debug)]
pub(super) struct Template {
    /// The folder of the template, which paths in it are relative to.
    pub(super) folder: PathBuf,
    /// Where to point when something is missing altogether.
    pub(super) at: Place,
    /// `Transform` names SAM.
    pub(super) serverless: bool,
    /// `Transform` names `AWS::LanguageExtensions`.
    pub(super) language_extensions: bool,
    pub(super) globals: Option<Node>,
    pub(super) metadata: Option<Node>,
    pub(super) parameters: Mapping,
    pub(super) mappings: Mapping,
    pub(super) conditions: Mapping,
    pub(super) outputs: Mapping,
    pub(super) resources: IndexMap<String, Resource>,
    /// Resources that are not created, and the condition that says so.
    pub(super) inactive: IndexMap<String, String>,
}

/// A resource as it is declared.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) logical_id: String,
    pub(super) resource_type: String,
    /// The logical id's place.
    pub(super) at: Place,
    /// A mapping; empty where the template gives none.
    pub(super) properties: Node,
    pub(super) metadata: Option<Node>,
    pub(super) condition: Option<(String, Place)>,
    pub(super) depends_on: Vec<(String, Place)>,
}

impl Resource {
    pub(super) fn owner(&self) -> Owner<'_> {
        Owner { logical_id: &self.logical_id, resource_type: &self.resource_type }
    }

    pub(super) fn is_serverless(&self) -> bool {
        self.resource_type.starts_with("AWS::Serverless::")
    }
}

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

const RESOURCE_ATTRIBUTES: &[&str] = &[
    "Condition",
    "Connectors",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Description",
    "IgnoreGlobals",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// Takes a template apart. Always gives one; what is wrong stands in the report.
pub(super) fn read(root: Node, folder: PathBuf, report: &Report) -> Template {
    let at = root.at;
    let mut template = Template {
        folder,
        at,
        serverless: false,
        language_extensions: false,
        globals: None,
        metadata: None,
        parameters: Mapping::new(),
        mappings: Mapping::new(),
        conditions: Mapping::new(),
        outputs: Mapping::new(),
        resources: IndexMap::new(),
        inactive: IndexMap::new(),
    };
    let Kind::Map(sections) = root.kind else {
        report.error(at, "a template is a mapping with a `Resources` section");
        return template;
    };
    if !sections.contains_key("Resources") {
        report.error(at, "a template needs a `Resources` section");
    }
    for (name, entry) in sections {
        let section = Owner { logical_id: &name, resource_type: "" };
        match name.as_str() {
            "Parameters" => template.parameters = mapping(entry.value, &name, report),
            "Mappings" => template.mappings = mapping(entry.value, &name, report),
            "Conditions" => template.conditions = mapping(entry.value, &name, report),
            "Outputs" => template.outputs = mapping(entry.value, &name, report),
            "Resources" => {
                for (logical_id, entry) in mapping(entry.value, &name, report) {
                    if let Some(resource) = resource(&logical_id, entry.key_at, entry.value, report) {
                        template.resources.insert(logical_id, resource);
                    }
                }
            }
            "Transform" => transforms(&mut template, &entry.value, report),
            "Globals" => template.globals = Some(entry.value),
            "Metadata" => template.metadata = Some(entry.value),
            "AWSTemplateFormatVersion" | "Description" => {}
            "Rules" => report.unsupported(section, None, entry.key_at, "rules on parameters are not checked"),
            "Hooks" => report.unsupported(section, None, entry.key_at, "there are no deployment hooks locally"),
            _ => {
                let hint = did_you_mean(&name, SECTIONS.iter().copied());
                report.error(entry.key_at, format!("'{name}' is not a section of a template{hint}"));
            }
        }
    }
    if !template.serverless {
        needs_serverless(&template, report);
    }
    template
}

fn needs_serverless(template: &Template, report: &Report) {
    if let Some(globals) = &template.globals {
        report.error(globals.at, format!("`Globals` needs `Transform: {SERVERLESS}` at the top of the template"));
    }
    for resource in template.resources.values().filter(|resource| resource.is_serverless()) {
        let kind = &resource.resource_type;
        report.error(
            resource.at,
            format!("{}: {kind} needs `Transform: {SERVERLESS}` at the top of the template", resource.logical_id),
        );
    }
}

fn mapping(node: Node, section: &str, report: &Report) -> Mapping {
    match node.kind {
        Kind::Map(map) => map,
        Kind::Unresolved => Mapping::new(),
        _ => {
            report.error(node.at, format!("{section} must be a mapping, not {}", node.describe()));
            Mapping::new()
        }
    }
}

fn transforms(template: &mut Template, node: &Node, report: &Report) {
    let section = Owner { logical_id: "Transform", resource_type: "" };
    let names = match &node.kind {
        Kind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    for name in names {
        match name.as_text().or_else(|| name.get("Name").and_then(Node::as_text)) {
            Some(SERVERLESS) => template.serverless = true,
            Some("AWS::LanguageExtensions") => template.language_extensions = true,
            Some(other) if other.starts_with("AWS::Serverless") => {
                report.error(name.at, format!("unknown transform '{other}'; SAM's is `{SERVERLESS}`"));
            }
            Some(other) => {
                report.unsupported(section, None, name.at, format!("the macro {other} is not run"));
            }
            None => report.error(name.at, "Transform takes a name or a list of names"),
        }
    }
}

fn resource(logical_id: &str, at: Place, node: Node, report: &Report) -> Option<Resource> {
    if logical_id.starts_with("Fn::") {
        report.error(at, format!("{logical_id}: loops over resources are not supported; write the resources out"));
        return None;
    }
    if logical_id.is_empty() || !logical_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        report.error(at, format!("'{logical_id}': a logical id has letters and digits only"));
        return None;
    }
    let Kind::Map(attributes) = node.kind else {
        report.error(node.at, format!("{logical_id}: a resource is a mapping with a `Type`, not {}", node.describe()));
        return None;
    };
    let mut resource = Resource {
        logical_id: logical_id.to_owned(),
        resource_type: String::new(),
        at,
        properties: Node::empty_map(at),
        metadata: None,
        condition: None,
        depends_on: Vec::new(),
    };
    for (name, entry) in attributes {
        let value = entry.value;
        match name.as_str() {
            "Type" => match value.as_text() {
                Some(text) => resource.resource_type = text.to_owned(),
                None => report.error(value.at, format!("{logical_id}.Type must be a string")),
            },
            "Properties" => match value.kind {
                Kind::Map(_) => resource.properties = value,
                // `Properties:` with nothing but comments below it.
                Kind::Null => {}
                _ => report.error(value.at, format!("{logical_id}.Properties must be a mapping")),
            },
            "Metadata" => resource.metadata = Some(value),
            "Condition" => match value.as_text() {
                Some(text) => resource.condition = Some((text.to_owned(), value.at)),
                None => report.error(value.at, format!("{logical_id}.Condition must be the name of a condition")),
            },
            "DependsOn" => {
                let names = value.as_list().unwrap_or(std::slice::from_ref(&value));
                for name in names {
                    match name.as_text() {
                        Some(text) => resource.depends_on.push((text.to_owned(), name.at)),
                        None => report.error(name.at, format!("{logical_id}.DependsOn takes logical ids")),
                    }
                }
            }
            // They say what happens when a stack changes or goes away; locally nothing outlives its data folder.
            "CreationPolicy" | "DeletionPolicy" | "Description" | "UpdatePolicy" | "UpdateReplacePolicy" => {}
            "Connectors" | "IgnoreGlobals" => {
                let reason = format!("the attribute {name} is not applied");
                report.unsupported(
                    Owner { logical_id, resource_type: &resource.resource_type },
                    Some(&name),
                    entry.key_at,
                    reason,
                );
            }
            _ => {
                let hint = did_you_mean(&name, RESOURCE_ATTRIBUTES.iter().copied());
                report.error(entry.key_at, format!("{logical_id}: '{name}' is not an attribute of a resource{hint}"));
            }
        }
    }
    if resource.resource_type.is_empty() {
        report.error(at, format!("{logical_id}: a resource needs a `Type`"));
        return None;
    }
    Some(resource)
}
