//! The responses of one stage, and the requests under way for those that are missing.
//!
//! Of all requests for one missing response the first leads: it asks the integration, and the others wait for what comes of
//! it. A response that is kept is told to all of them. One that is not, an error above all, is the leader's alone: the next
//! of those who wait leads, so that one failure is one client's and a backend in trouble is not asked by everybody at once.
//! A leader that goes away (its client did) leaves the others to begin anew.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::sync::watch;

use super::entry::Kept;
use crate::authorize::CacheKey;
use crate::clock::EpochMillis;

/// The cache of one stage.
pub(crate) struct StageCache {
    capacity: u64,
    /// Another one after each flush.
    kept: ArcSwap<Cache<CacheKey, Kept>>,
    under_way: Mutex<UnderWay>,
}

/// Who leads for which response.
#[derive(Default)]
struct UnderWay {
    leaders: HashMap<CacheKey, (u64, watch::Receiver<Option<Told>>)>,
    next: u64,
}

/// What a leader tells those who wait.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// The response, which is theirs too.
    Response(Kept),
    /// There is none to share.
    Nothing,
}

/// What a request finds.
pub(crate) enum Found {
    /// The response.
    Hit(Kept),
    /// Nothing, and nobody asks yet: this request has to.
    Lead(Lead),
    /// Somebody who asks already.
    Wait(Wait),
}

impl StageCache {
    pub(super) fn new(capacity: u64) -> StageCache {
        StageCache { capacity, kept: ArcSwap::from_pointee(empty(capacity)), under_way: Mutex::default() }
    }

    /// Bytes at most.
    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Looks the response up; where it is missing the request leads or waits.
    pub(crate) fn find(self: &Arc<Self>, key: CacheKey, now: EpochMillis) -> Found {
        if let Some(kept) = self.get(key, now) {
            return Found::Hit(kept);
        }
        let mut under_way = self.under_way();
        if let Some((_, told)) = under_way.leaders.get(&key) {
            return Found::Wait(Wait(told.clone()));
        }
        // A leader may have ended since the look above: it keeps its response before it goes from the list.
        if let Some(kept) = self.get(key, now) {
            return Found::Hit(kept);
        }
        Found::Lead(self.lead(&mut under_way, key))
    }

    /// Forgets the response and leads for a newer one. A leader that began before does not keep its response any more.
    pub(crate) fn refresh(self: &Arc<Self>, key: CacheKey) -> Lead {
        let mut under_way = self.under_way();
        self.kept.load().invalidate(&key);
        self.lead(&mut under_way, key)
    }

    /// Forgets everything, and what is under way is not kept; how many responses that were.
    pub(crate) fn flush(&self) -> u64 {
        let mut under_way = self.under_way();
        under_way.leaders.clear();
        let former = self.kept.swap(Arc::new(empty(self.capacity)));
        // Its counts are put off, too.
        former.run_pending_tasks();
        former.entry_count()
    }

    fn get(&self, key: CacheKey, now: EpochMillis) -> Option<Kept> {
        self.kept.load().get(&key).filter(|kept| kept.holds(now))
    }

    fn lead(self: &Arc<Self>, under_way: &mut UnderWay, key: CacheKey) -> Lead {
        let (tell, told) = watch::channel(None);
        let number = under_way.next;
        under_way.next += 1;
        under_way.leaders.insert(key, (number, told));
        Lead { cache: Arc::clone(self), key, number, tell }
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        // Every change is one insertion or removal.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Entries, and the bytes that they take, once the work that was put off is done.
    #[cfg(test)]
    pub(crate) fn size(&self) -> (u64, u64) {
        let kept = self.kept.load();
        kept.run_pending_tasks();
        (kept.entry_count(), kept.weighted_size())
    }
}

/// What was used last stays: a response that was just fetched is there for the next request, however full the cache is.
fn empty(capacity: u64) -> Cache<CacheKey, Kept> {
    Cache::builder()
        .max_capacity(capacity)
        .weigher(|_, kept: &Kept| kept.weight())
        .eviction_policy(EvictionPolicy::lru())
        .build()
}

impl fmt::Debug for StageCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageCache").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

/// The request that asks for a missing response. Dropped without an end, it lets another one lead.
pub(crate) struct Lead {
    cache: Arc<StageCache>,
    key: CacheKey,
    number: u64,
    tell: watch::Sender<Option<Told>>,
}

impl Lead {
    /// Keeps the response, if there is one to be kept, and tells those who wait.
    pub(crate) fn end(self, response: Option<Kept>) {
        if let Some(kept) = &response {
            let under_way = self.cache.under_way();
            // Not where the cache was flushed, or the response asked for anew, since this one was begun.
            if self.leads(&under_way) {
                self.cache.kept.load().insert(self.key, kept.clone());
            }
        }
        self.leave();
        self.tell.send_replace(Some(response.map_or(Told::Nothing, Told::Response)));
    }

    fn leads(&self, under_way: &UnderWay) -> bool {
        under_way.leaders.get(&self.key).is_some_and(|(number, _)| *number == self.number)
    }

    fn leave(&self) {
        let mut under_way = self.cache.under_way();
        if self.leads(&under_way) {
            under_way.leaders.remove(&self.key);
        }
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.leave();
    }
}

/// A request that waits for another's response.
pub(crate) struct Wait(watch::Receiver<Option<Told>>);

impl Wait {
    /// What the leader tells; `None` if it has gone away.
    pub(crate) async fn told(mut self) -> Option<Told> {
        let told = self.0.wait_for(Option::is_some).await.ok()?;
        told.clone()
    }
}
