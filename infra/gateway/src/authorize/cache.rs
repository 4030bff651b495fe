//! Answers of authorizers, kept for `authorizerResultTtlInSeconds`.
//!
//! One cache belongs to one authorizer of one stage of one deployment; all methods behind that authorizer share it, as
//! on AWS. Its size is bounded: at the bound the least useful answers go, and their callers are asked for anew.

use std::fmt;
use std::sync::Arc;

use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::answer::Grant;
use crate::clock::{Clock, EpochMillis};

/// Which caller an answer is for, or which response of a stage's cache: a hash of the values that tell, so that no token is
/// kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key of these values, in order.
    pub(crate) fn of(values: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut hash = Sha256::new();
        for value in values {
            let value = value.as_ref();
            // Each with its length, so that ("ab", "c") and ("a", "bc") differ.
            hash.update((value.len() as u64).to_le_bytes());
            hash.update(value);
        }
        CacheKey(hash.finalize().into())
    }
}

/// The answers of one authorizer.
pub(crate) struct ResultCache {
    answers: Cache<CacheKey, (EpochMillis, Arc<Grant>)>,
    ttl_millis: i64,
}

/// Callers remembered per authorizer.
const MAX_CALLERS: u64 = 10_000;

impl ResultCache {
    /// A cache with this time to live; none if that is zero.
    pub(crate) fn new(ttl_seconds: u32) -> Option<Self> {
        let ttl_millis = i64::from(ttl_seconds) * 1000;
        (ttl_millis > 0).then(|| ResultCache { answers: Cache::new(MAX_CALLERS), ttl_millis })
    }

    /// The answer for this caller, if one is known and still holds.
    pub(crate) fn get(&self, key: &CacheKey, clock: &Clock) -> Option<Arc<Grant>> {
        let (expires, grant) = self.answers.get(key)?;
        // The first is against a clock that was moved backwards: no answer holds longer than its time.
        let now = clock.now();
        (expires - self.ttl_millis <= now && now < expires).then_some(grant)
    }

    /// Remembers an answer from now on.
    pub(crate) fn insert(&self, key: CacheKey, grant: Arc<Grant>, clock: &Clock) {
        self.answers.insert(key, (clock.now() + self.ttl_millis, grant));
    }
}

impl fmt::Debug for ResultCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultCache").field("ttl_millis", &self.ttl_millis).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_answer_holds_for_its_time_and_its_caller() {
        let (clock, cache) = (Clock::default(), ResultCache::new(300).unwrap());
        let grant = Arc::new(Grant::simple(br#"{"isAuthorized": true}"#).unwrap());
        cache.insert(CacheKey::of(["a", "bc"]), grant, &clock);
        assert!(cache.get(&CacheKey::of(["a", "bc"]), &clock).is_some());
        assert!(cache.get(&CacheKey::of(["ab", "c"]), &clock).is_none());
        clock.advance(Duration::from_secs(299));
        assert!(cache.get(&CacheKey::of(["a", "bc"]), &clock).is_some());
        clock.advance(Duration::from_secs(1));
        assert!(cache.get(&CacheKey::of(["a", "bc"]), &clock).is_none());
        clock.set(0);
        assert!(cache.get(&CacheKey::of(["a", "bc"]), &clock).is_none());
    }

    #[test]
    fn a_ttl_of_zero_is_no_cache() {
        assert!(ResultCache::new(0).is_none());
    }
}
