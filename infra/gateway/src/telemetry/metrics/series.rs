//! The values of one metric over time, finer for the recent past than for the distant.

use std::collections::BTreeMap;

use super::{MINUTE, MetricQuery, Stat};
use crate::clock::EpochMillis;

/// Width of a period and how long it is kept, in milliseconds.
const LEVELS: [(i64, i64); 3] =
    [(MINUTE, 3 * 60 * MINUTE), (5 * MINUTE, 24 * 60 * MINUTE), (60 * MINUTE, 15 * 24 * 60 * MINUTE)];
/// Units that one metric may have; values of further ones are dropped.
const MAX_UNITS: usize = 4;

/// A metric's values.
#[derive(Debug, Default)]
pub(super) struct Series {
    units: Vec<(String, Rings)>,
    last: EpochMillis,
}

/// By the start of their period, for each level.
#[derive(Debug, Default)]
struct Rings([BTreeMap<EpochMillis, Stat>; 3]);

impl Series {
    pub(super) fn add(&mut self, unit: &str, at: EpochMillis, now: EpochMillis, stat: &Stat) {
        self.last = self.last.max(at);
        let index = self.units.iter().position(|(held, _)| held == unit);
        let index = match index {
            Some(index) => index,
            None if self.units.len() < MAX_UNITS => {
                self.units.push((unit.to_owned(), Rings::default()));
                self.units.len() - 1
            }
            None => return,
        };
        for ((width, kept), ring) in LEVELS.iter().zip(&mut self.units[index].1.0) {
            let start = at - at.rem_euclid(*width);
            if start > now - kept {
                ring.entry(start).or_default().merge(stat);
            }
            while ring.first_key_value().is_some_and(|(first, _)| *first <= now - kept) {
                ring.pop_first();
            }
        }
    }

    /// When it last had a value.
    pub(super) fn last(&self) -> EpochMillis {
        self.last
    }

    /// Whether all of it is past.
    pub(super) fn is_over(&self, now: EpochMillis) -> bool {
        self.last <= now - LEVELS[2].1
    }

    /// The values by period, and the unit of the first.
    pub(super) fn read(&self, query: MetricQuery<'_>, now: EpochMillis) -> (Vec<(EpochMillis, Stat)>, Option<String>) {
        let mut found: BTreeMap<EpochMillis, Stat> = BTreeMap::new();
        let mut unit = None;
        let start = query.start - query.start.rem_euclid(query.period);
        for (held, rings) in self.units.iter().filter(|(held, _)| query.unit.is_none_or(|unit| unit == held)) {
            // The finest that reaches back so far, and coarser ones only for what is before.
            let mut until = query.end;
            for (level, ((width, kept), ring)) in LEVELS.iter().zip(&rings.0).enumerate() {
                let reaches = start > now - kept;
                // From where a coarser period begins: it holds the values of the finer ones within it too.
                let coarser = LEVELS.get(level + 1).map_or(*width, |(width, _)| *width);
                let from = if reaches { start } else { now - kept + 1 };
                let from = from + (-from).rem_euclid(if reaches { *width } else { coarser });
                for (at, stat) in ring.range(from.min(until)..until) {
                    let period = at - (at - start).rem_euclid(query.period);
                    found.entry(period).or_default().merge(stat);
                    unit.get_or_insert_with(|| held.clone());
                }
                if reaches {
                    break;
                }
                until = until.min(from);
            }
        }
        (found.into_iter().collect(), unit)
    }
}
