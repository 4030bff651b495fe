//! A token bucket, kept as the moment when it is full again.
//!
//! This is AWS's bucket (capacity `burst`, refilled with `rate` tokens a second, full at first) written as one number: a
//! bucket that lacks `n` tokens is full `n / rate` seconds from now. So a full bucket is one whose moment has passed, which
//! is the same as one that was never used, and can be forgotten.
//!
//! The crate `governor` counts alike, but the rate of one of its limiters is fixed when it is made: a changed stage or plan
//! would begin with full buckets, and each of thousands of rates would need a limiter of its own.

use std::fmt;

use crate::clock::EpochMillis;

const NANOS_PER_MILLI: i64 = 1_000_000;
/// Some 36 years: so much a bucket may lack, that nothing here overflows.
const LONGEST: i64 = i64::MAX / 8;
/// By how much a clock may be behind what was read of it before, without having been moved.
const JITTER: i64 = 1_000 * NANOS_PER_MILLI;

/// How a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Nanoseconds for one token.
    interval: i64,
    /// Nanoseconds from empty to full.
    capacity: i64,
}

impl fmt::Display for Rate {
    /// As AWS's execution logs have it: `Limit: 1.00 Burst: 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "two decimal places of a rate are shown")]
        let rate = if self.capacity == 0 { 0.0 } else { 1e9 / self.interval as f64 };
        write!(f, "Limit: {rate:.2} Burst: {}", self.capacity / self.interval)
    }
}

impl Rate {
    /// `rateLimit` and `burstLimit`. Where either is 0, or no number, nothing passes.
    pub(crate) fn new(rate_limit: f64, burst_limit: i32) -> Rate {
        if rate_limit.is_nan() || rate_limit <= 0.0 || burst_limit <= 0 {
            return Rate { interval: 1, capacity: 0 };
        }
        // A cast of a float saturates.
        let interval = ((1e9 / rate_limit).round() as i64).clamp(1, LONGEST + 1);
        Rate { interval, capacity: interval.saturating_mul(burst_limit.into()).min(LONGEST) }
    }

    /// Takes a token from the bucket that is full at `full_at`: whether there was one, and when the bucket is full now.
    pub(super) fn take(self, full_at: i64, now: i64) -> (bool, i64) {
        let empty = now.saturating_add(self.capacity);
        let next = full_at.max(now).saturating_add(self.interval);
        if next <= empty {
            return (true, next);
        }
        // More than empty: the clock was moved backwards, or the rate raised. It must not stay so till then.
        (false, if full_at.saturating_sub(empty) > JITTER { empty } else { full_at })
    }
}

/// The clock in the unit of the buckets.
pub(super) fn nanos(now: EpochMillis) -> i64 {
    now.saturating_mul(NANOS_PER_MILLI)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `tries` pass at `now`.
    fn passes(rate: Rate, full_at: &mut i64, now: EpochMillis, tries: usize) -> usize {
        let passed = (0..tries).filter(|_| {
            let (passed, next) = rate.take(*full_at, nanos(now));
            *full_at = next;
            passed
        });
        passed.count()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let (rate, mut bucket) = (Rate::new(2.0, 5), 0);
        let start = 1_800_000_000_000;
        assert_eq!(passes(rate, &mut bucket, start, 9), 5);
        assert_eq!(passes(rate, &mut bucket, start + 499, 1), 0);
        assert_eq!(passes(rate, &mut bucket, start + 500, 2), 1);
        assert_eq!(passes(rate, &mut bucket, start + 2_000, 9), 3);
        assert_eq!(passes(rate, &mut bucket, start + 1_000_000, 9), 5, "it holds no more than the burst");
    }

    #[test]
    fn fractions_of_a_request_a_second_add_up() {
        let (rate, mut bucket) = (Rate::new(0.1, 1), 0);
        assert_eq!(passes(rate, &mut bucket, 0, 2), 1);
        let later: usize = (1..=10_000).map(|millis| passes(rate, &mut bucket, millis, 1)).sum();
        assert_eq!(later, 1);
        assert_eq!(passes(rate, &mut bucket, 19_999, 1), 0);
        assert_eq!(passes(rate, &mut bucket, 20_000, 1), 1);
    }

    #[test]
    fn nothing_passes_a_limit_of_zero_or_nonsense() {
        for (rate_limit, burst_limit) in [(0.0, 5), (5.0, 0), (-1.0, 5), (f64::NAN, 5), (5.0, -1), (1e-300, 5)] {
            assert_eq!(passes(Rate::new(rate_limit, burst_limit), &mut 0, 1_000, 3), 0, "{rate_limit} {burst_limit}");
        }
        assert_eq!(passes(Rate::new(f64::INFINITY, i32::MAX), &mut 0, 1_000, 1_000), 1_000);
    }

    #[test]
    fn a_clock_moved_backwards_neither_refills_nor_locks() {
        let (rate, mut bucket) = (Rate::new(1.0, 2), 0);
        let noon = 1_800_000_000_000;
        assert_eq!(passes(rate, &mut bucket, noon, 3), 2);
        let yesterday = noon - 86_400_000;
        assert_eq!(passes(rate, &mut bucket, yesterday, 3), 0);
        assert_eq!(passes(rate, &mut bucket, yesterday + 1_000, 3), 1, "it fills from there");
        // A reading that came a little late gives nothing away.
        let mut bucket = 0;
        assert_eq!(passes(rate, &mut bucket, noon, 2), 2);
        assert_eq!(passes(rate, &mut bucket, noon - 5, 1) + passes(rate, &mut bucket, noon + 999, 1), 0);
        assert_eq!(passes(rate, &mut bucket, noon + 1_000, 1), 1);
    }

    #[test]
    fn a_bucket_keeps_what_was_taken_when_its_limits_change() {
        let (mut bucket, now) = (0, 1_000_000);
        assert_eq!(passes(Rate::new(1.0, 10), &mut bucket, now, 8), 8);
        assert_eq!(passes(Rate::new(1.0, 9), &mut bucket, now, 8), 1);
        assert_eq!(passes(Rate::new(1.0, 3), &mut bucket, now, 8), 0);
    }
}
