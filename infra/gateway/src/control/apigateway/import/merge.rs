//! Puts an imported API in the place of one that is there, or into it. What is called the same keeps its id: stages,
//! clients and Terraform know resources by theirs.

use std::collections::HashMap;

use crate::ids;
use crate::model::{Resource, RestApi, Shared};

/// The imported API instead of `api`; its id, stages, creation and tags stay.
pub(super) fn overwrite(api: &mut RestApi, imported: RestApi) {
    let kept = api.clone();
    let emptied = RestApi {
        id: kept.id,
        logical_id: kept.logical_id,
        created_date: kept.created_date,
        tags: kept.tags,
        stages: kept.stages,
        api_key_source: Some("HEADER".to_owned()),
        endpoint_configuration: kept.endpoint_configuration,
        documentation_versions: kept.documentation_versions,
        // Resources without methods, so that paths keep their ids.
        resources: kept
            .resources
            .into_iter()
            .map(|resource| Resource { methods: Default::default(), ..Resource::clone(&resource) }.into())
            .collect(),
        ..RestApi::default()
    };
    let paths: Vec<String> = imported.resources.iter().map(|resource| resource.path.clone()).collect();
    // Names keep their ids too, and go where the document has them no more.
    let names = |map: Vec<String>| map;
    let authorizers = names(imported.authorizers.values().map(|authorizer| authorizer.name.clone()).collect());
    let validators: Vec<_> =
        imported.request_validators.values().filter_map(|validator| validator.name.clone()).collect();
    *api = RestApi {
        authorizers: std::mem::take(&mut api.authorizers),
        request_validators: std::mem::take(&mut api.request_validators),
        ..emptied
    };
    merge(api, imported);
    api.resources.retain(|resource| paths.contains(&resource.path));
    api.authorizers.retain(|_, authorizer| authorizers.contains(&authorizer.name));
    api.request_validators.retain(|_, validator| validator.name.as_ref().is_some_and(|name| validators.contains(name)));
}

/// The imported API into `api`: what both have is as the document says, and the rest stays.
pub(super) fn merge(api: &mut RestApi, mut imported: RestApi) {
    let authorizer_ids = authorizers(api, &mut imported);
    let validator_ids = validators(api, &mut imported);
    resources(api, imported.resources, &authorizer_ids, &validator_ids);
    api.name = imported.name;
    api.description = imported.description.or(api.description.take());
    api.version = imported.version.or(api.version.take());
    for media_type in imported.binary_media_types {
        if !api.binary_media_types.contains(&media_type) {
            api.binary_media_types.push(media_type);
        }
    }
    api.minimum_compression_size = imported.minimum_compression_size.or(api.minimum_compression_size);
    api.api_key_source = imported.api_key_source.or(api.api_key_source.take());
    api.endpoint_configuration = imported.endpoint_configuration.or(api.endpoint_configuration.take());
    api.policy = imported.policy.or(api.policy.take());
    api.security_policy = imported.security_policy.or(api.security_policy.take());
    api.endpoint_access_mode = imported.endpoint_access_mode.or(api.endpoint_access_mode.take());
    api.disable_execute_api_endpoint |= imported.disable_execute_api_endpoint;
    api.tags.extend(imported.tags);
    for (name, mut model) in imported.models {
        if let Some(known) = api.models.get(&name) {
            model.id.clone_from(&known.id);
        }
        api.models.insert(name, model);
    }
    api.gateway_responses.extend(imported.gateway_responses);
    for part in imported.documentation_parts.into_values() {
        let known = api.documentation_parts.values_mut().find(|known| known.location == part.location);
        match known {
            Some(known) => known.properties = part.properties,
            None => {
                let id = fresh(&part.id, |id| api.documentation_parts.contains_key(id));
                api.documentation_parts.insert(id.clone(), crate::model::DocumentationPart { id, ..part });
            }
        }
    }
    api.documentation_versions.extend(imported.documentation_versions);
}

/// An id that is not taken: the wanted one if it can be.
fn fresh(wanted: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(wanted) {
        return wanted.to_owned();
    }
    std::iter::repeat_with(|| ids::short_id(6)).find(|id| !taken(id)).unwrap_or_default()
}

/// Adds authorizers by name; gives the ids that they have for those that the document gave them.
fn authorizers(api: &mut RestApi, imported: &mut RestApi) -> HashMap<String, String> {
    let mut renamed = HashMap::new();
    for (id, mut authorizer) in std::mem::take(&mut imported.authorizers) {
        let known = api.authorizers.values().find(|known| known.name == authorizer.name).map(|known| known.id.clone());
        let kept = known.unwrap_or_else(|| fresh(&id, |id| api.authorizers.contains_key(id)));
        authorizer.id.clone_from(&kept);
        renamed.insert(id, kept.clone());
        api.authorizers.insert(kept, authorizer);
    }
    renamed
}

fn validators(api: &mut RestApi, imported: &mut RestApi) -> HashMap<String, String> {
    let mut renamed = HashMap::new();
    for (id, mut validator) in std::mem::take(&mut imported.request_validators) {
        let known = api.request_validators.values().find(|known| known.name == validator.name);
        let kept = known.map(|known| known.id.clone());
        let kept = kept.unwrap_or_else(|| fresh(&id, |id| api.request_validators.contains_key(id)));
        validator.id.clone_from(&kept);
        renamed.insert(id, kept.clone());
        api.request_validators.insert(kept, validator);
    }
    renamed
}

/// Adds resources by path and methods by verb. Parents come before their children, as the reader makes them.
fn resources(
    api: &mut RestApi,
    imported: Vec<Shared<Resource>>,
    authorizers: &HashMap<String, String>,
    validators: &HashMap<String, String>,
) {
    let mut ids: HashMap<String, String> = HashMap::new();
    for mut resource in imported {
        let read_id = resource.id.clone();
        let methods = std::mem::take(&mut resource.methods);
        let at = match api.resources.iter().position(|known| known.path == resource.path) {
            Some(at) => at,
            None => {
                resource.id = fresh(&resource.id, |id| api.resources.iter().any(|known| known.id == id));
                resource.parent_id =
                    resource.parent_id.take().map(|parent| ids.get(&parent).cloned().unwrap_or(parent));
                api.resources.push(resource);
                api.resources.len() - 1
            }
        };
        let id = api.resources[at].id.clone();
        ids.insert(read_id.clone(), id.clone());
        for (verb, mut method) in methods {
            let renamed = |id: &mut Option<String>, names: &HashMap<String, String>| {
                if let Some(new) = id.as_ref().and_then(|id| names.get(id)) {
                    *id = Some(new.clone());
                }
            };
            renamed(&mut method.authorizer_id, authorizers);
            renamed(&mut method.request_validator_id, validators);
            // Unless the document says otherwise, the cache is named after the resource.
            if let Some(namespace) = method.integration.as_mut().and_then(|found| found.cache_namespace.as_mut())
                && *namespace == read_id
            {
                namespace.clone_from(&id);
            }
            api.resources[at].methods.insert(verb, method);
        }
    }
}
