//! Metrics: what requests and functions are counted by, and what clients of CloudWatch put.
//!
//! Values are gathered by the minute for three hours, by five minutes for a day and by the hour for fifteen days, in memory.
//! A request updates one [`Meter`] of its stage; the meter adds to the series when its minute is over or somebody reads.

mod series;
mod stat;
#[cfg(test)]
mod tests;
mod total;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

use self::series::Series;
pub(crate) use self::stat::{Stat, Statistic};
pub(super) use self::total::{BUCKETS, Total};
use crate::clock::{Clock, EpochMillis};

/// Metrics of one account and region; further ones are dropped, and the log says so once.
const MAX_SERIES: usize = 2_000;
pub(super) const MINUTE: i64 = 60_000;

/// Name and value of each, by name.
pub(crate) type MetricDimensions = Vec<(String, String)>;

/// What a metric is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MetricKey {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Sorted.
    pub(crate) dimensions: MetricDimensions,
}

/// Which values of a metric are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetricQuery<'a> {
    /// From here on; in time of the clock.
    pub(crate) start: EpochMillis,
    /// Up to here, without it.
    pub(crate) end: EpochMillis,
    /// Milliseconds.
    pub(crate) period: i64,
    /// Only values of this unit.
    pub(crate) unit: Option<&'a str>,
}

/// The metrics of one account and region.
#[derive(Debug)]
pub(crate) struct Metrics {
    clock: Clock,
    series: Mutex<IndexMap<MetricKey, Series>>,
    meters: Mutex<HashMap<MeterKey, Arc<Meter>>>,
    told: std::sync::atomic::AtomicBool,
}

