//! What everything that happens on one connection needs.

use std::sync::Arc;

use super::connection::Connection;
use super::connections::{Connections, Place};
use crate::compile::websocket::{Snapshot, Stage};
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
    /// The deployment it connected to.
    pub(super) connected_to: Arc<Snapshot>,
    /// The stage it connected to, in that deployment.
    pub(super) connected_stage: Arc<Stage>,
    /// Held until the last message and `$disconnect` are done.
    pub(super) _place: Arc<Place>,
}

impl Session {
    /// The newest deployment of the connection's stage; the one it connected to, if that stage is gone.
    pub(super) fn newest(&self) -> (Arc<Snapshot>, Arc<Stage>) {
        let newest = self.connections.deployed(&self.connection.api_id).and_then(|api| {
            let stage = api.stages.get(&self.connection.stage)?.clone();
            Some((api, stage))
        });
        newest.unwrap_or_else(|| (self.connected_to.clone(), self.connected_stage.clone()))
    }
}
