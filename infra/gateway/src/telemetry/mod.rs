//! What is observed of requests and functions: access logs, functions' lines, and metrics.
//!
//! A data plane fills a `Trail` as a request passes its stages and hands an `Exchange` over in its tail, which every
//! outcome passes. `control/logs` and `control/cloudwatch` read what is gathered here, and add what clients put.

mod access_log;
mod context;
mod exchange;
mod execution_log;
mod functions;
mod logs;
mod metrics;
mod prometheus;
mod stage;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use self::exchange::{ConnectionFacts, ErrorFacts, Exchange, IntegrationFacts, Trail};
pub(crate) use self::execution_log::{ExecutionLog, Level, MethodRequest, java_map, masked, shown, title_case};
pub use self::functions::{CountedFunctions, FunctionLogs};
pub(crate) use self::logs::{Event, Group, Logs, LogsError, Position, Stream};
use self::logs::{LogFiles, LogsFileError};
pub(crate) use self::metrics::{MetricKey, MetricQuery, Metrics, Stat, Statistic};
pub(crate) use self::prometheus::Exposition;
pub(crate) use self::stage::StageTelemetry;
use crate::clock::Clock;

/// The logs and metrics of one account and region, and the way to those of others. Cheap to clone.
#[derive(Clone)]
pub struct Telemetry {
    everything: Arc<Everything>,
    observed: Arc<Observed>,
}

/// All accounts and regions.
struct Everything {
    clock: Clock,
    files: LogFiles,
    worlds: Mutex<HashMap<String, Arc<Observed>>>,
}

/// One account and region.
struct Observed {
    account: String,
    region: String,
    logs: Logs,
    metrics: Metrics,
    /// Functions' calls under way, by function.
    running: Mutex<HashMap<String, u32>>,
}

/// Why the file of logs cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct TelemetryError(#[from] LogsFileError);

impl Telemetry {
    /// Opens the file of logs, or keeps them in memory without one; for this account and region.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(path: Option<&Path>, clock: Clock, account: &str, region: &str) -> Result<Telemetry, TelemetryError> {
        let everything = Arc::new(Everything { clock, files: LogFiles::open(path)?, worlds: Mutex::default() });
        let observed = everything.world(account, region);
        Ok(Telemetry { everything, observed })
    }

    /// For another account and region.
    #[must_use]
    pub fn within(&self, account: &str, region: &str) -> Telemetry {
        // Each line of a function asks, and nearly all are of one account and region.
        if (account, region) == (&*self.observed.account, &*self.observed.region) {
            return self.clone();
        }
        let observed = self.everything.world(account, region);
        Telemetry { everything: Arc::clone(&self.everything), observed }
    }

    /// Forgets all logs and metrics of all accounts and regions.
    pub(crate) fn clear(&self) {
        for observed in self.worlds() {
            observed.logs.clear();
            observed.metrics.clear();
        }
    }

    /// Every account and region, in a fixed order.
    fn worlds(&self) -> Vec<Arc<Observed>> {
        let worlds = self.everything.worlds.lock().unwrap_or_else(PoisonError::into_inner);
        let mut worlds: Vec<_> = worlds.values().cloned().collect();
        worlds.sort_by(|a, b| (&a.account, &a.region).cmp(&(&b.account, &b.region)));
        worlds
    }

    /// The logs.
    pub(crate) fn logs(&self) -> &Logs {
        &self.observed.logs
    }

    /// The metrics.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.observed.metrics
    }
}

impl Everything {
    fn world(&self, account: &str, region: &str) -> Arc<Observed> {
        let key = format!("{account}/{region}");
        let mut worlds = self.worlds.lock().unwrap_or_else(PoisonError::into_inner);
        let observed = worlds.entry(key).or_insert_with_key(|key| {
            let logs = self.files.world(key, self.clock.clone());
            let (account, region) = (account.to_owned(), region.to_owned());
            let (metrics, running) = (Metrics::new(self.clock.clone()), Mutex::default());
            Arc::new(Observed { account, region, logs, metrics, running })
        });
        Arc::clone(observed)
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Telemetry {
    /// In memory, for the account and region of tests.
    pub(crate) fn in_memory(clock: &Clock) -> Telemetry {
        Telemetry::open(None, clock.clone(), "000000000000", "us-east-1").unwrap()
    }
}
