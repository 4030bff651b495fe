//! The keys in a usage plan.

use super::super::super::call::{ApiError, Call, Outcome, Output};
use super::super::super::world::lock;
use super::super::errors::{bad_request, conflict, not_found};
use super::super::page::{json, page};
use super::no_plan;
use crate::model::{PlanStage, UsagePlan, UsagePlanKey};

/// Plans that a key may be in.
const MOST_PLANS: usize = 10;

pub(super) fn create(call: &Call<'_>) -> Outcome {
    let (plan_id, key_id) = (call.text("usagePlanId"), call.text("keyId"));
    if call.text("keyType") != "API_KEY" {
        return Err(bad_request("Invalid key type specified. Must be one of: [API_KEY]"));
    }
    let mut registry = lock(&call.world.registry);
    let plan = registry.usage_plans.get(plan_id).ok_or_else(no_plan)?;
    let key = registry.api_keys.get(key_id).ok_or_else(|| not_found("Invalid API Key identifier specified"))?;
    let in_plan = UsagePlanKey {
        id: key.id.clone(),
        key_type: "API_KEY".to_owned(),
        value: key.value.clone().unwrap_or_default(),
        name: key.name.clone(),
    };
    let entry = format!("{plan_id}/{key_id}");
    if registry.usage_plan_keys.contains(&entry) {
        return Err(conflict(format!("Usage Plan Key already exists: {key_id}")));
    }
    let others: Vec<_> = registry.plans_of(key_id).collect();
    if others.len() >= MOST_PLANS {
        return Err(bad_request(format!("API Key {key_id} is in {MOST_PLANS} usage plans, and cannot be in more")));
    }
    // A key must not have two plans for one stage: which of them would count?
    for other in others.into_iter().filter_map(|id| registry.usage_plans.get(id)) {
        let shared = |stage: &&PlanStage| {
            other.api_stages.iter().any(|known| known.api_id == stage.api_id && known.stage == stage.stage)
        };
        if let Some(stage) = plan.api_stages.iter().find(shared) {
            return Err(has_a_plan(key_id, other, stage));
        }
    }
    registry.usage_plan_keys.insert(entry, in_plan.clone())?;
    Output::of(in_plan)
}

/// Of a key that has a plan for a stage already.
pub(super) fn has_a_plan(key_id: &str, plan: &UsagePlan, stage: &PlanStage) -> ApiError {
    let (plan, api_id, stage) = (&plan.id, &stage.api_id, &stage.stage);
    conflict(format!("API Key {key_id} is already in usage plan {plan} for the API stage {api_id}:{stage}"))
}

pub(super) fn get(call: &Call<'_>) -> Outcome {
    let registry = lock(&call.world.registry);
    let plan = call.text("usagePlanId");
    registry.usage_plans.get(plan).ok_or_else(no_plan)?;
    let key = registry.usage_plan_keys.get(&format!("{plan}/{}", call.text("keyId")));
    Output::of(key.ok_or_else(|| not_found("Invalid Usage Plan Key identifier specified"))?)
}

pub(super) fn list(call: &Call<'_>) -> Outcome {
    let registry = lock(&call.world.registry);
    let plan = call.text("usagePlanId");
    registry.usage_plans.get(plan).ok_or_else(no_plan)?;
    let name = call.text("nameQuery");
    let of_plan = registry.usage_plan_keys.iter().filter_map(|(entry, key)| {
        let (owner, id) = entry.split_once('/')?;
        (owner == plan && key.name.as_deref().unwrap_or_default().starts_with(name)).then_some((id, key))
    });
    page(call, of_plan, json)
}

pub(super) fn delete(call: &Call<'_>) -> Outcome {
    let mut registry = lock(&call.world.registry);
    let plan = call.text("usagePlanId");
    registry.usage_plans.get(plan).ok_or_else(no_plan)?;
    let entry = format!("{plan}/{}", call.text("keyId"));
    let removed = registry.usage_plan_keys.remove(&entry)?;
    removed.ok_or_else(|| not_found("Invalid Usage Plan Key identifier specified"))?;
    registry.forget_usage(call.world, &entry)?;
    Ok(Output::empty())
}
