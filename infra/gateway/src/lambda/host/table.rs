//! The table of functions: what each name, version and alias means now.
//!
//! A call reads one immutable table; a change makes another and swaps it in.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use http::HeaderValue;
use indexmap::IndexMap;

use super::events::EventPolicy;
use super::limits::Limits;
use super::pool::Pool;
use super::settings::HostSettings;
use super::{Access, names};
use crate::lambda::invocation::{Caller, InvokeError};
use crate::lambda::policy;
use crate::model::{Alias, EventInvokeConfig, Function, FunctionRecord, LATEST, PolicyStatement};

/// The functions of one account and region.
#[derive(Clone, Default)]
pub(super) struct Functions {
    pub(super) entries: HashMap<String, Arc<Entry>>,
    /// What developers call the template's functions.
    pub(super) aliases: HashMap<String, String>,
    /// The template's functions.
    pub(super) declared: IndexMap<String, Function>,
}

/// One function.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) arn: String,
    /// The environments of each version, or why there can be none.
    pub(super) versions: HashMap<String, Result<Arc<Pool>, String>>,
    pub(super) rules: Arc<Rules>,
    pub(super) limits: Arc<Limits>,
    /// Whether a template declares it: every alias and version means the one code it has.
    pub(super) declared: bool,
    /// Whether it was told already that the function has no policy.
    pub(super) warned: Arc<AtomicBool>,
}

/// What holds for the calls of a function.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rules {
    aliases: IndexMap<String, Alias>,
    /// By qualifier; the empty one is the function's own.
    policies: IndexMap<String, Vec<PolicyStatement>>,
    events: IndexMap<String, EventInvokeConfig>,
}

/// What a call comes to.
pub(super) struct Resolved {
    pub(super) pool: Arc<Pool>,
    pub(super) version: String,
    pub(super) invoked_arn: HeaderValue,
    pub(super) events: EventPolicy,
}

impl Rules {
    pub(super) fn of(record: &FunctionRecord) -> Rules {
        let policies = record.policies.iter().filter(|(_, policy)| !policy.statements.is_empty());
        Rules {
            aliases: record.aliases.clone(),
            policies: policies.map(|(qualifier, policy)| (qualifier.clone(), policy.statements.clone())).collect(),
            events: record.event_invoke_configs.clone(),
        }
    }

    /// What the function's policies say of a caller who uses this qualifier.
    pub(super) fn access(&self, qualifier: Option<&str>, allows: impl Fn(&[PolicyStatement]) -> bool) -> Access {
        if self.policies.is_empty() {
            return Access::NoPolicy;
        }
        let qualifier = qualifier.filter(|qualifier| *qualifier != LATEST).unwrap_or_default();
        let statements = self.policies.get(qualifier).map(Vec::as_slice).unwrap_or_default();
        if allows(statements) { Access::Allowed } else { Access::Denied }
    }
}

impl Entry {
    pub(super) fn new(function: &Function, declared: bool) -> Entry {
        Entry {
            arn: function.function_arn.clone(),
            versions: HashMap::new(),
            rules: Arc::default(),
            limits: Arc::default(),
            declared,
            warned: Arc::default(),
        }
    }

    /// The environments of every version.
    pub(super) fn pools(&self) -> impl Iterator<Item = &Arc<Pool>> {
        self.versions.values().filter_map(|pool| pool.as_ref().ok())
    }

    /// The version that a qualifier means, by the weights of an alias if it has some.
    fn version<'e>(&'e self, qualifier: &'e str, random: &dyn Fn() -> f64) -> Option<&'e str> {
        if let Some(alias) = self.rules.aliases.get(qualifier) {
            let weights = alias.routing_config.iter().flat_map(|routing| &routing.additional_version_weights);
            let mut left = random();
            for (version, weight) in weights {
                if left < *weight {
                    return Some(version);
                }
                left -= weight;
            }
            return Some(&alias.function_version);
        }
        match self.versions.get_key_value(qualifier) {
            Some((version, _)) => Some(version),
            None => self.declared.then_some(LATEST),
        }
    }

    fn events(&self, qualifier: &str) -> EventPolicy {
        let mut policy = EventPolicy::default();
        if let Some(config) = self.rules.events.get(qualifier) {
            policy.retries = config.maximum_retry_attempts.map_or(policy.retries, |retries| retries as usize);
            let age = config.maximum_event_age_in_seconds.map(|seconds| i64::from(seconds) * 1000);
            policy.max_age_millis = age.unwrap_or(policy.max_age_millis);
        }
        policy
    }
}

