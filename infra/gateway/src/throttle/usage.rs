//! What API keys have used in their usage plans: counted in memory, exactly, and written behind.
//!
//! Counts are kept by day, and a quota's window is the sum of its days: so a clock that is moved backwards finds what was
//! used then, and one that is moved forth again what was used now. Whoever keeps them writes those that have changed within
//! a second ([`Book::take_changed`]) and at the end of a run: a crash loses the counts of its last second at most, and a
//! key may use so much more.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::calendar::{self, Period};
use crate::clock::EpochMillis;
use crate::model::{QuotaSettings, Usage};

/// Days that are kept, the newest: AWS's 90.
pub(crate) const MOST_DAYS: usize = 90;

/// A quota, compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    limit: i64,
    offset: i64,
    period: Period,
}

impl Quota {
    /// `None` is a period that is none, which neither writer of usage plans lets through.
    pub(crate) fn of(settings: &QuotaSettings) -> Option<Quota> {
        let period = Period::parse(&settings.period)?;
        Some(Quota { limit: settings.limit.into(), offset: settings.offset.into(), period })
    }

    /// What remains on a day after what was used until then.
    pub(crate) fn remaining(self, usage: &Usage, day: i64) -> i64 {
        let mut state = State::of(usage);
        state.days.retain(|used, _| *used <= day);
        state.remaining(self, day)
    }
}

/// What one key has used in one plan.
#[derive(Debug)]
pub(crate) struct Counter {
    /// `{plan id}/{key id}`
    name: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By day: requests used, and those remaining in the window at the day's last one.
    days: BTreeMap<i64, (i64, i64)>,
    /// By the first day of a window: requests that were granted beyond its limit, or taken from it.
    granted: BTreeMap<i64, i64>,
    /// Whether it is among those that are to be written.
    changed: bool,
}

impl State {
    fn of(usage: &Usage) -> State {
        let granted = usage.granted.iter();
        State {
            days: usage.days.iter().filter_map(|(day, used)| Some((calendar::parse(day)?, *used))).collect(),
            granted: granted.filter_map(|(day, granted)| Some((calendar::parse(day)?, *granted))).collect(),
            changed: false,
        }
    }

    /// In the window that begins on this day; also later in it than now, where the clock was moved backwards.
    fn used(&self, quota: Quota, begins: i64) -> i64 {
        let window =
            self.days.range(begins..).take_while(|(day, _)| quota.period.begins(**day, quota.offset) == begins);
        window.map(|(_, (used, _))| used).sum()
    }

    fn remaining(&self, quota: Quota, day: i64) -> i64 {
        let begins = quota.period.begins(day, quota.offset);
        let used = self.used(quota, begins);
        let granted = self.granted.get(&begins).copied().unwrap_or_default();
        quota.limit.saturating_sub(used).saturating_add(granted).max(0)
    }

    /// Forgets the oldest days.
    fn prune(&mut self) {
        while self.days.len() > MOST_DAYS {
            self.days.pop_first();
        }
        while self.granted.len() > MOST_DAYS {
            self.granted.pop_first();
        }
    }

    fn usage(&self) -> Usage {
        Usage {
            days: self.days.iter().map(|(day, used)| (calendar::text(*day), *used)).collect(),
            granted: self.granted.iter().map(|(day, granted)| (calendar::text(*day), *granted)).collect(),
        }
    }
}

