//! `POST /_ferrogate/clock`: moves the time of day of the whole gateway, forth and back.

use http::StatusCode;
use serde::Deserialize;

use super::super::dispatch::Services;
use super::super::{ClientRequest, Reply, message_reply};
use crate::clock::{Clock, EpochMillis, LATEST, parse_iso8601};

const USAGE: &str = r#"the body must be one of {"advanceSeconds": 600} (or less than 0, to go back), {"set": "2026-11-22T23:59:59Z"} (or milliseconds since 1970, until 2200) and {"reset": true}"#;

/// What a body asks for.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Move {
    /// By so many seconds.
    #[serde(alias = "advance")]
    AdvanceSeconds(f64),
    /// To this time.
    Set(Time),
    /// To the machine's time, if true.
    Reset(bool),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Time {
    Millis(EpochMillis),
    Text(String),
}

/// Moves the clock as the body says.
///
/// # Errors
/// The reply to a body that says nothing that can be done, and to whoever may not do it: quotas, tokens and caches hang on
/// the clock, so it is moved from this machine alone, and not at all where other machines are let in.
pub(super) fn move_clock(services: &Services, request: &ClientRequest) -> Result<(), Box<Reply>> {
    let refuse = |status, message: &str| Err(Box::new(message_reply(status, message)));
    if services.exposed {
        return refuse(StatusCode::FORBIDDEN, "the clock cannot be moved where --host lets other machines in");
    }
    if !request.source_ip.to_canonical().is_loopback() {
        return refuse(StatusCode::FORBIDDEN, "the clock can be moved from this machine only");
    }
    let clock = &services.gateway.clock;
    match serde_json::from_slice::<Move>(&request.body).ok().and_then(|to| target(&to, clock)) {
        Some(Target::Time(now)) => clock.set(now),
        Some(Target::Machine) => clock.reset(),
        None => return refuse(StatusCode::BAD_REQUEST, USAGE),
    }
    tracing::info!(now = crate::clock::iso8601(clock.now()), "the clock was moved");
    Ok(())
}

/// Where to.
#[derive(Debug, PartialEq)]
enum Target {
    Time(EpochMillis),
    Machine,
}

fn target(to: &Move, clock: &Clock) -> Option<Target> {
    let time = match to {
        Move::AdvanceSeconds(seconds) if seconds.is_finite() => {
            // A cast of a float saturates.
            clock.now().saturating_add((seconds * 1_000.0).round() as i64)
        }
        Move::AdvanceSeconds(_) => return None,
        Move::Set(Time::Millis(millis)) => *millis,
        Move::Set(Time::Text(text)) => parse_iso8601(text)?,
        Move::Reset(reset) => return reset.then_some(Target::Machine),
    };
    (0..=LATEST).contains(&time).then_some(Target::Time(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(body: &str) -> Option<i64> {
        let clock = Clock::default();
        let start = clock.now();
        match target(&serde_json::from_str(body).ok()?, &clock)? {
            Target::Time(now) => Some((now - start) / 1_000),
            Target::Machine => Some(0),
        }
    }

    #[test]
    fn the_clock_goes_forth_back_anywhere_and_home() {
        for (body, seconds) in [
            (r#"{"advanceSeconds": 600}"#, 600),
            (r#"{"advance": 600}"#, 600),
            (r#"{"advanceSeconds": -86400}"#, -86_400),
            (r#"{"reset": true}"#, 0),
        ] {
            let found = moved(body).unwrap();
            assert!((seconds - 1..=seconds + 60).contains(&found), "{body} {found}");
        }
        let clock = Clock::default();
        for body in [r#"{"set": "2026-11-22T12:57:00Z"}"#, r#"{"set": 1795352220000}"#] {
            let to = serde_json::from_str(body).unwrap();
            assert_eq!(target(&to, &clock), Some(Target::Time(1_795_352_220_000)), "{body}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for body in [
            "",
            "{}",
            "null",
            r#"{"advanceSeconds": "600"}"#,
            r#"{"advanceSeconds": 1e300}"#,
            r#"{"advanceSeconds": -1e12}"#,
            r#"{"set": "tomorrow"}"#,
            r#"{"set": -1}"#,
            r#"{"set": "2300-01-01"}"#,
            r#"{"set": "2026-02-30T00:00:00Z"}"#,
            r#"{"reset": false}"#,
            r#"{"advanceSeconds": 1, "reset": true}"#,
            r#"{"back": 1}"#,
        ] {
            assert_eq!(moved(body), None, "{body}");
        }
    }
}
