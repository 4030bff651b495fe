//! AWS JSON 1.0 and 1.1: `X-Amz-Target: {prefix}.{operation}`, a JSON body each way.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use serde_json::{Map, Value};

use super::super::call::{ApiError, Input, Output};
use super::super::service_model::{Operation, ServiceModel};
use super::timestamps::Format;
use super::{JsonVersion, error_members, malformed, reply, values};
use crate::server::{ClientRequest, Reply};

/// The operation's name: what follows the last dot of the target.
pub(super) fn operation(request: &ClientRequest) -> String {
    let target = request.headers.get("x-amz-target").unwrap_or_default();
    target.rsplit_once('.').map_or(target, |(_, operation)| operation).to_owned()
}

pub(super) fn decode(model: &ServiceModel, operation: &Operation, request: &ClientRequest) -> Result<Input, ApiError> {
    let body: Value = match request.body.as_ref() {
        [] => Value::Object(Map::new()),
        body => serde_json::from_slice(body).map_err(|error| malformed(format!("the body is no JSON: {error}")))?,
    };
    let Value::Object(body) = body else { return Err(malformed("the body must be a JSON object")) };
    let Some(input) = &operation.input else { return Ok(Input::default()) };
    let members = values::structure(model, model.shape(input), &body, "", 0).map_err(malformed)?;
    Ok(Input { members, payload: bytes::Bytes::new() })
}

pub(super) fn encode(model: &ServiceModel, operation: &Operation, output: Output, version: JsonVersion) -> Reply {
    let body = match &operation.output {
        Some(shape) => values::encode_structure(model, model.shape(shape), &output.members, Format::Unix),
        None => Map::new(),
    };
    reply(content_type(version), Value::Object(body).to_string())
}

pub(super) fn encode_error(model: &ServiceModel, error: &ApiError, status: u16, version: JsonVersion) -> Reply {
    let mut body = Map::new();
    body.insert("__type".to_owned(), error.code.clone().into());
    body.append(&mut error_members(model, error));
    let mut reply = reply(content_type(version), Value::Object(body).to_string());
    if model.metadata.service_id == "CloudWatch" {
        super::query_error(&mut reply, model, error, status);
    }
    reply
}

fn content_type(version: JsonVersion) -> &'static str {
    match version {
        JsonVersion::V1_0 => "application/x-amz-json-1.0",
        JsonVersion::V1_1 => "application/x-amz-json-1.1",
    }
}
