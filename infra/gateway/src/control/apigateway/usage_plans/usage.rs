//! What keys have used: `{key id: [[used, remaining], …]}`, a pair for each day.

use serde_json::{Map, json};
use time::{Date, Month};

use super::super::super::call::{ApiError, Call, Outcome, Output};
use super::super::super::world::lock;
use super::super::errors::{bad_request, not_found};
use super::super::patch::{self, Refusal, Rule, replace};
use super::super::registry::Registry;
use super::no_plan;
use crate::clock::EpochMillis;
use crate::model::{Usage, UsagePlan};

const DAY_MILLIS: i64 = 86_400_000;
/// The Julian day of 1970-01-01.
const JULIAN_1970: i32 = 2_440_588;
/// Days that are kept, and may be asked for at once: AWS's 90.
const MOST_DAYS: i64 = 90;

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
    let registry = lock(&call.world.registry);
    let plan = registry.usage_plans.get(call.text("usagePlanId")).ok_or_else(no_plan)?;
    let (start, end) = (day(call, "startDate")?, day(call, "endDate")?);
    if end < start {
        return Err(bad_request("Invalid date range specified: endDate is before startDate"));
    }
    if end - start >= MOST_DAYS {
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
            let (used, remaining) = usage.days.get(&date(at)).copied().unwrap_or_else(|| (0, limit(plan)));
            json!([used, remaining])
        });
        items.insert(key.to_owned(), days.collect());
    }
    Output::of(json!({"usagePlanId": plan.id, "startDate": date(start), "endDate": date(end), "items": items}))
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
    if plan.quota.is_none() {
        return Err(bad_request(format!("Usage Plan {plan_id} has no quota, so that nothing remains of it")));
    }
    let mut usage = registry.usage.get(&entry).cloned().unwrap_or_default();
    let today = date(call.now().div_euclid(DAY_MILLIS));
    let (used, remaining) = usage.days.get(&today).copied().unwrap_or_else(|| (0, limit(plan)));
    let mut changed = Remaining { remaining };
    patch::apply(&mut changed, &operations, RULES, Refusal::Listed)?;
    usage.days.insert(today.clone(), (used, changed.remaining));
    prune(&mut usage);
    registry.usage.insert(entry, usage)?;
    let items = json!({key: [[used, changed.remaining]]});
    Output::of(json!({"usagePlanId": plan_id, "startDate": today, "endDate": today, "items": items}))
}

impl Registry {
    /// Counts a request of a key in a plan: what has been used today and what remains. For the data plane.
    ///
    /// # Errors
    /// When it cannot be kept.
    #[expect(dead_code, reason = "the data plane counts once it checks keys")]
    pub(crate) fn count(&mut self, plan: &str, key: &str, now: EpochMillis, remaining: i64) -> Result<(), ApiError> {
        let entry = format!("{plan}/{key}");
        let mut usage = self.usage.get(&entry).cloned().unwrap_or_default();
        let day = usage.days.entry(date(now.div_euclid(DAY_MILLIS))).or_default();
        *day = (day.0 + 1, remaining);
        prune(&mut usage);
        self.usage.insert(entry, usage)
    }
}

/// Forgets the oldest days.
fn prune(usage: &mut Usage) {
    usage.days.sort_unstable_keys();
    while usage.days.len() > usize::try_from(MOST_DAYS).unwrap_or(usize::MAX) {
        usage.days.shift_remove_index(0);
    }
}

/// What a period without any request has left.
fn limit(plan: &UsagePlan) -> i64 {
    plan.quota.as_ref().map_or(0, |quota| i64::from(quota.limit))
}

/// A day, in days since 1970.
fn day(call: &Call<'_>, member: &str) -> Result<i64, ApiError> {
    let text = call.text(member);
    parse(text)
        .ok_or_else(|| bad_request(format!("Invalid {member} specified: '{text}' is no date of the form yyyy-MM-dd")))
}

/// `2026-11-22` → days since 1970.
fn parse(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<u16>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(year.into(), month, u8::try_from(day).ok()?).ok()?;
    (text.len() == 10 && year >= 1970).then(|| i64::from(date.to_julian_day() - JULIAN_1970))
}

/// Days since 1970 → `2026-11-22`.
fn date(days: i64) -> String {
    let days = i32::try_from(days).unwrap_or_default();
    let date = Date::from_julian_day(days.saturating_add(JULIAN_1970)).unwrap_or(Date::MIN);
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_there_and_back() {
        for text in ["1970-01-01", "2000-02-29", "2026-11-22", "2100-03-01"] {
            assert_eq!(date(parse(text).unwrap()), text);
        }
        assert_eq!(parse("1970-01-02"), Some(1));
        for bad in ["2026-02-30", "2026-1-1", "yesterday", "", "2026-13-01", "2026-11-22T00:00"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
