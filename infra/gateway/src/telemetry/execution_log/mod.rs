//! The execution log of one request to a REST API: what API Gateway writes to
//! `API-Gateway-Execution-Logs_{api}/{stage}`, line by line as the request passes its stages.
//!
//! - `steps`: the lines of AWS's steps
//! - `text`: how AWS prints maps and bodies, and hides secrets
//! - `destination`: the log group and its streams

mod destination;
mod steps;
mod text;

pub(crate) use self::destination::ExecutionLogGroup;
pub(super) use self::destination::stream_name;
pub(crate) use self::steps::MethodRequest;
use self::text::{cut, is_secret, shown_headers};
pub(crate) use self::text::{java_map, masked, shown, title_case};
use crate::clock::{Clock, EpochMillis};

/// Lines of one request; beyond them the log of it ends.
const MAX_LINES: usize = 200;
/// Values of one request that are hidden wherever they stand.
const MAX_SECRETS: usize = 32;

/// The lines of one request. Where the stage logs nothing, nothing is formatted or kept.
#[derive(Debug, Default)]
pub(crate) struct ExecutionLog {
    level: Level,
    /// `dataTraceEnabled`: whole requests and responses, too.
    data_trace: bool,
    clock: Option<Clock>,
    /// The request's id, which every line begins with.
    request_id: String,
    lines: Vec<Line>,
    /// What must not be read in a log, although it is in what is logged: tokens, keys, cookies.
    secrets: Vec<String>,
}

/// One line.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) at: EpochMillis,
    /// Something went wrong.
    pub(crate) severe: bool,
    pub(crate) text: String,
}

/// `loggingLevel`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    #[default]
    Off,
    Error,
    Info,
}

impl Level {
    /// `OFF`, `ERROR`, `INFO`; nothing said is nothing logged.
    pub(crate) fn of(declared: Option<&str>) -> Level {
        match declared {
            Some("INFO") => Level::Info,
            Some("ERROR") => Level::Error,
            _ => Level::Off,
        }
    }
}

impl ExecutionLog {
    /// A log at this level of the request with this id, whose lines have the times of `clock`.
    pub(crate) fn new(level: Level, data_trace: bool, clock: &Clock, request_id: &str) -> Self {
        let (clock, request_id) = (Some(clock.clone()), request_id.to_owned());
        ExecutionLog { level, data_trace, clock, request_id, ..ExecutionLog::default() }
    }

    /// What goes as it should.
    pub(crate) fn info(&mut self, line: impl FnOnce() -> String) {
        if self.level >= Level::Info {
            self.push(false, line());
        }
    }

    /// What goes as it should, with the request's id in it.
    fn info_with(&mut self, line: impl FnOnce(&str) -> String) {
        if self.level >= Level::Info {
            let line = line(&self.request_id);
            self.push(false, line);
        }
    }

    /// What went wrong; logged at `ERROR` too.
    pub(crate) fn error(&mut self, line: impl FnOnce() -> String) {
        if self.level >= Level::Error {
            self.push(true, line());
        }
    }

    /// Paths, headers and bodies: only with data tracing.
    pub(crate) fn data(&mut self, line: impl FnOnce() -> String) {
        if self.traces_data() {
            self.push(false, line());
        }
    }

    /// Whether whole requests and responses are logged.
    pub(crate) fn traces_data(&self) -> bool {
        self.data_trace && self.level >= Level::Info
    }

    /// Whether anything is logged at all.
    pub(crate) fn is_on(&self) -> bool {
        self.level > Level::Off
    }

    /// Hides `value` in all lines to come. What is shorter than a few characters is no secret, and would hide text.
    pub(crate) fn hide(&mut self, value: &str) {
        if self.traces_data() && value.chars().nth(3).is_some() && self.secrets.len() < MAX_SECRETS {
            self.secrets.push(value.to_owned());
            // As it stands in a JSON document.
            let quoted = serde_json::Value::from(value).to_string();
            let inner = &quoted[1..quoted.len() - 1];
            if inner != value {
                self.secrets.push(inner.to_owned());
            }
        }
    }

    /// Hides the values of headers that carry tokens, keys and cookies.
    pub(crate) fn hide_secrets_of<'a>(&mut self, headers: impl Iterator<Item = (&'a str, &'a str)>) {
        for (_, value) in headers.filter(|(name, _)| is_secret(name)) {
            self.hide(value);
        }
    }

    fn push(&mut self, severe: bool, mut text: String) {
        if self.lines.len() >= MAX_LINES {
            return;
        }
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), &masked(secret));
            }
        }
        let at = self.clock.as_ref().map_or(0, Clock::now);
        self.lines.push(Line { at, severe, text: cut(text) });
    }

    /// The request's id.
    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    /// What has been logged.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(log: &ExecutionLog) -> Vec<&str> {
        log.lines().iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn each_level_has_its_lines_and_formats_no_other() {
        let all = |level, data_trace| {
            let mut log = ExecutionLog::new(level, data_trace, &Clock::default(), "id");
            log.info(|| "i".to_owned());
            log.error(|| "e".to_owned());
            log.data(|| "d".to_owned());
            texts(&log).join("")
        };
        assert_eq!(all(Level::Info, true), "ied");
        assert_eq!(all(Level::Info, false), "ie");
        assert_eq!(all(Level::Error, true), "e");
        assert_eq!(all(Level::Off, true), "");
        let mut off = ExecutionLog::default();
        off.info(|| unreachable!());
        off.error(|| unreachable!());
        off.data(|| unreachable!());
        off.hide("a secret");
        assert!(!off.is_on() && off.lines.capacity() == 0 && off.secrets.capacity() == 0, "nothing is allocated");
    }

    #[test]
    fn secrets_are_hidden_wherever_they_stand_and_before_anything_is_cut() {
        let mut log = ExecutionLog::new(Level::Info, true, &Clock::default(), "id");
        log.hide_secrets_of(
            [("AUTHORIZATION", "Bearer \"0123456789\""), ("accept", "*/*"), ("Cookie", "s=abc")].into_iter(),
        );
        log.data(|| r#"{"a":"Bearer \"0123456789\"","c":"s=abc","x":"*/*"}"#.to_owned());
        assert_eq!(texts(&log), [r#"{"a":"***************6789\"","c":"***bc","x":"*/*"}"#]);
        let long = "t".repeat(1_500);
        log.hide(&long);
        log.data(|| format!("{}{long}", "x".repeat(995)));
        assert!(!texts(&log)[1].contains('t'), "{}", texts(&log)[1]);
    }

    #[test]
    fn a_request_has_a_bounded_log() {
        let mut log = ExecutionLog::new(Level::Info, false, &Clock::default(), "id");
        (0..1_000).for_each(|_| log.info(|| "x".repeat(100_000)));
        assert_eq!(log.lines().len(), MAX_LINES);
        assert!(log.lines().iter().all(|line| line.text.len() < 1_100));
    }
}
