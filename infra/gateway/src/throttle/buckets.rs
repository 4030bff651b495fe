//! All token buckets that are not full, by id.
//!
//! A full bucket is one that was never used, so full ones are forgotten and the map is bounded by those that are in use: a
//! million keys that called once leave nothing behind. At its bound, with every bucket in use, whoever has none yet is
//! refused: nobody may pass uncounted.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::bucket::{Rate, nanos};
use crate::clock::EpochMillis;

/// Parts of the map that are locked each by itself.
const SHARDS: usize = 64;
/// Buckets of one part: four million in all, of some 50 bytes.
const MOST: usize = 65_536;
/// Below this number a part is not looked through for full buckets.
const FEW: usize = 256;

/// Which bucket: a hash of what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BucketId(u128);

impl std::hash::Hash for BucketId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.0);
    }
}

impl BucketId {
    /// The bucket of these parts, in order.
    pub(crate) fn of(parts: &[&str]) -> BucketId {
        let mut hash = Sha256::new();
        for part in parts {
            // Each with its length, so that ("ab", "c") and ("a", "bc") differ.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        BucketId(first_half(&hash.finalize()))
    }

    /// The bucket of `part` in this one.
    pub(crate) fn within(self, part: &str) -> BucketId {
        let mut hash = Sha256::new();
        hash.update(self.0.to_le_bytes());
        hash.update(part);
        BucketId(first_half(&hash.finalize()))
    }
}

fn first_half(digest: &[u8]) -> u128 {
    digest.iter().take(16).fold(0, |id, byte| id << 8 | u128::from(*byte))
}

/// Ids are hashes already.
#[derive(Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u128(&mut self, id: u128) {
        self.0 = id as u64;
    }
}

type Levels = HashMap<BucketId, i64, BuildHasherDefault<AsIs>>;

#[derive(Debug)]
struct Shard {
    /// When each bucket is full again.
    levels: Levels,
    /// At this number of buckets the full ones are looked for.
    sweep_at: usize,
}

/// The buckets.
#[derive(Debug)]
pub(super) struct Buckets {
    shards: Box<[Mutex<Shard>]>,
}

impl Default for Buckets {
    fn default() -> Self {
        let shard = |_| Mutex::new(Shard { levels: Levels::default(), sweep_at: FEW });
        Buckets { shards: (0..SHARDS).map(shard).collect() }
    }
}

impl Buckets {
    /// Takes a token from a bucket; whether there was one.
    pub(super) fn take(&self, id: BucketId, rate: Rate, now: EpochMillis) -> bool {
        let now = nanos(now);
        // Other bits than those that the map itself goes by.
        let shard = &self.shards[(id.0 >> 96) as usize % SHARDS];
        // Nothing below panics with a half-made change.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = shard.levels.get_mut(&id) {
            let (passed, next) = rate.take(*full_at, now);
            *full_at = next;
            return passed;
        }
        if shard.levels.len() >= shard.sweep_at {
            shard.levels.retain(|_, full_at| *full_at > now);
            let left = shard.levels.len();
            shard.levels.shrink_to(left * 2);
            shard.sweep_at = (left * 2).clamp(FEW, MOST);
            if left >= MOST {
                tracing::warn!("too many token buckets are in use: a request is throttled for want of one");
                return false;
            }
        }
        let (passed, next) = rate.take(i64::MIN, now);
        if passed {
            shard.levels.insert(id, next);
        }
        passed
    }

    /// Forgets all: every bucket is full.
    pub(super) fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            *shard = Shard { levels: Levels::default(), sweep_at: FEW };
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().levels.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: EpochMillis = 1_800_000_000_000;

    #[test]
    fn sixty_four_threads_that_race_for_a_thousand_tokens_get_a_thousand() {
        let (buckets, id) = (Buckets::default(), BucketId::of(&["key"]));
        let rate = Rate::new(1.0, 1_000);
        let passed: usize = std::thread::scope(|scope| {
            let racers: Vec<_> =
                (0..64).map(|_| scope.spawn(|| (0..100).filter(|_| buckets.take(id, rate, NOW)).count())).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).sum()
        });
        assert_eq!(passed, 1_000);
        assert!(buckets.take(id, rate, NOW + 1_000) && !buckets.take(id, rate, NOW + 1_000));
    }

    #[test]
    fn a_million_keys_are_held_while_they_are_spent_and_no_longer() {
        let (buckets, rate) = (Buckets::default(), Rate::new(1.0, 1));
        // As well mixed as hashes, and sooner made.
        let id = |key: u128| BucketId(key.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let keys: Vec<_> = (0..1_000_000).map(id).collect();
        assert!(keys.iter().all(|key| buckets.take(*key, rate, NOW)));
        // Nobody who has spent all is forgotten.
        assert!(keys.iter().all(|key| !buckets.take(*key, rate, NOW + 999)));
        assert_eq!(buckets.len(), 1_000_000);
        // A second later all are full, and the next ones that come take their places.
        let others = (1_000_000..1_100_000).map(id);
        assert!(others.fold(true, |all, key| all & buckets.take(key, rate, NOW + 2_000)));
        assert!(buckets.len() <= 1_100_000);
        let third = (2_000_000..3_000_000).map(id);
        assert!(third.fold(true, |all, key| all & buckets.take(key, rate, NOW + 10_000)));
        assert!(buckets.len() <= 1_100_000, "{}", buckets.len());
    }

    #[test]
    fn at_the_bound_nobody_passes_uncounted() {
        let (buckets, rate) = (Buckets::default(), Rate::new(0.001, 1));
        // All in one part.
        let id = |number: u128| BucketId(number);
        let passed = (0..MOST as u128 + 10).filter(|number| buckets.take(id(*number), rate, NOW)).count();
        assert_eq!(passed, MOST);
        assert!(buckets.take(id(0), rate, NOW + 1_000_000), "who is known is served");
    }
}
