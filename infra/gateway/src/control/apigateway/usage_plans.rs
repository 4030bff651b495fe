//! Usage plans, the keys in them, and what the keys have used.

mod keys;
mod usage;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::{World, lock};
use super::errors::{bad_request, not_found};
use super::page::{json, page};
use super::patch::{self, Op, Patch, Refusal, Rule, add_remove, any, replace};
use super::registry::Registry;
use crate::ids;
use crate::model::{PlanStage, QuotaSettings, ThrottleSettings, UsagePlan};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateUsagePlan", create),
    op("GetUsagePlan", get),
    op("GetUsagePlans", list),
    op("UpdateUsagePlan", update),
    op("DeleteUsagePlan", delete),
    op("CreateUsagePlanKey", keys::create),
    op("GetUsagePlanKey", keys::get),
    op("GetUsagePlanKeys", keys::list),
    op("DeleteUsagePlanKey", keys::delete),
    op("GetUsage", usage::get),
    op("UpdateUsage", usage::update),
];

/// Usage plans of an account in a region.
const MOST: usize = 300;

const RULES: &[Rule<UsagePlan>] = &[
    replace("/name", |plan, patch| {
        plan.name = patch.optional().ok_or_else(|| bad_request("Usage Plan name cannot be empty"))?;
        Ok(())
    }),
    replace("/description", |plan, patch| {
        plan.description = patch.optional();
        Ok(())
    }),
    any("/productCode", |plan, patch| {
        plan.product_code = if patch.op == Op::Remove { None } else { patch.optional() };
        Ok(())
    }),
    add_remove("/apiStages", api_stages),
    Rule {
        path: "/quota",
        ops: &[Op::Remove],
        change: |plan, _| {
            plan.quota = None;
            Ok(())
        },
    },
    any("/quota/limit", |plan, patch| {
        plan.quota.get_or_insert_default().limit = patch.number()?;
        Ok(())
    }),
    any("/quota/offset", |plan, patch| {
        plan.quota.get_or_insert_default().offset = patch.number()?;
        Ok(())
    }),
    any("/quota/period", |plan, patch| {
        patch.text().clone_into(&mut plan.quota.get_or_insert_default().period);
        Ok(())
    }),
    Rule {
        path: "/throttle",
        ops: &[Op::Remove],
        change: |plan, _| {
            plan.throttle = None;
            Ok(())
        },
    },
    any("/throttle/burstLimit", |plan, patch| {
        plan.throttle.get_or_insert_default().burst_limit = patch.number()?;
        Ok(())
    }),
    any("/throttle/rateLimit", |plan, patch| {
        plan.throttle.get_or_insert_default().rate_limit = patch.number()?;
        Ok(())
    }),
    Rule {
        path: "/apiStages/{apiId:stageName}/throttle",
        ops: &[Op::Replace, Op::Remove],
        change: |plan, patch| {
            let stage = stage_of(plan, patch)?;
            stage.throttle = match patch.op {
                Op::Remove => Default::default(),
                // All of them at once, as JSON.
                _ => serde_json::from_str(patch.text())
                    .map_err(|_| bad_request("Invalid throttle settings specified"))?,
            };
            Ok(())
        },
    },
    Rule {
        path: "/apiStages/{apiId:stageName}/throttle/{resourcePath}/{httpMethod}",
        ops: &[Op::Remove],
        change: |plan, patch| {
            let method = format!("{}/{}", patch.segment(3), patch.segment(4));
            let removed = stage_of(plan, patch)?.throttle.shift_remove(&method);
            removed.map(|_| ()).ok_or_else(|| not_found(format!("Invalid method specified: {method}")))
        },
    },
    any("/apiStages/{apiId:stageName}/throttle/{resourcePath}/{httpMethod}/burstLimit", |plan, patch| {
        method_throttle(plan, patch)?.burst_limit = patch.number()?;
        Ok(())
    }),
    any("/apiStages/{apiId:stageName}/throttle/{resourcePath}/{httpMethod}/rateLimit", |plan, patch| {
        method_throttle(plan, patch)?.rate_limit = patch.number()?;
        Ok(())
    }),
];

