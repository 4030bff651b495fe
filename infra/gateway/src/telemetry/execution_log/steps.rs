//! The lines of AWS's steps, each worded once: as recordings of execution logs have them.

use serde_json::Value;

use super::text::title_case;
use super::{ExecutionLog, java_map, masked, shown, shown_headers};
use crate::clock::iso8601;
use crate::compile::{FunctionRef, SourceArn};
use crate::gateway::Gateway;
use crate::proxy::CallError;

/// What a method is called with, as its client sent it.
pub(crate) struct MethodRequest<'a> {
    pub(crate) http_method: &'a str,
    /// Without the stage.
    pub(crate) path: &'a str,
    pub(crate) path_parameters: &'a [(&'a str, std::borrow::Cow<'a, str>)],
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

impl ExecutionLog {
    /// The first line of a request whose method is known.
    pub(crate) fn began(&mut self, extended_request_id: &str) {
        self.info(|| format!("Extended Request Id: {extended_request_id}"));
    }

    /// An authorizer is asked about a caller, whom these values identify.
    pub(crate) fn authorizer_began(&mut self, id: &str, identity: &[&str]) {
        self.info_with(|request_id| format!("Starting authorizer: {id} for request: {request_id}"));
        if !identity.is_empty() {
            self.info(|| {
                let shown: Vec<String> = identity.iter().map(|value| masked(value)).collect();
                format!("Incoming identity: {}", shown.join(", "))
            });
        }
        for value in identity {
            self.hide(value);
        }
    }

    /// An authorizer has said what its caller may; whether that is enough is another matter.
    pub(crate) fn authorizer_answered(&mut self, principal: Option<&str>) {
        if let Some(principal) = principal {
            self.info(|| format!("Using valid authorizer policy for principal: {}", masked(principal)));
        }
        self.info(|| "Successfully completed authorizer execution".to_owned());
    }

    /// An authorizer failed, and so did the request.
    pub(crate) fn authorizer_failed(&mut self) {
        self.error(|| "Execution failed due to configuration error: Authorizer error".to_owned());
    }

    /// The caller is not known, or not let in.
    pub(crate) fn unauthorized(&mut self) {
        if self.is_on() {
            let line = format!("Unauthorized request: {}", self.request_id);
            self.error(|| line);
        }
    }

    /// The API key is looked at, if the request has one that counts.
    pub(crate) fn usage_plan_began(&mut self, key: Option<&str>, stage: &str) {
        self.info_with(|request_id| {
            let key = key.map(masked).unwrap_or_default();
            format!("Verifying Usage Plan for request: {request_id}. API Key: {key} API Stage: {stage}")
        });
    }

    /// The method, `GET /users`, asks for no key. The two spaces are AWS's.
    pub(crate) fn needs_no_key(&mut self, method: &str) {
        self.info(|| {
            format!(
                "API Key  authorized because method '{method}' does not require API Key. Request will not contribute to \
                 throttle or quota limits"
            )
        });
    }

    /// The key, if there is one, may call on.
    pub(crate) fn usage_plan_passed(&mut self, key: Option<&str>, stage: &str) {
        self.info(|| {
            let key = key.map(masked).unwrap_or_default();
            format!("Usage Plan check succeeded for API Key {key} and API Stage {stage}")
        });
    }

    /// The key is missing, or of no plan for the stage.
    pub(crate) fn key_refused(&mut self, key: Option<&str>, method: &str, stage: &str) {
        self.error(|| {
            let why = match key {
                Some(_) => "No Usage Plan found for key and API Stage",
                None => "No API Key was sent",
            };
            let key = key.map(masked).unwrap_or_default();
            format!(
                "API Key {key} not authorized because method '{method}' requires API Key and API Key is not associated with \
                 a Usage Plan for API Stage {stage}: {why}"
            )
        });
    }

    /// The method's own work begins.
    pub(crate) fn execution_began(&mut self, request: &MethodRequest<'_>) {
        self.info_with(|request_id| format!("Starting execution for request: {request_id}"));
        self.info(|| format!("HTTP Method: {}, Resource Path: {}", request.http_method, request.path));
        self.data(|| {
            let parameters = request.path_parameters.iter().map(|(name, value)| (*name, &**value));
            format!("Method request path: {}", java_map(parameters))
        });
        self.data(|| format!("Method request query string: {}", java_map(request.query.iter().copied())));
        self.data(|| format!("Method request headers: {}", shown_headers(request.headers.iter().copied())));
        self.data(|| format!("Method request body before transformations: {}", shown(request.body)));
    }

