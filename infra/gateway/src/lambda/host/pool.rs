//! The execution environments of one function: which of them takes an invocation, when another one is started, and
//! when one must go.
//!
//! An idle environment waits in a stack, the most recently used on top. Where none is idle, work waits in one queue
//! and an environment that calls `next` takes from its head without waking anybody else. Lock order: the pool, then
//! an environment; no lock is held across an await.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::environment::{Environment, Ready, Refusal};
use super::failure::{Failure, error_object};
use super::limits::Limits;
use super::shared::Shared;
use super::supervisor;
use super::version::{Code, Version};
use super::work::{Caller, Completed, Delivery, Work};
use crate::clock::EpochMillis;
use crate::lambda::InvokeError;

/// Lambda's bound for a start.
const INIT_LIMIT_MILLIS: EpochMillis = 10_000;

/// How many times longer a call waits before one more environment is started where there are two for each processor
/// already. A call that waits for its turn among fast ones is served no sooner by more processes: they only take the
/// processors from each other. One that waits this long waits for slow ones.
const CROWD_PATIENCE: u32 = 6;

/// The environments of one function.
pub(crate) struct Pool {
    name: String,
    shared: Arc<Shared>,
    limits: Arc<Limits>,
    state: Mutex<PoolState>,
    running: AtomicUsize,
}

struct PoolState {
    version: Arc<Version>,
    closed: bool,
    idle: Vec<Parked>,
    queue: VecDeque<Queued>,
    /// Every environment whose process may be alive, former versions' included.
    environments: HashMap<u64, Arc<Environment>>,
    /// Those of the current version.
    current: usize,
    /// Those of the current version that have not called `next` yet.
    starting: usize,
}

struct Queued {
    work: Work,
    since: Instant,
}

/// An environment whose process waits in a call of `next`.
struct Parked {
    environment: Arc<Environment>,
    next: oneshot::Sender<Delivery>,
}

impl Parked {
    fn hand(self, work: Work, now: EpochMillis) -> Result<(), Box<Work>> {
        if self.next.is_closed() {
            return Err(Box::new(work));
        }
        let deadline = now + self.environment.version.timeout_millis();
        let delivery = self.environment.begin(work, deadline)?;
        match self.next.send(delivery) {
            Ok(()) => Ok(()),
            // It hung up in this very moment. If the work is gone too, its caller has been answered.
            Err(delivery) => self.environment.take_back(delivery, now).map_or(Ok(()), |work| Err(Box::new(work))),
        }
    }
}

/// What a process that calls `next` gets.
pub(crate) enum Next {
    /// An event.
    Deliver(Delivery),
    /// An event, once there is one. Never, if the environment is retired meanwhile.
    Wait(oneshot::Receiver<Delivery>),
    /// Nothing: its code is no longer current and its process is about to be ended.
    Retired,
    /// An error.
    Refused(Refusal),
}

impl Pool {
    pub(crate) fn new(name: &str, shared: Arc<Shared>, limits: Arc<Limits>, version: Version) -> Arc<Self> {
        let state = PoolState {
            version: Arc::new(version),
            closed: false,
            idle: Vec::new(),
            queue: VecDeque::new(),
            environments: HashMap::new(),
            current: 0,
            starting: 0,
        };
        Arc::new(Pool { name: name.to_owned(), shared, limits, state: Mutex::new(state), running: AtomicUsize::new(0) })
    }