fn api_stages(plan: &mut UsagePlan, patch: &Patch) -> Result<(), ApiError> {
    let (api_id, stage) = split(patch.text())?;
    let at = plan.api_stages.iter().position(|known| known.api_id == api_id && known.stage == stage);
    match (patch.op, at) {
        (Op::Remove, Some(at)) => {
            plan.api_stages.remove(at);
        }
        (Op::Remove, None) => return Err(no_stage(plan, api_id, stage)),
        (_, Some(_)) => {}
        (_, None) => plan.api_stages.push(PlanStage {
            api_id: api_id.to_owned(),
            stage: stage.to_owned(),
            ..PlanStage::default()
        }),
    }
    Ok(())
}

/// `{apiId}:{stage}`
fn split(text: &str) -> Result<(&str, &str), ApiError> {
    let parts = text.split_once(':').filter(|(api, stage)| !api.is_empty() && !stage.is_empty());
    parts.ok_or_else(|| bad_request("Invalid API Stage specified"))
}

fn no_stage(plan: &UsagePlan, api_id: &str, stage: &str) -> ApiError {
    let id = &plan.id;
    not_found(format!("Invalid API Stage {{api: {api_id}, stage: {stage}}} specified for usageplan {id}"))
}

fn stage_of<'p>(plan: &'p mut UsagePlan, patch: &Patch) -> Result<&'p mut PlanStage, ApiError> {
    let (api_id, stage) = split(patch.segment(1))?;
    let missing = no_stage(plan, api_id, stage);
    plan.api_stages.iter_mut().find(|known| known.api_id == api_id && known.stage == stage).ok_or(missing)
}

fn method_throttle<'p>(plan: &'p mut UsagePlan, patch: &Patch) -> Result<&'p mut ThrottleSettings, ApiError> {
    let method = format!("{}/{}", patch.segment(3), patch.segment(4));
    Ok(stage_of(plan, patch)?.throttle.entry(method).or_default())
}

/// What holds for every plan, however it came about.
fn check(plan: &UsagePlan) -> Result<(), ApiError> {
    let throttles = plan.throttle.iter().chain(plan.api_stages.iter().flat_map(|stage| stage.throttle.values()));
    for throttle in throttles {
        if throttle.burst_limit < 0 || !throttle.rate_limit.is_finite() || throttle.rate_limit < 0.0 {
            return Err(bad_request("Usage Plan throttle limits must be positive"));
        }
    }
    let Some(QuotaSettings { limit, offset, period }) = &plan.quota else { return Ok(()) };
    let most = match period.as_str() {
        "DAY" => 0,
        "WEEK" => 6,
        "MONTH" => 27,
        _ => return Err(bad_request("Usage Plan quota period must be one of DAY, WEEK, MONTH")),
    };
    if *limit < 0 {
        return Err(bad_request("Usage Plan quota limit must be a positive number"));
    }
    if most == 0 && *offset != 0 {
        return Err(bad_request("Usage Plan quota offset must be zero in the DAY period"));
    }
    if !(0..=most).contains(offset) {
        let message =
            format!("Usage Plan quota offset must be between zero and {most} inclusive in the {period} period");
        return Err(bad_request(message));
    }
    Ok(())
}

/// Each stage of the plan must be there.
fn check_stages(world: &World, stages: &[PlanStage]) -> Result<(), ApiError> {
    for PlanStage { api_id, stage, .. } in stages {
        let rest = lock(&world.apigateway).apis.get(api_id).map(|api| api.stages.contains_key(stage));
        // A WebSocket API may have keys too. One state after the other: no two are ever held at once.
        let known = rest.or_else(|| lock(&world.apigatewayv2).has_stage(api_id, stage));
        match known {
            Some(true) => {}
            Some(false) => return Err(not_found(format!("API Stage not found: {api_id}:{stage}"))),
            None => {
                return Err(not_found(format!("Invalid API identifier specified {}:{api_id}", world.id.account)));
            }
        }
    }
    Ok(())
}

