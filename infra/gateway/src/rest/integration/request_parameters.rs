//! The parameters of an integration's request: mapped, and overridden by templates.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping.html>

use std::cell::OnceCell;

use ::http::HeaderName;
use ferrogate_vtl::RequestOverride;
use serde_json::Value;

use super::super::error::GatewayError;
use super::mapping::{MappedRequest, header_value};
use super::request_values::{RequestValues, text_of};
use crate::compile::rest::{CommonSource, RequestParameters, RequestSource, RequestTarget};
use crate::telemetry::ExecutionLog;

/// Takes every parameter from where it is declared to come from. What is not there, or empty, is not mapped.
pub(super) fn map(
    values: &RequestValues<'_>,
    parameters: &RequestParameters,
    log: &mut ExecutionLog,
) -> Result<MappedRequest, GatewayError> {
    let mut mapped = MappedRequest::default();
    // Parsed once, however many parameters are taken from it.
    let body = OnceCell::new();
    for (target, source) in parameters {
        let found = find(values, source, &body).map_err(|InvalidBody| {
            log.error(|| "Execution failed: Invalid JSON in request body".to_owned());
            GatewayError::InvalidRequestJson
        })?;
        if found.iter().all(String::is_empty) {
            continue;
        }
        match target {
            RequestTarget::Path(name) => {
                mapped.path.insert(name.clone(), found.join(","));
            }
            RequestTarget::QueryString(name) => {
                mapped.query.insert(name.clone(), found);
            }
            RequestTarget::Header(name) => insert(&mut mapped, name.clone(), &found.join(","), log)?,
        }
    }
    Ok(mapped)
}

/// Puts in what the request's template has set; it wins over what is mapped. Names that cannot be a header's are left out.
pub(super) fn override_with(
    mapped: &mut MappedRequest,
    overrides: &RequestOverride,
    log: &mut ExecutionLog,
) -> Result<(), GatewayError> {
    for (name, value) in &overrides.header {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            insert(mapped, name, value, log)?;
        }
    }
    mapped.path.extend(overrides.path.clone());
    for (name, value) in &overrides.querystring {
        mapped.query.insert(name.clone(), vec![value.clone()]);
    }
    Ok(())
}

/// What the client put in a value becomes no header of its own: such a request is refused. AWS documents no answer for it.
fn insert(
    mapped: &mut MappedRequest,
    name: HeaderName,
    value: &str,
    log: &mut ExecutionLog,
) -> Result<(), GatewayError> {
    let Some(value) = header_value(value) else {
        log.error(|| format!("Execution failed: the value for the header {name} has control characters"));
        return Err(GatewayError::InvalidParameter);
    };
    mapped.headers.insert(name, value);
    Ok(())
}

/// The request's body begins as JSON does, and is none.
struct InvalidBody;

/// `None` is a broken one.
type ParsedBody = OnceCell<Option<Value>>;

/// All values of the source; several for a list of a query only.
fn find(values: &RequestValues<'_>, source: &RequestSource, body: &ParsedBody) -> Result<Vec<String>, InvalidBody> {
    let one = |value: Option<&str>| value.map(str::to_owned).into_iter().collect();
    Ok(match source {
        RequestSource::Path(name) => one(values.path_value(name)),
        RequestSource::QueryString(name) => one(values.query_values(name).next_back()),
        RequestSource::MultiValueQueryString(name) => values.query_values(name).map(str::to_owned).collect(),
        RequestSource::Header(name) => one(values.header_values(name).next_back()),
        RequestSource::MultiValueHeader(name) => {
            vec![values.header_values(name).collect::<Vec<_>>().join(",")]
        }
        RequestSource::Body => {
            parsed(values, body)?;
            vec![String::from_utf8_lossy(values.call.request.body.trim_ascii()).into_owned()]
        }
        RequestSource::BodyPath(path) => {
            path.read(parsed(values, body)?).as_ref().and_then(text_of).into_iter().collect()
        }
        RequestSource::Common(source) => common(values, source).into_iter().collect(),
    })
}

/// What both directions can name.
pub(super) fn common(values: &RequestValues<'_>, source: &CommonSource) -> Option<String> {
    match source {
        CommonSource::StageVariable(name) => values.stage_variable(name).map(str::to_owned),
        CommonSource::Context(name) => values.context_value(name),
        CommonSource::Static(text) => Some(text.clone()),
    }
}

fn parsed<'b>(values: &RequestValues<'_>, body: &'b ParsedBody) -> Result<&'b Value, InvalidBody> {
    body.get_or_init(|| parse_body(&values.call.request.body)).as_ref().ok_or(InvalidBody)
}

/// A body as mappings read it: JSON if it begins as JSON does, and otherwise nothing; `None` if it is broken.
pub(super) fn parse_body(body: &[u8]) -> Option<Value> {
    match body.trim_ascii().first() {
        Some(b'{' | b'[' | b'"' | b'\'') => serde_json::from_slice(body).ok(),
        _ => Some(Value::Null),
    }
}
