//! What the data planes of one account and region ask before a request may reach its integration.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwap;

use super::bucket::Rate;
use super::buckets::{BucketId, Buckets};
use super::plans::{Client, PlanIndex};
use super::settings::Limit;
use super::usage::Book;
use crate::clock::EpochMillis;
use crate::model::ThrottleSettings;

/// New connections to WebSocket APIs: 500 a second.
const CONNECTIONS: (f64, i32) = (500.0, 500);

/// Regions where an account has a quarter of the throttle.
const SMALL_REGIONS: [&str; 13] = [
    "af-south-1",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "mx-central-1",
];

/// What an account may call in a region: all its APIs of every kind together, callbacks to connections included.
pub(crate) fn account_throttle(region: &str) -> ThrottleSettings {
    match SMALL_REGIONS.contains(&region) {
        true => ThrottleSettings { rate_limit: 2_500.0, burst_limit: 1_250 },
        false => ThrottleSettings { rate_limit: 10_000.0, burst_limit: 5_000 },
    }
}

/// Whoever keeps the usage plans.
pub trait PlanSource: Send + Sync {
    /// The plans as they are now, with counters of `book`.
    fn compile_plans(&self, book: &Book) -> PlanIndex;
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A token bucket was empty.
    Throttled,
    /// The key's quota is used up.
    QuotaExceeded,
}

/// The limits of one account and region, and how far they are used. Cheap to clone.
#[derive(Clone)]
pub struct Limits(Arc<Inner>);

struct Inner {
    buckets: Buckets,
    book: Book,
    /// The account's throttle and that of new connections, if they are enforced.
    account: Option<(Rate, Rate)>,
    account_id: BucketId,
    connections_id: BucketId,
    plans: ArcSwap<Versioned>,
    /// How often the plans and keys were changed.
    changes: Arc<AtomicU64>,
    compiling: Mutex<()>,
    source: Mutex<Option<Weak<dyn PlanSource>>>,
}

#[derive(Default)]
struct Versioned {
    /// The number of changes that it has seen.
    version: u64,
    plans: PlanIndex,
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").field("account", &self.0.account).finish_non_exhaustive()
    }
}

impl Default for Limits {
    /// Those of `us-east-1`.
    fn default() -> Self {
        Limits::new("us-east-1", true)
    }
}

impl Limits {
    /// Those of an account in a region, without any usage plan. `account` tells whether the account's own throttle is
    /// enforced; without it a machine can be loaded with more than AWS would take.
    pub fn new(region: &str, account: bool) -> Limits {
        let throttle = account_throttle(region);
        let rates = (Rate::new(throttle.rate_limit, throttle.burst_limit), Rate::new(CONNECTIONS.0, CONNECTIONS.1));
        Limits(Arc::new(Inner {
            buckets: Buckets::default(),
            book: Book::default(),
            account: account.then_some(rates),
            account_id: BucketId::of(&["account"]),
            connections_id: BucketId::of(&["connections"]),
            plans: ArcSwap::default(),
            changes: Arc::default(),
            compiling: Mutex::default(),
            source: Mutex::default(),
        }))
    }

    /// Those of another account or region, enforced alike, with nothing used yet.
    pub(crate) fn elsewhere(&self, region: &str) -> Limits {
        Limits::new(region, self.0.account.is_some())
    }

    /// Who keeps the plans from now on.
    pub fn set_source(&self, source: Weak<dyn PlanSource>) {
        *lock(&self.0.source) = Some(source);
        self.0.changes.fetch_add(1, Ordering::Release);
    }

