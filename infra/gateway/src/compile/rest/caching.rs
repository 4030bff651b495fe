//! What a stage keeps of its methods' responses: of which methods, for how long, and by which parts of a request.

use std::sync::{Arc, OnceLock};

use super::{RestMethod, RestSnapshot, verbs};
use crate::gateway::Gateway;
use crate::model::{Integration, Method, MethodSetting, Resource, Stage};
use crate::response_cache::StageCache;
use crate::throttle::method_name;

/// AWS's smallest cluster: that of a stage that names no size.
const SMALLEST_GB: f64 = 0.5;

/// The cache cluster of a stage.
#[derive(Debug)]
pub(crate) struct Cluster {
    gigabytes: f64,
    /// A canary without `useStageCache` has one of its own.
    of_canary: bool,
    cache: OnceLock<Arc<StageCache>>,
}

impl Cluster {
    /// That of the stage, if it has one. `own_canary` tells that it is of a canary that shares nothing with its stage.
    pub(super) fn new(stage: &Stage, own_canary: bool) -> Option<Self> {
        let gigabytes = stage.cache_cluster_size.as_deref().and_then(|size| size.parse().ok());
        stage.cache_cluster_enabled.then(|| Cluster {
            gigabytes: gigabytes.unwrap_or(SMALLEST_GB),
            of_canary: own_canary,
            cache: OnceLock::new(),
        })
    }
}

impl RestSnapshot {
    /// Finds the stage's caches, which outlive this snapshot: called when the stage becomes one of a served API.
    pub(crate) fn open_caches(&self, gateway: &Gateway, api_id: &str) {
        if let Some(cluster) = &self.cluster {
            let open = || gateway.caches.open(api_id, &self.stage_name, cluster.of_canary, cluster.gigabytes);
            cluster.cache.get_or_init(open);
        }
        if let Some(canary) = &self.canary {
            canary.snapshot.open_caches(gateway, api_id);
        }
    }

    /// The responses that are kept, on a stage with a cache cluster.
    pub(crate) fn cache(&self) -> Option<&Arc<StageCache>> {
        self.cluster.as_ref()?.cache.get()
    }

    /// Forgets what is kept of the stage, and of its canary; how many responses that were. `None` without a cache.
    pub(crate) fn flush(&self) -> Option<u64> {
        let own = self.cache().map(|cache| cache.flush());
        let of_canary = self.canary.as_ref().and_then(|canary| canary.snapshot.flush());
        own.into_iter().chain(of_canary).reduce(|a, b| a + b)
    }
}

/// How the responses of one method are kept.
#[derive(Debug)]
pub(crate) struct MethodCache {
    pub(crate) ttl_millis: u32,
    pub(crate) invalidation: Invalidation,
    /// How long a request waits for another that asks for the same: as long as its integration might take.
    pub(crate) patience_millis: u32,
    /// What all of its keys begin with: deployment, namespace, verb.
    pub(crate) scope: [String; 3],
    /// The parameters that tell responses apart, by name. What is not here does not: not a path parameter either, and not
    /// who asks, as on AWS.
    pub(crate) parameters: Vec<(String, Parameter)>,
}

/// Who may ask for a new response with `Cache-Control`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invalidation {
    /// Everybody.
    Open,
    /// Whoever may `execute-api:InvalidateCache`; all others get 403.
    Refused,
    /// The same; all others get what is kept, with a warning.
    Warned,
    /// The same; all others get what is kept.
    Ignored,
}

/// Where a parameter of the key has its value. All values of it count, though AWS says nothing of repeated ones: an
/// integration that is sent both may answer by either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// In any case.
    Header(String),
    QueryString(String),
    Path(String),
    /// Any part of it.
    Body,
    /// `context.{name}`
    Context(String),
    /// The same for all requests to this snapshot: `'text'`, `stageVariables.{name}`.
    Constant(String),
}

impl RestMethod {
    /// How responses to this verb are kept, if they are.
    pub(crate) fn cache(&self, verb: &str) -> Option<&MethodCache> {
        self.caches.iter().find(|(of, _)| of == verb).map(|(_, cache)| cache)
    }
}

/// How the stage keeps the responses of a method, for each verb that it answers; with it, what is declared and not done.
pub(super) fn caches(
    stage: &Stage,
    resource: &Resource,
    method: &Method,
) -> (Vec<(String, MethodCache)>, Option<String>) {
    let (mut caches, mut trouble) = (Vec::new(), None);
    let Some(integration) = method.integration.as_ref().filter(|_| stage.cache_cluster_enabled) else {
        return (caches, trouble);
    };
    for verb in verbs(&method.http_method) {
        let Some(setting) = setting(stage, resource, verb) else { continue };
        // A response that is streamed is never here as a whole.
        if setting.cache_ttl_in_seconds == 0 || integration.response_transfer_mode.as_deref() == Some("STREAM") {
            continue;
        }
        match parameters(stage, integration) {
            Ok(parameters) => {
                trouble = trouble.or_else(|| undeclared(resource, method, integration));
                let namespace = integration.cache_namespace.as_ref().unwrap_or(&resource.id);
                let cache = MethodCache {
                    ttl_millis: setting.cache_ttl_in_seconds.saturating_mul(1000),
                    invalidation: invalidation(&setting),
                    patience_millis: integration.timeout_in_millis,
                    scope: [stage.deployment_id.clone(), namespace.clone(), verb.to_owned()],
                    parameters,
                };
                caches.push((verb.to_owned(), cache));
            }
            // Responses that should be told apart are not told apart: better none than another's.
            Err(reason) => trouble = Some(format!("{reason}; its responses are not cached")),
        }
    }
    (caches, trouble)
}

