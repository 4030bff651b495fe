//! Puts a REST API together, whoever declares it: the tree of resources with AWS's rules on path variables, methods,
//! authorizers by name.

use indexmap::IndexMap;

use crate::model::{CanarySettings, Method, Resource, RestApi};

use super::error::{Place, Report, did_you_mean};
use super::names;
use super::sam::resource_policy::Rules;

/// Who may call a method or route.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Access {
    /// `NONE`, `CUSTOM`, `AWS_IAM`, `COGNITO_USER_POOLS` or `JWT`.
    pub(super) authorization_type: String,
    pub(super) authorizer_id: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) api_key_required: bool,
}

impl Access {
    pub(super) fn of(authorization_type: &str, authorizer_id: Option<String>) -> Self {
        Access {
            authorization_type: authorization_type.to_owned(),
            authorizer_id,
            scopes: Vec::new(),
            api_key_required: false,
        }
    }

    /// No authorizer.
    pub(super) fn open() -> Self {
        Access::of("NONE", None)
    }
}

/// The authorizers of an API by the name that its author gave them.
#[derive(Debug, Default)]
pub(super) struct Authorizers {
    pub(super) by_name: IndexMap<String, Access>,
    /// SAM's `DefaultAuthorizer`.
    pub(super) default: Option<Access>,
}

impl Authorizers {
    /// The authorizer of this name, or an error where it is asked for.
    pub(super) fn find(&self, name: &str, at: Place, whose: &str, report: &Report) -> Option<Access> {
        let found = self.by_name.get(name).cloned();
        if found.is_none() {
            let hint = did_you_mean(name, self.by_name.keys().map(String::as_str));
            report.error(at, format!("{whose}: there is no authorizer '{name}' in this API{hint}"));
        }
        found
    }
}

/// What SAM's `Cors` says, as header values in quotes, and who may send a preflight request.
#[derive(Clone, Debug)]
pub(super) struct Preflight {
    pub(super) at: Place,
    pub(super) allow_origin: String,
    pub(super) allow_headers: Option<String>,
    pub(super) allow_methods: Option<String>,
    pub(super) max_age: Option<String>,
    pub(super) allow_credentials: bool,
    pub(super) access: Access,
}

/// A REST API in the making.
pub(super) struct RestBuilder {
    pub(super) api: RestApi,
    pub(super) authorizers: Authorizers,
    /// SAM writes the routes of this API from its functions' events.
    pub(super) events_add_routes: bool,
    /// SAM's `Cors`, once it is set.
    pub(super) preflight: Option<Preflight>,
    /// What deployments declare for stages: the stage's name, its canary, and where.
    pub(super) canaries: Vec<(String, CanarySettings, Place)>,
    /// SAM's `Auth.ResourcePolicy`, once it is read.
    pub(super) resource_policy: Option<Rules>,
    methods_at: IndexMap<(usize, String), Place>,
}

impl RestBuilder {
    pub(super) fn new(logical_id: &str, name: String) -> Self {
        let id = names::api_id(logical_id);
        let root = Resource { id: names::resource_id(&id, "/"), path: "/".to_owned(), ..Resource::default() };
        RestBuilder {
            api: RestApi {
                id,
                logical_id: Some(logical_id.to_owned()),
                name,
                resources: vec![root.into()],
                ..RestApi::default()
            },
            authorizers: Authorizers::default(),
            events_add_routes: false,
            preflight: None,
            canaries: Vec::new(),
            resource_policy: None,
            methods_at: IndexMap::new(),
        }
    }

    /// The resource at `path` (`/users/{userId}`), with all above it, made where it is not there yet.
    pub(super) fn ensure(&mut self, path: &str, at: Place, report: &Report) -> Option<usize> {
        let Some(parts) = path.strip_prefix('/') else {
            report.error(at, format!("the path '{path}' must begin with /"));
            return None;
        };
        // A trailing slash is no segment: API Gateway routes `/users/` and `/users` alike.
        let parts = parts.strip_suffix('/').unwrap_or(parts);
        let mut index = 0;
        for part in parts.split('/').filter(|_| !parts.is_empty()) {
            index = self.child(index, part, None, at, report)?;
        }
        Some(index)
    }

