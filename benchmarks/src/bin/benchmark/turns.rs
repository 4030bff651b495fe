//! Several subjects measured in turns at one and at many connections, and how their table looks.

use std::time::Duration;

use crate::load::Round;
use crate::statistics::{median, median_time};
use crate::table::{Table, count, time};

/// The numbers of connections.
pub(crate) const CONNECTIONS: [usize; 2] = [1, 32];

/// The rounds of one subject, by the number of connections as in [`CONNECTIONS`].
#[derive(Default)]
pub(crate) struct Rounds(pub(crate) [Vec<Round>; CONNECTIONS.len()]);

impl Rounds {
    /// Requests per second.
    pub(crate) fn per_second(&self, index: usize) -> f64 {
        median(self.0[index].iter().map(|round| round.per_second))
    }

    /// The median latency.
    pub(crate) fn p50(&self, index: usize) -> Duration {
        median_time(self.0[index].iter().map(|round| round.p50))
    }
}

/// A row for each subject: its name, its rounds, and the place of the one that it is a share of. `share` names that column.
pub(crate) fn table<'a>(share: &str, subjects: impl IntoIterator<Item = (&'a str, &'a Rounds, usize)>) -> Table {
    let subjects: Vec<_> = subjects.into_iter().collect();
    let mut table = Table::new(["", "1 conn.: req/s", "p50", share, "32 conns.: req/s", "p50", share]);
    for (name, rounds, of) in &subjects {
        let part = |index: usize| format!("{:.2}", rounds.per_second(index) / subjects[*of].1.per_second(index));
        table.row([
            (*name).to_owned(),
            count(rounds.per_second(0)),
            time(rounds.p50(0)),
            part(0),
            count(rounds.per_second(1)),
            time(rounds.p50(1)),
            part(1),
        ]);
    }
    table
}
