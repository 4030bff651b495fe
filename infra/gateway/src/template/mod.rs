//! Turns a SAM or CloudFormation template into the model. It alone knows YAML.
//!
//! The way of a template: `yaml` (text to nodes with places) → `sections` (its anatomy) → `parameters`, `conditions` →
//! `sam::globals` (implicit APIs, Globals) → `resolver` (intrinsic functions, includes) → `graph` (circles) → `loader`
//! (the model, type by type, each read through `properties`, which lists what nobody asked for).
//!
//! Errors and what is not supported are gathered on the way; a template with any error yields no model.

mod api_builder;
mod cfn;
mod code;
mod conditions;
mod error;
pub mod export;
mod graph;
mod http_document;
mod identity;
mod include;
mod intrinsics;
mod loader;
mod names;
mod node;
mod openapi;
mod parameters;
mod properties;
mod references;
mod resolver;
mod rest_builder;
mod sam;
mod sections;
mod types;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::model::Model;

pub(crate) use openapi::rest as openapi_rest;

pub use error::{TemplateError, TemplateErrors, Unsupported};
pub(crate) use http_document::{HttpDocument, http_document};

use error::{Owner, Report, did_you_mean};
use node::{Kind, Node};
use resolver::Resolver;
use sections::Template;

/// What a template does not say itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// Values of parameters (`--parameter KEY=VALUE`), which win over the template's defaults.
    pub parameters: BTreeMap<String, String>,
    /// `AWS::Region`
    pub region: String,
    /// `AWS::AccountId`
    pub account_id: String,
    /// `AWS::StackName`; the prefix of generated names.
    pub stack_name: String,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions {
            parameters: BTreeMap::new(),
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            stack_name: "ferrogate".to_owned(),
        }
    }
}

/// One of the template's `Outputs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its logical id.
    pub name: String,
    /// `Description`
    pub description: Option<String>,
    /// `Value`, resolved.
    pub value: String,
}

/// A template, loaded.
#[derive(Default, Clone, Debug, PartialEq)]
pub struct Loaded {
    /// What it declares.
    pub model: Model,
    /// Its outputs, in its order.
    pub outputs: Vec<Output>,
    /// What it says and Ferrogate does not do, in its order.
    pub unsupported: Vec<Unsupported>,
    /// `Metadata.Ferrogate.Seed`, relative to the template's folder and so resolved.
    pub seed: Option<PathBuf>,
    /// Every file that was read: the template, then what it includes.
    pub sources: Vec<PathBuf>,
}

/// Loads a template and what it includes.
///
/// # Errors
/// Every error found, with its place, if there is any.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Loaded, TemplateErrors> {
    let report = Report::default();
    load_into(path, options, &report).filter(|_| !report.has_errors()).ok_or_else(|| report.errors())
}

fn load_into(path: &Path, options: &LoadOptions, report: &Report) -> Option<Loaded> {
    let document = include::read_file(path, None, report)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut template = sections::read(document.root, folder, report);
    let parameters = parameters::values(&template, options, report);
    let conditions = {
        let resolver = Resolver::new(&template, options, report, parameters.clone());
        resolver.check_conditions();
        drop_inactive(&resolver)
    };
    for (name, condition) in &conditions.inactive {
        template.resources.shift_remove(name);
        template.inactive.insert(name.clone(), condition.clone());
    }
    if template.serverless {
        sam::globals::apply(&mut template, report);
    }
    let resolver = Resolver::new(&template, options, report, parameters);
    resolver.conditions.replace(conditions.values);

    let mut resolved = IndexMap::new();
    for resource in template.resources.values() {
        let node = resolver.resolve_for(resource.owner(), "", &resource.properties);
        resolved.insert(resource.logical_id.clone(), node.unwrap_or_else(|| Node::unresolved(resource.at)));
        check_depends_on(&resolver, &template, resource);
    }
    let outputs = outputs(&resolver);
    let seed = seed(&template, report);
    let model = loader::Loader::new(&resolver, &resolved).build();
    // Last, as an API depends on the functions whose events give it its routes.
    graph::check(&resolver.dependencies.borrow(), report);
    Some(Loaded { model, outputs, unsupported: report.take_unsupported(), seed, sources: report.files() })
}

