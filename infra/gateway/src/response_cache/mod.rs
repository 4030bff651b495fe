//! The cache clusters of REST stages: method responses that are answered again without asking the integration.
//!
//! - `entry`: one response, in little memory
//! - `stage`: the responses of one stage, bounded in bytes, and the requests that are under way for more
//! - this: all stages, as [`Gateway`](crate::gateway::Gateway) has them

mod entry;
mod stage;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

pub(crate) use self::entry::Kept;
pub(crate) use self::stage::{Found, Lead, StageCache, Told};

/// What part of `cacheClusterSize` a cache may fill here: of AWS's smallest, 0.5 GB, that is 5 MiB.
pub const DEFAULT_CACHE_SCALE: f64 = 0.01;

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// Whose cache it is: the API, the stage, and whether it is its canary's own.
type Owner = (String, String, bool);

/// The caches of all stages. Cheap to clone; clones are one.
///
/// They belong to the stages that are served: a stage that is compiled anew finds the cache of the one before it, and a
/// cache that no stage has any more is gone.
#[derive(Clone)]
pub struct Caches {
    scale: f64,
    open: Arc<Mutex<HashMap<Owner, Weak<StageCache>>>>,
}

impl Default for Caches {
    fn default() -> Self {
        Caches::new(DEFAULT_CACHE_SCALE)
    }
}

impl fmt::Debug for Caches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caches").field("scale", &self.scale).finish_non_exhaustive()
    }
}

impl Caches {
    /// Caches that hold this part of the size that a stage declares.
    pub fn new(scale: f64) -> Caches {
        Caches { scale, open: Arc::default() }
    }

    /// The cache of a stage of this size in GB, or of its canary; the one that it has already unless that is of another
    /// size, since AWS too makes a new cluster for a new size.
    pub(crate) fn open(&self, api_id: &str, stage: &str, canary: bool, gigabytes: f64) -> Arc<StageCache> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number of bytes, far below 2^53"
        )]
        let bytes = (gigabytes * GIB * self.scale) as u64;
        // Every change is one insertion or removal.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = (api_id.to_owned(), stage.to_owned(), canary);
        if let Some(cache) = open.get(&owner).and_then(Weak::upgrade).filter(|cache| cache.capacity() == bytes) {
            return cache;
        }
        open.retain(|_, cache| cache.strong_count() > 0);
        let cache = Arc::new(StageCache::new(bytes));
        open.insert(owner, Arc::downgrade(&cache));
        cache
    }

    /// Lets a stage that comes later under this name begin with an empty cache, though requests to the one that has gone
    /// may still be under way.
    pub(crate) fn forget(&self, api_id: &str, stage: &str) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(api, of, _), cache| (api != api_id || of != stage) && cache.strong_count() > 0);
    }
}
