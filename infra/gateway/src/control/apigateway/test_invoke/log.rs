//! The log of a test, as AWS writes it.

use std::fmt::Write as _;

use time::OffsetDateTime;

use super::recorder::Seen;
use crate::clock::EpochMillis;

/// So much of an event or a result is shown.
const MOST: usize = 1_000;

/// The lines so far.
pub(super) struct Log {
    text: String,
    at: String,
}

impl Log {
    pub(super) fn new(request_id: &str, at: EpochMillis) -> Log {
        Log { text: format!("Execution log for request {request_id}\n"), at: timestamp(at) }
    }

    pub(super) fn line(&mut self, text: impl std::fmt::Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{} : {text}", self.at);
    }

    /// The call of a function: what it was sent.
    pub(super) fn call(&mut self, region: &str, seen: &Seen) {
        let uri = format!("https://lambda.{region}.amazonaws.com/2015-03-31/functions/{}/invocations", seen.function);
        self.line(format_args!("Endpoint request URI: {uri}"));
        let event = shown(&seen.event);
        self.line(format_args!("Endpoint request body after transformations: {event}"));
        self.line(format_args!("Sending request to {uri}"));
    }

    pub(super) fn end(self) -> String {
        self.text
    }
}

/// Bytes as text, cut where AWS would cut them.
pub(super) fn shown(bytes: &[u8]) -> String {
    let text = crate::telemetry::shown(bytes);
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} [TRUNCATED]", &text[..end]),
        None => text.into_owned(),
    }
}

/// `Sun Nov 22 16:34:08 UTC 2026`
fn timestamp(at: EpochMillis) -> String {
    let t = OffsetDateTime::from_unix_timestamp(at.div_euclid(1_000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (weekday, month) = (t.weekday().to_string(), t.month().to_string());
    let (hour, minute, second) = t.to_hms();
    format!("{} {} {:02} {hour:02}:{minute:02}:{second:02} UTC {:04}", &weekday[..3], &month[..3], t.day(), t.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_begin_with_javas_date() {
        let mut log = Log::new("id", 1_795_352_220_123);
        log.line("x");
        assert_eq!(log.end(), "Execution log for request id\nSun Nov 22 12:57:00 UTC 2026 : x\n");
        assert!(shown("é".repeat(2_000).as_bytes()).ends_with("é [TRUNCATED]"));
    }
}
