//! The method's response of a non-proxy integration: selected, mapped, converted, transformed, overridden.

use std::cell::OnceCell;

use ::http::header::CONTENT_TYPE;
use ::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;

use super::super::error::GatewayError;
use super::content;
use super::mapping::{Mapping, header_value};
use super::request_parameters::{common, parse_body};
use super::request_values::text_of;
use crate::compile::rest::{MappedResponse, ResponseMapping, ResponseSource};
use crate::proxy::{Integrated, MAX_BODY_BYTES, name_for_client};
use crate::server::{Headers, Reply};
use crate::telemetry::ExecutionLog;

/// What an endpoint answered.
#[derive(Clone, Debug, Default)]
pub(super) struct EndpointAnswer {
    pub(super) status: u16,
    /// As the endpoint spells them.
    pub(super) headers: Headers,
    pub(super) body: Bytes,
}

/// Makes the method's response of an endpoint's answer. `selector` is what selection patterns are matched with: a function's
/// error message, and the status of everything else.
pub(super) fn respond_mapped(
    mapping: &mut Mapping<'_>,
    declared: &ResponseMapping,
    selector: &str,
    answer: EndpointAnswer,
    log: &mut ExecutionLog,
) -> Result<Reply, GatewayError> {
    if answer.body.len() > MAX_BODY_BYTES {
        return Err(mapping.values.unusable(log, "the endpoint's answer is over 10 MB"));
    }
    let Some(selected) = declared.select(selector) else {
        let reason =
            "No match for output mapping and no default output mapping configured. Endpoint Response Status Code: ";
        return Err(mapping.values.unusable(log, &format!("{reason}{}", answer.status)));
    };
    let Some(status) = selected.status else {
        return Err(mapping.values.unusable(log, "Output mapping refers to an invalid method response"));
    };
    let mut headers = map_headers(mapping, selected, &answer, log)?;
    let request = mapping.values.call.request;
    let binary = &mapping.values.authorized.route.parsed.stage.binary_media_types;
    let accept = request.headers.get("accept");
    let is_binary = binary.matches(answer.headers.get("content-type"));
    let body = content::of_response(answer.body, is_binary, binary.matches(accept), selected.content_handling);
    let body = body.map_err(|content::NotBase64| {
        mapping
            .values
            .unusable(log, "Unable to transform response: the body is to be converted to binary and is no base64")
    })?;
    let body = match selected.templates.for_response(accept) {
        Some(template) => mapping.transform(template, body, "response", log)?,
        None => body.into_bytes(),
    };
    let status = override_with(mapping, &mut headers, status, log)?;
    // Whatever the template was for: recordings of AWS show JSON's wherever no header is mapped.
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    let mut reply = Response::new(body);
    (*reply.status_mut(), *reply.headers_mut()) = (status, headers);
    Ok(reply)
}

fn map_headers(
    mapping: &Mapping<'_>,
    selected: &MappedResponse,
    answer: &EndpointAnswer,
    log: &mut ExecutionLog,
) -> Result<HeaderMap, GatewayError> {
    let mut headers = HeaderMap::new();
    // Parsed once, and only where a parameter is taken from it.
    let parsed = OnceCell::new();
    let body = || parsed.get_or_init(|| parse_body(&answer.body)).as_ref();
    for (name, source) in &selected.parameters {
        let value = match source {
            ResponseSource::Header(wanted) => fields(&answer.headers, wanted).next_back().map(str::to_owned),
            ResponseSource::MultiValueHeader(wanted) => {
                Some(fields(&answer.headers, wanted).collect::<Vec<_>>().join(","))
            }
            ResponseSource::Body => {
                body().ok_or_else(|| mapping.values.unusable(log, "Invalid JSON in response body"))?;
                Some(String::from_utf8_lossy(answer.body.trim_ascii()).into_owned())
            }
            ResponseSource::BodyPath(path) => {
                let body = body().ok_or_else(|| mapping.values.unusable(log, "Invalid JSON in response body"))?;
                path.read(body).as_ref().and_then(text_of)
            }
            ResponseSource::Common(source) => common(&mapping.values, source),
        };
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            insert(mapping, &mut headers, name, &value, log)?;
        }
    }
    Ok(headers)
}

/// The values of a header. Mappings are case-sensitive; a name that came in small letters may have lost its case on the way
/// here, where HTTP clients give all names so, and is then as good as any spelling.
fn fields<'h>(headers: &'h Headers, wanted: &'h str) -> impl DoubleEndedIterator<Item = &'h str> {
    let same = move |name: &str| {
        name == wanted || (!name.bytes().any(|byte| byte.is_ascii_uppercase()) && name.eq_ignore_ascii_case(wanted))
    };
    headers.0.iter().filter(move |(name, _)| same(name)).map(|(_, value)| value.as_str())
}

/// Puts in what templates have set, the request's too; it wins over what is mapped. A status that is none is left out, as on
/// AWS; so is one of 1xx, which cannot be an answer.
fn override_with(
    mapping: &Mapping<'_>,
    headers: &mut HeaderMap,
    status: StatusCode,
    log: &mut ExecutionLog,
) -> Result<StatusCode, GatewayError> {
    let overrides = &mapping.overrides.response;
    for (name, value) in &overrides.header {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            insert(mapping, headers, &name, value, log)?;
        }
    }
    let wanted = overrides.status.as_deref().and_then(|status| status.parse().ok());
    let wanted = wanted.filter(|status| (200..=599).contains(status));
    Ok(wanted.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(status))
}

fn insert(
    mapping: &Mapping<'_>,
    headers: &mut HeaderMap,
    name: &HeaderName,
    value: &str,
    log: &mut ExecutionLog,
) -> Result<(), GatewayError> {
    let Some(value) = header_value(value) else {
        return Err(mapping.values.unusable(log, &format!("the value for the header {name} has control characters")));
    };
    if let Some(name) = name_for_client(Integrated::Http, name.clone()) {
        headers.insert(name, value);
    }
    Ok(())
}