impl Registry {
    /// No key of the plan may have another one for a stage of it: which of them would count?
    ///
    /// # Errors
    /// `ConflictException`
    fn check_keys(&self, plan: &UsagePlan) -> Result<(), ApiError> {
        let others = self.usage_plans.values().filter(|other| other.id != plan.id);
        for other in others {
            let shared = |stage: &&PlanStage| {
                other.api_stages.iter().any(|known| known.api_id == stage.api_id && known.stage == stage.stage)
            };
            let Some(stage) = plan.api_stages.iter().find(shared) else { continue };
            let members = self.usage_plan_keys.iter().filter_map(|(entry, _)| entry.split_once('/'));
            let mut in_other = members.filter(|(of, _)| *of == other.id).map(|(_, key)| key);
            if let Some(key) = in_other.find(|key| self.usage_plan_keys.contains(&format!("{}/{key}", plan.id))) {
                return Err(keys::has_a_plan(key, other, stage));
            }
        }
        Ok(())
    }
}

fn no_plan() -> ApiError {
    not_found("Invalid Usage Plan ID specified")
}

fn create(call: &Call<'_>) -> Outcome {
    let mut plan: UsagePlan = call.parse()?;
    check(&plan)?;
    check_stages(call.world, &plan.api_stages)?;
    plan.id = ids::short_id(6);
    let mut registry = lock(&call.world.registry);
    if registry.usage_plans.len() >= MOST {
        return Err(ApiError::new("LimitExceededException", "Maximum number of usage plans exceeded"));
    }
    registry.usage_plans.insert(plan.id.clone(), plan.clone())?;
    Output::of(plan)
}

fn get(call: &Call<'_>) -> Outcome {
    let registry = lock(&call.world.registry);
    Output::of(registry.usage_plans.get(call.text("usagePlanId")).ok_or_else(no_plan)?)
}

fn list(call: &Call<'_>) -> Outcome {
    let registry = lock(&call.world.registry);
    let key = call.optional_text("keyId");
    let in_it = |plan: &str| key.is_none_or(|key| registry.usage_plan_keys.contains(&format!("{plan}/{key}")));
    page(call, registry.usage_plans.iter().filter(|(id, _)| in_it(id)), json)
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let id = call.text("usagePlanId");
    let mut plan = lock(&call.world.registry).usage_plans.get(id).cloned().ok_or_else(no_plan)?;
    patch::apply(&mut plan, &operations, RULES, Refusal::Listed)?;
    check(&plan)?;
    let adds = |patch: &&Patch| patch.op == Op::Add && patch.path == "/apiStages";
    if operations.iter().any(|patch| adds(&patch)) {
        check_stages(call.world, &plan.api_stages)?;
    }
    // Again, on what may have changed in between: the other state could not be asked under this lock.
    let mut registry = lock(&call.world.registry);
    registry.check_keys(&plan)?;
    let updated = registry.usage_plans.update(id, |plan| {
        patch::apply(plan, &operations, RULES, Refusal::Listed)?;
        check(plan)?;
        Ok(plan.clone())
    });
    Output::of(updated.unwrap_or_else(|| Err(no_plan()))?)
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut registry = lock(&call.world.registry);
    let id = call.text("usagePlanId");
    let plan = registry.usage_plans.get(id).ok_or_else(no_plan)?;
    if let Some(PlanStage { api_id, stage, .. }) = plan.api_stages.first() {
        return Err(bad_request(format!(
            "Cannot delete Usage Plan {id} because there are API Stages associated with it, including {api_id}:{stage}"
        )));
    }
    registry.usage_plans.remove(id)?;
    let of_plan = |entry: &str| entry.split_once('/').is_some_and(|(plan, _)| plan == id);
    let keys: Vec<_> = registry
        .usage_plan_keys
        .iter()
        .map(|(entry, _)| entry)
        .filter(|entry| of_plan(entry))
        .map(str::to_owned)
        .collect();
    for entry in keys {
        registry.usage_plan_keys.remove(&entry)?;
        registry.forget_usage(call.world, &entry)?;
    }
    Ok(Output::empty())
}

#[cfg(test)]
mod serving;
#[cfg(test)]
mod tests;
