//! Resources: the tree of an API's paths.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, conflict, no_such};
use super::page::{json, page};
use super::patch::{self, Refusal, Rule, replace};
use crate::ids;
use crate::model::{Resource, RestApi};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateResource", create),
    op("GetResource", get),
    op("GetResources", list),
    op("UpdateResource", update),
    op("DeleteResource", delete),
];

fn create(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    state.change_or(
        call,
        || no_such("Resource"),
        |api| {
            let mut resource = Resource {
                id: ids::short_id(6),
                parent_id: call.optional_text("parentId").map(str::to_owned),
                path_part: call.optional_text("pathPart").map(str::to_owned),
                ..Resource::default()
            };
            check_place(api, &resource)?;
            resource.path = path(api, &resource);
            let output = described(&resource, false)?;
            api.resources.push(resource.into());
            Output::of(output)
        },
    )
}

/// Whether the resource may be where its parent and its part say.
fn check_place(api: &RestApi, resource: &Resource) -> Result<(), ApiError> {
    let parent = api.resources.iter().find(|parent| Some(&parent.id) == resource.parent_id.as_ref());
    let parent = parent.ok_or_else(|| no_such("Resource"))?;
    let part = resource.path_part.as_deref().unwrap_or_default();
    if !is_part(part) {
        return Err(bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the \
             beginning and the end.",
        ));
    }
    if let Some(greedy) = parent.path_part.as_deref().filter(|part| part.ends_with("+}")) {
        return Err(bad_request(format!("Cannot create a child of a resource with a greedy path variable: {greedy}")));
    }
    let siblings =
        || api.resources.iter().filter(|other| other.id != resource.id && other.parent_id == resource.parent_id);
    let parts = || siblings().filter_map(|sibling| sibling.path_part.as_deref());
    if parts().any(|sibling| sibling == part) {
        return Err(conflict(format!("Another resource with the same parent already has this name: {part}")));
    }
    if part.starts_with('{')
        && let Some(sibling) = parts().find(|sibling| sibling.starts_with('{'))
    {
        return Err(bad_request(format!(
            "A sibling ({sibling}) of this resource already has a variable path part -- only one is allowed"
        )));
    }
    // A greedy variable swallows the rest of the path, so that nothing can be below it.
    if part.ends_with("+}") && api.resources.iter().any(|child| child.parent_id.as_ref() == Some(&resource.id)) {
        return Err(bad_request(format!("Cannot create a child of a resource with a greedy path variable: {part}")));
    }
    Ok(())
}

fn is_part(part: &str) -> bool {
    let plain = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | ','))
    };
    match part.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}').is_some_and(|name| plain(name.strip_suffix('+').unwrap_or(name))),
        None => plain(part),
    }
}

fn path(api: &RestApi, resource: &Resource) -> String {
    let parent = api.resources.iter().find(|parent| Some(&parent.id) == resource.parent_id.as_ref());
    let parent = parent.map_or("", |parent| parent.path.trim_end_matches('/'));
    format!("{parent}/{}", resource.path_part.as_deref().unwrap_or_default())
}

fn embeds_methods(call: &Call<'_>) -> bool {
    let embed = call.member("embed").and_then(Value::as_array);
    embed.is_some_and(|embed| embed.iter().any(|what| what == "methods"))
}

/// A resource; its methods in full only where they are asked for, as AWS has it.
pub(super) fn described(resource: &Resource, methods: bool) -> Result<Value, ApiError> {
    if methods || resource.methods.is_empty() {
        return json(resource);
    }
    let head = Resource {
        id: resource.id.clone(),
        parent_id: resource.parent_id.clone(),
        path_part: resource.path_part.clone(),
        path: resource.path.clone(),
        methods: indexmap::IndexMap::new(),
    };
    let mut value = json(head)?;
    let verbs: Map<_, _> = resource.methods.keys().map(|verb| (verb.clone(), Value::Object(Map::new()))).collect();
    if let Value::Object(members) = &mut value {
        members.insert("resourceMethods".to_owned(), Value::Object(verbs));
    }
    Ok(value)
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    Output::of(described(state.resource(call)?, embeds_methods(call))?)
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let resources = state.api(call)?.resources.iter().map(|resource| (resource.id.as_str(), resource));
    let methods = embeds_methods(call);
    page(call, resources, |resource| described(resource, methods))
}

const RULES: &[Rule<Resource>] = &[
    replace("/parentId", |resource, patch| {
        not_root(resource, "parentId")?;
        resource.parent_id = patch.optional();
        Ok(())
    }),
    replace("/pathPart", |resource, patch| {
        not_root(resource, "pathPart")?;
        resource.path_part = patch.optional();
        Ok(())
    }),
];

fn not_root(resource: &Resource, what: &str) -> Result<(), ApiError> {
    if resource.path == "/" {
        return Err(bad_request(format!("Root resource cannot update its {what}.")));
    }
    Ok(())
}

/// The ids of a resource and of all that are below it.
fn below(api: &RestApi, id: &str) -> HashSet<String> {
    let mut found = HashSet::from([id.to_owned()]);
    loop {
        let before = found.len();
        for resource in &api.resources {
            if resource.parent_id.as_ref().is_some_and(|parent| found.contains(parent)) {
                found.insert(resource.id.clone());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut state = lock(&call.world.apigateway);
    state.change_or(
        call,
        || no_such("Resource"),
        |api| {
            let index = api.resources.iter().position(|resource| resource.id == call.text("resourceId"));
            let index = index.ok_or_else(|| no_such("Resource"))?;
            let mut changed = Resource::clone(&api.resources[index]);
            patch::apply(&mut changed, &operations, RULES, Refusal::Listed)?;
            let is_root = changed.path == "/";
            if !is_root {
                let parent = changed.parent_id.as_deref().unwrap_or_default();
                if below(api, &changed.id).contains(parent) {
                    return Err(bad_request("Resources cannot be cyclical."));
                }
                check_place(api, &changed)?;
            }
            let id = changed.id.clone();
            api.resources[index] = changed.into();
            if !is_root {
                set_paths(api, &id);
            }
            Output::of(described(&api.resources[index], false)?)
        },
    )
}

/// Writes the paths of a resource and of all that are below it anew.
fn set_paths(api: &mut RestApi, id: &str) {
    let mut next = vec![id.to_owned()];
    while let Some(id) = next.pop() {
        if let Some(index) = api.resources.iter().position(|resource| resource.id == id) {
            api.resources[index].path = path(api, &api.resources[index]);
        }
        let children = api.resources.iter().filter(|resource| resource.parent_id.as_ref() == Some(&id));
        next.extend(children.map(|child| child.id.clone()));
    }
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    let id = call.text("resourceId");
    state.change_or(
        call,
        || no_such("Resource"),
        |api| {
            let resource =
                api.resources.iter().find(|resource| resource.id == id).ok_or_else(|| no_such("Resource"))?;
            if resource.parent_id.is_none() {
                return Err(bad_request("Root resource cannot be deleted."));
            }
            let gone = below(api, id);
            api.resources.retain(|resource| !gone.contains(&resource.id));
            Ok(Output::empty())
        },
    )
}