/// Namespace and dimensions.
type MeterKey = (&'static str, Vec<MetricDimensions>);

/// The counters of one stage or function for the minute that runs.
#[derive(Debug)]
pub(crate) struct Meter {
    namespace: &'static str,
    /// Name and unit of each.
    metrics: &'static [(&'static str, &'static str)],
    /// Each value counts for each of these.
    dimensions: Vec<MetricDimensions>,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    minute: EpochMillis,
    stats: Vec<Stat>,
    /// Since the process began.
    totals: Vec<Total>,
}

/// What a meter has counted since the process began.
#[derive(Debug)]
pub(super) struct Totals {
    pub(super) namespace: &'static str,
    /// The most specific of the meter's dimensions.
    pub(super) dimensions: MetricDimensions,
    /// Name, unit and total of each metric.
    pub(super) metrics: Vec<(&'static str, &'static str, Total)>,
}

impl Metrics {
    pub(super) fn new(clock: Clock) -> Metrics {
        Metrics { clock, series: Mutex::default(), meters: Mutex::default(), told: false.into() }
    }

    /// Forgets every value. Whoever holds a meter goes on with it.
    pub(super) fn clear(&self) {
        self.settle();
        lock(&self.series).clear();
    }

    /// The meter of API Gateway's metrics for these dimensions.
    pub(super) fn meter(
        &self,
        metrics: &'static [(&'static str, &'static str)],
        dimensions: Vec<MetricDimensions>,
    ) -> Arc<Meter> {
        self.meter_of("AWS/ApiGateway", metrics, dimensions)
    }

    /// The meter for these dimensions, made when it is first asked for.
    pub(super) fn meter_of(
        &self,
        namespace: &'static str,
        metrics: &'static [(&'static str, &'static str)],
        dimensions: Vec<MetricDimensions>,
    ) -> Arc<Meter> {
        let mut meters = lock(&self.meters);
        if let Some(meter) = meters.get(&(namespace, dimensions.clone())) {
            return Arc::clone(meter);
        }
        let totals = metrics.iter().map(|(_, unit)| Total::of(unit)).collect();
        let current = Current { minute: 0, stats: vec![Stat::default(); metrics.len()], totals };
        let meter =
            Arc::new(Meter { namespace, metrics, dimensions: dimensions.clone(), current: Mutex::new(current) });
        // Beyond the bound a meter counts for whoever holds it, and there is no series left for it anyway.
        if meters.len() < MAX_SERIES {
            meters.insert((namespace, dimensions), Arc::clone(&meter));
        }
        meter
    }

    /// Counts values, by the positions of the meter's metrics.
    pub(super) fn record(&self, meter: &Meter, at: EpochMillis, values: &[(usize, f64)]) {
        let minute = at - at.rem_euclid(MINUTE);
        let mut current = lock(&meter.current);
        if current.minute != minute {
            let past = current.take(minute);
            self.add(meter, past);
        }
        for (index, value) in values {
            if let Some(stat) = current.stats.get_mut(*index) {
                stat.add(*value, 1.0);
            }
            if let Some(total) = current.totals.get_mut(*index) {
                total.add(*value);
            }
        }
    }

    /// What every meter has counted since the process began, by namespace and dimensions.
    pub(super) fn totals(&self) -> Vec<Totals> {
        let meters: Vec<_> = lock(&self.meters).values().cloned().collect();
        let mut all: Vec<_> = meters
            .iter()
            .map(|meter| {
                let totals = lock(&meter.current).totals.clone();
                let metrics = meter.metrics.iter().zip(totals).map(|((name, unit), total)| (*name, *unit, total));
                Totals {
                    namespace: meter.namespace,
                    dimensions: meter.dimensions.last().cloned().unwrap_or_default(),
                    metrics: metrics.collect(),
                }
            })
            .collect();
        all.sort_by(|a, b| (a.namespace, &a.dimensions).cmp(&(b.namespace, &b.dimensions)));
        all
    }

    /// Adds what meters have counted to the series, so that it can be read.
    fn settle(&self) {
        let meters: Vec<_> = lock(&self.meters).values().cloned().collect();
        for meter in meters {
            let mut current = lock(&meter.current);
            let minute = current.minute;
            let past = current.take(minute);
            self.add(&meter, past);
        }
    }

    fn add(&self, meter: &Meter, (minute, stats): (EpochMillis, Vec<Stat>)) {
        for ((name, unit), stat) in meter.metrics.iter().zip(&stats).filter(|(_, stat)| stat.samples() > 0.0) {
            for dimensions in &meter.dimensions {
                let key = MetricKey {
                    namespace: meter.namespace.to_owned(),
                    name: (*name).to_owned(),
                    dimensions: dimensions.clone(),
                };
                self.put(key, unit, minute, stat);
            }
        }
    }

    /// Adds values of one time to a metric.
    pub(crate) fn put(&self, key: MetricKey, unit: &str, at: EpochMillis, stat: &Stat) {
        let now = self.clock.now();
        let mut series = lock(&self.series);
        if series.len() >= MAX_SERIES && !series.contains_key(&key) {
            let before = series.len();
            series.retain(|_, series| !series.is_over(now));
            if series.len() == before {
                if !self.told.swap(true, std::sync::atomic::Ordering::Relaxed) {
                    tracing::warn!(namespace = key.namespace, "there are {MAX_SERIES} metrics: no further one is kept");
                }
                return;
            }
        }
        series.entry(key).or_default().add(unit, at, now, stat);
    }

    /// The metrics that have had values within the last two weeks, in the order they came, with the time of the last value.
    pub(crate) fn keys(&self) -> Vec<(MetricKey, EpochMillis)> {
        self.settle();
        lock(&self.series).iter().map(|(key, series)| (key.clone(), series.last())).collect()
    }

    /// The values of a metric by the start of their period, with the unit of the first; empty if there are none.
    pub(crate) fn read(&self, key: &MetricKey, query: MetricQuery<'_>) -> (Vec<(EpochMillis, Stat)>, Option<String>) {
        self.settle();
        let now = self.clock.now();
        lock(&self.series).get(key).map(|series| series.read(query, now)).unwrap_or_default()
    }
}

impl Current {
    /// What was counted, and a new beginning.
    fn take(&mut self, minute: EpochMillis) -> (EpochMillis, Vec<Stat>) {
        let fresh = vec![Stat::default(); self.stats.len()];
        (std::mem::replace(&mut self.minute, minute), std::mem::replace(&mut self.stats, fresh))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Sums alone are changed under it: a panic leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
