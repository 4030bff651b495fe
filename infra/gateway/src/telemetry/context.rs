//! `$context`: what access logs and gateway responses may say of a request, and of what each phase made of it.
//!
//! What a name has no value for is `None`, which logs show as `-`: client certificates, VPC endpoints, WAF, custom domains
//! and the TLS of AWS's edge are not here. `identity.apiKey` is a secret, and in no log either.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html>

use std::borrow::Cow;

use serde_json::Value;

use super::exchange::Exchange;
use crate::clock::request_time;

impl Exchange<'_> {
    /// The value of `$context.{name}`.
    pub(crate) fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        if let Some((phase, name)) = name.split_once('.') {
            match phase {
                "authenticate" => return self.authenticate(name),
                "authorize" => return self.authorize(name),
                "authorizer" => return self.authorizer(name),
                "error" => return self.error_variable(name),
                "identity" => return self.identity(name),
                "integration" => return self.integration(name),
                _ => {}
            }
        }
        let trail = self.trail;
        let text = |text: &str| Some(Cow::Owned(text.to_owned()));
        match name {
            "requestId" | "connection.requestId" => Some(self.request_id.into()),
            "extendedRequestId" => Some(
                if self.extended_request_id.is_empty() { self.request_id } else { self.extended_request_id }.into(),
            ),
            "accountId" => Some((&*self.gateway.account_id).into()),
            "apiId" | "domainPrefix" => Some(self.api_id.into()),
            "domainName" => text(&self.gateway.domain_name(self.api_id)),
            "endpointType" => trail.stage.map(|stage| stage.endpoint_type().into()),
            "stage" => Some(trail.stage_name.into()),
            "deploymentId" => Some(trail.deployment_id.into()),
            "isCanaryRequest" => trail.canary.map(|canary| if canary { "true" } else { "false" }.into()),
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
            "awsEndpointRequestId" => self.integration("requestId"),
            "integrationLatency" => self.integration("latency"),
            // Of Lambda, rather than of the function.
            "integrationStatus" => self.integration("integrationStatus"),
            "integrationErrorMessage" => self.integration("error"),
            "ip" => self.identity("sourceIp"),
            "connectionId" => Some(self.connection?.id.into()),
            "connectedAt" => number(self.connection?.connected_at),
            "eventType" => Some(self.connection?.event_type.into()),
            "messageDirection" => self.connection.map(|_| "IN".into()),
            _ => None,
        }
    }

    fn identity(&self, name: &str) -> Option<Cow<'_, str>> {
        let iam = self.trail.iam.as_ref();
        match name {
            "sourceIp" => Some(self.source_ip.into()),
            "userAgent" => self.user_agent.map(Cow::Borrowed),
            "accountId" => Some(iam?.account_id.as_str().into()),
            "accessKey" => Some(iam?.access_key.as_str().into()),
            "caller" => Some(iam?.caller.as_str().into()),
            "user" => Some(iam?.user.as_str().into()),
            "userArn" => Some(iam?.user_arn.as_str().into()),
            "apiKeyId" => self.trail.api_key_id.as_deref().map(|id| Cow::Owned(id.to_owned())),
            _ => None,
        }
    }

    fn integration(&self, name: &str) -> Option<Cow<'_, str>> {
        let facts = self.trail.integration;
        match name {
            "latency" => number(facts?.latency_millis),
            "status" => number(facts?.status?.into()),
            "integrationStatus" => number(self.trail.endpoint_status.or(facts?.status)?.into()),
            "error" => facts?.error.map(Cow::Borrowed),
            "requestId" => self.trail.endpoint_request_id.as_deref().map(Cow::Borrowed),
            _ => None,
        }
    }

    fn error_variable(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            "message" => self.error_message().map(Cow::Owned),
            "messageString" => Some(Value::String(self.error_message()?).to_string().into()),
            "responseType" => self.error.map(|error| error.response_type.into()),
            "validationErrorString" => self.trail.validation_error.as_deref().map(Cow::Borrowed),
            _ => None,
        }
    }

    /// The text of the gateway's own answer.
    fn error_message(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(self.error?.body.unwrap_or(self.body)).ok()?;
        let message = body.get("message").or_else(|| body.get("Message"))?;
        message.as_str().map(str::to_owned)
    }

    /// The type of the gateway's own answer; empty where there is none.
    fn refusal(&self) -> &str {
        self.error.map_or("", |error| error.response_type)
    }

    /// Whether the caller is known and may not: HTTP and WebSocket APIs have no types of answers.
    fn denied(&self) -> bool {
        let untyped = self.error.is_some() && self.refusal().is_empty() && self.status == 403;
        self.refusal() == "ACCESS_DENIED" || (untyped && self.trail.authorizer.is_some())
    }

    /// Who has signed the request.
    fn authenticate(&self, name: &str) -> Option<Cow<'_, str>> {
        let bad = matches!(self.refusal(), "INVALID_SIGNATURE" | "EXPIRED_TOKEN");
        let good = self.trail.iam.is_some() || (self.denied() && self.trail.authorizer.is_none());
        self.phase(name, if bad { Some(403) } else { good.then_some(200) })
    }

    /// Whether whoever it is may call the method.
    fn authorize(&self, name: &str) -> Option<Cow<'_, str>> {
        let known = self.trail.iam.is_some() || self.trail.authorizer.is_some();
        self.phase(name, if self.denied() { Some(403) } else { known.then_some(200) })
    }

    /// A phase within the gateway, which takes less than a millisecond.
    fn phase(&self, name: &str, status: Option<i64>) -> Option<Cow<'_, str>> {
        match name {
            "status" => number(status?),
            "latency" => status.map(|_| "0".into()),
            "error" => status.filter(|status| *status >= 400).and_then(|_| self.error_message()).map(Cow::Owned),
            _ => None,
        }
    }

    /// What an authorizer, of Lambda's or for tokens, said; and what it gave for the request.
    fn authorizer(&self, name: &str) -> Option<Cow<'_, str>> {
        let answer = self.trail.authorizer.as_ref();
        match name {
            "latency" | "integrationLatency" => Some(Cow::Owned(answer?.latency_millis.to_string())),
            "error" => self.trail.authorizer_error.as_deref().map(Cow::Borrowed),
            "status" => match (answer, self.refusal()) {
                (Some(_), _) => Some("200".into()),
                (None, "UNAUTHORIZED") => Some("401".into()),
                (None, "AUTHORIZER_FAILURE" | "AUTHORIZER_CONFIGURATION_ERROR") => Some("500".into()),
                (None, _) => self.trail.authorizer_error.as_ref().and_then(|_| number(self.status.into())),
            },
            "principalId" => Some(answer?.grant.principal_id.as_deref()?.into()),
            name => {
                let grant = &answer?.grant;
                let claim = || grant.token.as_ref()?.claims.get(name.strip_prefix("claims.")?);
                match claim().or_else(|| grant.context.get(name))? {
                    Value::String(value) => Some(value.as_str().into()),
                    value => Some(value.to_string().into()),
                }
            }
        }
    }
}

fn number(number: i64) -> Option<Cow<'static, str>> {
    Some(Cow::Owned(number.to_string()))
}