    /// The child `part` of a resource, made where it is not there yet. With an `id` it must be new.
    pub(super) fn child(
        &mut self,
        parent: usize,
        part: &str,
        id: Option<String>,
        at: Place,
        report: &Report,
    ) -> Option<usize> {
        let parent_id = self.api.resources.get(parent)?.id.clone();
        let siblings =
            || self.api.resources.iter().enumerate().filter(|(_, r)| r.parent_id.as_ref() == Some(&parent_id));
        let path = format!("{}/{part}", self.api.resources[parent].path.trim_end_matches('/'));
        if let Some((index, _)) = siblings().find(|(_, sibling)| sibling.path_part.as_deref() == Some(part)) {
            if id.is_some() {
                report
                    .error(at, format!("{path}: Another resource with the same parent already has this name: {part}"));
                return None;
            }
            return Some(index);
        }
        if !is_path_part(part) {
            report.error(
                at,
                format!(
                    "{path}: a path part has letters, digits and ._-:, only, or is {{name}} or {{name+}} as a whole"
                ),
            );
            return None;
        }
        if let Some(greedy) = self.api.resources[parent].path_part.as_deref().filter(|part| part.ends_with("+}")) {
            let message = "Cannot create a child of a resource with a greedy path variable";
            report.error(at, format!("{path}: {message}: {greedy}"));
            return None;
        }
        if part.starts_with('{')
            && let Some((_, variable)) =
                siblings().find(|(_, r)| r.path_part.as_deref().is_some_and(|p| p.starts_with('{')))
        {
            let other = variable.path_part.as_deref().unwrap_or_default();
            report.error(
                at,
                format!("{path}: A sibling ({other}) of this resource already has a variable path part -- only one is allowed"),
            );
            return None;
        }
        let id = id.unwrap_or_else(|| names::resource_id(&self.api.id, &path));
        let resource = Resource {
            id,
            parent_id: Some(parent_id),
            path_part: Some(part.to_owned()),
            path,
            methods: IndexMap::new(),
        };
        self.api.resources.push(resource.into());
        Some(self.api.resources.len() - 1)
    }

    /// Adds a method; the same verb twice on one resource is refused. What API Gateway gives every integration it has
    /// from here.
    pub(super) fn add_method(&mut self, resource: usize, mut method: Method, at: Place, report: &Report) {
        let Some(on) = self.api.resources.get_mut(resource) else { return };
        if let Some(integration) = &mut method.integration {
            integration.cache_namespace.get_or_insert_with(|| on.id.clone());
            integration.passthrough_behavior.get_or_insert_with(|| "WHEN_NO_MATCH".to_owned());
        }
        let verb = method.http_method.clone();
        if let Some(first) = self.methods_at.get(&(resource, verb.clone())) {
            report.error(at, format!("{verb} {} is declared a second time (first in line {})", on.path, first.line));
            return;
        }
        self.methods_at.insert((resource, verb.clone()), at);
        on.methods.insert(verb, method);
    }

    /// Whether the API has this verb on this path.
    pub(super) fn has_method(&self, path: &str, verb: &str) -> bool {
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        self.api.resources.iter().any(|resource| resource.path == path && resource.methods.contains_key(verb))
    }
}

/// Letters, digits and `._-:,` or a whole `{name}`, `{name+}`.
fn is_path_part(part: &str) -> bool {
    let plain = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => plain(name.strip_suffix('+').unwrap_or(name), b"._-"),
        None => plain(part, b"._-:,"),
    }
}

/// The verbs that a method or route may have.
pub(super) const VERBS: &[&str] = &["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn errors_of(paths: &[&str]) -> (RestBuilder, String) {
        let report = Report::default();
        let file = report.add_file(Path::new("t"));
        let mut builder = RestBuilder::new("Api", "api".to_owned());
        for (line, path) in paths.iter().enumerate() {
            builder.ensure(path, Place { file, line: line as u32 + 1, column: 1 }, &report);
        }
        (builder, report.errors().to_string())
    }

    #[test]
    fn a_path_makes_all_above_it_once() {
        let (builder, errors) = errors_of(&["/users/{id}", "/users/", "/", "/users/{id}/posts/{proxy+}"]);
        assert_eq!(errors, "");
        let paths: Vec<&str> = builder.api.resources.iter().map(|resource| resource.path.as_str()).collect();
        assert_eq!(paths, ["/", "/users", "/users/{id}", "/users/{id}/posts", "/users/{id}/posts/{proxy+}"]);
    }

    #[test]
    fn the_rules_of_path_variables_are_awss() {
        for (paths, expected) in [
            (
                &["/{proxy+}", "/{id}"][..],
                "t:2:1: /{id}: A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed",
            ),
            (
                &["/{proxy+}/x"],
                "t:1:1: /{proxy+}/x: Cannot create a child of a resource with a greedy path variable: {proxy+}",
            ),
            (&["users"], "t:1:1: the path 'users' must begin with /"),
        ] {
            assert_eq!(errors_of(paths).1, expected);
        }
        assert!(errors_of(&["/a{b}"]).1.contains("a path part has"));
        assert!(errors_of(&["/a//b"]).1.contains("a path part has"));
    }
}