/// The settings by which responses are kept: the method's own, otherwise those of all methods, otherwise AWS's defaults. The
/// latter two are for GET alone.
fn setting(stage: &Stage, resource: &Resource, verb: &str) -> Option<MethodSetting> {
    let name = method_name(&format!("{}/{verb}", resource.path));
    let own = stage.method_settings.iter().find(|(written, _)| method_name(written) == name).map(|(_, own)| own);
    let all = || stage.method_settings.get("*/*").filter(|_| verb == "GET");
    match own.or_else(all) {
        Some(setting) => setting.caching_enabled.then(|| setting.clone()),
        None if verb == "GET" && !stage.method_settings.contains_key("*/*") => Some(MethodSetting::default()),
        None => None,
    }
}

fn invalidation(setting: &MethodSetting) -> Invalidation {
    match setting.unauthorized_cache_control_header_strategy.as_str() {
        _ if !setting.require_authorization_for_cache_control => Invalidation::Open,
        "FAIL_WITH_403" => Invalidation::Refused,
        "SUCCEED_WITHOUT_RESPONSE_HEADER" => Invalidation::Ignored,
        _ => Invalidation::Warned,
    }
}

/// The key's parameters in the order of their names, so that those of methods that share a namespace are alike.
fn parameters(stage: &Stage, integration: &Integration) -> Result<Vec<(String, Parameter)>, String> {
    let mut parameters = Vec::with_capacity(integration.cache_key_parameters.len());
    for name in &integration.cache_key_parameters {
        let mapped = integration.request_parameters.as_ref().and_then(|mapped| mapped.get(name));
        let unknown = || format!("the cache key parameter `{name}` is none that API Gateway knows");
        let parameter = match (mapped, name.strip_prefix("integration.request.")) {
            (Some(source), _) => Parameter::parse(source, stage),
            // What a proxy integration is sent without a mapping has the name that it came with.
            (None, Some(same)) => Parameter::of_request(same),
            (None, None) => name.strip_prefix("method.request.").and_then(Parameter::of_request),
        };
        parameters.push((name.clone(), parameter.ok_or_else(unknown)?));
    }
    parameters.sort_by(|a, b| a.0.cmp(&b.0));
    parameters.dedup_by(|a, b| a.0 == b.0);
    Ok(parameters)
}

impl Parameter {
    /// The source of a mapping.
    fn parse(source: &str, stage: &Stage) -> Option<Self> {
        if let Some(of_request) = source.strip_prefix("method.request.") {
            return Parameter::of_request(of_request);
        }
        if let Some(name) = source.strip_prefix("stageVariables.") {
            return Some(Parameter::Constant(stage.variables.get(name).cloned().unwrap_or_default()));
        }
        if let Some(name) = source.strip_prefix("context.") {
            return Some(Parameter::Context(name.to_owned()));
        }
        Some(Parameter::Constant(source.strip_prefix('\'')?.strip_suffix('\'')?.to_owned()))
    }

    /// `{kind}.{name}`
    fn of_request(text: &str) -> Option<Self> {
        if text == "body" || text.starts_with("body.") || text.starts_with("body[") {
            return Some(Parameter::Body);
        }
        let (kind, name) = text.split_once('.').filter(|(_, name)| !name.is_empty())?;
        let name = name.to_owned();
        match kind {
            "header" | "multivalueheader" => Some(Parameter::Header(name)),
            "querystring" | "multivaluequerystring" => Some(Parameter::QueryString(name)),
            "path" => Some(Parameter::Path(name)),
            _ => None,
        }
    }
}

/// A parameter that the method does not declare, which AWS takes from nobody; here it counts all the same.
fn undeclared(resource: &Resource, method: &Method, integration: &Integration) -> Option<String> {
    let declared = |name: &str| {
        let own = name.strip_prefix("method.request.path.").map(|name| [format!("{{{name}}}"), format!("{{{name}+}}")]);
        method.request_parameters.as_ref().is_some_and(|declared| declared.contains_key(name))
            || own.is_some_and(|own| own.iter().any(|variable| resource.path.contains(variable)))
    };
    let undeclared =
        integration.cache_key_parameters.iter().find(|name| name.starts_with("method.request.") && !declared(name))?;
    Some(format!(
        "the cache key parameter `{undeclared}` is not among the method's request parameters: AWS refuses it (Invalid cache \
         key parameter specified)"
    ))
}
