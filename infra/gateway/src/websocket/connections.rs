//! The registry of open connections.
//!
//! Sharded, so that a broadcast to thousands and the connects and disconnects beside it do not queue for one lock; no lock
//! is held while anything waits.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::connection::Connection;
use super::ending::Ending;
use crate::server::WebSocketPlane;

/// AWS has no cap on open connections; a process has, and says so with a 429 rather than by running out of memory.
const MAX_CONNECTIONS: usize = 100_000;
const SHARDS: usize = 32;

/// Some of the connections, by id.
type Shard = RwLock<HashMap<String, Arc<Connection>>>;

/// Every open connection of every WebSocket API.
#[derive(Debug)]
pub struct Connections {
    shards: Box<[Shard]>,
    hasher: RandomState,
    /// Connections and pending connects, down to the end of their `$disconnect`.
    places: Arc<watch::Sender<usize>>,
    max: usize,
    closing: AtomicBool,
    /// The APIs by API id.
    published: ArcSwap<HashMap<String, Arc<WebSocketPlane>>>,
}

impl Default for Connections {
    fn default() -> Self {
        Connections::with_max(MAX_CONNECTIONS)
    }
}

/// A connection's place among the bounded number; given back when dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<watch::Sender<usize>>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.send_modify(|places| *places -= 1);
    }
}

impl Connections {
    /// A registry of at most `max` connections.
    pub(super) fn with_max(max: usize) -> Self {
        Connections {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
            places: Arc::new(watch::Sender::new(0)),
            max,
            closing: AtomicBool::new(false),
            published: ArcSwap::default(),
        }
    }

    /// Makes this the API that the open connections of its id use from now on. Those whose stage is gone are closed with
    /// 1001; the others stay open, and their next message takes the new routes.
    pub fn publish(&self, api: Arc<WebSocketPlane>) {
        let former = self.change(|published| published.insert(api.api_id.clone(), api.clone())).flatten();
        if former.is_some_and(|former| former.stages.keys().any(|stage| !api.stages.contains_key(stage))) {
            self.end_orphans(&api.api_id);
        }
    }

    /// Closes the connections of this API with 1001; there is no such API any more.
    pub fn withdraw(&self, api_id: &str) {
        if self.published.load().contains_key(api_id) {
            self.change(|published| published.remove(api_id));
            self.end_orphans(api_id);
        }
    }

    /// The API as it is now.
    pub(crate) fn published(&self, api_id: &str) -> Option<Arc<WebSocketPlane>> {
        self.published.load().get(api_id).cloned()
    }

    /// Changes the published APIs; gives what the last, decisive run of `change` gave.
    fn change<R>(&self, mut change: impl FnMut(&mut HashMap<String, Arc<WebSocketPlane>>) -> R) -> Option<R> {
        let mut outcome = None;
        self.published.rcu(|published| {
            let mut next = HashMap::clone(published);
            outcome = Some(change(&mut next));
            next
        });
        outcome
    }

    /// Ends the connections of this API whose stage is not served.
    fn end_orphans(&self, api_id: &str) {
        for connection in self.all() {
            if connection.api_id == api_id && !self.is_served(&connection) {
                connection.end(Ending::GoingAway);
            }
        }
    }

    fn is_served(&self, connection: &Connection) -> bool {
        let published = self.published.load();
        published.get(&connection.api_id).is_some_and(|api| api.stages.contains_key(&connection.stage))
    }

    /// How many connections are open.
    pub fn count(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Closes every connection with `code`, refuses new ones, and waits until their messages and `$disconnect` invocations
    /// are done, but no longer than `within`. Returns how many were not.
    pub async fn close_all(&self, code: u16, within: Duration) -> usize {
        self.closing.store(true, Ordering::SeqCst);
        for connection in self.all() {
            connection.end(Ending::Shutdown(code));
        }
        let mut places = self.places.subscribe();
        let done = places.wait_for(|places| *places == 0);
        // The sender lives in `self`, so the only way not to get there is the deadline.
        let _ = tokio::time::timeout(within, done).await;
        *self.places.borrow()
    }

    /// Whether [`Connections::close_all`] has begun.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// A place for one more connection, or `None` at the bound.
    pub(super) fn reserve(&self) -> Option<Place> {
        let taken = self.places.send_if_modified(|places| {
            let free = *places < self.max;
            *places += usize::from(free);
            free
        });
        taken.then(|| Place(self.places.clone()))
    }

    /// Makes a connection reachable.
    pub(super) fn insert(&self, connection: Arc<Connection>) {
        self.shard(&connection.id)
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(connection.id.clone(), connection.clone());
        // After the insertion: either this sees the flag, or `close_all` sees the connection.
        if self.is_closing() {
            connection.end(Ending::Shutdown(1001));
        }
        // The same: its stage may have gone while `$connect` ran.
        if !self.is_served(&connection) {
            connection.end(Ending::GoingAway);
        }
    }

    /// The connection, if it is open.
    pub(super) fn get(&self, id: &str) -> Option<Arc<Connection>> {
        self.shard(id).read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Makes a connection unreachable.
    pub(super) fn remove(&self, id: &str) {
        self.shard(id).write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    fn all(&self) -> Vec<Arc<Connection>> {
        let shards = self.shards.iter();
        shards
            .flat_map(|shard| {
                shard.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect::<Vec<_>>()
            })
            .collect()
    }

    fn shard(&self, id: &str) -> &Shard {
        // SHARDS fits both types; the remainder is below it.
        &self.shards[(self.hasher.hash_one(id) % SHARDS as u64) as usize]
    }
}