impl Counter {
    fn new(name: &str, known: Option<&Usage>) -> Counter {
        Counter { name: name.to_owned(), state: Mutex::new(known.map(State::of).unwrap_or_default()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under it panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The counters of an account and region. There are as many as there are keys in plans.
#[derive(Debug, Default)]
pub struct Book {
    counters: Mutex<HashMap<String, Arc<Counter>>>,
    changed: Mutex<Vec<Arc<Counter>>>,
}

impl Book {
    /// The counter of `{plan id}/{key id}`; a new one begins with what `known` says.
    pub(crate) fn counter<'u>(&self, name: &str, known: impl FnOnce() -> Option<&'u Usage>) -> Arc<Counter> {
        let mut counters = lock(&self.counters);
        if let Some(counter) = counters.get(name) {
            return Arc::clone(counter);
        }
        let counter = Arc::new(Counter::new(name, known()));
        counters.insert(name.to_owned(), Arc::clone(&counter));
        counter
    }

    /// Counts one request, unless the quota is used up; whether it was counted.
    pub(super) fn count(&self, counter: &Arc<Counter>, quota: Option<Quota>, now: EpochMillis) -> bool {
        let today = calendar::day(now);
        let mut state = counter.state();
        let remaining = match quota {
            Some(quota) => match state.remaining(quota, today) {
                0 => return false,
                remaining => remaining - 1,
            },
            None => 0,
        };
        let (used, left) = state.days.entry(today).or_default();
        (*used, *left) = (*used + 1, remaining);
        self.note(counter, &mut state);
        true
    }

    /// Sets what remains in the window that is now: what was used today, and the same.
    pub(crate) fn set_remaining(&self, counter: &Arc<Counter>, quota: Quota, now: EpochMillis, to: i64) -> (i64, i64) {
        let today = calendar::day(now);
        let mut state = counter.state();
        let begins = quota.period.begins(today, quota.offset);
        let used = state.used(quota, begins);
        let granted = to.saturating_sub(quota.limit.saturating_sub(used));
        state.granted.insert(begins, granted);
        let (used, left) = state.days.entry(today).or_default();
        *left = to;
        let now = (*used, to);
        self.note(counter, &mut state);
        now
    }

    /// What remains of a quota now.
    pub(crate) fn remaining(&self, counter: &Counter, quota: Quota, now: EpochMillis) -> i64 {
        counter.state().remaining(quota, calendar::day(now))
    }

    fn note(&self, counter: &Arc<Counter>, state: &mut State) {
        state.prune();
        if !std::mem::replace(&mut state.changed, true) {
            lock(&self.changed).push(Arc::clone(counter));
        }
    }

    /// Whether nothing has changed since it was last written.
    pub(crate) fn is_written(&self) -> bool {
        lock(&self.changed).is_empty()
    }

    /// What has changed since this was last asked, by `{plan id}/{key id}`. Of pairs that are gone nothing is said.
    pub(crate) fn take_changed(&self) -> Vec<(String, Usage)> {
        let changed = std::mem::take(&mut *lock(&self.changed));
        let known = lock(&self.counters);
        let changed = changed.into_iter().filter_map(|counter| {
            let mut state = counter.state();
            state.changed = false;
            let is_known = known.get(&counter.name).is_some_and(|known| Arc::ptr_eq(known, &counter));
            is_known.then(|| (counter.name.clone(), state.usage()))
        });
        changed.collect()
    }

    /// Has these written again, because it has failed.
    pub(crate) fn put_back(&self, names: impl IntoIterator<Item = String>) {
        for name in names {
            let counter = lock(&self.counters).get(&name).cloned();
            if let Some(counter) = counter {
                self.note(&counter, &mut counter.state());
            }
        }
    }

    /// Forgets what a key has used in a plan.
    pub(crate) fn forget(&self, name: &str) {
        lock(&self.counters).remove(name);
    }

    /// Forgets all pairs but these.
    pub(crate) fn retain(&self, kept: impl Fn(&str) -> bool) {
        lock(&self.counters).retain(|name, _| kept(name));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that is done under them panics.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22, a Sunday, at its last moment.
    const EVENING: EpochMillis = 1_795_391_999_999;
    const DAY: i64 = 86_400_000;

    fn quota(limit: i32, period: &str, offset: i32) -> Option<Quota> {
        Quota::of(&QuotaSettings { limit, offset, period: period.to_owned() })
    }

    fn counts(book: &Book, quota: Option<Quota>, now: EpochMillis, tries: usize) -> usize {
        let counter = book.counter("plan/key", || None);
        (0..tries).filter(|_| book.count(&counter, quota, now)).count()
    }

    #[test]
    fn a_quota_begins_again_with_its_window_and_not_before() {
        let month = 9 * DAY;
        for (period, offset, next) in [
            ("DAY", 0, 1),
            ("WEEK", 0, 1),
            ("WEEK", 2, 1 + 2 * DAY),
            ("MONTH", 0, 1 + 8 * DAY),
            ("MONTH", 1, 1 + month),
        ] {
            let (book, quota) = (Book::default(), quota(3, period, offset));
            assert_eq!(counts(&book, quota, EVENING, 5), 3, "{period} {offset}");
            assert_eq!(counts(&book, quota, EVENING + next - 1, 5), 0, "{period} {offset}: a millisecond too early");
            assert_eq!(counts(&book, quota, EVENING + next, 5), 3, "{period} {offset}");
            assert_eq!(counts(&book, quota, EVENING, 5), 0, "{period} {offset}: back again");
            assert_eq!(counts(&book, quota, EVENING + next, 5), 0, "{period} {offset}: and forth");
        }
    }

    #[test]
    fn the_last_place_is_given_once() {
        let (book, quota) = (Book::default(), quota(1_000, "DAY", 0));
        let counter = book.counter("plan/key", || None);
        let passed: usize = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..64)
                .map(|_| scope.spawn(|| (0..50).filter(|_| book.count(&counter, quota, EVENING)).count()))
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).sum()
        });
        assert_eq!(passed, 1_000);
    }

    #[test]
    fn what_remains_can_be_set_and_holds_for_its_window() {
        let (book, quota) = (Book::default(), quota(10, "DAY", 0));
        assert_eq!(counts(&book, quota, EVENING, 4), 4);
        let counter = book.counter("plan/key", || None);
        assert_eq!(book.set_remaining(&counter, quota.unwrap(), EVENING, 2), (4, 2));
        assert_eq!(counts(&book, quota, EVENING, 5), 2);
        assert_eq!(book.set_remaining(&counter, quota.unwrap(), EVENING, 20), (6, 20));
        assert_eq!(counts(&book, quota, EVENING, 30), 20);
        assert_eq!(counts(&book, quota, EVENING + 1, 30), 10, "the next day has its own");
    }

    #[test]
    fn what_was_used_is_written_once_and_read_again() {
        let (book, quota) = (Book::default(), quota(10, "DAY", 0));
        counts(&book, quota, EVENING, 3);
        counts(&book, None, EVENING + 1, 1);
        let changed = book.take_changed();
        let [(name, usage)] = changed.as_slice() else { panic!("{changed:?}") };
        assert_eq!((name.as_str(), usage.days["2026-11-22"], usage.days["2026-11-23"]), ("plan/key", (3, 7), (1, 0)));
        assert_eq!(book.take_changed(), []);
        book.put_back([name.clone()]);
        assert_eq!(book.take_changed(), changed);
        let again = Book::default();
        let counter = again.counter("plan/key", || Some(usage));
        assert_eq!(again.remaining(&counter, quota.unwrap(), EVENING), 7);
        // A pair that is gone is not written, also where it comes again under its name.
        counts(&book, quota, EVENING, 1);
        book.forget("plan/key");
        book.counter("plan/key", || None);
        assert_eq!(book.take_changed(), []);
    }

    #[test]
    fn old_days_are_forgotten() {
        let book = Book::default();
        for day in 0..200 {
            counts(&book, None, EVENING + day * DAY, 1);
        }
        assert_eq!(book.take_changed()[0].1.days.len(), MOST_DAYS);
    }
}
