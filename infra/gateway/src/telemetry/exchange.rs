//! One request to an API as its tail knows it, and what is counted of it.

use std::borrow::Cow;
use std::sync::Arc;

use super::execution_log::ExecutionLog;
use super::stage::StageTelemetry;
use crate::authorize::IamCaller;
use crate::clock::EpochMillis;
use crate::gateway::Gateway;
use crate::proxy::{Answered, Authorized, CallError};

/// The three kinds of API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rest,
    Http,
    WebSocket,
}

impl Kind {
    /// The metrics of the kind, with their units; [`Exchange::measures`] refers to them by position.
    pub(super) fn metrics(self) -> &'static [(&'static str, &'static str)] {
        const MILLIS: &str = "Milliseconds";
        match self {
            Kind::Rest => &[
                ("Count", "Count"),
                ("4XXError", "Count"),
                ("5XXError", "Count"),
                ("Latency", MILLIS),
                ("IntegrationLatency", MILLIS),
            ],
            Kind::Http => &[
                ("Count", "Count"),
                ("4xx", "Count"),
                ("5xx", "Count"),
                ("Latency", MILLIS),
                ("IntegrationLatency", MILLIS),
            ],
            Kind::WebSocket => &[
                ("ConnectCount", "Count"),
                ("MessageCount", "Count"),
                ("ClientError", "Count"),
                ("ExecutionError", "Count"),
                ("IntegrationError", "Count"),
                ("IntegrationLatency", MILLIS),
            ],
        }
    }
}

/// What the stages of a pipeline leave behind for the tail, as far as a request came.
#[derive(Default)]
pub(crate) struct Trail<'a> {
    /// The stage, once it is known.
    pub(crate) stage: Option<&'a StageTelemetry>,
    pub(crate) stage_name: &'a str,
    pub(crate) deployment_id: &'a str,
    pub(crate) http_method: &'a str,
    /// With the stage.
    pub(crate) path: Cow<'a, str>,
    pub(crate) resource_id: &'a str,
    /// `/users/{userId}`
    pub(crate) resource_path: &'a str,
    /// `GET /users/{userId}`, `$connect`
    pub(crate) route_key: &'a str,
    /// The authorizer's answer, whatever it says.
    pub(crate) authorizer: Option<Authorized>,
    pub(crate) iam: Option<IamCaller>,
    /// The id of the API key that was sent, where one is required. Its value is a secret and in no log.
    pub(crate) api_key_id: Option<Arc<str>>,
    /// Why an authorizer of the gateway's own refused a token.
    pub(crate) authorizer_error: Option<String>,
    /// Of REST APIs with gateway responses that may show them: percent-encoded.
    pub(crate) path_parameters: Vec<(&'a str, Cow<'a, str>)>,
    pub(crate) integration: Option<IntegrationFacts>,
    /// Whether the reply carries `X-Amzn-Trace-Id`: those of AWS, AWS_PROXY and HTTP do.
    pub(crate) traced: bool,
    /// What the endpoint itself answered with, where that is not the integration's status: 200 of Lambda, whatever the
    /// function's result says.
    pub(crate) endpoint_status: Option<u16>,
    /// The endpoint's own id of the call.
    pub(crate) endpoint_request_id: Option<String>,
    /// Of stages that have a canary: whether it answers.
    pub(crate) canary: Option<bool>,
    /// `error.validationErrorString`: what is wrong with a request that was refused for its parameters or its body.
    pub(crate) validation_error: Option<String>,
    /// Of REST APIs whose stage asks for one.
    pub(crate) log: ExecutionLog,
}

impl Trail<'_> {
    /// Notes what Lambda said of a call, and takes the call's id.
    pub(crate) fn endpoint_answered(&mut self, answer: &mut Result<Answered, CallError>) {
        match answer {
            Ok(answered) => {
                self.endpoint_status = Some(200);
                self.endpoint_request_id = Some(std::mem::take(&mut answered.request_id)).filter(|id| !id.is_empty());
            }
            // It was run, and failed.
            Err(CallError::Function { .. }) => self.endpoint_status = Some(200),
            Err(_) => {}
        }
    }
}

/// What came of the call of a method's or route's integration.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IntegrationFacts {
    pub(crate) latency_millis: i64,
    /// The status that it answered with: the function's own.
    pub(crate) status: Option<u16>,
    /// Why there is no answer, or no usable one.
    pub(crate) error: Option<&'static str>,
}

/// An answer of the gateway's own instead of the integration's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorFacts<'a> {
    /// `MISSING_AUTHENTICATION_TOKEN`, …; empty where the kind of API has none.
    pub(crate) response_type: &'a str,
    /// The gateway's own body, where the client is sent another.
    pub(crate) body: Option<&'a [u8]>,
}

/// The connection that a WebSocket API's event is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionFacts<'a> {
    pub(crate) id: &'a str,
    pub(crate) connected_at: EpochMillis,
    /// `CONNECT`, `MESSAGE` or `DISCONNECT`
    pub(crate) event_type: &'static str,
}

/// One request to an API, or one event of a connection, when it is over.
pub(crate) struct Exchange<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) api_id: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) extended_request_id: &'a str,
    pub(crate) trace: &'a str,
    pub(crate) began_at: EpochMillis,
    pub(crate) ended_at: EpochMillis,
    pub(crate) source_ip: &'a str,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) status: u16,
    /// What the client is sent.
    pub(crate) body: &'a [u8],
    pub(crate) error: Option<ErrorFacts<'a>>,
    pub(crate) connection: Option<ConnectionFacts<'a>>,
    pub(crate) trail: &'a Trail<'a>,
}

impl Exchange<'_> {
    /// Counts it and logs it, where its stage is known.
    pub(crate) fn observe(&self) {
        if let Some(stage) = self.trail.stage {
            stage.observe(self.gateway, self);
        }
    }

    /// What is counted: positions in the kind's metrics, with values.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a request")]
    pub(super) fn measures(&self) -> Vec<(usize, f64)> {
        let integration = self.trail.integration.map(|integration| integration.latency_millis.max(0) as f64);
        let flag = |yes: bool| f64::from(u8::from(yes));
        let (client, server) = ((400..500).contains(&self.status), self.status >= 500);
        let Some(connection) = self.connection else {
            let latency = self.ended_at.saturating_sub(self.began_at).max(0) as f64;
            let mut measures = vec![(0, 1.0), (1, flag(client)), (2, flag(server)), (3, latency)];
            measures.extend(integration.map(|millis| (4, millis)));
            return measures;
        };
        let failed = self.trail.integration.is_some_and(|integration| integration.error.is_some());
        let mut measures = Vec::with_capacity(5);
        match connection.event_type {
            "CONNECT" => measures.push((0, 1.0)),
            "MESSAGE" => measures.push((1, 1.0)),
            _ => {}
        }
        measures.push((2, flag(client)));
        measures.push((3, flag(server && !failed)));
        measures.push((4, flag(failed)));
        measures.extend(integration.map(|millis| (5, millis)));
        measures
    }
}
