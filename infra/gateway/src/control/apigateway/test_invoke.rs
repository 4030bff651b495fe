//! `TestInvokeMethod` and `TestInvokeAuthorizer`: the API as it is defined now, deployed or not, on a stage of its own for
//! the time of one request. The request goes the data plane's own way; a recorder in front of the functions sees what they
//! were sent and what they answered.

mod authorizer;
mod log;
mod method;
mod recorder;

use serde_json::Value;

use super::super::call::{ApiError, Call, Entry, op_async};
use super::errors::bad_request;
use crate::compile::rest::compile;
use crate::gateway::Gateway;
use crate::model::{RestApi, Stage};
use crate::server::{ClientRequest, Headers, Reply, RestPlane};

pub(super) const OPERATIONS: &[Entry] =
    &[op_async("TestInvokeMethod", method::invoke), op_async("TestInvokeAuthorizer", authorizer::invoke)];

/// A definition under test.
struct Test {
    api: RestApi,
    /// AWS's own name for the stage.
    stage: &'static str,
    verb: String,
    /// With its query, from behind the stage.
    path: String,
}

/// What came of a test.
struct Tested {
    reply: Reply,
    request_id: String,
    /// The execution's log.
    lines: Vec<String>,
    /// What the compiler had to say of the definition.
    warnings: Vec<String>,
}

/// Sends the call's request through the data plane.
///
/// # Errors
/// When the definition cannot be deployed, with the reason.
async fn run(call: &Call<'_>, gateway: Gateway, test: Test) -> Result<Tested, ApiError> {
    let variables = call.member("stageVariables").cloned().map(serde_json::from_value);
    let variables = variables.transpose().map_err(ApiError::internal)?.unwrap_or_default();
    let stage = Stage { stage_name: test.stage.to_owned(), variables, ..Stage::default() };
    let snapshot = compile(&test.api, &stage).map_err(|error| bad_request(error.to_string()))?;
    let plane = RestPlane::new(&*test.api.id, gateway).with_stage(snapshot);
    let (path, query) = test.path.split_once('?').unwrap_or((&test.path, ""));
    let request = ClientRequest {
        method: test.verb.parse().map_err(|_| bad_request("Invalid HTTP method specified"))?,
        raw_path: format!("/{}{path}", test.stage),
        raw_query: query.to_owned(),
        headers: headers(call),
        body: call.text("body").to_owned().into(),
        source_ip: std::net::Ipv4Addr::LOCALHOST.into(),
        port: call.request.port,
        secure: call.request.secure,
    };
    let path = request.raw_path.clone();
    let (reply, lines) = crate::rest::serve_logged(&plane, &path, &request).await;
    let request_id = reply.headers().get("x-amzn-requestid").and_then(|id| id.to_str().ok()).unwrap_or_default();
    Ok(Tested { request_id: request_id.to_owned(), lines, warnings: plane.warnings(), reply })
}

/// `headers` and `multiValueHeaders`; where both have one, the latter counts.
fn headers(call: &Call<'_>) -> Headers {
    let map = |name: &str| call.member(name).and_then(Value::as_object).into_iter().flatten();
    let several = || map("multiValueHeaders");
    let mut headers = Vec::new();
    for (name, value) in map("headers") {
        if !several().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            headers.push((name.clone(), value.as_str().unwrap_or_default().to_owned()));
        }
    }
    for (name, values) in several() {
        let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
        headers.extend(values.map(|value| (name.clone(), value.to_owned())));
    }
    Headers(headers)
}

#[cfg(test)]
mod tests;