    /// To be raised by whoever changes plans or keys, as soon as the change can be seen.
    pub(crate) fn changes(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0.changes)
    }

    /// What keys have used.
    pub(crate) fn book(&self) -> &Book {
        &self.0.book
    }

    /// Fills every bucket and forgets what was used.
    pub(crate) fn clear(&self) {
        self.0.buckets.clear();
        self.0.book.retain(|_| false);
        self.0.changes.fetch_add(1, Ordering::Release);
    }

    /// The plans with all changes that were made before. They are compiled when they are first asked for after a change, so
    /// that building a thousand keys does not compile a thousand times. Not to be called by whoever holds what [`PlanSource`]
    /// locks.
    fn plans(&self) -> arc_swap::Guard<Arc<Versioned>> {
        let inner = &*self.0;
        let current = |known: &Versioned| known.version >= inner.changes.load(Ordering::Acquire);
        let known = inner.plans.load();
        if current(&known) {
            return known;
        }
        let _one_at_a_time = lock(&inner.compiling);
        let known = inner.plans.load();
        if current(&known) {
            return known;
        }
        // Read before the plans are: a change meanwhile is compiled once more.
        let version = inner.changes.load(Ordering::Acquire);
        let source = lock(&inner.source).as_ref().and_then(Weak::upgrade);
        let plans = source.map(|source| source.compile_plans(&inner.book)).unwrap_or_default();
        inner.plans.store(Arc::new(Versioned { version, plans }));
        inner.plans.load()
    }

    /// Whoever has sent this API key to a stage; see `PlanIndex::client`.
    pub fn client(&self, key: &str, api_id: &str, stage: &str, method: &[&str]) -> Option<Client> {
        self.plans().plans.client(key, &format!("{api_id}/{stage}"), method)
    }

    /// Takes a token from each bucket on a request's way, and counts it.
    ///
    /// # Errors
    /// The first level that is exhausted.
    pub fn admit(&self, client: Option<&Client>, stage: Option<&Limit>, now: EpochMillis) -> Result<(), Refused> {
        let inner = &*self.0;
        let of_client = client.and_then(|client| client.limit);
        let of_stage = stage.map(|limit| (limit.id, limit.rate));
        let of_account = inner.account.map(|(rate, _)| (inner.account_id, rate));
        let levels = [of_client, of_stage, of_account];
        if !levels.into_iter().flatten().all(|(id, rate)| inner.buckets.take(id, rate, now)) {
            return Err(Refused::Throttled);
        }
        match client {
            Some(client) if !inner.book.count(&client.counter, client.quota, now) => Err(Refused::QuotaExceeded),
            _ => Ok(()),
        }
    }

    /// Whether one more connection to a WebSocket API may be opened, apart from what [`Limits::admit`] says.
    pub(crate) fn admit_connection(&self, now: EpochMillis) -> bool {
        self.0.account.is_none_or(|(_, rate)| self.0.buckets.take(self.0.connections_id, rate, now))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Neither guards anything that a panic could leave half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::settings::Stated;
    use super::super::testing::{Plans, key, plan};
    use super::*;
    use crate::model::QuotaSettings;

    const NOW: EpochMillis = 1_800_000_000_000;

    fn throttle(rate_limit: f64, burst_limit: i32) -> ThrottleSettings {
        ThrottleSettings { rate_limit, burst_limit }
    }

    /// How many of `tries` pass, and what the last was told.
    fn passes(limits: &Limits, stage: Option<&Limit>, tries: usize) -> (usize, Result<(), Refused>) {
        let client = limits.client("v", "a", "prod", &[]);
        let mut passed = 0;
        let mut last = Ok(());
        for _ in 0..tries {
            last = limits.admit(client.as_ref(), stage, NOW);
            passed += usize::from(last.is_ok());
        }
        (passed, last)
    }

    #[test]
    fn every_level_limits() {
        let stated = Some(Stated { rate_limit: Some(1.0), burst_limit: Some(3) });
        let limit = Limit::of("a", "prod", "/GET", None, stated);
        let limits = || Limits::new("us-east-1", true);
        assert_eq!(passes(&limits(), None, 6_000), (5_000, Err(Refused::Throttled)), "the account's");
        assert_eq!(passes(&Limits::new("af-south-1", true), None, 6_000).0, 1_250);
        assert_eq!(passes(&Limits::new("us-east-1", false), None, 6_000).0, 6_000);
        assert_eq!(passes(&limits(), limit.as_ref(), 9), (3, Err(Refused::Throttled)), "the stage's");

        let limits = limits();
        let plans = Plans::new(&limits);
        plans.set([key("k", "v")], [plan("p", &["a/prod"])], &["p/k"]);
        assert_eq!(passes(&limits, None, 9).0, 9);
        plans.change(|plans| plans[0].throttle = Some(throttle(1.0, 2)));
        assert_eq!(passes(&limits, None, 9), (2, Err(Refused::Throttled)), "the client's");
    }

    #[test]
    fn throttled_requests_do_not_count_for_the_quota() {
        let limits = Limits::new("us-east-1", true);
        let plans = Plans::new(&limits);
        let quota = QuotaSettings { limit: 3, offset: 0, period: "DAY".to_owned() };
        let limited =
            crate::model::UsagePlan { throttle: Some(throttle(1.0, 2)), quota: Some(quota), ..plan("p", &["a/prod"]) };
        plans.set([key("k", "v")], [limited], &["p/k"]);
        assert_eq!(passes(&limits, None, 50), (2, Err(Refused::Throttled)));
        plans.change(|plans| plans[0].throttle = None);
        assert_eq!(passes(&limits, None, 50), (1, Err(Refused::QuotaExceeded)), "a change keeps what was counted");
        let day = 86_400_000;
        let client = limits.client("v", "a", "prod", &[]);
        assert_eq!(limits.admit(client.as_ref(), None, NOW + day), Ok(()));
    }

    #[test]
    fn sixty_four_threads_that_race_through_all_levels_get_the_quota_and_no_more() {
        let limits = Limits::new("us-east-1", true);
        let plans = Plans::new(&limits);
        let quota = QuotaSettings { limit: 1_000, offset: 0, period: "MONTH".to_owned() };
        let limited = crate::model::UsagePlan { quota: Some(quota), ..plan("p", &["a/prod"]) };
        plans.set([key("k", "v")], [limited], &["p/k"]);
        let passed: usize = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..64).map(|_| scope.spawn(|| passes(&limits, None, 50).0)).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).sum()
        });
        assert_eq!(passed, 1_000);
    }

    #[test]
    fn five_hundred_connections_may_be_opened_at_once() {
        let limits = Limits::new("us-east-1", true);
        assert_eq!((0..600).filter(|_| limits.admit_connection(NOW)).count(), 500);
        assert!(limits.admit_connection(NOW + 2));
    }
}
