//! `Globals`, and the APIs that SAM adds for events that name none.

use super::super::error::{Place, Report, did_you_mean};
use super::super::node::{Entry, Kind, Mapping, Node};
use super::super::sections::{Resource, Template};

/// The sections of Globals and the types that they are for.
const SECTIONS: &[(&str, &str)] = &[
    ("Api", "AWS::Serverless::Api"),
    ("CapacityProvider", "AWS::Serverless::CapacityProvider"),
    ("Function", "AWS::Serverless::Function"),
    ("HttpApi", "AWS::Serverless::HttpApi"),
    ("LayerVersion", "AWS::Serverless::LayerVersion"),
    ("SimpleTable", "AWS::Serverless::SimpleTable"),
    ("StateMachine", "AWS::Serverless::StateMachine"),
];

/// The API of events without `RestApiId`.
pub(in super::super) const IMPLICIT_REST_API: &str = "ServerlessRestApi";
/// The API of events without `ApiId`.
pub(in super::super) const IMPLICIT_HTTP_API: &str = "ServerlessHttpApi";

/// Adds the implicit APIs, then merges Globals into every resource of the types that they are for.
pub(in super::super) fn apply(template: &mut Template, report: &Report) {
    add_implicit_apis(template);
    let Some(globals) = template.globals.take() else { return };
    let Some(sections) = globals.as_map() else {
        report.error(globals.at, format!("Globals must be a mapping, not {}", globals.describe()));
        return;
    };
    for (name, entry) in sections {
        let Some((_, resource_type)) = SECTIONS.iter().find(|(section, _)| section == name) else {
            let hint = did_you_mean(name, SECTIONS.iter().map(|(section, _)| *section));
            report.error(entry.key_at, format!("Globals.{name}: there are no globals of this kind{hint}"));
            continue;
        };
        if !matches!(entry.value.kind, Kind::Map(_)) {
            report.error(entry.value.at, format!("Globals.{name} must be a mapping, not {}", entry.value.describe()));
            continue;
        }
        for resource in template.resources.values_mut().filter(|resource| resource.resource_type == *resource_type) {
            let local = std::mem::replace(&mut resource.properties, Node::empty_map(resource.at));
            resource.properties = merge(&entry.value, local);
        }
    }
}

/// SAM's rules: mappings merge, lists append (global first), everything else is overridden.
fn merge(global: &Node, local: Node) -> Node {
    if global.is_intrinsic() || local.is_intrinsic() {
        return local;
    }
    let at = local.at;
    match (&global.kind, local.kind) {
        (Kind::Map(global), Kind::Map(mut local)) => {
            let mut merged = Mapping::with_capacity(global.len() + local.len());
            for (key, entry) in global {
                let value = match local.shift_remove(key) {
                    Some(own) => Entry { key_at: own.key_at, value: merge(&entry.value, own.value) },
                    None => entry.clone(),
                };
                merged.insert(key.clone(), value);
            }
            merged.extend(local);
            Node::new(Kind::Map(merged), at)
        }
        (Kind::List(global), Kind::List(local_items)) => {
            let items = global.iter().cloned().chain(local_items).collect();
            Node::new(Kind::List(items), at)
        }
        (_, kind) => Node::new(kind, at),
    }
}

fn add_implicit_apis(template: &mut Template) {
    let mut rest: Option<Place> = None;
    let mut http: Option<Place> = None;
    for function in template.resources.values().filter(|r| r.resource_type == "AWS::Serverless::Function") {
        let events = function.properties.get("Events").and_then(Node::as_map);
        for event in events.into_iter().flat_map(|events| events.values()).map(|entry| &entry.value) {
            let names_api = |key: &str| event.get("Properties").is_some_and(|properties| properties.get(key).is_some());
            match event.get("Type").and_then(Node::as_text) {
                Some("Api") if !names_api("RestApiId") => rest = rest.or(Some(event.at)),
                Some("HttpApi") if !names_api("ApiId") => http = http.or(Some(event.at)),
                _ => {}
            }
        }
    }
    let mut add = |logical_id: &str, resource_type: &str, at: Option<Place>, stage: &str| {
        let Some(at) = at else { return };
        let properties = Node::single("StageName", Node::text(stage, at), at);
        template.resources.entry(logical_id.to_owned()).or_insert_with(|| Resource {
            logical_id: logical_id.to_owned(),
            resource_type: resource_type.to_owned(),
            at,
            properties,
            metadata: None,
            condition: None,
            depends_on: Vec::new(),
        });
    };
    add(IMPLICIT_REST_API, "AWS::Serverless::Api", rest, "Prod");
    add(IMPLICIT_HTTP_API, "AWS::Serverless::HttpApi", http, "$default");
}