impl Functions {
    /// The entry of a name: a function's own, or what developers call it.
    pub(super) fn entry(&self, name: &str) -> Option<&Arc<Entry>> {
        self.entries.get(name).or_else(|| self.entries.get(self.aliases.get(name)?))
    }

    /// Finds what `identifier` and `qualifier` mean, and whether `caller` may call it.
    pub(super) fn resolve(
        &self,
        identifier: &str,
        qualifier: Option<&str>,
        caller: Option<&Caller>,
        settings: &HostSettings,
    ) -> Result<Resolved, InvokeError> {
        let (name, inline) = names::parse(identifier).ok_or_else(|| InvokeError::NotFound(identifier.to_owned()))?;
        if inline.zip(qualifier).is_some_and(|(inline, qualifier)| inline != qualifier) {
            let message = "The derived qualifier from the function name does not match the specified qualifier.";
            return Err(InvokeError::InvalidParameter(message.to_owned()));
        }
        let qualifier = qualifier.or(inline);
        let unknown = || {
            let (region, account) = (&settings.region, &settings.account_id);
            let qualifier = qualifier.unwrap_or(LATEST);
            InvokeError::NotFound(format!("arn:aws:lambda:{region}:{account}:function:{name}:{qualifier}"))
        };
        let entry = self.entry(name).ok_or_else(unknown)?;
        let wanted = qualifier.unwrap_or(LATEST);
        let version = entry.version(wanted, &*settings.random).ok_or_else(unknown)?;
        let pool = entry.versions.get(version).ok_or_else(unknown)?;
        if let Some(caller) = caller {
            entry.admit(name, qualifier, caller, settings)?;
        }
        let pool = pool.clone().map_err(InvokeError::Service)?;
        let arn = qualifier.map_or_else(|| entry.arn.clone(), |qualifier| format!("{}:{qualifier}", entry.arn));
        let valid =
            qualifier.is_none_or(|q| q.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$-_".contains(&byte)));
        let invoked_arn = HeaderValue::from_str(&arn).ok().filter(|_| valid).ok_or_else(unknown)?;
        Ok(Resolved { pool, version: version.to_owned(), invoked_arn, events: entry.events(wanted) })
    }

    /// Every pool of these entries that `other` does not have.
    pub(super) fn pools_missing_in(&self, other: &Functions) -> Vec<Arc<Pool>> {
        let kept: HashSet<_> = other.pools().map(|pool| Arc::as_ptr(&pool)).collect();
        self.pools().filter(|pool| !kept.contains(&Arc::as_ptr(pool))).collect()
    }

    pub(super) fn pools(&self) -> impl Iterator<Item = Arc<Pool>> {
        self.entries.values().flat_map(|entry| entry.pools().cloned())
    }
}

impl Entry {
    /// Refuses a service that the function's policy does not let in. A function without any policy lets services in, with
    /// one warning for each function, unless the settings say that it must not.
    fn admit(
        &self,
        name: &str,
        qualifier: Option<&str>,
        caller: &Caller,
        settings: &HostSettings,
    ) -> Result<(), InvokeError> {
        match self.rules.access(qualifier, |statements| policy::allows(statements, caller)) {
            Access::Allowed => Ok(()),
            Access::Denied => Err(InvokeError::AccessDenied("no statement of its policy allows it".to_owned())),
            // What a template declares, it permits.
            Access::NoPolicy if self.declared => Ok(()),
            Access::NoPolicy if settings.enforce_permissions => {
                Err(InvokeError::AccessDenied("the function has no policy".to_owned()))
            }
            Access::NoPolicy => {
                if !self.warned.swap(true, std::sync::atomic::Ordering::Relaxed) {
                    let qualified = qualifier.map(|q| format!(" --qualifier {q}")).unwrap_or_default();
                    tracing::warn!(
                        "the function {name} has no policy, so AWS would not let {} call it (500); it is let in here. AWS needs: \
                         aws lambda add-permission --function-name {name}{qualified} --statement-id gateway --action \
                         lambda:InvokeFunction --principal {} --source-arn '{}'",
                        caller.principal,
                        caller.principal,
                        whole_api(&caller.source_arn)
                    );
                }
                Ok(())
            }
        }
    }
}

/// The pattern for every stage, method and path of the API in a source ARN.
fn whole_api(source_arn: &str) -> String {
    match source_arn.split_once('/') {
        Some((api, _)) => format!("{api}/*"),
        None => source_arn.to_owned(),
    }
}
