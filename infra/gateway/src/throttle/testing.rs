//! Usage plans for tests, without a control plane.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::limits::{Limits, PlanSource};
use super::plans::PlanIndex;
use super::usage::Book;
use crate::model::{ApiKey, PlanStage, UsagePlan};

/// An enabled key.
pub(crate) fn key(id: &str, value: &str) -> ApiKey {
    ApiKey { id: id.to_owned(), value: Some(value.to_owned()), enabled: true, ..ApiKey::default() }
}

/// A plan without limits for these stages (`api/stage`).
pub(crate) fn plan(id: &str, stages: &[&str]) -> UsagePlan {
    let stages = stages.iter().map(|stage| {
        let (api_id, stage) = stage.split_once('/').unwrap();
        PlanStage { api_id: api_id.to_owned(), stage: stage.to_owned(), ..PlanStage::default() }
    });
    UsagePlan { id: id.to_owned(), api_stages: stages.collect(), ..UsagePlan::default() }
}

/// Plans and keys that can be changed. They are there as long as this is.
pub(crate) struct Plans {
    limits: Limits,
    kept: Arc<Kept>,
}

#[derive(Default)]
struct Kept(Mutex<(Vec<ApiKey>, Vec<UsagePlan>, Vec<String>)>);

impl PlanSource for Kept {
    fn compile_plans(&self, book: &Book) -> PlanIndex {
        let (keys, plans, members) = &*self.0.lock().unwrap();
        PlanIndex::build(keys.iter(), plans.iter(), members.iter().map(String::as_str), book, |_| None)
    }
}

impl Plans {
    pub(crate) fn new(limits: &Limits) -> Plans {
        let kept = Arc::new(Kept::default());
        let source: std::sync::Weak<Kept> = Arc::downgrade(&kept);
        limits.set_source(source);
        Plans { limits: limits.clone(), kept }
    }

    /// These and no others; `members` are `plan/key`.
    pub(crate) fn set(&self, keys: impl Into<Vec<ApiKey>>, plans: impl Into<Vec<UsagePlan>>, members: &[&str]) {
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        *self.kept.0.lock().unwrap() = (keys.into(), plans.into(), members);
        self.limits.changes().fetch_add(1, Ordering::Release);
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Vec<UsagePlan>)) {
        change(&mut self.kept.0.lock().unwrap().1);
        self.limits.changes().fetch_add(1, Ordering::Release);
    }

    pub(crate) fn change_keys(&self, change: impl FnOnce(&mut Vec<ApiKey>)) {
        change(&mut self.kept.0.lock().unwrap().0);
        self.limits.changes().fetch_add(1, Ordering::Release);
    }
}
