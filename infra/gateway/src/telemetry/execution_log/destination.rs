//! Where a stage's execution log goes: a group of its own, with streams of its own.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{ExecutionLog, Line};
use crate::telemetry::Telemetry;

/// Streams of one group. AWS has some hundreds, and the lines of one request stand in one of them.
const STREAMS: usize = 16;

/// The log group of a stage's execution log.
#[derive(Debug)]
pub(crate) struct ExecutionLogGroup {
    group: String,
    canary: String,
    streams: Vec<String>,
}

impl ExecutionLogGroup {
    /// `API-Gateway-Execution-Logs_{api}/{stage}`
    pub(crate) fn new(api_id: &str, stage: &str) -> ExecutionLogGroup {
        let group = format!("API-Gateway-Execution-Logs_{api_id}/{stage}");
        let streams = (0..STREAMS).map(|number| stream_name(&format!("{group}/{number}")));
        ExecutionLogGroup { canary: format!("{group}/Canary"), streams: streams.collect(), group }
    }

    /// Writes a request's lines, here and to the terminal.
    pub(crate) fn write(&self, telemetry: &Telemetry, canary: bool, log: &ExecutionLog) {
        if log.lines().is_empty() {
            return;
        }
        let request_id = log.request_id();
        let group = if canary { &self.canary } else { &self.group };
        let number = request_id.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let Some(stream) = self.streams.get(number % self.streams.len().max(1)) else { return };
        let lines: Vec<_> = log.lines().iter().map(|line| (line.at, format!("({request_id}) {}", line.text))).collect();
        telemetry.logs().append_all(group, stream, lines.iter().map(|(at, text)| (*at, text.as_str())));
        for (line, (_, text)) in log.lines().iter().zip(&lines) {
            tell(line, text);
        }
    }
}

/// One line of the terminal: what a client has sent begins no new one.
fn tell(line: &Line, text: &str) {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.severe {
        tracing::warn!(target: "execution", "{text}");
    } else {
        tracing::info!(target: "execution", "{text}");
    }
}

/// Thirty-two hexadecimal digits, the same for every run.
pub(in crate::telemetry) fn stream_name(of: &str) -> String {
    let digest = Sha256::digest(of);
    digest.iter().take(16).fold(String::with_capacity(32), |mut name, byte| {
        // Writing into a string cannot fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
}
