//! One execution environment: the state that its process, seen through the Runtime API, is in.
//!
//! ```text
//! Starting ──next──► Idle ──work──► Running ──response/error──► Responded ──next──► Idle
//!     └──────────────┴──────────────────┴───────────────────────────┴──► Stopped
//! ```

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use super::failure::Failure;
use super::logs::{Drained, LineKind, Log, LogPipe};
use super::pool::Pool;
use super::version::{Version, log_stream};
use super::work::{Completed, Delivery, Running, Work, start_line};
use crate::clock::EpochMillis;
use crate::lambda::InvokeError;

/// An execution environment.
pub(crate) struct Environment {
    pub(crate) id: u64,
    pub(crate) version: Arc<Version>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) log: Log,
    pub(crate) logs: OnceLock<LogPipe>,
    process_id: AtomicI32,
    memory: Mutex<Option<Memory>>,
    state: Mutex<State>,
    stopped: Notify,
    born: Instant,
}

/// What a look at the process's memory has found.
#[derive(Clone, Copy)]
struct Memory {
    looked: Instant,
    max_mb: Option<u64>,
}

/// For how long a look at a process's memory is good enough for its reports: one look takes the kernel longer than the
/// rest of the report takes us.
const MEMORY_LOOK: Duration = Duration::from_millis(100);

enum State {
    Starting { limit: EpochMillis, attached: Option<Work>, failure: Option<Failure> },
    Idle { since: EpochMillis, init_millis: Option<f64> },
    Running(Running),
    Responded { deadline: EpochMillis },
    Stopped,
}

/// What a call of `next` means for the environment.
pub(crate) enum Ready {
    /// Its first: the start is over. Work may have been waiting for this very environment, with its deadline.
    First(Option<Box<(Work, EpochMillis)>>),
    /// It has finished an invocation, or asks again.
    Again,
}

/// Why the Runtime API refuses a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 403: not in this state.
    State {
        /// The state the environment is in.
        from: &'static str,
        /// The state the call would lead to.
        to: &'static str,
    },
    /// 400: not the current invocation's id.
    RequestId,
}

/// Why the process's time is over.
#[derive(Debug)]
pub(crate) enum Overdue {
    /// The start took too long.
    Start,
    /// The invocation took too long, or what it did after its response.
    Invocation,
    /// Nothing to do for long enough.
    Idle,
}

