//! The execution log of one request to a REST API: what API Gateway writes to
//! `API-Gateway-Execution-Logs_{api}/{stage}`, line by line as the request passes its stages.

/// The lines of one request. Where the stage logs nothing, nothing is formatted or kept.
#[derive(Debug, Default)]
pub(crate) struct ExecutionLog {
    level: Level,
    /// `dataTraceEnabled`: whole requests and responses, too.
    data_trace: bool,
    lines: Vec<String>,
}

/// `loggingLevel`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    #[default]
    Off,
    Error,
    Info,
}

impl ExecutionLog {
    /// A log at this level.
    pub(crate) fn new(level: Level, data_trace: bool) -> Self {
        ExecutionLog { level, data_trace, lines: Vec::new() }
    }

    /// What goes as it should.
    pub(crate) fn info(&mut self, line: impl FnOnce() -> String) {
        if self.level >= Level::Info {
            self.lines.push(line());
        }
    }

    /// What went wrong; logged at `ERROR` too.
    pub(crate) fn error(&mut self, line: impl FnOnce() -> String) {
        if self.level >= Level::Error {
            self.lines.push(line());
        }
    }

    /// Headers and bodies: only with data tracing.
    pub(crate) fn data(&mut self, line: impl FnOnce() -> String) {
        if self.data_trace && self.level >= Level::Info {
            self.lines.push(line());
        }
    }

    /// What has been logged.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }
}
