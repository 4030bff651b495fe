//! What each event of a connection leaves for metrics and the access log, whatever came of it.

use std::net::IpAddr;

use super::integrate::Failure;
use crate::clock::EpochMillis;
use crate::compile::websocket::Snapshot;
use crate::gateway::Gateway;
use crate::proxy::Authorized;
use crate::telemetry::{ConnectionFacts, ErrorFacts, Exchange, IntegrationFacts, Trail};

/// One event of a connection that is over.
pub(super) struct Observed<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) stage: &'a Snapshot,
    pub(super) api_id: &'a str,
    pub(super) connection: ConnectionFacts<'a>,
    pub(super) route_key: &'a str,
    pub(super) request_id: &'a str,
    pub(super) trace: &'a str,
    pub(super) began_at: EpochMillis,
    pub(super) source_ip: IpAddr,
    pub(super) user_agent: Option<&'a str>,
    /// 200, or the status that a client of HTTP would be told.
    pub(super) status: u16,
    pub(super) body: &'a [u8],
    pub(super) integration: Option<IntegrationFacts>,
    pub(super) authorizer: Option<Authorized>,
}

impl Observed<'_> {
    /// Counts it and logs it.
    pub(super) fn observe(self) {
        let trail = Trail {
            stage: Some(&self.stage.telemetry),
            stage_name: &self.stage.stage_name,
            route_key: self.route_key,
            // Every integration is a function, and Lambda has answered.
            endpoint_status: self.integration.and_then(|integration| integration.status).map(|_| 200),
            integration: self.integration,
            authorizer: self.authorizer,
            ..Trail::default()
        };
        Exchange {
            gateway: self.gateway,
            api_id: self.api_id,
            request_id: self.request_id,
            extended_request_id: self.request_id,
            trace: self.trace,
            began_at: self.began_at,
            ended_at: self.gateway.clock.now(),
            source_ip: &self.source_ip.to_string(),
            user_agent: self.user_agent,
            status: self.status,
            body: self.body,
            error: (self.status >= 400).then_some(ErrorFacts { response_type: "", body: None }),
            connection: Some(self.connection),
            trail: &trail,
        }
        .observe();
    }
}

/// What came of a call that began at `began_at`.
pub(super) fn called<T>(
    gateway: &Gateway,
    began_at: EpochMillis,
    outcome: &Result<T, Failure>,
    status: impl FnOnce(&T) -> u16,
) -> IntegrationFacts {
    IntegrationFacts {
        latency_millis: gateway.clock.now() - began_at,
        status: outcome.as_ref().ok().map(status),
        error: outcome.as_ref().err().map(Failure::message),
    }
}
