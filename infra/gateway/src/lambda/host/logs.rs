//! What functions print: read from their pipe, cut into lines, given to a sink, and kept for `X-Amz-Log-Result`.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use bytes::Bytes;
use tokio::net::unix::pipe::Receiver;

use crate::clock::{Clock, EpochMillis};

/// A longer line is cut here and goes on as another: what is buffered must have a bound.
const MAX_LINE: usize = 256 * 1024;
/// `X-Amz-Log-Result` holds the last 4 KB.
const TAIL: usize = 4 * 1024;
/// How much is read before others get their turn.
const PUMP: usize = 256 * 1024;
/// Lines that may wait for a slow terminal; further ones are counted and dropped, since a function must not wait
/// for whoever reads the log.
const PENDING_LINES: usize = 16 * 1024;

/// Where functions' log lines go.
pub trait LogSink: Send + Sync + 'static {
    /// Takes one line. Must not block.
    fn line(&self, line: &LogLine<'_>);

    /// Whether the lines are wanted that Lambda writes about each invocation ([`LineKind::Report`]). They cost time.
    fn wants_reports(&self) -> bool {
        false
    }
}

/// One line of a log, without its line break.
#[derive(Clone, Copy, Debug)]
pub struct LogLine<'a> {
    /// Who has written it.
    pub kind: LineKind,
    /// The function's name.
    pub function: &'a str,
    /// Where CloudWatch Logs has it; `None` for what a build says.
    pub stream: Option<&'a LogStream>,
    /// The invocation that it belongs to; empty between invocations.
    pub request_id: &'a str,
    /// When it was read.
    pub time: EpochMillis,
    /// The line.
    pub text: &'a str,
}

/// Who has written a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// The function.
    Function,
    /// Lambda, about a failure: `… Task timed out after 3.00 seconds`.
    Platform,
    /// Lambda, about each invocation: `START`, `END`, `REPORT`.
    Report,
    /// The compiler, about a function that does not compile.
    Build,
}

/// The log stream of one execution environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStream {
    /// The function's account.
    pub account: String,
    /// The function's region.
    pub region: String,
    /// `/aws/lambda/{function}` unless its configuration says otherwise.
    pub group: String,
    /// `2026/11/22/[$LATEST]0123456789abcdef0123456789abcdef`
    pub name: String,
}

/// Prints lines to stderr as `function | line`, from a thread of its own.
#[derive(Debug)]
pub struct StderrSink {
    lines: Option<mpsc::SyncSender<String>>,
    dropped: Arc<AtomicU64>,
    printer: Option<std::thread::JoinHandle<()>>,
}

impl StderrSink {
    /// Starts the printing thread.
    pub fn new() -> io::Result<Self> {
        let (lines, inbox) = mpsc::sync_channel::<String>(PENDING_LINES);
        let dropped = Arc::new(AtomicU64::new(0));
        let missing = dropped.clone();
        let printer = std::thread::Builder::new().name("ferrogate-logs".to_owned()).spawn(move || {
            for line in inbox {
                let mut stderr = io::stderr().lock();
                // Nobody can be told that stderr is gone.
                let _ = writeln!(stderr, "{line}");
                let missing = missing.swap(0, Ordering::Relaxed);
                if missing > 0 {
                    let _ = writeln!(stderr, "({missing} log lines of functions dropped: they came too fast)");
                }
            }
        })?;
        Ok(StderrSink { lines: Some(lines), dropped, printer: Some(printer) })
    }
}

