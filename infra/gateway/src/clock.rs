//! The one source of time: real time plus an offset that a test, or a user, can move.
//!
//! Quotas, TTLs, idle limits and token expiry all read this clock, so that "two hours later" takes milliseconds.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Milliseconds since the Unix epoch, the unit of every API Gateway timestamp (`requestTimeEpoch`, `connectedAt`).
pub type EpochMillis = i64;

/// The last moment that the clock can be set to, 2200-01-01: what is counted in nanoseconds ends in 2262.
pub const LATEST: EpochMillis = 7_258_118_400_000;

/// A clock that runs with real time and can be moved. Clones share one time.
#[derive(Clone, Debug)]
pub struct Clock {
    offsets: Arc<watch::Sender<Offsets>>,
}

/// How far the clock is from the machine's, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Offsets {
    /// Of the time of day.
    shown: i64,
    /// Of the time that has passed for what runs.
    passed: i64,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { offsets: Arc::new(watch::Sender::new(Offsets::default())) }
    }
}

impl Clock {
    /// The present, in milliseconds since the Unix epoch.
    pub fn now(&self) -> EpochMillis {
        machine().saturating_add(self.offsets.borrow().shown)
    }

    /// The time of the machine, wherever this clock has been moved to: functions' processes, and other programs, sign and
    /// stamp with it.
    pub fn machine_now(&self) -> EpochMillis {
        machine()
    }

    /// The time of what runs, functions above all: it does not jump when the clock is set, so that nobody's deadline is cut
    /// short or put off by it. It is the machine's unless time was made to pass with [`Clock::advance`].
    pub fn running(&self) -> EpochMillis {
        machine().saturating_add(self.offsets.borrow().passed)
    }

    /// Lets time pass, for all that reads this clock; everybody who sleeps on it looks at it again.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.offsets.send_modify(|offsets| {
            offsets.shown = offsets.shown.saturating_add(by);
            offsets.passed = offsets.passed.saturating_add(by);
        });
    }

    /// Sets the time of day, backwards too; [`Clock::running`] goes on as it was. Within 1970 and [`LATEST`].
    pub fn set(&self, now: EpochMillis) {
        let shown = now.clamp(0, LATEST).saturating_sub(machine());
        self.offsets.send_modify(|offsets| offsets.shown = shown);
    }

    /// Sets the time of day to the machine's.
    pub fn reset(&self) {
        self.offsets.send_modify(|offsets| offsets.shown = 0);
    }

    /// Waits until the clock shows `deadline` or later, or is moved after this call, whichever is first.
    pub fn sleep_until_or_moved(&self, deadline: EpochMillis) -> impl Future<Output = ()> + Send + use<> {
        let clock = self.clone();
        let mut moved = self.offsets.subscribe();
        async move {
            tokio::select! {
                () = clock.sleep_until(deadline) => {}
                _ = moved.changed() => {}
            }
        }
    }

    /// Waits until the clock shows `deadline` or later; returns at once if it does already. A clock that is moved backwards
    /// meanwhile does not make the wait longer: nothing here may hang for a year because of it.
    pub async fn sleep_until(&self, deadline: EpochMillis) {
        self.sleep(deadline, |offsets| offsets.shown).await;
    }

    /// Waits until [`Clock::running`] shows `deadline` or later.
    pub async fn sleep_until_running(&self, deadline: EpochMillis) {
        self.sleep(deadline, |offsets| offsets.passed).await;
    }

    async fn sleep(&self, mut deadline: EpochMillis, offset: fn(Offsets) -> i64) {
        let mut moved = self.offsets.subscribe();
        let mut known = offset(*moved.borrow_and_update());
        loop {
            let left = deadline.saturating_sub(machine().saturating_add(known));
            if left <= 0 {
                return;
            }
            let left = Duration::from_millis(left.unsigned_abs());
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                // The sender lives in `self`, so an error cannot happen while this borrow lasts.
                _ = moved.changed() => {
                    let new = offset(*moved.borrow_and_update());
                    deadline = deadline.saturating_sub(known.saturating_sub(new).max(0));
                    known = new;
                }
            }
        }
    }
}

/// The machine's time. A system clock before 1970 reads as 1970: nothing here has a meaning before it.
fn machine() -> EpochMillis {
    let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(real.as_millis()).unwrap_or(i64::MAX)
}

/// `2026-11-22T12:57:00Z`, with or without a fraction and with any offset, or a day alone, in milliseconds since the Unix
/// epoch.
pub fn parse_iso8601(text: &str) -> Option<EpochMillis> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let at = time::OffsetDateTime::parse(&whole, &time::format_description::well_known::Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
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

    #[tokio::test]
    async fn a_clock_that_is_moved_backwards_keeps_nobody_waiting() {
        let clock = Clock::default();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(clock.now() + 50).await }
        });
        tokio::task::yield_now().await;
        // To 1970: without its care, the sleeper would wake in half a century.
        clock.set(0);
        tokio::time::timeout(Duration::from_secs(60), sleeper).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn setting_the_clock_lets_no_time_pass_for_what_runs() {
        let clock = Clock::default();
        let (shown, running) = (clock.now(), clock.running());
        clock.set(shown + 86_400_000);
        assert!(clock.now() >= shown + 86_400_000 && clock.running() < running + 3_600_000);
        clock.set(i64::MAX);
        assert!((LATEST..LATEST + 60_000).contains(&clock.now()));
        clock.set(-1);
        assert!(clock.now() < 60_000);
        clock.advance(Duration::from_secs(3_600));
        assert!(clock.now() >= 3_600_000 && clock.running() >= running + 3_600_000);
        clock.reset();
        assert!(clock.now() >= shown && clock.now() < shown + 3_600_000);
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        for text in ["2026-11-22T12:57:00.123Z", "2026-11-22T13:57:00.123+01:00"] {
            assert_eq!(parse_iso8601(text).map(iso8601).as_deref(), Some("2026-11-22T12:57:00.123Z"), "{text}");
        }
        assert_eq!(parse_iso8601("2026-11-22"), Some(1_795_305_600_000));
        assert_eq!((parse_iso8601("tomorrow"), parse_iso8601("2026-02-30")), (None, None));
    }
}
