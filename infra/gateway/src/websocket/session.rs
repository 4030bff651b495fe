//! What everything that happens on one connection needs.

use std::sync::Arc;

use super::connection::Connection;
use super::connections::{Connections, Place};
use crate::compile::websocket::Snapshot;
use crate::gateway::Gateway;

/// A connection with its surroundings; shared by its socket and by its messages under way.
#[derive(Clone)]
pub(super) struct Session {
    /// Clock, functions, identity.
    pub(super) gateway: Gateway,
    /// The registry it is in.
    pub(super) connections: Arc<Connections>,
    /// The connection.
    pub(super) connection: Arc<Connection>,
    /// The stage it connected to, as it was then.
    pub(super) connected_to: Arc<Snapshot>,
    /// Held until the last message and `$disconnect` are done.
    pub(super) _place: Arc<Place>,
}

impl Session {
    /// The connection's stage as it is now; as it was at connect, if it is gone.
    pub(super) fn newest(&self) -> Arc<Snapshot> {
        let newest = self.connections.published(&self.connection.api_id);
        let newest = newest.and_then(|api| api.stages.get(&self.connection.stage).cloned());
        newest.unwrap_or_else(|| self.connected_to.clone())
    }
}
