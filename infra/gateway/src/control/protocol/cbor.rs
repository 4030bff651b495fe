//! Smithy RPC v2 CBOR, which newer SDKs speak with `cloudwatch`.
//!
//! <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>

use super::super::call::{ApiError, Input, Output};
use super::super::service_model::{Operation, ServiceModel};
use super::reply;
use crate::server::{ClientRequest, Reply};

/// The last segment of `/service/{service}/operation/{operation}`.
pub(super) fn operation(request: &ClientRequest) -> String {
    request.raw_path.rsplit('/').next().unwrap_or_default().to_owned()
}

pub(super) fn decode(
    _model: &ServiceModel,
    _operation: &Operation,
    _request: &ClientRequest,
) -> Result<Input, ApiError> {
    Ok(Input::default())
}

pub(super) fn encode(_model: &ServiceModel, _operation: &Operation, _output: Output) -> Reply {
    reply("application/cbor", "")
}

pub(super) fn encode_error(_model: &ServiceModel, _error: &ApiError, _status: u16) -> Reply {
    reply("application/cbor", "")
}
