//! One invocation on its way: the event for the function, and the caller who waits.

use std::time::Instant;

use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::{mpsc, oneshot};

use super::failure::Failure;
use super::limits::Permit;
use crate::clock::EpochMillis;
use crate::lambda::InvokeError;

/// An invocation that no environment has taken yet.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) event: Event,
    pub(crate) caller: Caller,
}

/// What `/runtime/invocation/next` hands to the function.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) function_arn: HeaderValue,
    pub(crate) trace_id: HeaderValue,
    pub(crate) client_context: Option<HeaderValue>,
}

/// An event and the time by which it must be answered.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) event: Event,
    pub(crate) deadline: EpochMillis,
}

/// Who waits for the outcome.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) outcome: oneshot::Sender<Result<Completed, InvokeError>>,
    /// Whether the caller wants the end of the log.
    pub(crate) tail: bool,
    /// Where a streamed response goes, if the caller takes one.
    pub(crate) stream: Option<mpsc::Sender<Bytes>>,
    /// The call's place among those that the function may have at a time.
    pub(crate) permit: Permit,
}

/// What an invocation came to.
#[derive(Debug)]
pub(crate) struct Completed {
    pub(crate) payload: Bytes,
    pub(crate) function_error: bool,
    pub(crate) log_tail: Option<Bytes>,
}

impl Work {
    /// Whether the caller has gone away before anything began.
    pub(crate) fn abandoned(&self) -> bool {
        self.caller.outcome.is_closed()
    }

    /// Answers with a failure that came before any environment took the work.
    pub(crate) fn fail(self, failure: &Failure) {
        let payload = failure.payload(&self.event.request_id);
        let log_tail =
            self.caller.tail.then(|| Bytes::from(failure.log_line(&self.event.request_id).unwrap_or_default()));
        self.caller.complete(Ok(Completed { payload, function_error: true, log_tail }));
    }

    /// Answers that the function was not run.
    pub(crate) fn refuse(self, error: InvokeError) {
        self.caller.complete(Err(error));
    }
}

impl Caller {
    /// Answers. A caller that has gone away does not mind.
    pub(crate) fn complete(self, outcome: Result<Completed, InvokeError>) {
        // First, so that the caller's next call finds the place free.
        drop(self.permit);
        let _ = self.outcome.send(outcome);
    }
}

/// Lambda's `START` line.
pub(crate) fn start_line(request_id: &str, version: &str) -> String {
    format!("START RequestId: {request_id} Version: {version}\n")
}

/// An invocation that an environment is working on.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) request_id: String,
    pub(crate) caller: Caller,
    pub(crate) deadline: EpochMillis,
    pub(crate) started: Instant,
    /// How long the environment took to start, for the first invocation's report.
    pub(crate) init_millis: Option<f64>,
}

impl Running {
    /// Lambda's `START` line.
    pub(crate) fn start_line(&self, version: &str) -> String {
        start_line(&self.request_id, version)
    }

    /// Lambda's `END` and `REPORT` lines.
    pub(crate) fn report_lines(&self, memory_size: u32, max_memory_mb: Option<u64>) -> String {
        use std::fmt::Write as _;
        let id = &self.request_id;
        let millis = self.started.elapsed().as_secs_f64() * 1000.0;
        let billed = (millis + self.init_millis.unwrap_or(0.0)).ceil();
        let mut text = format!(
            "END RequestId: {id}\nREPORT RequestId: {id}\tDuration: {millis:.2} ms\tBilled Duration: {billed:.0} ms\t\
             Memory Size: {memory_size} MB"
        );
        // Writing to a String cannot fail.
        if let Some(used) = max_memory_mb {
            let _ = write!(text, "\tMax Memory Used: {used} MB");
        }
        if let Some(init) = self.init_millis {
            let _ = write!(text, "\tInit Duration: {init:.2} ms");
        }
        text.push('\n');
        text
    }
}
