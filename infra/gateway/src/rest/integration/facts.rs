//! What is measured of an integration: how long its endpoint took, and what it answered.

use super::super::error::GatewayError;
use crate::clock::{Clock, EpochMillis};
use crate::server::Reply;
use crate::telemetry::IntegrationFacts;

/// An integration under way.
pub(super) struct Facts<'c> {
    clock: &'c Clock,
    began: EpochMillis,
    latency_millis: Option<i64>,
    status: Option<u16>,
}

impl<'c> Facts<'c> {
    pub(super) fn begin(clock: &'c Clock) -> Self {
        Facts { clock, began: clock.now(), latency_millis: None, status: None }
    }

    /// The endpoint is called now: what came before was the gateway's own work.
    pub(super) fn call(&mut self) {
        self.began = self.clock.now();
    }

    /// It has answered, or has not in time. Gives the milliseconds that it took.
    pub(super) fn answered(&mut self) -> i64 {
        *self.latency_millis.insert(self.clock.now() - self.began)
    }

    /// What it answered with, where that is not the method's own status.
    pub(super) fn status(&mut self, status: u16) {
        self.status = Some(status);
    }

    pub(super) fn end(self, reply: &Result<Reply, GatewayError>) -> IntegrationFacts {
        IntegrationFacts {
            latency_millis: self.latency_millis.unwrap_or_else(|| self.clock.now() - self.began),
            status: self.status.or_else(|| reply.as_ref().ok().map(|reply| reply.status().as_u16())),
            error: reply.as_ref().err().map(GatewayError::integration_error),
        }
    }
}
