//! A template's alarms, in the same state as those that are put.

use std::sync::Arc;

use indexmap::IndexMap;

use super::super::Control;
use super::super::world::{World, lock};
use super::{State, alarms, watch};
use crate::clock::EpochMillis;
use crate::model::MetricAlarm;

impl Control {
    /// Makes a template's alarms part of the default world's, in place of those that it declared before.
    ///
    /// # Errors
    /// When an alarm's settings do not go together, or the store fails; the text says which.
    pub(crate) fn declare_alarms(&self, declared: &IndexMap<String, MetricAlarm>) -> Result<(), String> {
        for (name, alarm) in declared {
            alarms::check(alarm).map_err(|error| format!("alarm {name}: {}", error.message))?;
        }
        let world: Arc<World> = self.default_world().map_err(|error| error.message)?;
        let now = self.clock().now();
        declare(&mut lock(&world.cloudwatch), declared, now).map_err(|error| error.message)?;
        watch(&world);
        Ok(())
    }
}

fn declare(
    state: &mut State,
    declared: &IndexMap<String, MetricAlarm>,
    now: EpochMillis,
) -> Result<(), super::super::call::ApiError> {
    for (name, alarm) in declared {
        let mut alarm = alarm.clone();
        match state.alarms.get(name) {
            Some(held) => {
                alarms::keep_state(&mut alarm, held);
                alarm.alarm_configuration_updated_timestamp = held.alarm_configuration_updated_timestamp;
                if alarm == *held {
                    state.alarms.declare(name, alarm)?;
                    continue;
                }
            }
            None => alarms::begin(&mut alarm, now),
        }
        alarm.alarm_configuration_updated_timestamp = now;
        state.alarms.declare(name, alarm)?;
    }
    state.alarms.retain_declared(|name| declared.contains_key(name));
    Ok(())
}
