//! The snapshot of a REST API: what one deployment serves, with every stage's own functions, variables and caches.

use std::collections::HashMap;
use std::time::Duration;

use indexmap::IndexMap;

use super::authorizer::{authorizer_function, validation};
use super::lambda_arn::{NoFunction, resolve, timeout};
use super::{
    AuthorizerPayload, CompileError, FunctionRef, IdentitySource, LambdaAuthorizer, RouteTree, parameter_names,
};
use crate::authorize::ResultCache;
use crate::model::{AuthorizerType, Integration, IntegrationType, Method, Resource, RestApi, Stage};
use crate::proxy::BinaryMediaTypes;

/// A REST API ready to serve.
#[derive(Debug)]
pub struct RestSnapshot {
    pub(crate) api_id: String,
    pub(crate) binary_media_types: BinaryMediaTypes,
    /// Indices into `resources`.
    pub(crate) routes: RouteTree<usize>,
    pub(crate) resources: Vec<RestResource>,
    pub(crate) stages: HashMap<String, RestStage>,
}

/// A resource with its methods.
#[derive(Debug)]
pub(crate) struct RestResource {
    pub(crate) id: String,
    pub(crate) path: String,
    /// The names of its path parameters, in order.
    pub(crate) parameters: Vec<String>,
    pub(crate) methods: Vec<RestMethod>,
}

/// A method; what answers it differs by stage.
#[derive(Debug)]
pub(crate) struct RestMethod {
    /// `GET` … `ANY`.
    pub(crate) http_method: String,
    pub(crate) authorization: RestAuthorization,
    pub(crate) api_key_required: bool,
    pub(crate) operation_name: Option<String>,
    /// Into the stage's `integrations`.
    pub(crate) integration: usize,
}

/// `authorizationType`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestAuthorization {
    /// Open.
    None,
    /// A Lambda authorizer; into the stage's `authorizers`.
    Custom(usize),
    /// A Cognito user pool.
    CognitoUserPools,
    /// A signature.
    AwsIam,
}

/// A stage.
#[derive(Debug)]
pub(crate) struct RestStage {
    pub(crate) name: String,
    pub(crate) deployment_id: String,
    pub(crate) variables: IndexMap<String, String>,
    pub(crate) integrations: Vec<RestIntegration>,
    pub(crate) authorizers: Vec<LambdaAuthorizer>,
}

/// What answers a method on one stage.
#[derive(Debug)]
pub(crate) enum RestIntegration {
    /// `AWS_PROXY` to a function.
    LambdaProxy {
        /// The function.
        function: FunctionRef,
        /// `timeoutInMillis`
        timeout: Duration,
    },
    /// Nothing that is served here; the reason goes to the log of every request.
    Unsupported(String),
}

impl RestResource {
    /// The method for `verb`: the verb itself, otherwise `ANY`.
    pub(crate) fn method(&self, verb: &str) -> Option<usize> {
        let by = |name: &str| self.methods.iter().position(|method| method.http_method == name);
        by(verb).or_else(|| is_any(verb).then(|| by("ANY")).flatten())
    }
}

/// `ANY` stands for these seven.
fn is_any(verb: &str) -> bool {
    matches!(verb, "DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT")
}

/// Compiles a REST API with all of its stages.
///
/// # Errors
/// What API Gateway would refuse too: ambiguous paths, authorizers that do not exist, unusable expressions and URIs.
pub fn compile(api: &RestApi) -> Result<RestSnapshot, CompileError> {
    let label = api.logical_id.as_deref().unwrap_or(&api.id);
    let error = |place: String, reason: String| CompileError::new(label, place, reason);
    siblings(&api.resources).map_err(|(place, reason)| error(place, reason))?;

    let lambda_authorizers: Vec<_> =
        api.authorizers.values().filter(|a| a.authorizer_type != AuthorizerType::CognitoUserPools).collect();
    let mut routes = RouteTree::default();
    let mut resources = Vec::with_capacity(api.resources.len());
    let mut declared = Vec::new();
    for resource in &api.resources {
        let place = || format!("resource {}", resource.path);
        let slot = routes.at(&resource.path).map_err(|reason| error(place(), reason))?;
        if slot.replace(resources.len()).is_some() {
            return Err(error(place(), "the path is declared twice".to_owned()));
        }
        let mut methods = Vec::with_capacity(resource.methods.len());
        for method in resource.methods.values() {
            let place = format!("{} {}", method.http_method, resource.path);
            let authorization = authorization(api, method, &lambda_authorizers).map_err(|r| error(place.clone(), r))?;
            methods.push(RestMethod {
                http_method: method.http_method.clone(),
                authorization,
                api_key_required: method.api_key_required,
                operation_name: method.operation_name.clone(),
                integration: declared.len(),
            });
            declared.push((place, method));
        }
        resources.push(RestResource {
            id: resource.id.clone(),
            path: resource.path.clone(),
            parameters: parameter_names(&resource.path),
            methods,
        });
    }

    let mut stages = HashMap::with_capacity(api.stages.len());
    for stage in api.stages.values() {
        let integrations = declared.iter().map(|(place, method)| {
            integration(method.integration.as_ref(), stage).map_err(|reason| error(place.clone(), reason))
        });
        let authorizers = lambda_authorizers.iter().map(|declared| {
            authorizer(declared, stage).map_err(|reason| error(format!("authorizer {}", declared.name), reason))
        });
        let compiled = RestStage {
            name: stage.stage_name.clone(),
            deployment_id: stage.deployment_id.clone(),
            variables: stage.variables.clone(),
            integrations: integrations.collect::<Result<_, _>>()?,
            authorizers: authorizers.collect::<Result<_, _>>()?,
        };
        stages.insert(stage.stage_name.clone(), compiled);
    }
    let binary_media_types = BinaryMediaTypes::new(&api.binary_media_types);
    Ok(RestSnapshot { api_id: api.id.clone(), binary_media_types, routes, resources, stages })
}

