//! The usage plans and API keys of an account and region, compiled: looked up by a key's value, for a stage.
//!
//! A key's value is a secret: only its hash is held here, and looked up. How long that takes tells of the hash at most.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::bucket::Rate;
use super::buckets::BucketId;
use super::usage::{Book, Counter, Quota};
use crate::model::{ApiKey, ThrottleSettings, Usage, UsagePlan};

/// All keys that are in a plan.
#[derive(Debug, Default)]
pub struct PlanIndex {
    /// By the first bytes of the hash of their values.
    keys: HashMap<[u8; 16], Key>,
}

#[derive(Debug)]
struct Key {
    digest: [u8; 32],
    id: Arc<str>,
    plans: Vec<InPlan>,
}

/// A key in a plan.
#[derive(Debug)]
struct InPlan {
    plan: Arc<Plan>,
    bucket: BucketId,
    counter: Arc<Counter>,
}

#[derive(Debug)]
struct Plan {
    /// By `{API id}/{stage}`: the limits of its methods, by `/pets/GET`.
    stages: HashMap<String, HashMap<String, Rate>>,
    rate: Option<Rate>,
    quota: Option<Quota>,
}

/// Whoever sent a key that is valid for a stage.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) key_id: Arc<str>,
    /// Its bucket, unless its plan has no throttle.
    pub(super) limit: Option<(BucketId, Rate)>,
    pub(super) quota: Option<Quota>,
    pub(super) counter: Arc<Counter>,
}

impl Client {
    /// The key's id, which is no secret.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// How often it may call, if its plan says so.
    pub(crate) fn rate(&self) -> Option<Rate> {
        self.limit.map(|(_, rate)| rate)
    }
}

/// The API key that a request was let in by.
#[derive(Clone, Debug)]
pub(crate) struct SentKey<'a> {
    /// What the client, or the authorizer, has sent.
    pub(crate) value: &'a str,
    /// Whose it is.
    pub(crate) client: Client,
}

impl SentKey<'_> {
    /// The key's id, which is no secret.
    pub(crate) fn id(&self) -> &str {
        self.client.key_id()
    }
}

impl PlanIndex {
    /// Compiles plans and keys. `members` are the pairs of both, as `{plan id}/{key id}`; `used` tells what was used before
    /// of those that `book` has not counted yet.
    pub fn build<'a>(
        keys: impl Iterator<Item = &'a ApiKey>,
        plans: impl Iterator<Item = &'a UsagePlan>,
        members: impl Iterator<Item = &'a str>,
        book: &Book,
        used: impl Fn(&str) -> Option<&'a Usage>,
    ) -> PlanIndex {
        let plans: HashMap<&str, Arc<Plan>> = plans.map(|plan| (plan.id.as_str(), Arc::new(Plan::of(plan)))).collect();
        let mut of_key: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
        for member in members {
            let Some((plan, key)) = member.split_once('/') else { continue };
            of_key.entry(key).or_default().push((plan, member));
        }
        let mut index = PlanIndex::default();
        for key in keys.filter(|key| key.enabled) {
            let (Some(value), Some(members)) = (&key.value, of_key.get(key.id.as_str())) else { continue };
            let in_plans = members.iter().filter_map(|(plan, member)| {
                Some(InPlan {
                    plan: Arc::clone(plans.get(plan)?),
                    bucket: BucketId::of(&["client", member]),
                    counter: book.counter(member, || used(member)),
                })
            });
            let digest = digest(value);
            let compiled = Key { digest, id: key.id.as_str().into(), plans: in_plans.collect() };
            index.keys.insert(short(&digest), compiled);
        }
        let members: std::collections::HashSet<&str> = of_key.values().flatten().map(|(_, member)| *member).collect();
        book.retain(|name| members.contains(name));
        index
    }

    /// Whoever has sent the key `value` to `stage` (`{API id}/{stage}`), for a method of its names (`/pets/GET`, and
    /// `/pets/ANY` where it is declared so). `None` if no enabled key of a plan for this stage has this value: AWS does not
    /// say which of it is wrong.
    pub(crate) fn client(&self, value: &str, stage: &str, method: &[&str]) -> Option<Client> {
        let digest = digest(value);
        let key = self.keys.get(&short(&digest))?;
        if !bool::from(key.digest.ct_eq(&digest)) {
            return None;
        }
        // One at most: a key has one plan for a stage.
        let (in_plan, methods) =
            key.plans.iter().find_map(|in_plan| Some((in_plan, in_plan.plan.stages.get(stage)?)))?;
        let of_method = method.iter().find_map(|name| Some((*name, methods.get(*name)?)));
        let limit = match of_method {
            Some((name, rate)) => Some((in_plan.bucket.within(&format!("{stage}{name}")), *rate)),
            None => in_plan.plan.rate.map(|rate| (in_plan.bucket, rate)),
        };
        Some(Client {
            key_id: Arc::clone(&key.id),
            limit,
            quota: in_plan.plan.quota,
            counter: Arc::clone(&in_plan.counter),
        })
    }
}

