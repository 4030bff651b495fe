//! `HTTP_PROXY`: the whole request goes to an endpoint with what is mapped on top of it, and the endpoint's answer is the
//! response.

use ::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use ::http::{HeaderMap, HeaderName, HeaderValue, Response};
use bytes::Bytes;
use hyper::body::Body as _;
use tokio::time::Instant;

use super::super::error::GatewayError;
use super::Facts;
use super::backend::until;
use super::http::{Sent, answered, request};
use super::mapping::Mapping;
use crate::compile::rest::HttpProxy;
use crate::proxy::{Integrated, is_signature, name_for_client, passes_to};
use crate::server::{self, Reply};
use crate::telemetry::Trail;

pub(super) async fn answer(
    mut mapping: Mapping<'_>,
    declared: &HttpProxy,
    facts: &mut Facts<'_>,
    trail: &mut Trail<'_>,
) -> Result<Reply, GatewayError> {
    let mapped = mapping.parameters(&declared.request, &mut trail.log)?;
    let query = mapping.values.authorized.route.parsed.query.0.clone();
    let sent = Sent { headers: clients(&mapping), query };
    let verb = declared.http_method.as_deref();
    let request = request(&mapping, &declared.target, verb, &declared.request, mapped, sent, trail)?;
    let backends = &mapping.values.call.gateway.backends;
    facts.call();
    if declared.streams {
        let deadline = Instant::now() + declared.timeout;
        let outcome = backends.stream(request, declared.target.verified, declared.timeout).await;
        let (outcome, body) = match outcome {
            Err(error) => (Err(error), None),
            Ok(response) => {
                let (head, body) = response.into_parts();
                // The body is not there to be logged.
                (Ok(Response::from_parts(head, Bytes::new())), Some(body))
            }
        };
        let mut reply = respond(answered(&mapping, outcome, facts, trail)?);
        if let Some(body) = body {
            if let Some(length) = body.size_hint().exact() {
                reply.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            server::stream(&mut reply, until(deadline, body));
        }
        return Ok(reply);
    }
    let outcome = backends.send(request, declared.target.verified, declared.timeout).await;
    answered(&mapping, outcome, facts, trail).map(respond)
}

/// The client's headers as far as they go on; a signature, or what stands for one on a method that asks for it, is API
/// Gateway's alone.
fn clients(mapping: &Mapping<'_>) -> HeaderMap {
    let values = &mapping.values;
    let mut headers = HeaderMap::new();
    for (name, value) in values.call.request.headers.iter() {
        if !passes_to(Integrated::HttpProxy, name) || is_signature(name, value) {
            continue;
        }
        // Whatever came over HTTP is a header; what a test of the method is given may be none.
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
        {
            headers.append(name, value);
        }
    }
    if values.authorized.iam.is_some() {
        headers.remove(AUTHORIZATION);
    }
    headers
}

/// The endpoint's answer with its headers as a client may see them.
fn respond(response: Response<Bytes>) -> Reply {
    let (head, body) = response.into_parts();
    let mut reply = Reply::new(body);
    *reply.status_mut() = head.status;
    let mut last = None;
    for (name, value) in head.headers {
        // Only the first of several values has the name with it.
        if name.is_some() {
            last = name.and_then(|name| name_for_client(Integrated::HttpProxy, name));
        }
        if let Some(name) = &last {
            reply.headers_mut().append(name.clone(), value);
        }
    }
    reply.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    reply
}
