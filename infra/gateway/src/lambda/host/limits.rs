//! How many calls of one function may be under way at a time, whatever the version (reserved concurrency).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use crate::lambda::InvokeError;

/// No reserved concurrency.
const UNRESERVED: i64 = -1;

/// The calls of one function.
#[derive(Debug)]
pub(crate) struct Limits {
    reserved: AtomicI64,
    under_way: AtomicUsize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { reserved: AtomicI64::new(UNRESERVED), under_way: AtomicUsize::new(0) }
    }
}

/// A call's place among those that its function may have at a time.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Limits>);

impl Limits {
    /// `ReservedConcurrentExecutions`
    pub(crate) fn reserved(&self) -> Option<usize> {
        usize::try_from(self.reserved.load(Ordering::Relaxed)).ok()
    }

    pub(crate) fn reserve(&self, executions: Option<u32>) {
        self.reserved.store(executions.map_or(UNRESERVED, i64::from), Ordering::Relaxed);
    }

    /// A place for one call.
    ///
    /// # Errors
    /// 429 when the function has as many calls under way as are reserved for it.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Permit, InvokeError> {
        let under_way = self.under_way.fetch_add(1, Ordering::AcqRel);
        let permit = Permit(self.clone());
        if self.reserved().is_some_and(|reserved| under_way >= reserved) {
            return Err(InvokeError::TooManyRequests { reason: "ReservedFunctionConcurrentInvocationLimitExceeded" });
        }
        Ok(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}
