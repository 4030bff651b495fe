//! Usage plans and API keys as the data planes have them, and what keys have used as it is kept.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::super::call::ApiError;
use super::super::world::{World, lock};
use super::registry::Registry;
use crate::clock::EpochMillis;
use crate::model::Model;
use crate::throttle::{Book, PlanIndex, PlanSource};

/// Counts are written so often: what a crash may lose.
const WRITE_EVERY: Duration = Duration::from_secs(1);

impl PlanSource for World {
    fn compile_plans(&self, book: &Book) -> PlanIndex {
        // Held until all is compiled, so that what a key has used is that of the same moment.
        let registry = lock(&self.registry);
        PlanIndex::build(
            registry.api_keys.values(),
            registry.usage_plans.values(),
            registry.usage_plan_keys.iter().map(|(entry, _)| entry),
            book,
            |entry| registry.usage.get(entry),
        )
    }
}

/// Gives the data planes this world's plans and keys, and writes what is used of them from now on. Without a Tokio runtime
/// nothing is written before [`keep_usage`].
pub(crate) fn serve_plans(world: &Arc<World>) {
    let weak: Weak<World> = Arc::downgrade(world);
    world.gateway.limits.set_source(weak.clone());
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        loop {
            tokio::time::sleep(WRITE_EVERY).await;
            let Some(world) = weak.upgrade() else { return };
            keep_usage(&world);
        }
    });
}

/// Writes what was counted and is not written yet.
pub(crate) fn keep_usage(world: &World) {
    if world.gateway.limits.book().is_written() {
        return;
    }
    if let Err(error) = write_usage(world, &mut lock(&world.registry)) {
        tracing::error!(error = error.message, "what API keys have used cannot be written, and is tried again");
    }
}

/// The same, for whoever holds the registry.
///
/// # Errors
/// When the store fails; what was to be written is tried again later.
pub(super) fn write_usage(world: &World, registry: &mut Registry) -> Result<(), ApiError> {
    let book = world.gateway.limits.book();
    let mut changed = book.take_changed();
    // Of a key that has left its plan meanwhile nothing is kept.
    changed.retain(|(entry, _)| registry.usage_plan_keys.contains(entry));
    if changed.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = changed.iter().map(|(entry, _)| entry.clone()).collect();
    registry.usage.insert_all(changed).inspect_err(|_| book.put_back(names))
}

impl Registry {
    /// Forgets what a key (`{plan id}/{key id}`) has used.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn forget_usage(&mut self, world: &World, entry: &str) -> Result<(), ApiError> {
        world.gateway.limits.book().forget(entry);
        self.usage.remove(entry).map(|_| ())
    }

    /// Takes a stage that is gone, or all of an API, out of every plan. AWS lets a stage go that a plan is bound to, and
    /// unbinds it; seen with Terraform, which makes stages anew (hashicorp/terraform-provider-aws, issue 14100).
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn unbind(&mut self, api_id: &str, stage: Option<&str>) -> Result<(), ApiError> {
        let is_bound =
            |bound: &crate::model::PlanStage| bound.api_id == api_id && stage.is_none_or(|stage| bound.stage == stage);
        let plans = self.usage_plans.iter().filter(|(_, plan)| plan.api_stages.iter().any(is_bound));
        let plans: Vec<_> = plans.map(|(id, _)| id.to_owned()).collect();
        for id in plans {
            let changed = self.usage_plans.update(&id, |plan| {
                plan.api_stages.retain(|bound| !is_bound(bound));
                Ok(())
            });
            changed.unwrap_or(Ok(()))?;
        }
        Ok(())
    }

    /// Puts a template's keys and plans in place of those that it declared before. What was declared once and is declared
    /// no longer goes; what keys have used stays.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn declare_template(&mut self, model: &Model, now: EpochMillis) -> Result<(), ApiError> {
        for (id, key) in &model.api_keys {
            let mut key = key.clone();
            key.created_date = self.api_keys.get(id).map_or(now, |former| former.created_date);
            key.last_updated_date = now;
            self.api_keys.declare(id.clone(), key)?;
        }
        for (id, plan) in &model.usage_plans {
            self.usage_plans.declare(id.clone(), plan.clone())?;
        }
        for (entry, in_plan) in &model.usage_plan_keys {
            self.usage_plan_keys.declare(entry.clone(), in_plan.clone())?;
        }
        let gone = self.usage_plan_keys.retain_declared(|entry| model.usage_plan_keys.contains_key(entry));
        for entry in gone {
            self.usage.remove(&entry)?;
        }
        self.usage_plans.retain_declared(|id| model.usage_plans.contains_key(id));
        self.api_keys.retain_declared(|id| model.api_keys.contains_key(id));
        Ok(())
    }
}
