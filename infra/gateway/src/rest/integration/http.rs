//! `HTTP`: the mapped request goes to an endpoint, and its answer becomes the response by way of the integration responses.

use std::borrow::Cow;

use ::http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use ::http::uri::PathAndQuery;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use bytes::Bytes;

use super::super::error::GatewayError;
use super::Facts;
use super::backend::BackendError;
use super::mapping::{MappedRequest, Mapping};
use super::response::{EndpointAnswer, respond_mapped};
use crate::compile::rest::{HttpTarget, Mapped, RequestMapping, RequestTarget};
use crate::gateway::Gateway;
use crate::proxy::{Integrated, MultiMap, passes_to};
use crate::server::{Headers, Reply, local_url};
use crate::telemetry::{ExecutionLog, Trail};

pub(super) async fn answer(
    mut mapping: Mapping<'_>,
    declared: &Mapped<HttpTarget>,
    facts: &mut Facts<'_>,
    trail: &mut Trail<'_>,
) -> Result<Reply, GatewayError> {
    let mut mapped = mapping.request(&declared.request, &mut trail.log)?;
    let client = mapping.values.call.request;
    let is_typed = mapped.headers.contains_key(CONTENT_TYPE);
    // The type of a body that goes on is the client's, unless the API says otherwise.
    if !is_typed
        && !mapped.body.is_empty()
        && let Ok(sent) = HeaderValue::from_str(client.headers.get("content-type").unwrap_or("application/json"))
    {
        mapped.headers.insert(CONTENT_TYPE, sent);
    }
    let verb = declared.http_method.as_deref();
    let request = request(&mapping, &declared.target, verb, &declared.request, mapped, Sent::default(), trail)?;
    let backends = &mapping.values.call.gateway.backends;
    facts.call();
    let outcome = backends.send(request, declared.target.verified, declared.timeout).await;
    let response = answered(&mapping, outcome, facts, trail)?;
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let answer = EndpointAnswer { status, headers: Headers(headers.collect()), body: response.into_body() };
    respond_mapped(&mut mapping, &declared.response, &status.to_string(), answer, &mut trail.log)
}

/// What of the client's own request goes to the endpoint: nothing, of a non-proxy integration.
#[derive(Debug, Default)]
pub(super) struct Sent<'c> {
    pub(super) headers: HeaderMap,
    /// Decoded.
    pub(super) query: Vec<(Cow<'c, str>, Cow<'c, str>)>,
}

/// The endpoint's request: the client's part of it, what is mapped on top, and what API Gateway writes itself.
pub(super) fn request(
    mapping: &Mapping<'_>,
    target: &HttpTarget,
    verb: Option<&str>,
    declared: &RequestMapping,
    mapped: MappedRequest,
    sent: Sent<'_>,
    trail: &mut Trail<'_>,
) -> Result<Request<Bytes>, GatewayError> {
    let values = &mapping.values;
    let invalid = |log: &mut ExecutionLog, reason: &str| {
        values.unusable(log, &format!("Invalid endpoint address: the integration's URI {reason}"))
    };
    let MappedRequest { path, query: mapped_query, headers: mapped_headers, body } = mapped;
    let is_mapped = |name: &str| {
        declared.parameters.iter().any(|(target, _)| matches!(target, RequestTarget::Path(path) if path == name))
    };
    let placeholder = |name: &str| match path.get(name) {
        Some(value) => Some(Cow::Borrowed(value.as_str())),
        None => is_mapped(name).then_some(Cow::Borrowed("")),
    };
    let Sent { mut headers, mut query } = sent;
    let added = mapped_query.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    query.extend(added.map(|(name, value)| (Cow::Borrowed(name.as_str()), Cow::Borrowed(value.as_str()))));
    let uri = target.endpoint.uri(placeholder, &query).map_err(|error| invalid(&mut trail.log, &error.0))?;
    let uri = local(values.call.gateway, &uri).unwrap_or(uri);

    for (name, value) in mapped_headers {
        // Its own host is the one that an API may say itself.
        if let Some(name) = name.filter(|name| *name == HOST || may_be_sent(name)) {
            headers.insert(name, value);
        }
    }
    own_headers(mapping, &mut headers);
    let verb = verb.unwrap_or(values.authorized.route.parsed.http_method);
    let method = Method::from_bytes(verb.as_bytes());
    let method = method.map_err(|_| values.unusable(&mut trail.log, &format!("{verb} is no HTTP method")))?;
    // As AWS has it, these have no body.
    let body = if matches!(method, Method::GET | Method::HEAD | Method::OPTIONS) { Bytes::new() } else { body };
    let shown = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
    trail.log.endpoint_called(&uri.to_string(), shown, &body);
    let mut request = Request::new(body);
    (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
    Ok(request)
}

/// Where the endpoint is the AWS address of an API that is served here (`https://{apiId}.execute-api.{region}.amazonaws.com`),
/// its local one: a template that names its own APIs means them.
fn local(gateway: &Gateway, uri: &Uri) -> Option<Uri> {
    let (api_id, domain) = uri.host()?.split_once(".execute-api.")?;
    let of_aws = domain.strip_suffix(".cn").unwrap_or(domain).ends_with(".amazonaws.com");
    if !of_aws || !gateway.hosted.serves(api_id) {
        return None;
    }
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    format!("{}{path}", local_url("http", gateway.port, api_id)).parse().ok()
}

/// Of mapped headers those that only a connection may have, and its proxies, are never sent.
fn may_be_sent(name: &HeaderName) -> bool {
    passes_to(Integrated::Http, name.as_str())
}

/// What API Gateway says by itself: of the way that the request came, and whose it is.
fn own_headers(mapping: &Mapping<'_>, headers: &mut HeaderMap) {
    let call = mapping.values.call;
    let mut own = MultiMap::default();
    own.push_forwarded(call.request, &call.trace);
    for (name, value) in own.into_fields() {
        // Names of this gateway's own; a value may repeat what a client has sent, which was a header's.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
            headers.insert(name, value);
        }
    }
    if let Ok(api_id) = HeaderValue::from_str(&call.api.api_id) {
        headers.insert("x-amzn-apigateway-api-id", api_id);
    }
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    if let Ok(agent) = HeaderValue::try_from(format!("AmazonAPIGateway_{}", call.api.api_id)) {
        headers.entry(USER_AGENT).or_insert(agent);
    }
}

/// Notes what came of the exchange, in the log and for whoever asks later.
pub(super) fn answered(
    mapping: &Mapping<'_>,
    outcome: Result<Response<Bytes>, BackendError>,
    facts: &mut Facts<'_>,
    trail: &mut Trail<'_>,
) -> Result<Response<Bytes>, GatewayError> {
    let millis = facts.answered();
    let response = outcome.map_err(|error| {
        super::failed(&mapping.values.authorized.route, &error.to_string());
        trail.log.failed(&error.log_line());
        error.gateway_error()
    })?;
    let status = response.status().as_u16();
    facts.status(status);
    trail.endpoint_status = Some(status);
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    trail.endpoint_request_id = response.headers().get("x-amzn-requestid").map(text);
    let shown = response.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
    trail.log.endpoint_answered(status, millis, shown, response.body());
    Ok(response)
}