impl LogSink for StderrSink {
    fn line(&self, line: &LogLine<'_>) {
        if line.kind == LineKind::Report {
            return;
        }
        let line = format!("{} | {}", line.function, line.text);
        let accepted = self.lines.as_ref().is_some_and(|lines| lines.try_send(line).is_ok());
        if !accepted {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for StderrSink {
    fn drop(&mut self) {
        // Closing the channel lets the thread print what is left and end.
        self.lines = None;
        if let Some(printer) = self.printer.take() {
            let _ = printer.join();
        }
    }
}

/// Writes the log of one execution environment.
#[derive(Clone)]
pub(crate) struct Log {
    function: Arc<str>,
    stream: Arc<LogStream>,
    clock: Clock,
    sink: Arc<dyn LogSink>,
}

impl Log {
    pub(crate) fn new(function: &str, stream: LogStream, clock: Clock, sink: Arc<dyn LogSink>) -> Log {
        Log { function: function.into(), stream: Arc::new(stream), clock, sink }
    }

    pub(crate) fn stream(&self) -> &LogStream {
        &self.stream
    }

    /// A line; an empty one is left out.
    pub(crate) fn write(&self, kind: LineKind, request_id: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let (function, stream, time) = (&*self.function, Some(&*self.stream), self.clock.now());
        self.sink.line(&LogLine { kind, function, stream, request_id, time, text });
    }

    /// What Lambda writes about each invocation, line by line, if anybody wants it.
    pub(crate) fn report(&self, request_id: &str, lines: impl FnOnce() -> String) {
        if self.sink.wants_reports() {
            lines().lines().for_each(|line| self.write(LineKind::Report, request_id, line));
        }
    }
}

/// The reading end of a function's stdout and stderr, which share one pipe so that their order is kept.
pub(crate) struct LogPipe {
    pipe: Receiver,
    log: Log,
    buffer: Mutex<Buffer>,
}

#[derive(Default)]
struct Buffer {
    request_id: String,
    partial: Vec<u8>,
    tail: VecDeque<u8>,
}

impl LogPipe {
    /// Reads from `pipe` into `log`. Call within a Tokio runtime.
    pub(crate) fn new(pipe: io::PipeReader, log: Log) -> io::Result<Self> {
        let pipe = Receiver::from_owned_fd(OwnedFd::from(pipe))?;
        Ok(LogPipe { pipe, log, buffer: Mutex::default() })
    }

    /// Waits for output and takes it. `false` when every writer has closed the pipe.
    pub(crate) async fn pump(&self) -> bool {
        self.pipe.readable().await.is_ok() && self.take(|chunk| self.pipe.try_read(chunk)) != Drained::Closed
    }

    /// Takes what is in the pipe now. What a function wrote before it posted its response is in it.
    ///
    /// Asks the system rather than Tokio, which knows of what is there only after its next turn.
    pub(crate) fn drain(&self) -> Drained {
        self.take(|chunk| Ok(rustix::io::read(&self.pipe, chunk)?))
    }

    fn take(&self, read: impl Fn(&mut [u8]) -> io::Result<usize>) -> Drained {
        let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut chunk = [0_u8; 8 * 1024];
        let mut taken = 0;
        while taken < PUMP {
            match read(&mut chunk) {
                Ok(0) => {
                    buffer.end_line(&self.log);
                    return Drained::Closed;
                }
                Ok(count) => {
                    taken += count;
                    buffer.push(&chunk[..count], &self.log);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Drained::Empty,
                Err(_) => return Drained::Closed,
            }
        }
        Drained::More
    }

    /// Forgets the tail: another invocation begins, and with it another line.
    pub(crate) fn begin(&self, request_id: &str) {
        let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.end_line(&self.log);
        buffer.tail.clear();
        buffer.request_id.clear();
        buffer.request_id.push_str(request_id);
    }

    /// The last 4 KB of `before`, what was printed since [`begin`](Self::begin), and `after`.
    pub(crate) fn tail(&self, before: &str, after: &str) -> Bytes {
        let buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut log = Vec::with_capacity(before.len() + buffer.tail.len() + buffer.partial.len() + after.len() + 1);
        log.extend_from_slice(before.as_bytes());
        log.extend(buffer.tail.iter());
        if !buffer.partial.is_empty() {
            log.extend_from_slice(&buffer.partial);
            log.push(b'\n');
        }
        log.extend_from_slice(after.as_bytes());
        let from = log.len().saturating_sub(TAIL);
        Bytes::from(log).slice(from..)
    }
}

/// What [`LogPipe::drain`] left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Nothing, for now.
    Empty,
    /// Perhaps something: its turn was over.
    More,
    /// Nothing, for ever.
    Closed,
}

impl Buffer {
    fn push(&mut self, mut bytes: &[u8], log: &Log) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.partial_extend(&bytes[..end], log);
            self.end_line(log);
            bytes = &bytes[end + 1..];
        }
        self.partial_extend(bytes, log);
    }

    fn partial_extend(&mut self, mut bytes: &[u8], log: &Log) {
        while self.partial.len() + bytes.len() > MAX_LINE {
            let (now, rest) = bytes.split_at(MAX_LINE - self.partial.len());
            self.partial.extend_from_slice(now);
            self.end_line(log);
            bytes = rest;
        }
        self.partial.extend_from_slice(bytes);
    }

    fn end_line(&mut self, log: &Log) {
        if self.partial.is_empty() {
            return;
        }
        let line = self.partial.strip_suffix(b"\r").unwrap_or(&self.partial);
        log.write(LineKind::Function, &self.request_id, &String::from_utf8_lossy(line));
        let keep = &self.partial[self.partial.len().saturating_sub(TAIL)..];
        self.tail.extend(keep);
        self.tail.push_back(b'\n');
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.partial.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::lambda::testing::Lines;

    fn log(lines: &Lines) -> Log {
        let stream = LogStream { account: "0".into(), region: "r".into(), group: "g".into(), name: "s".into() };
        Log::new("f", stream, Clock::default(), Arc::new(lines.clone()))
    }

    #[tokio::test]
    async fn lines_reach_the_sink_and_the_tail_is_bounded() {
        let (reader, mut writer) = io::pipe().unwrap();
        let lines = Lines::default();
        let pipe = LogPipe::new(reader, log(&lines)).unwrap();
        writer.write_all(b"one\r\ntwo\nthr").unwrap();
        assert_eq!(pipe.drain(), Drained::Empty);
        assert_eq!(lines.all(), ["f: one", "f: two"]);
        assert_eq!(&pipe.tail("START\n", "END\n")[..], b"START\none\r\ntwo\nthr\nEND\n");
        writer.write_all("x".repeat(5000).as_bytes()).unwrap();
        drop(writer);
        assert_eq!(pipe.drain(), Drained::Closed);
        assert_eq!(lines.all()[2].len(), "f: thr".len() + 5000);
        assert_eq!(pipe.tail("START\n", "END\n").len(), TAIL);
        pipe.begin("id");
        assert_eq!(&pipe.tail("", "END\n")[..], b"END\n");
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let lines = Lines::default();
        let mut buffer = Buffer::default();
        buffer.push(&vec![b'a'; 2 * MAX_LINE + 10], &log(&lines));
        assert_eq!(lines.all().len(), 2);
        assert_eq!(buffer.partial.len(), 10);
        assert!(buffer.tail.len() <= TAIL);
    }
}
