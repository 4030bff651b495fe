//! The Query protocol: a form in, XML out (`iam`, `sts`, `sns`).
//!
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use super::super::call::{ApiError, Input, Output};
use super::super::service_model::{Operation, ServiceModel};
use super::reply;
use crate::server::{ClientRequest, Reply};

/// `Action`
pub(super) fn operation(_request: &ClientRequest) -> String {
    String::new()
}

pub(super) fn decode(
    _model: &ServiceModel,
    _operation: &Operation,
    _request: &ClientRequest,
) -> Result<Input, ApiError> {
    Ok(Input::default())
}

pub(super) fn encode(_model: &ServiceModel, _operation: &Operation, _output: Output, _request_id: &str) -> Reply {
    reply("text/xml", "")
}

pub(super) fn encode_error(_model: &ServiceModel, _error: &ApiError, _status: u16, _request_id: &str) -> Reply {
    reply("text/xml", "")
}
