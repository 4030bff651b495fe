//! Where chance comes from: the machine, or a seed, so that a test sees the same draws each time.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A source of random numbers. Clones share one.
#[derive(Clone, Default)]
pub struct Chance(Option<Arc<Mutex<fastrand::Rng>>>);

impl Chance {
    /// The draws of this seed, in their order.
    pub fn seeded(seed: u64) -> Chance {
        Chance(Some(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)))))
    }

    /// From 0 to below 100, each number as likely as any other.
    pub(crate) fn percent(&self) -> f64 {
        let draw = match &self.0 {
            None => fastrand::f64(),
            // A generator is whole after any draw.
            Some(seeded) => seeded.lock().unwrap_or_else(PoisonError::into_inner).f64(),
        };
        draw * 100.0
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chance").field("seeded", &self.0.is_some()).finish()
    }
}