impl Plan {
    fn of(plan: &UsagePlan) -> Plan {
        let rate = |throttle: &ThrottleSettings| Rate::new(throttle.rate_limit, throttle.burst_limit);
        let stages = plan.api_stages.iter().map(|stage| {
            let methods = stage.throttle.iter().map(|(method, throttle)| (method_name(method), rate(throttle)));
            (format!("{}/{}", stage.api_id, stage.stage), methods.collect())
        });
        Plan {
            stages: stages.collect(),
            rate: plan.throttle.as_ref().map(rate),
            quota: plan.quota.as_ref().and_then(Quota::of),
        }
    }
}

/// `/pets/GET`, also of `~1pets/GET` and `pets/GET`; `/GET` is the root's.
pub(crate) fn method_name(written: &str) -> String {
    format!("/{}", written.replace("~1", "/").trim_start_matches('/'))
}

fn digest(value: &str) -> [u8; 32] {
    Sha256::digest(value).into()
}

fn short(digest: &[u8; 32]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

#[cfg(test)]
mod tests {
    use super::super::testing::{key, plan};
    use super::*;

    fn index(keys: &[ApiKey], plans: &[UsagePlan], members: &[&str]) -> PlanIndex {
        PlanIndex::build(keys.iter(), plans.iter(), members.iter().copied(), &Book::default(), |_| None)
    }

    #[test]
    fn a_key_is_valid_for_the_stages_of_its_plans() {
        let keys = [key("k1", "one"), key("k2", "two"), ApiKey { enabled: false, ..key("k3", "three") }];
        let plans = [plan("p1", &["a/prod"]), plan("p2", &["b/prod", "b/dev"]), plan("p3", &[])];
        let index = index(&keys, &plans, &["p1/k1", "p2/k1", "p3/k2", "p1/k3", "gone/k2"]);
        let of = |value, stage| index.client(value, stage, &[]).map(|client| client.key_id().to_owned());
        for stage in ["a/prod", "b/prod", "b/dev"] {
            assert_eq!(of("one", stage).as_deref(), Some("k1"));
        }
        for (value, stage) in [
            ("one", "a/dev"),
            ("One", "a/prod"),
            ("", "a/prod"),
            ("two", "a/prod"),
            ("three", "a/prod"),
            ("k1", "a/prod"),
        ] {
            assert_eq!(of(value, stage), None, "{value} {stage}");
        }
    }

    #[test]
    fn a_method_has_the_plans_limit_unless_it_has_its_own() {
        let throttle = |rate_limit, burst_limit| ThrottleSettings { rate_limit, burst_limit };
        let mut plan = plan("p", &["a/prod", "a/dev"]);
        plan.throttle = Some(throttle(2.0, 2));
        plan.api_stages[0].throttle = [("/pets/GET".to_owned(), throttle(1.0, 1))].into();
        let index = index(&[key("k", "v")], &[plan], &["p/k"]);
        let limit = |stage, names: &[&str]| index.client("v", stage, names).unwrap().limit.unwrap();
        let (own, all) = (limit("a/prod", &["/pets/GET"]), limit("a/prod", &["/pets/POST"]));
        assert_eq!((own.1, all.1), (Rate::new(1.0, 1), Rate::new(2.0, 2)));
        assert_ne!(own.0, all.0);
        assert_eq!(limit("a/dev", &["/pets/GET"]), all, "one bucket for all stages of the plan");
    }

    #[test]
    fn methods_are_found_however_they_are_written() {
        for (written, name) in [
            ("/pets/GET", "/pets/GET"),
            ("~1pets~1{id}/GET", "/pets/{id}/GET"),
            ("//GET", "/GET"),
            ("pets/GET", "/pets/GET"),
        ] {
            assert_eq!(method_name(written), name);
        }
    }
}
