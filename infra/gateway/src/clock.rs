//! The one source of time: real time plus an offset that a test, or a user, can move.
//!
//! Quotas, TTLs, idle limits and token expiry all read this clock, so that "two hours later" takes milliseconds.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Milliseconds since the Unix epoch, the unit of every API Gateway timestamp (`requestTimeEpoch`, `connectedAt`).
pub type EpochMillis = i64;

/// A clock that runs with real time and can be moved forward. Clones share one time.
#[derive(Clone, Debug)]
pub struct Clock {
    offset: Arc<watch::Sender<i64>>,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { offset: Arc::new(watch::Sender::new(0)) }
    }
}

impl Clock {
    /// The present, in milliseconds since the Unix epoch.
    pub fn now(&self) -> EpochMillis {
        // A system clock before 1970 reads as 1970: nothing here has a meaning before it.
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(real.as_millis()).unwrap_or(i64::MAX).saturating_add(*self.offset.borrow())
    }

    /// The time of the machine, wherever this clock has been moved to: functions' processes, and other programs, sign and
    /// stamp with it.
    pub fn machine_now(&self) -> EpochMillis {
        self.now().saturating_sub(*self.offset.borrow())
    }

    /// Moves the time forward; everybody who sleeps on this clock looks at it again.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.offset.send_modify(|offset| *offset = offset.saturating_add(by));
    }

    /// Waits until the clock shows `deadline` or later, or is moved after this call, whichever is first.
    pub fn sleep_until_or_moved(&self, deadline: EpochMillis) -> impl Future<Output = ()> + Send + use<> {
        let clock = self.clone();
        let mut moved = self.offset.subscribe();
        async move {
            tokio::select! {
                () = clock.sleep_until(deadline) => {}
                _ = moved.changed() => {}
            }
        }
    }

    /// Waits until the clock shows `deadline` or later; returns at once if it does already.
    pub async fn sleep_until(&self, deadline: EpochMillis) {
        let mut moved = self.offset.subscribe();
        loop {
            let left = deadline - self.now();
            if left <= 0 {
                return;
            }
            let left = Duration::from_millis(left.unsigned_abs());
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                // The sender lives in `self`, so an error cannot happen while this borrow lasts.
                _ = moved.changed() => {}
            }
        }
    }
}

/// `22/Nov/2026:12:57:00 +0000`: `requestTime` of REST and WebSocket events and `time` of HTTP API events.
pub fn request_time(at: EpochMillis) -> String {
    let t = civil(at);
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        [usize::from(u8::from(t.month())) - 1];
    format!("{:02}/{month}/{:04}:{:02}:{:02}:{:02} +0000", t.day(), t.year(), t.hour(), t.minute(), t.second())
}

/// `2026-11-22T12:57:00.123Z`: the timestamps of AWS's JSON APIs.
pub fn iso8601(at: EpochMillis) -> String {
    let t = civil(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        t.year(),
        u8::from(t.month()),
        t.day(),
        t.hour(),
        t.minute(),
        t.second(),
        t.millisecond()
    )
}

fn civil(at: EpochMillis) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000)
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_of_api_gateway() {
        assert_eq!(request_time(1_795_352_220_123), "22/Nov/2026:12:57:00 +0000");
        assert_eq!(iso8601(1_795_352_220_123), "2026-11-22T12:57:00.123Z");
    }

    #[tokio::test]
    async fn moving_the_clock_wakes_a_sleeper() {
        let clock = Clock::default();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(clock.now() + 7_200_000).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(7_200));
        sleeper.await.unwrap();
    }
}
