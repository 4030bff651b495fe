//! One request to an API as its tail knows it: the values of `$context` in access logs, and what is counted.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::execution_log::ExecutionLog;
use super::stage::StageTelemetry;
use crate::authorize::IamCaller;
use crate::clock::{EpochMillis, request_time};
use crate::gateway::Gateway;
use crate::proxy::Authorized;

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
    /// Of REST APIs whose stage asks for one.
    pub(crate) log: ExecutionLog,
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

    /// The value of `$context.{name}`.
    pub(crate) fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        let trail = self.trail;
        let text = |text: &str| Some(Cow::Owned(text.to_owned()));
        let number = |number: i64| Some(Cow::Owned(number.to_string()));
        match name {
            "requestId" | "connection.requestId" => Some(self.request_id.into()),
            "extendedRequestId" => Some(
                if self.extended_request_id.is_empty() { self.request_id } else { self.extended_request_id }.into(),
            ),
            "accountId" => Some((&*self.gateway.account_id).into()),
            "apiId" | "domainPrefix" => Some(self.api_id.into()),
            "domainName" => text(&self.gateway.domain_name(self.api_id)),
            "stage" => Some(trail.stage_name.into()),
            "deploymentId" => Some(trail.deployment_id.into()),
            "httpMethod" => Some(trail.http_method.into()),
            "path" => Some((&*trail.path).into()),
            "protocol" if !trail.http_method.is_empty() => Some("HTTP/1.1".into()),
            "requestTime" => text(&request_time(self.began_at)),
            "requestTimeEpoch" => number(self.began_at),
            "resourceId" => Some(trail.resource_id.into()),
            "resourcePath" => Some(trail.resource_path.into()),
            "routeKey" => Some(trail.route_key.into()),
            "status" => number(self.status.into()),
            "responseLength" | "dataProcessed" => text(&self.body.len().to_string()),
            "responseLatency" => number(self.ended_at - self.began_at),
            "xrayTraceId" | "connection.traceId" => Some(self.trace.into()),
            "ip" | "identity.sourceIp" => Some(self.source_ip.into()),
            "identity.accountId" => Some(trail.iam.as_ref()?.account_id.as_str().into()),
            "identity.accessKey" => Some(trail.iam.as_ref()?.access_key.as_str().into()),
            "identity.caller" => Some(trail.iam.as_ref()?.caller.as_str().into()),
            "identity.user" => Some(trail.iam.as_ref()?.user.as_str().into()),
            "identity.userArn" => Some(trail.iam.as_ref()?.user_arn.as_str().into()),
            "identity.apiKeyId" => trail.api_key_id.as_deref().map(|id| Cow::Owned(id.to_owned())),
            "identity.userAgent" => self.user_agent.map(Cow::Borrowed),
            "integrationLatency" | "integration.latency" => number(trail.integration?.latency_millis),
            "integrationStatus" | "integration.status" => number(trail.integration?.status?.into()),
            // Of Lambda, rather than of the function: it has answered.
            "integration.integrationStatus" => trail.integration?.status.map(|_| "200".into()),
            "integrationErrorMessage" | "integration.error" => trail.integration?.error.map(Cow::Borrowed),
            "error.message" => self.error_message().map(Cow::Owned),
            "error.messageString" => Some(Value::String(self.error_message()?).to_string().into()),
            "error.responseType" => self.error.map(|error| error.response_type.into()),
            "connectionId" => Some(self.connection?.id.into()),
            "connectedAt" => number(self.connection?.connected_at),
            "eventType" => Some(self.connection?.event_type.into()),
            "messageDirection" => self.connection.map(|_| "IN".into()),
            "authorizer.latency" => text(&trail.authorizer.as_ref()?.latency_millis.to_string()),
            "authorizer.error" => trail.authorizer_error.as_deref().map(Cow::Borrowed),
            "authorizer.principalId" => Some(trail.authorizer.as_ref()?.grant.principal_id.as_deref()?.into()),
            name => {
                let (grant, name) = (&trail.authorizer.as_ref()?.grant, name.strip_prefix("authorizer.")?);
                let claim = || grant.token.as_ref()?.claims.get(name.strip_prefix("claims.")?);
                match claim().or_else(|| grant.context.get(name))? {
                    Value::String(value) => Some(value.as_str().into()),
                    value => Some(value.to_string().into()),
                }
            }
        }
    }

    /// The text of the gateway's own answer.
    fn error_message(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(self.error?.body.unwrap_or(self.body)).ok()?;
        let message = body.get("message").or_else(|| body.get("Message"))?;
        message.as_str().map(str::to_owned)
    }
}
