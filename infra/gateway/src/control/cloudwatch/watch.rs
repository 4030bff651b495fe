//! Evaluates the alarms of an account and region each minute, on the clock.

use std::sync::{Arc, Weak};

use super::super::world::{World, lock};
use super::{actions, evaluate};
use crate::clock::{Clock, EpochMillis};
use crate::model::MetricAlarm;

const MINUTE: i64 = 60_000;

/// A task that evaluates alarms. It ends with this, so that a state that is put in another's place has one of its own.
#[derive(Debug)]
pub(super) struct Watcher(tokio::task::AbortHandle);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Has the alarms evaluated, if there are any and nobody does so yet. Without a Tokio runtime nobody will.
pub(in crate::control) fn watch(world: &Arc<World>) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    let mut state = lock(&world.cloudwatch);
    if state.watcher.is_some() || state.alarms.len() == 0 {
        return;
    }
    let clock = world.gateway.clock.clone();
    let began = this_minute(&clock);
    let task = runtime.spawn(run(Arc::downgrade(world), clock, began));
    state.watcher = Some(Watcher(task.abort_handle()));
}

fn this_minute(clock: &Clock) -> EpochMillis {
    let now = clock.now();
    now - now.rem_euclid(MINUTE)
}

/// Evaluates at the beginning of each minute after `last`; of minutes that the clock has jumped over, at the newest.
async fn run(world: Weak<World>, clock: Clock, mut last: EpochMillis) {
    loop {
        clock.sleep_until(last.min(clock.now()) + MINUTE).await;
        let Some(world) = world.upgrade() else { return };
        last = this_minute(&clock);
        if !evaluate_all(&world, last) {
            return;
        }
    }
}

/// Evaluates all alarms at `now`, the beginning of a minute. `false` if there are none: whoever watches may end.
fn evaluate_all(world: &Arc<World>, now: EpochMillis) -> bool {
    let alarms: Vec<MetricAlarm> = {
        let mut state = lock(&world.cloudwatch);
        if state.alarms.len() == 0 {
            state.watcher = None;
            return false;
        }
        state.alarms.values().cloned().collect()
    };
    for alarm in alarms {
        if let Some(to) = evaluate::evaluate(&alarm, world.gateway.telemetry.metrics(), now) {
            let of = alarm.alarm_configuration_updated_timestamp;
            if let Err(error) = actions::transition(world, &alarm.alarm_name, to, Some(of)) {
                tracing::error!(alarm = alarm.alarm_name, error = error.message, "an alarm's state could not be kept");
            }
        }
    }
    true
}
