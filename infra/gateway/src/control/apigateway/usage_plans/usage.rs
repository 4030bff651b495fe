//! What keys have used: `{key id: [[used, remaining], …]}`, a pair for each day.

use super::super::super::call::{ApiError, Call, Outcome, Output};
use super::super::super::world::lock;
use super::super::errors::{bad_request, not_found};
use super::super::patch::{self, Refusal, Rule, replace};
use super::super::plans::write_usage;
use super::no_plan;
use crate::model::{Usage, UsagePlan};
use crate::throttle::{MOST_DAYS, Quota, calendar};
use serde_json::{Map, json};

/// One day of a key, and what it may still use then, which `UpdateUsage` sets.
struct Remaining {
    remaining: i64,
}

const RULES: &[Rule<Remaining>] = &[replace("/remaining", |usage, patch| {
    usage.remaining = patch.number()?;
    if usage.remaining < 0 {
        return Err(bad_request("Invalid patch value specified for path '/remaining': it must not be negative"));
    }
    Ok(())
})];

pub(super) fn get(call: &Call<'_>) -> Outcome {
    let mut registry = lock(&call.world.registry);
    // What is counted and not written yet.
    write_usage(call.world, &mut registry)?;
    let plan = registry.usage_plans.get(call.text("usagePlanId")).ok_or_else(no_plan)?;
    let (start, end) = (day(call, "startDate")?, day(call, "endDate")?);
    if end < start {
        return Err(bad_request("Invalid date range specified: endDate is before startDate"));
    }
    if end - start >= MOST_DAYS as i64 {
        return Err(bad_request(format!("Invalid date range specified: at most {MOST_DAYS} days can be asked for")));
    }
    let only = call.optional_text("keyId");
    if let Some(key) = only
        && !registry.usage_plan_keys.contains(&format!("{}/{key}", plan.id))
    {
        return Err(not_found("Invalid API Key identifier specified"));
    }
    let mut items = Map::new();
    for (entry, usage) in registry.usage.iter() {
        let Some((owner, key)) = entry.split_once('/') else { continue };
        if owner != plan.id || only.is_some_and(|only| only != key) {
            continue;
        }
        let days = (start..=end).map(|at| {
            let (used, remaining) =
                usage.days.get(&calendar::text(at)).copied().unwrap_or_else(|| (0, left(plan, usage, at)));
            json!([used, remaining])
        });
        items.insert(key.to_owned(), days.collect());
    }
    Output::of(
        json!({"usagePlanId": plan.id, "startDate": calendar::text(start), "endDate": calendar::text(end), "items": items}),
    )
}

pub(super) fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let (plan_id, key) = (call.text("usagePlanId"), call.text("keyId"));
    let mut registry = lock(&call.world.registry);
    let plan = registry.usage_plans.get(plan_id).ok_or_else(no_plan)?;
    let entry = format!("{plan_id}/{key}");
    if !registry.usage_plan_keys.contains(&entry) {
        return Err(not_found("Invalid API Key identifier specified"));
    }
    let Some(quota) = plan.quota.as_ref().and_then(Quota::of) else {
        return Err(bad_request(format!("Usage Plan {plan_id} has no quota, so that nothing remains of it")));
    };
    let (book, now) = (call.world.gateway.limits.book(), call.now());
    let counter = book.counter(&entry, || registry.usage.get(&entry));
    let mut changed = Remaining { remaining: book.remaining(&counter, quota, now) };
    patch::apply(&mut changed, &operations, RULES, Refusal::Listed)?;
    let (used, remaining) = book.set_remaining(&counter, quota, now, changed.remaining);
    write_usage(call.world, &mut registry)?;
    let today = calendar::text(calendar::day(now));
    let items = json!({key: [[used, remaining]]});
    Output::of(json!({"usagePlanId": plan_id, "startDate": today, "endDate": today, "items": items}))
}

/// A day, in days since 1970.
fn day(call: &Call<'_>, member: &str) -> Result<i64, ApiError> {
    let text = call.text(member);
    calendar::parse(text)
        .ok_or_else(|| bad_request(format!("Invalid {member} specified: '{text}' is no date of the form yyyy-MM-dd")))
}

/// What is left on a day without any request.
fn left(plan: &UsagePlan, usage: &Usage, day: i64) -> i64 {
    let quota = plan.quota.as_ref().and_then(Quota::of);
    quota.map_or(0, |quota| quota.remaining(usage, day))
}
