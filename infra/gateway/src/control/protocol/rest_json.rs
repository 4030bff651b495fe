//! REST with JSON bodies (`apigateway`, `apigatewayv2`, `lambda`).
//!
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html>

use serde_json::{Map, Value};

use super::super::call::{ApiError, Input, Output};
use super::super::service_model::{Location, Member, Operation, ServiceModel, ShapeType, percent_decoded};
use super::timestamps::{self, Format};
use super::{error_members, header, malformed, reply, values};
use crate::server::{ClientRequest, Reply};

pub(super) fn decode(
    model: &ServiceModel,
    operation: &Operation,
    labels: &[(&str, &str)],
    request: &ClientRequest,
) -> Result<Input, ApiError> {
    let Some(input) = &operation.input else { return Ok(Input::default()) };
    let shape = model.shape(input);
    let mut decoded = Input::default();
    for (name, member) in &shape.members {
        let wire = member.location_name.as_deref().unwrap_or(name);
        let value = match member.location {
            Some(Location::Uri) => {
                let label = labels.iter().find(|(label, _)| *label == wire);
                label.map(|(_, value)| text_value(model, member, &percent_decoded(value), wire)).transpose()?
            }
            Some(Location::QueryString) => from_query(model, member, wire, &shape.members, &request.raw_query)?,
            Some(Location::Header) => {
                let value = request.headers.get(wire);
                value.map(|value| text_value(model, member, value, wire)).transpose()?
            }
            Some(Location::Headers) => {
                let prefix = wire.to_ascii_lowercase();
                let headers = request.headers.iter().filter_map(|(key, value)| {
                    let key = key.to_ascii_lowercase();
                    Some((key.strip_prefix(&prefix)?.to_owned(), Value::from(value)))
                });
                Some(Value::Object(headers.collect()))
            }
            Some(Location::StatusCode) | None => None,
        };
        if let Some(value) = value {
            decoded.members.insert(name.clone(), value);
        }
    }
    match shape.payload.as_deref().and_then(|name| Some((name, shape.members.get(name)?))) {
        Some((name, member)) => match model.shape(member).kind {
            ShapeType::Blob | ShapeType::String => decoded.payload = request.body.clone(),
            _ => {
                let body = object(&request.body)?;
                let value = values::decode(model, member, &Value::Object(body), name, 0).map_err(malformed)?;
                decoded.members.insert(name.to_owned(), value);
            }
        },
        None if shape.members.values().any(|member| member.location.is_none()) => {
            let body = object(&request.body)?;
            let mut members = values::structure(model, shape, &body, "", 0).map_err(malformed)?;
            decoded.members.append(&mut members);
        }
        None => {}
    }
    Ok(decoded)
}

fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(malformed("the body must be a JSON object")),
        Err(error) => Err(malformed(format!("the body is no JSON: {error}"))),
    }
}

fn from_query(
    model: &ServiceModel,
    member: &Member,
    wire: &str,
    siblings: &indexmap::IndexMap<String, Member>,
    query: &str,
) -> Result<Option<Value>, ApiError> {
    let pairs = || {
        query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |text: &str| percent_decoded(&text.replace('+', " "));
            (plain(key), plain(value))
        })
    };
    let shape = model.shape(member);
    match shape.kind {
        ShapeType::List => {
            let Some(of) = &shape.member else { return Ok(None) };
            let values = pairs().filter(|(key, _)| key == wire).map(|(_, value)| text_value(model, of, &value, wire));
            let values: Vec<Value> = values.collect::<Result<_, _>>()?;
            Ok((!values.is_empty()).then_some(Value::Array(values)))
        }
        ShapeType::Map => {
            // All parameters that no other member takes.
            let taken = |key: &str| {
                siblings.iter().any(|(name, other)| {
                    other.location == Some(Location::QueryString)
                        && !std::ptr::eq(other, member)
                        && other.location_name.as_deref().unwrap_or(name) == key
                })
            };
            let entries = pairs().filter(|(key, _)| !taken(key)).map(|(key, value)| (key, Value::from(value)));
            Ok(Some(Value::Object(entries.collect())))
        }
        _ => pairs().find(|(key, _)| key == wire).map(|(_, value)| text_value(model, member, &value, wire)).transpose(),
    }
}

/// A value that stands as text in a path, query or header.
fn text_value(model: &ServiceModel, member: &Member, text: &str, wire: &str) -> Result<Value, ApiError> {
    values::decode_text(model.shape(member), text, wire).map_err(malformed)
}

pub(super) fn encode(model: &ServiceModel, operation: &Operation, output: Output) -> Reply {
    let mut status = output.status.unwrap_or(operation.http.response_code);
    let Some(member) = &operation.output else {
        let mut empty = Reply::default();
        *empty.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::OK);
        return empty;
    };
    let shape = model.shape(member);
    let payload = shape.payload.as_deref().and_then(|name| Some((name, shape.members.get(name)?)));
    let mut encoded = match payload {
        Some((name, member)) if !matches!(model.shape(member).kind, ShapeType::Blob | ShapeType::String) => {
            let value = output.members.get(name).and_then(|value| values::encode(model, member, value, Format::Unix));
            reply("application/json", value.unwrap_or_else(|| Value::Object(Map::new())).to_string())
        }
        Some(_) => reply("application/octet-stream", output.payload),
        None => {
            let body = values::encode_structure(model, shape, &output.members, Format::Unix);
            reply("application/json", Value::Object(body).to_string())
        }
    };
    for (name, member) in &shape.members {
        let wire = member.location_name.as_deref().unwrap_or(name);
        let Some(value) = output.members.get(name) else { continue };
        match member.location {
            Some(Location::Header) => match value {
                Value::String(text) => header(&mut encoded, wire, text),
                Value::Number(millis) if model.shape(member).kind == ShapeType::Timestamp => {
                    let text = timestamps::encode(millis.as_i64().unwrap_or_default(), Format::Rfc822);
                    header(&mut encoded, wire, text.as_str().unwrap_or_default());
                }
                Value::Number(_) | Value::Bool(_) => header(&mut encoded, wire, &value.to_string()),
                _ => {}
            },
            Some(Location::StatusCode) => {
                status = value.as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(status);
            }
            _ => {}
        }
    }
    *encoded.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::OK);
    encoded
}

pub(super) fn encode_error(model: &ServiceModel, error: &ApiError, _status: u16) -> Reply {
    let mut encoded = reply("application/json", Value::Object(error_members(model, error)).to_string());
    header(&mut encoded, "x-amzn-errortype", &error.code);
    encoded
}