    fn state(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn version(&self) -> Arc<Version> {
        self.state().version.clone()
    }

    /// Runs one invocation.
    pub(crate) async fn run(
        self: &Arc<Self>,
        event: super::work::Event,
        tail: bool,
        stream: Option<mpsc::Sender<Bytes>>,
    ) -> Result<Completed, InvokeError> {
        let permit = self.limits.enter()?;
        if self.limits.reserved().is_none() && self.shared.is_full() {
            return Err(throttled("ConcurrentInvocationLimitExceeded"));
        }
        let (outcome, mut answer) = oneshot::channel();
        let waiting = self.submit(Work { event, caller: Caller { outcome, tail, stream, permit } })?;
        if waiting {
            let patience = self.shared.settings.scale_out_after;
            for wait in [patience, patience * CROWD_PATIENCE] {
                match tokio::time::timeout(wait, &mut answer).await {
                    Ok(answer) => return answer.unwrap_or_else(|_| Err(lost())),
                    Err(_) => self.scale_out(&mut self.state()),
                }
            }
        }
        answer.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Gives work to an idle environment, or queues it; whether it had to be queued.
    fn submit(self: &Arc<Self>, mut work: Work) -> Result<bool, InvokeError> {
        let now = self.shared.settings.clock.running();
        let mut state = self.state();
        if state.closed || self.shared.is_closing() {
            return Err(InvokeError::Service(format!("{} is being stopped", self.name)));
        }
        if let Code::Broken { message } = &state.version.code {
            let payload = error_object("Runtime.BuildError", message);
            work.caller.complete(Ok(Completed { payload, function_error: true, log_tail: None }));
            return Ok(false);
        }
        while let Some(parked) = state.idle.pop() {
            match parked.hand(work, now) {
                Ok(()) => return Ok(false),
                Err(back) => work = *back,
            }
        }
        if state.queue.len() >= self.shared.settings.max_waiting {
            return Err(throttled("ConcurrentInvocationLimitExceeded"));
        }
        state.queue.push_back(Queued { work, since: Instant::now() });
        self.scale_out(&mut state);
        Ok(true)
    }

    /// `environment`'s process has called `next`.
    pub(crate) fn next(self: &Arc<Self>, environment: &Arc<Environment>) -> Next {
        let now = self.shared.settings.clock.running();
        let mut state = self.state();
        let current = Arc::ptr_eq(&state.version, &environment.version);
        let attached = match environment.ready(now) {
            Ok(Ready::First(attached)) => {
                if current {
                    state.starting -= 1;
                }
                attached
            }
            Ok(Ready::Again) => None,
            Err(refusal) => return Next::Refused(refusal),
        };
        let timeout = environment.version.timeout_millis();
        let work = match attached {
            Some(attached) => Some(*attached),
            None if !current || state.closed => {
                environment.stop(false);
                return Next::Retired;
            }
            None => state.take_work().map(|work| (work, now + timeout)),
        };
        let next = match work.map(|(work, deadline)| environment.begin(work, deadline)) {
            Some(Ok(delivery)) => Next::Deliver(delivery),
            // It was idle a moment ago, so it is being stopped.
            Some(Err(work)) => {
                state.queue.push_front(Queued { work: *work, since: Instant::now() });
                Next::Retired
            }
            None => {
                let (next, event) = oneshot::channel();
                state.idle.retain(|parked| parked.environment.id != environment.id);
                state.idle.push(Parked { environment: environment.clone(), next });
                Next::Wait(event)
            }
        };
        self.scale_out(&mut state);
        next
    }

    /// Starts environments for work that waits: at once where there are none, otherwise when the wait shows that the
    /// busy ones are not about to become free, and never more at a time than there are processors to start them.
    fn scale_out(self: &Arc<Self>, state: &mut PoolState) {
        if state.closed || matches!(state.version.code, Code::Broken { .. }) {
            return;
        }
        let settings = &self.shared.settings;
        let most = settings.max_environments.min(self.limits.reserved().unwrap_or(usize::MAX));
        while state.starting < state.queue.len() && state.current < most {
            let oldest = state.queue.front().map(|queued| queued.since.elapsed());
            let crowded = state.current >= 2 * self.shared.processors;
            let patience = settings.scale_out_after * if crowded { CROWD_PATIENCE } else { 1 };
            let pressed =
                oldest.is_some_and(|waited| waited >= patience) && state.starting < self.shared.processors.max(2);
            if state.current > 0 && !pressed {
                return;
            }
            let limit = settings.clock.running() + INIT_LIMIT_MILLIS;
            self.start(state, limit, None);
        }
    }

    fn start(self: &Arc<Self>, state: &mut PoolState, limit: EpochMillis, attached: Option<Work>) {
        let id = self.shared.environment_id();
        let environment = Arc::new(Environment::new(id, state.version.clone(), self.clone(), limit, attached));
        state.current += 1;
        state.starting += 1;
        state.environments.insert(id, environment.clone());
        let alive = self.shared.alive();
        self.shared.runtime.spawn(async move {
            supervisor::run(environment).await;
            drop(alive);
        });
    }

    /// A start has failed: the caller who has waited longest is told, as it would have been that one's environment.
    pub(crate) fn start_failed(&self, environment: &Environment, failure: &Failure) {
        let mut state = self.state();
        let current = Arc::ptr_eq(&state.version, &environment.version);
        let work = if current { state.take_work() } else { None };
        drop(state);
        let request_id = work.as_ref().map_or("", |work| &work.event.request_id);
        environment.platform_line(request_id, &failure.log_line(request_id).unwrap_or_default());
        if let Some(work) = work {
            work.fail(failure);
            self.shared.look_again();
        }
    }

    /// A start has taken too long: it is tried again within the invocation that has waited longest, and counts towards
    /// that one's timeout, as on AWS.
    pub(crate) fn start_overdue(self: &Arc<Self>, environment: &Environment) {
        environment.platform_line("", "INIT_REPORT Init Duration: 10000.00 ms Phase: init Status: timeout");
        let mut state = self.state();
        if !Arc::ptr_eq(&state.version, &environment.version) {
            return;
        }
        if let Some(work) = state.take_work() {
            let limit = self.shared.settings.clock.running() + environment.version.timeout_millis();
            self.start(&mut state, limit, Some(work));
        }
    }

    /// An environment's process has ended.
    pub(crate) fn gone(self: &Arc<Self>, environment: &Environment, was_starting: bool) {
        let mut state = self.state();
        state.environments.remove(&environment.id);
        state.idle.retain(|parked| parked.environment.id != environment.id);
        if Arc::ptr_eq(&state.version, &environment.version) {
            state.current -= 1;
            state.starting -= usize::from(was_starting);
        }
        self.scale_out(&mut state);
    }

    /// Goes over to another version: running invocations finish, everything else is done by the new one.
    pub(crate) fn swap(self: &Arc<Self>, version: Version) {
        let mut state = self.state();
        state.version = Arc::new(version);
        state.current = 0;
        state.starting = 0;
        state.idle.clear();
        for environment in state.environments.values() {
            environment.retire_unless_busy();
        }
        self.scale_out(&mut state);
    }

    /// Takes no more work: what waits is refused, what runs may finish.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.idle.clear();
        let waiting = std::mem::take(&mut state.queue);
        for environment in state.environments.values() {
            environment.retire_unless_busy();
        }
        drop(state);
        for queued in waiting {
            queued.work.refuse(InvokeError::Service(format!("{} is being stopped", self.name)));
        }
    }

    /// Ends every environment, whatever it is doing.
    pub(crate) fn stop(&self) {
        self.close();
        // Callers are answered outside the lock.
        let environments: Vec<_> = self.state().environments.values().cloned().collect();
        for environment in environments {
            environment.stop(true);
        }
    }

    /// Whether nothing runs and nothing waits.
    pub(crate) fn is_quiet(&self) -> bool {
        self.running.load(Ordering::Acquire) == 0 && self.state().queue.is_empty()
    }

    /// How many environments there are.
    pub(crate) fn environments(&self) -> usize {
        self.state().environments.len()
    }

    /// How many environments wait for work.
    #[cfg(test)]
    pub(crate) fn idle(&self) -> usize {
        self.state().idle.len()
    }

    /// How many environments are at work.
    #[cfg(test)]
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }

    pub(crate) fn running_began(&self) {
        self.running.fetch_add(1, Ordering::AcqRel);
        self.shared.work_began();
    }

    pub(crate) fn running_ended(&self) {
        self.running.fetch_sub(1, Ordering::AcqRel);
        self.shared.work_ended();
    }
}

impl PoolState {
    /// The work that has waited longest, without that of callers who have gone away.
    fn take_work(&mut self) -> Option<Work> {
        while let Some(queued) = self.queue.pop_front() {
            if !queued.work.abandoned() {
                return Some(queued.work);
            }
        }
        None
    }
}

fn throttled(reason: &'static str) -> InvokeError {
    InvokeError::TooManyRequests { reason }
}

fn lost() -> InvokeError {
    InvokeError::Service("the invocation was lost: its environment has ended without a word".to_owned())
}
