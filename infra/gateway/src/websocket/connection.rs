//! One open connection, as everybody but its own socket sees it.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::{Notify, mpsc};

use super::ending::Ending;
use super::outbox::{Outbox, Outgoing};
use crate::authorize::IamCaller;
use crate::clock::EpochMillis;
use crate::proxy::Authorized;

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// `connectionId`
    pub(super) id: String,
    /// The API it belongs to.
    pub(super) api_id: String,
    /// The stage it belongs to.
    pub(super) stage: String,
    /// `connectedAt`
    pub(super) connected_at: EpochMillis,
    /// `identity.sourceIp`
    pub(super) source_ip: IpAddr,
    /// `identity.userAgent`, if the client sent one.
    pub(super) user_agent: Option<String>,
    /// Whom `$connect` has let in.
    pub(super) admitted: Admitted,
    /// Messages on their way to the client.
    pub(super) outbox: Outbox,
    last_active_at: AtomicI64,
    ending: OnceLock<Ending>,
    asked_to_end: Notify,
}

/// Whom `$connect` has let in, for all the connection's events: a later answer changes no open connection.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    /// Who has signed the upgrade request, where the route asks for it.
    pub(super) iam: Option<IamCaller>,
    /// What the authorizer answered, where the route has one.
    pub(super) authorizer: Option<Authorized>,
}

impl Connection {
    /// A connection that has just been accepted, and the receiving side of its queue.
    pub(super) fn new(
        id: String,
        api_id: String,
        stage: String,
        connected_at: EpochMillis,
        source_ip: IpAddr,
        user_agent: Option<String>,
        admitted: Admitted,
    ) -> (Connection, mpsc::Receiver<Outgoing>) {
        let (outbox, receiver) = Outbox::new();
        let connection = Connection {
            id,
            api_id,
            stage,
            connected_at,
            source_ip,
            user_agent,
            admitted,
            outbox,
            last_active_at: AtomicI64::new(connected_at),
            ending: OnceLock::new(),
            asked_to_end: Notify::new(),
        };
        (connection, receiver)
    }

    /// When a frame last went through, in either direction.
    pub(super) fn last_active_at(&self) -> EpochMillis {
        self.last_active_at.load(Ordering::Relaxed)
    }

    /// Notes that a frame went through.
    pub(super) fn active(&self, now: EpochMillis) {
        // Not the latest of all: the clock may have been moved backwards.
        self.last_active_at.store(now, Ordering::Relaxed);
    }

    /// Asks its socket to end; the first ending counts.
    pub(super) fn end(&self, ending: Ending) {
        if self.ending.set(ending).is_ok() {
            // Kept for the socket if it is not waiting yet.
            self.asked_to_end.notify_one();
        }
    }

    /// Waits until somebody asks it to end.
    pub(super) async fn asked_to_end(&self) -> Ending {
        loop {
            if let Some(ending) = self.ending.get() {
                return ending.clone();
            }
            self.asked_to_end.notified().await;
        }
    }
}
