//! AWS's wire protocols: a request becomes an [`Input`], an [`Output`] or [`ApiError`] becomes a reply, by the service's
//! model. Each protocol is one file; what the two JSON ones share is in `values`.

mod cbor;
mod compressed;
mod json;
mod query;
mod query_json;
mod rest_json;
mod timestamps;
mod values;

pub(crate) use self::compressed::unpacked;
pub(crate) use self::values::lower_first;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;

use super::call::{ApiError, Input, Output};
use super::service_model::{Operation, ServiceModel};
use crate::server::{ClientRequest, Reply};

/// How a request is written, and so its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Method and path name the operation; the rest is spread over path, query, headers and a JSON body.
    RestJson,
    /// `X-Amz-Target` names the operation; the body is JSON. The version is the client's own, for `Content-Type`.
    Json(JsonVersion),
    /// `Action` in a form names the operation; answers are XML, or JSON where the client accepts nothing else.
    Query(QueryAnswers),
    /// `/service/{service}/operation/{operation}` with `Smithy-Protocol: rpc-v2-cbor`.
    RpcV2Cbor,
}

/// `application/x-amz-json-1.0` or `-1.1`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonVersion {
    V1_0,
    V1_1,
}

/// How the Query protocol answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryAnswers {
    Xml,
    Json,
}

/// An operation that a request names.
pub(crate) enum Named<'m, 'r> {
    /// One of the model's, with the path's labels.
    Known(&'m Operation, Vec<(&'m str, &'r str)>),
    /// None of the model's.
    Unknown(String),
}

impl Protocol {
    /// How `request` is written.
    pub(crate) fn of(request: &ClientRequest) -> Protocol {
        let content_type = request.headers.get("content-type").unwrap_or_default();
        if request.headers.get("smithy-protocol") == Some("rpc-v2-cbor") {
            Protocol::RpcV2Cbor
        } else if request.headers.get("x-amz-target").is_some() {
            Protocol::Json(if content_type.contains("1.1") { JsonVersion::V1_1 } else { JsonVersion::V1_0 })
        } else if content_type.starts_with("application/x-www-form-urlencoded")
            || request.raw_query.split('&').any(|pair| pair.starts_with("Action="))
        {
            // No SDK asks for it; API Gateway's integrations do, and the services oblige.
            let json = request.headers.get("accept") == Some("application/json");
            Protocol::Query(if json { QueryAnswers::Json } else { QueryAnswers::Xml })
        } else {
            Protocol::RestJson
        }
    }

    /// The operation that `request` names.
    pub(crate) fn operation<'m, 'r>(self, model: &'m ServiceModel, request: &'r ClientRequest) -> Named<'m, 'r> {
        if self == Protocol::RestJson {
            return match model.route(request.method.as_str(), &request.raw_path, &request.raw_query) {
                Some((operation, labels)) => Named::Known(operation, labels),
                None => Named::Unknown(format!("{} {}", request.method, request.raw_path)),
            };
        }
        let name = match self {
            Protocol::Json(_) => json::operation(request),
            Protocol::Query(_) => query::operation(request),
            _ => cbor::operation(request),
        };
        match model.operations.get(&name) {
            Some(operation) => Named::Known(operation, Vec::new()),
            None => Named::Unknown(name),
        }
    }

    /// Reads the operation's input.
    ///
    /// # Errors
    /// `SerializationException` or the protocol's own where the request is not of its form, with what and where.
    pub(crate) fn decode(
        self,
        model: &ServiceModel,
        operation: &Operation,
        labels: &[(&str, &str)],
        request: &ClientRequest,
    ) -> Result<Input, ApiError> {
        match self {
            Protocol::RestJson => rest_json::decode(model, operation, labels, request),
            Protocol::Json(_) => json::decode(model, operation, request),
            Protocol::Query(_) => query::decode(model, operation, request),
            Protocol::RpcV2Cbor => cbor::decode(model, operation, request),
        }
    }

    /// Writes the operation's output.
    pub(crate) fn encode(self, model: &ServiceModel, operation: &Operation, output: Output, request_id: &str) -> Reply {
        let mut reply = match self {
            Protocol::RestJson => rest_json::encode(model, operation, output),
            Protocol::Json(version) => json::encode(model, operation, output, version),
            Protocol::Query(QueryAnswers::Xml) => query::encode(model, operation, output, request_id),
            Protocol::Query(QueryAnswers::Json) => query_json::encode(model, operation, output, request_id),
            Protocol::RpcV2Cbor => cbor::encode(model, operation, output),
        };
        header(&mut reply, "x-amzn-requestid", request_id);
        reply
    }

    /// Writes an error.
    pub(crate) fn encode_error(self, model: &ServiceModel, error: &ApiError, request_id: &str) -> Reply {
        let status = error.status.or_else(|| model.error_status(&error.code)).unwrap_or(400);
        let mut reply = match self {
            Protocol::RestJson => rest_json::encode_error(model, error, status),
            Protocol::Json(version) => json::encode_error(model, error, status, version),
            Protocol::Query(QueryAnswers::Xml) => query::encode_error(model, error, status, request_id),
            Protocol::Query(QueryAnswers::Json) => query_json::encode_error(model, error, status, request_id),
            Protocol::RpcV2Cbor => cbor::encode_error(model, error, status),
        };
        *reply.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_REQUEST);
        header(&mut reply, "x-amzn-requestid", request_id);
        reply
    }
}

/// What a request of the wrong form gets.
fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::new("SerializationException", message)
}

/// The code that the Query protocol has for an error that a handler calls by its shape's name or by its code.
fn wire_code<'a>(model: &'a ServiceModel, code: &'a str) -> &'a str {
    let error = model.shapes.get(code).and_then(|shape| shape.error.as_ref());
    error.and_then(|error| error.code.as_deref()).unwrap_or(code)
}

/// Tells clients of a service that once spoke Query the code that it had there: they know errors by it.
fn query_error(reply: &mut Reply, model: &ServiceModel, error: &ApiError, status: u16) {
    let fault = if status < 500 { "Sender" } else { "Receiver" };
    header(reply, "x-amzn-query-error", &format!("{};{fault}", wire_code(model, &error.code)));
}

/// A reply with a body of this type.
fn reply(content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Reply::new(body.into());
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// Sets a header; a value that cannot be one is left out.
fn header(reply: &mut Reply, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        reply.headers_mut().insert(name, value);
    }
}

/// An error's members as its shape has them: the message under the shape's own name for it, `Type` where it has one.
fn error_members(model: &ServiceModel, error: &ApiError) -> serde_json::Map<String, Value> {
    let shape = model.shapes.get(&error.code);
    let mut members = serde_json::Map::new();
    let mut message = "message";
    if let Some(shape) = shape {
        for (name, member) in &shape.members {
            let wire = member.location_name.as_deref().unwrap_or(name);
            if name.eq_ignore_ascii_case("message") {
                message = wire;
            } else if let Some(value) = error.members.get(name) {
                members.insert(wire.to_owned(), value.clone());
            } else if name == "Type" && model.metadata.service_id == "Lambda" {
                let client = error.status.or_else(|| model.error_status(&error.code)).unwrap_or(400) < 500;
                members.insert(wire.to_owned(), if client { "User" } else { "Service" }.into());
            }
        }
    }
    members.insert(message.to_owned(), error.message.clone().into());
    members
}
