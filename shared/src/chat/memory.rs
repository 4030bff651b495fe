//! A push that delivers nowhere and remembers everything, for tests.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::time::Instant;

use super::{Frame, Push, PushError};
use crate::{BoxFuture, domain::ConnectionId};

/// A frame that was delivered.
#[derive(Clone, Debug)]
pub struct Sent {
    /// To which connection.
    pub to: String,
    /// The frame's JSON.
    pub frame: Value,
    /// When.
    pub at: Instant,
}

#[derive(Debug, Default)]
struct State {
    sent: Vec<Sent>,
    gone: HashSet<String>,
    failing: HashSet<String>,
    delays: HashMap<String, Duration>,
    delay_all: Duration,
    at_once: usize,
    most_at_once: usize,
}

/// See the module's description.
#[derive(Debug, Default)]
pub struct RecordingPush {
    state: Mutex<State>,
}

impl RecordingPush {
    /// Everything delivered so far, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.lock().sent.clone()
    }

    /// The frames that one connection got, in order.
    pub fn sent_to(&self, id: &str) -> Vec<Value> {
        self.lock().sent.iter().filter(|sent| sent.to == id).map(|sent| sent.frame.clone()).collect()
    }

    /// How many posts were under way at the same time, at most.
    pub fn most_at_once(&self) -> usize {
        self.lock().most_at_once
    }

    /// This connection is no more.
    pub fn gone(&self, id: &str) {
        self.lock().gone.insert(id.to_owned());
    }

    /// Nothing arrives at this connection.
    pub fn fail(&self, id: &str) {
        self.lock().failing.insert(id.to_owned());
    }

    /// This connection takes its time.
    pub fn delay(&self, id: &str, by: Duration) {
        self.lock().delays.insert(id.to_owned(), by);
    }

    /// All connections take their time.
    pub fn delay_all(&self, by: Duration) {
        self.lock().delay_all = by;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Push for RecordingPush {
    fn post<'a>(&'a self, to: &'a ConnectionId, frame: Frame) -> BoxFuture<'a, Result<(), PushError>> {
        Box::pin(async move {
            let id = to.as_str();
            let delay = {
                let mut state = self.lock();
                state.at_once += 1;
                state.most_at_once = state.most_at_once.max(state.at_once);
                state.delays.get(id).copied().unwrap_or(state.delay_all)
            };
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let mut state = self.lock();
            state.at_once -= 1;
            if state.gone.contains(id) {
                return Err(PushError::Gone);
            }
            if state.failing.contains(id) {
                return Err(PushError::Failed("told to".into()));
            }
            let frame = serde_json::from_slice(&frame).map_err(|error| PushError::Failed(error.to_string()))?;
            state.sent.push(Sent { to: id.to_owned(), frame, at: Instant::now() });
            Ok(())
        })
    }
}
