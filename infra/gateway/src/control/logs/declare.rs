//! A template's log groups, among those that are created and those that what logs has made.

use indexmap::IndexMap;

use super::super::Control;
use super::super::world::lock;
use super::groups::RETENTIONS;
use super::refused;
use crate::model::LogGroup;
use crate::telemetry::LogsError;

impl Control {
    /// Makes a template's log groups, or has those that are there keep what they hold as the template says. Groups that it
    /// declared before and declares no more go with their events, as CloudFormation deletes them.
    ///
    /// # Errors
    /// When a retention is none that CloudWatch Logs has, or there are too many groups; the text says which.
    pub(crate) fn declare_log_groups(&self, declared: &IndexMap<String, LogGroup>) -> Result<(), String> {
        let world = self.default_world().map_err(|error| error.message)?;
        for (name, group) in declared {
            if let Some(days) = group.retention_in_days.filter(|days| !RETENTIONS.contains(days)) {
                let known: Vec<_> = RETENTIONS.iter().map(ToString::to_string).collect();
                return Err(format!("log group {name}: RetentionInDays is {days}, not one of {}", known.join(", ")));
            }
        }
        let logs = world.gateway.telemetry.logs();
        for (name, group) in declared {
            let made = logs.create_group(LogGroup { creation_time: self.clock().now(), ..group.clone() });
            let done = match made {
                Err(LogsError::Exists) => logs.change_group(name, |held| {
                    *held = LogGroup { creation_time: held.creation_time, ..group.clone() };
                }),
                done => done,
            };
            done.map_err(|error| format!("log group {name}: {}", refused(error, "log group").message))?;
        }
        let mut state = lock(&world.logs);
        let former = std::mem::replace(&mut state.declared, declared.keys().cloned().collect());
        for gone in former.iter().filter(|name| !declared.contains_key(*name)) {
            if let Err(error) = logs.delete_group(gone) {
                tracing::warn!(
                    group = gone,
                    "a log group that the template names no more is not deleted: {}",
                    refused(error, "").message
                );
            }
        }
        Ok(())
    }
}