impl Environment {
    pub(crate) fn new(
        id: u64,
        version: Arc<Version>,
        pool: Arc<Pool>,
        limit: EpochMillis,
        attached: Option<Work>,
    ) -> Self {
        let settings = &pool.shared().settings;
        let stream = log_stream(&version, settings);
        let name = &version.function.function_name;
        let log = Log::new(name, stream, settings.clock.clone(), settings.sink.clone());
        Environment {
            id,
            version,
            pool,
            log,
            logs: OnceLock::new(),
            process_id: AtomicI32::new(0),
            memory: Mutex::new(None),
            state: Mutex::new(State::Starting { limit, attached, failure: None }),
            stopped: Notify::new(),
            born: Instant::now(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_process(&self, id: i32) {
        self.process_id.store(id, Ordering::Relaxed);
    }

    /// The process has called `next`.
    pub(crate) fn ready(&self, now: EpochMillis) -> Result<Ready, Refusal> {
        let mut state = self.state();
        match &mut *state {
            State::Starting { failure: None, attached, limit } => {
                let attached = attached.take().map(|work| Box::new((work, *limit)));
                let init_millis = Some(self.born.elapsed().as_secs_f64() * 1000.0);
                *state = State::Idle { since: now, init_millis };
                Ok(Ready::First(attached))
            }
            State::Responded { .. } => {
                *state = State::Idle { since: now, init_millis: None };
                Ok(Ready::Again)
            }
            // Its connection was lost, or it has several.
            State::Idle { .. } => Ok(Ready::Again),
            other => Err(Refusal::State { from: other.name(), to: "Ready" }),
        }
    }

    /// Gives the environment `work`, to be done by `deadline`; gives it back if the environment is not idle.
    pub(crate) fn begin(&self, work: Work, deadline: EpochMillis) -> Result<Delivery, Box<Work>> {
        let mut state = self.state();
        let State::Idle { init_millis, .. } = *state else { return Err(Box::new(work)) };
        if let Some(logs) = self.logs.get() {
            if init_millis.is_some() {
                // What it printed while it started is in the pipe by now, and is no part of its first invocation.
                while logs.drain() == Drained::More {}
            }
            logs.begin(&work.event.request_id);
        }
        self.log.report(&work.event.request_id, || start_line(&work.event.request_id, &self.version.number));
        *state = State::Running(Running {
            request_id: work.event.request_id.clone(),
            caller: work.caller,
            deadline,
            started: Instant::now(),
            init_millis,
        });
        self.pool.running_began();
        Ok(Delivery { event: work.event, deadline })
    }

    /// Takes back work that never reached the process, since it had closed its connection.
    pub(crate) fn take_back(&self, delivery: Delivery, now: EpochMillis) -> Option<Work> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Idle { since: now, init_millis: None }) {
            State::Running(running) => {
                self.pool.running_ended();
                Some(Work { event: delivery.event, caller: running.caller })
            }
            other => {
                *state = other;
                None
            }
        }
    }

    /// Whether the process may answer invocation `request_id` now.
    pub(crate) fn may_answer(&self, request_id: &str, to: &'static str) -> Result<(), Refusal> {
        match &*self.state() {
            State::Running(running) if running.request_id == request_id => Ok(()),
            State::Running(_) => Err(Refusal::RequestId),
            other => Err(Refusal::State { from: other.name(), to }),
        }
    }

    /// Where the response of the running invocation can go piece by piece.
    pub(crate) fn response_stream(&self) -> Option<mpsc::Sender<Bytes>> {
        match &*self.state() {
            State::Running(running) => running.caller.stream.clone(),
            _ => None,
        }
    }

    /// The process has answered invocation `request_id`.
    pub(crate) fn answer(
        &self,
        request_id: &str,
        to: &'static str,
        payload: Bytes,
        function_error: bool,
    ) -> Result<(), Refusal> {
        self.may_answer(request_id, to)?;
        let running = {
            let mut state = self.state();
            match std::mem::replace(&mut *state, State::Stopped) {
                State::Running(running) if running.request_id == request_id => {
                    *state = State::Responded { deadline: running.deadline };
                    running
                }
                other => {
                    let refusal = Refusal::State { from: other.name(), to };
                    *state = other;
                    return Err(refusal);
                }
            }
        };
        self.complete(running, payload, function_error, "");
        Ok(())
    }

    /// The process reports that it cannot start.
    pub(crate) fn init_failed(&self, posted: Failure, leave_by: EpochMillis) -> Result<(), Refusal> {
        match &mut *self.state() {
            State::Starting { failure: failure @ None, limit, .. } => {
                *failure = Some(posted);
                *limit = leave_by.min(*limit);
                Ok(())
            }
            other => Err(Refusal::State { from: other.name(), to: "InitError" }),
        }
    }

    fn complete(&self, running: Running, payload: Bytes, function_error: bool, platform_line: &str) {
        let log_tail = running.caller.tail.then(|| self.log_tail(&running, platform_line));
        self.log.report(&running.request_id, || {
            // What it has printed comes before the report.
            if let Some(logs) = self.logs.get() {
                logs.drain();
            }
            self.report(&running)
        });
        running.caller.complete(Ok(Completed { payload, function_error, log_tail }));
        self.pool.running_ended();
    }

    fn report(&self, running: &Running) -> String {
        running.report_lines(self.version.function.memory_size, self.max_memory_mb())
    }

    fn max_memory_mb(&self) -> Option<u64> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        match *memory {
            Some(known) if known.looked.elapsed() < MEMORY_LOOK => known.max_mb,
            _ => {
                let max_mb = max_memory_mb(self.process_id.load(Ordering::Relaxed));
                *memory = Some(Memory { looked: Instant::now(), max_mb });
                max_mb
            }
        }
    }

    /// A line of Lambda's own about a failure.
    pub(crate) fn platform_line(&self, request_id: &str, line: &str) {
        self.log.write(LineKind::Platform, request_id, line);
    }

    fn log_tail(&self, running: &Running, platform_line: &str) -> Bytes {
        let report = self.report(running);
        let after = if platform_line.is_empty() { report } else { format!("{platform_line}\n{report}") };
        match self.logs.get() {
            Some(logs) => {
                logs.drain();
                logs.tail(&running.start_line(&self.version.number), &after)
            }
            None => (running.start_line(&self.version.number) + &after).into(),
        }
    }