struct Conditions {
    values: HashMap<String, conditions::Outcome>,
    /// Resource to condition.
    inactive: IndexMap<String, String>,
}

/// Which resources are not created.
fn drop_inactive(resolver: &Resolver<'_>) -> Conditions {
    let mut inactive = IndexMap::new();
    for resource in resolver.template.resources.values() {
        let Some((name, at)) = &resource.condition else { continue };
        let holds = resolver.in_section(resource.owner(), "Condition", || resolver.condition(name, *at));
        // A broken condition is an error already; keeping its resource spares errors about whoever refers to it.
        if let Ok(false) = holds {
            inactive.insert(resource.logical_id.clone(), name.clone());
        }
    }
    Conditions { values: resolver.conditions.take(), inactive }
}

fn check_depends_on(resolver: &Resolver<'_>, template: &Template, resource: &sections::Resource) {
    for (name, at) in &resource.depends_on {
        if template.resources.contains_key(name) {
            resolver.add_dependency(&resource.logical_id, name, *at);
        } else if !resolver.is_resource(name) && !template.inactive.contains_key(name) {
            let hint = did_you_mean(name, template.resources.keys().map(String::as_str));
            let id = &resource.logical_id;
            resolver.report.error(*at, format!("{id}.DependsOn: there is no resource '{name}'{hint}"));
        }
    }
}

fn outputs(resolver: &Resolver<'_>) -> Vec<Output> {
    let report = resolver.report;
    let mut outputs = Vec::new();
    for (name, entry) in &resolver.template.outputs {
        let owner = Owner { logical_id: "Outputs", resource_type: "" };
        let Some(map) = entry.value.as_map() else {
            report.error(entry.value.at, format!("Outputs.{name} must be a mapping with a `Value`"));
            continue;
        };
        for (key, entry) in map {
            if !["Condition", "Description", "Export", "Value"].contains(&key.as_str()) {
                report.error(entry.key_at, format!("Outputs.{name}: unknown attribute '{key}'"));
            }
        }
        if let Some(condition) = entry.value.get("Condition") {
            let Some(condition_name) = condition.as_text() else {
                report.error(condition.at, format!("Outputs.{name}.Condition must be the name of a condition"));
                continue;
            };
            let holds = resolver.in_section(owner, name, || resolver.condition(condition_name, condition.at));
            if !matches!(holds, Ok(true)) {
                continue;
            }
        }
        if let Some(export) = entry.value.get("Export") {
            resolver.resolve_for(owner, &format!("{name}.Export"), export);
        }
        let Some(value) = entry.value.get("Value") else {
            report.error(entry.key_at, format!("Outputs.{name} needs a `Value`"));
            continue;
        };
        let description = entry.value.get("Description").and_then(Node::scalar);
        match resolver.resolve_for(owner, &format!("{name}.Value"), value) {
            Some(Node { kind: Kind::Unresolved, .. }) => {}
            Some(node) => match node.scalar() {
                Some(value) => outputs.push(Output { name: name.clone(), description, value }),
                None => {
                    report.error(value.at, format!("Outputs.{name}.Value must be a string, not {}", node.describe()));
                }
            },
            None => report.error(value.at, format!("Outputs.{name}.Value cannot be AWS::NoValue")),
        }
    }
    outputs
}

/// `Metadata: { Ferrogate: { Seed: seed.json } }`
fn seed(template: &Template, report: &Report) -> Option<PathBuf> {
    let ours = template.metadata.as_ref()?.get("Ferrogate")?;
    for (key, entry) in ours.as_map().into_iter().flatten().filter(|(key, _)| *key != "Seed") {
        let hint = did_you_mean(key, ["Seed"]);
        report.error(entry.key_at, format!("Metadata.Ferrogate: unknown attribute '{key}'{hint}"));
    }
    let seed = ours.get("Seed")?;
    let Some(path) = seed.as_text() else {
        report.error(seed.at, "Metadata.Ferrogate.Seed must be the path of a JSON file");
        return None;
    };
    let path = template.folder.join(path);
    if !path.is_file() {
        report.error(seed.at, format!("Metadata.Ferrogate.Seed: {} does not exist", path.display()));
        return None;
    }
    Some(path)
}