/// Under one parent there may be one variable part only; API Gateway refuses a second one with this text.
fn siblings(resources: &[Resource]) -> Result<(), (String, String)> {
    let mut variable_of: HashMap<&str, &str> = HashMap::new();
    for resource in resources {
        for (at, part) in resource.path.match_indices('/').map(|(at, _)| {
            let rest = &resource.path[at + 1..];
            (at, rest.split('/').next().unwrap_or(rest))
        }) {
            if !part.starts_with('{') {
                continue;
            }
            let first = *variable_of.entry(&resource.path[..at]).or_insert(part);
            if first != part {
                let reason = format!(
                    "A sibling ({first}) of this resource already has a variable path part -- only one is allowed"
                );
                return Err((format!("resource {}", resource.path), reason));
            }
        }
    }
    Ok(())
}

fn authorization(
    api: &RestApi,
    method: &Method,
    lambda_authorizers: &[&crate::model::Authorizer],
) -> Result<RestAuthorization, String> {
    match method.authorization_type.as_str() {
        "NONE" | "" => Ok(RestAuthorization::None),
        "AWS_IAM" => Ok(RestAuthorization::AwsIam),
        kind @ ("CUSTOM" | "COGNITO_USER_POOLS") => {
            let id = method.authorizer_id.as_deref().ok_or_else(|| format!("{kind} needs an authorizerId"))?;
            let found = api.authorizers.get(id).ok_or_else(|| format!("Invalid authorizer ID specified: {id}"))?;
            let position = lambda_authorizers.iter().position(|authorizer| std::ptr::eq(*authorizer, found));
            match (kind, position) {
                ("CUSTOM", Some(position)) => Ok(RestAuthorization::Custom(position)),
                ("COGNITO_USER_POOLS", None) => Ok(RestAuthorization::CognitoUserPools),
                _ => Err(format!("authorizer {} does not fit the authorizationType {kind}", found.name)),
            }
        }
        other => Err(format!("authorizationType {other} is none of NONE, CUSTOM, COGNITO_USER_POOLS, AWS_IAM")),
    }
}

fn integration(declared: Option<&Integration>, stage: &Stage) -> Result<RestIntegration, String> {
    let Some(declared) = declared else {
        return Ok(RestIntegration::Unsupported("the method has no integration".to_owned()));
    };
    if declared.integration_type != IntegrationType::AwsProxy {
        return Ok(RestIntegration::Unsupported(format!(
            "integrations of type {}",
            declared.integration_type.as_str()
        )));
    }
    let timeout = timeout("timeoutInMillis", declared.timeout_in_millis)?;
    match resolve(declared.uri.as_deref().unwrap_or_default(), &stage.variables) {
        Err(NoFunction::Invalid(reason)) => Err(format!("integration uri {reason}")),
        Err(NoFunction::Unsupported(reason)) => Ok(RestIntegration::Unsupported(reason)),
        // AWS deploys this too, and fails every request.
        Ok(_) if declared.http_method.as_deref() != Some("POST") => Ok(RestIntegration::Unsupported(format!(
            "a Lambda integration whose integrationHttpMethod is {}; it must be POST",
            declared.http_method.as_deref().unwrap_or("missing")
        ))),
        Ok(function) => Ok(RestIntegration::LambdaProxy { function, timeout }),
    }
}

fn authorizer(declared: &crate::model::Authorizer, stage: &Stage) -> Result<LambdaAuthorizer, String> {
    let sources = declared.identity_source.as_deref().unwrap_or_default();
    let sources = sources.split(',').map(str::trim).filter(|source| !source.is_empty());
    let identity_sources = sources.map(IdentitySource::parse_rest).collect::<Result<Vec<_>, _>>()?;
    let token = declared.authorizer_type == AuthorizerType::Token;
    if token && !matches!(identity_sources.as_slice(), [IdentitySource::Header(_)]) {
        return Err("a TOKEN authorizer needs one identitySource of the form method.request.header.{name}".to_owned());
    }
    // Without a source there is nothing to tell callers apart by, so nothing may be remembered.
    let ttl = if identity_sources.is_empty() { 0 } else { declared.authorizer_result_ttl_in_seconds };
    Ok(LambdaAuthorizer {
        name: declared.name.clone(),
        function: authorizer_function(declared.authorizer_uri.as_deref(), &stage.variables)?,
        identity_sources,
        validation: declared
            .identity_validation_expression
            .as_deref()
            .filter(|expression| token && !expression.is_empty())
            .map(validation)
            .transpose()?,
        payload: if token { AuthorizerPayload::RestToken } else { AuthorizerPayload::RestRequest },
        cache: ResultCache::new(ttl),
    })
}

#[cfg(test)]
#[path = "rest_tests.rs"]
mod tests;