    /// What a function is sent.
    pub(crate) fn function_called(
        &mut self,
        gateway: &Gateway,
        function: &FunctionRef,
        source: &SourceArn,
        event: &[u8],
    ) {
        if !self.traces_data() {
            return;
        }
        let qualifier = function.qualifier.as_ref().map(|qualifier| format!(":{qualifier}")).unwrap_or_default();
        let function = function.identifier();
        let region = &gateway.region;
        let uri =
            format!("https://lambda.{region}.amazonaws.com/2015-03-31/functions/{function}{qualifier}/invocations");
        let source = source.within(region, &gateway.account_id);
        let api_id = source.split(':').nth(5).and_then(|resource| resource.split('/').next()).unwrap_or_default();
        // `20261122T125700Z`
        let iso = iso8601(gateway.clock.now());
        let date: String = iso.split('.').next().unwrap_or_default().chars().filter(|c| !"-:".contains(*c)).collect();
        let (date, agent) = (format!("{date}Z"), format!("AmazonAPIGateway_{api_id}"));
        let request_id = self.request_id.clone();
        self.data(|| format!("Endpoint request URI: {uri}"));
        self.data(|| {
            // Without AWS's signature: nothing is signed on the way to a function here.
            let headers = [
                ("x-amzn-lambda-integration-tag", &*request_id),
                ("X-Amz-Date", &date),
                ("x-amzn-apigateway-api-id", api_id),
                ("X-Amz-Source-Arn", &source),
                ("Accept", "application/json"),
                ("User-Agent", &agent),
            ];
            format!("Endpoint request headers: {}", java_map(headers))
        });
        self.data(|| format!("Endpoint request body after transformations: {}", shown(event)));
        self.data(|| format!("Sending request to {uri}"));
    }

    /// What a function has answered, in whatever way it ended.
    pub(crate) fn function_answered(&mut self, millis: i64, payload: &[u8]) {
        self.data(|| format!("Received response. Status: 200, Integration latency: {millis} ms"));
        self.data(|| {
            let length = payload.len().to_string();
            format!(
                "Endpoint response headers: {}",
                java_map([("Content-Type", "application/json"), ("Content-Length", &length)])
            )
        });
        self.data(|| format!("Endpoint response body before transformations: {}", shown(payload)));
    }

    /// What any other endpoint is sent.
    pub(crate) fn endpoint_called<'h>(
        &mut self,
        uri: &str,
        headers: impl Iterator<Item = (&'h str, &'h str)>,
        body: &[u8],
    ) {
        self.data(|| format!("Endpoint request URI: {uri}"));
        self.data(|| format!("Endpoint request headers: {}", shown_headers(headers)));
        self.data(|| format!("Endpoint request body after transformations: {}", shown(body)));
        self.data(|| format!("Sending request to {uri}"));
    }

    /// What it has answered.
    pub(crate) fn endpoint_answered<'h>(
        &mut self,
        status: u16,
        millis: i64,
        headers: impl Iterator<Item = (&'h str, &'h str)>,
        body: &[u8],
    ) {
        self.data(|| format!("Received response. Status: {status}, Integration latency: {millis} ms"));
        self.data(|| format!("Endpoint response headers: {}", shown_headers(headers)));
        self.data(|| format!("Endpoint response body before transformations: {}", shown(body)));
    }

    /// Why a function gave no result.
    pub(crate) fn function_failed(&mut self, error: &CallError) {
        self.error(|| match error {
            CallError::TimedOut { .. } => "Execution failed due to a timeout error".to_owned(),
            CallError::AccessDenied { .. } => {
                "Execution failed due to configuration error: Invalid permissions on Lambda function".to_owned()
            }
            // The function's own words, which AWS logs too.
            CallError::Function { message, .. } => {
                format!("Lambda execution failed with status 200 due to customer function error: {message}.")
            }
            error => format!("Execution failed due to configuration error: {error}"),
        });
    }

    /// What an authorizer's function has answered.
    pub(crate) fn authorizer_result(&mut self, payload: &[u8]) {
        self.data(|| format!("Authorizer result body before parsing: {}", shown(payload)));
    }

    /// What went wrong between the method and what it is integrated with.
    pub(crate) fn failed(&mut self, reason: &str) {
        self.error(|| reason.to_owned());
    }

    /// The integration's response goes to the client.
    pub(crate) fn completed<'h>(
        &mut self,
        status: u16,
        headers: impl Iterator<Item = (&'h str, &'h str)>,
        body: &[u8],
        endpoint_request_id: Option<&str>,
    ) {
        self.data(|| format!("Method response body after transformations: {}", shown(body)));
        self.data(|| format!("Method response headers: {}", response_headers(headers)));
        self.info(|| "Successfully completed execution".to_owned());
        self.info(|| format!("Method completed with status: {status}"));
        if let Some(id) = endpoint_request_id {
            self.info(|| format!("AWS Integration Endpoint RequestId : {id}"));
        }
    }

    /// An answer of the gateway's own goes to the client.
    pub(crate) fn refused<'h>(
        &mut self,
        response_type: &str,
        status: u16,
        headers: impl Iterator<Item = (&'h str, &'h str)>,
        body: &[u8],
    ) {
        if !response_type.is_empty() {
            self.error(|| format!("Gateway response type: {response_type} with status code: {status}"));
            self.data(|| format!("Gateway response body: {}", shown(body)));
            self.data(|| format!("Gateway response headers: {}", response_headers(headers)));
        }
        self.info(|| format!("Method completed with status: {status}"));
    }

    /// The claims of a user pool's token were believed.
    pub(crate) fn token_believed(&mut self, claims: &serde_json::Map<String, Value>) {
        let subject = claims.get("sub").and_then(Value::as_str);
        self.authorizer_answered(subject);
    }
}

/// A response's headers, in the case in which AWS shows them.
fn response_headers<'h>(headers: impl Iterator<Item = (&'h str, &'h str)>) -> String {
    let headers: Vec<_> = headers.map(|(name, value)| (title_case(name), value)).collect();
    shown_headers(headers.iter().map(|(name, value)| (name.as_str(), *value)))
}