    /// When [`overdue`](Self::overdue) is to be asked next.
    ///
    /// An environment that is not at work is looked at once per timeout: an invocation that begins in the meantime has
    /// a later deadline than that, so no invocation needs a timer of its own.
    pub(crate) fn wake_at(&self, now: EpochMillis, keep_idle: EpochMillis) -> EpochMillis {
        match &*self.state() {
            State::Starting { limit, .. } => (now + self.version.timeout_millis()).min(*limit),
            State::Idle { since, .. } => (now + self.version.timeout_millis()).min(since + keep_idle),
            State::Running(Running { deadline, .. }) | State::Responded { deadline } => *deadline,
            State::Stopped => now + 1000,
        }
    }

    /// Whether the process must go now. An idle environment takes no more work after that.
    pub(crate) fn overdue(&self, now: EpochMillis, keep_idle: EpochMillis) -> Option<Overdue> {
        let mut state = self.state();
        match &*state {
            State::Starting { limit, attached: None, .. } if *limit <= now => Some(Overdue::Start),
            State::Starting { limit, .. } if *limit <= now => Some(Overdue::Invocation),
            State::Idle { since, .. } if since + keep_idle <= now => {
                *state = State::Stopped;
                Some(Overdue::Idle)
            }
            State::Running(Running { deadline, .. }) | State::Responded { deadline } if *deadline <= now => {
                Some(Overdue::Invocation)
            }
            _ => None,
        }
    }

    /// Asks the supervisor to end the process, unless it is at work; `force` ends that too.
    pub(crate) fn stop(&self, force: bool) {
        let mut state = self.state();
        let at_work = matches!(&*state, State::Running(_) | State::Starting { attached: Some(_), .. });
        if at_work && !force {
            return;
        }
        let former = std::mem::replace(&mut *state, State::Stopped);
        drop(state);
        let stopped = || InvokeError::Service("the function was stopped: Ferrogate is shutting down".to_owned());
        match former {
            State::Running(running) => {
                running.caller.complete(Err(stopped()));
                self.pool.running_ended();
            }
            State::Starting { attached: Some(work), .. } => work.refuse(stopped()),
            _ => {}
        }
        self.stopped.notify_one();
    }

    /// Ends a process that has not served yet, or only waits for its next event: its code is no longer current.
    pub(crate) fn retire_unless_busy(&self) {
        if matches!(&*self.state(), State::Starting { attached: None, .. } | State::Idle { .. }) {
            self.stop(false);
        }
    }

    /// Waits for [`stop`](Self::stop).
    pub(crate) async fn stopped(&self) {
        self.stopped.notified().await;
    }

    /// The process is gone: whoever still waits for it learns why. Returns what befell a start that was under way.
    pub(crate) fn ended(&self, failure: Failure) -> Option<Failure> {
        let former = std::mem::replace(&mut *self.state(), State::Stopped);
        match former {
            State::Running(running) => {
                let line = failure.log_line(&running.request_id).unwrap_or_default();
                self.platform_line(&running.request_id, &line);
                let payload = failure.payload(&running.request_id);
                self.complete(running, payload, true, &line);
                None
            }
            State::Starting { attached, failure: posted, .. } => {
                let failure = posted.unwrap_or(failure);
                match attached {
                    Some(work) => {
                        let id = &work.event.request_id;
                        self.platform_line(id, &failure.log_line(id).unwrap_or_default());
                        work.fail(&failure);
                        None
                    }
                    None => Some(failure),
                }
            }
            _ => None,
        }
    }

    /// Whether the process has never called `next`.
    pub(crate) fn is_starting(&self) -> bool {
        matches!(&*self.state(), State::Starting { .. })
    }
}

impl State {
    fn name(&self) -> &'static str {
        match self {
            State::Starting { failure: Some(_), .. } => "InitError",
            State::Starting { .. } => "Started",
            State::Idle { .. } => "Ready",
            State::Running(_) => "Running",
            State::Responded { .. } => "ResponseSent",
            State::Stopped => "Exited",
        }
    }
}

/// The most memory that the process has had, where the system tells.
fn max_memory_mb(process_id: i32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes.div_ceil(1024))
}
