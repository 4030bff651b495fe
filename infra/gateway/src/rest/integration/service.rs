//! `AWS` to a service that this gateway hosts: called within the process, in the name of the integration's account.

use std::borrow::Cow;

use ::http::header::{ACCEPT, CONTENT_TYPE};
use ::http::{HeaderName, HeaderValue, Method};
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::error::GatewayError;
use super::mapping::{MappedRequest, Mapping};
use super::response::{EndpointAnswer, respond_mapped};
use super::{Facts, may_call};
use crate::compile::rest::{Mapped, ServiceCall, ServiceTarget};
use crate::hosted::HostedCall;
use crate::server::{ClientRequest, Headers, Reply};
use crate::telemetry::Trail;

pub(super) async fn answer(
    mut mapping: Mapping<'_>,
    declared: &Mapped<ServiceTarget>,
    facts: &mut Facts<'_>,
    trail: &mut Trail<'_>,
) -> Result<Reply, GatewayError> {
    let log = &mut trail.log;
    may_call(&mapping, declared.credentials, log)?;
    let mapped = mapping.request(&declared.request, log)?;
    let (target, call) = (&declared.target, mapping.values.call);
    let verb = declared.http_method.as_deref().unwrap_or(mapping.values.authorized.route.parsed.http_method);
    let request = request(target, verb, mapped, call.request)?;
    let query = if request.raw_query.is_empty() { String::new() } else { format!("?{}", request.raw_query) };
    let uri = format!("https://{}.{}.amazonaws.com{}{query}", target.service, target.region, request.raw_path);
    log.endpoint_called(&uri, request.headers.iter(), &request.body);
    let account = target.account.as_deref().unwrap_or(&call.gateway.account_id);
    let hosted = HostedCall { service: target.service, account, region: &target.region, request };
    facts.call();
    let outcome = tokio::time::timeout(declared.timeout, call.gateway.hosted.call(hosted)).await;
    let millis = facts.answered();
    let reply = match outcome {
        Err(_) => {
            super::failed(&mapping.values.authorized.route, &format!("no answer from {} in time", target.service));
            log.failed("Execution failed due to a timeout error");
            return Err(GatewayError::IntegrationTimeout);
        }
        Ok(None) => return Err(mapping.values.unusable(log, &format!("{} is not reachable here", target.service))),
        Ok(Some(reply)) => reply,
    };
    let answer = endpoint_answer(reply);
    facts.status(answer.status);
    trail.endpoint_status = Some(answer.status);
    trail.endpoint_request_id = answer.headers.get("x-amzn-requestid").map(str::to_owned);
    log.endpoint_answered(answer.status, millis, answer.headers.iter(), &answer.body);
    let selector = answer.status.to_string();
    respond_mapped(&mut mapping, &declared.response, &selector, answer, log)
}

/// The request as the service's own clients would send it, but for the signature.
fn request(
    target: &ServiceTarget,
    verb: &str,
    mapped: MappedRequest,
    client: &ClientRequest,
) -> Result<ClientRequest, GatewayError> {
    let MappedRequest { path, query: mapped_query, mut headers, body } = mapped;
    let mut query: Vec<Cow<'_, str>> = Vec::new();
    let raw_path = match &target.call {
        ServiceCall::Action { name, parameters, target } => {
            match target.as_deref().map(HeaderValue::from_str) {
                Some(Ok(operation)) => {
                    headers.entry(HeaderName::from_static("x-amz-target")).or_insert(operation);
                    let json = HeaderValue::from_static("application/x-amz-json-1.1");
                    headers.entry(CONTENT_TYPE).or_insert(json);
                }
                _ => query.push(format!("Action={}", encoded(name)).into()),
            }
            query.extend(parameters.as_deref().map(Cow::Borrowed));
            "/".to_owned()
        }
        ServiceCall::Path { path: template, query: written } => {
            query.extend(written.as_deref().map(Cow::Borrowed));
            fill(template, |name| path.get(name).map(String::as_str))
        }
    };
    for (name, values) in &mapped_query {
        query.extend(values.iter().map(|value| Cow::Owned(format!("{}={}", encoded(name), encoded(value)))));
    }
    // With it services of the Query protocol answer in JSON, which is what templates can read.
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    let fields = headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Ok(ClientRequest {
        // It was one of API Gateway's verbs when it was declared, or the client's own.
        method: Method::from_bytes(verb.as_bytes()).map_err(|_| GatewayError::IntegrationFailure)?,
        raw_path,
        raw_query: query.join("&"),
        headers: Headers(fields.collect()),
        body: if matches!(verb, "GET" | "HEAD" | "OPTIONS") { Bytes::new() } else { body },
        source_ip: client.source_ip,
        port: client.port,
        secure: true,
    })
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A path with its placeholders' values; one without a value is empty. A value is one segment and no more: what it has of
/// slashes and question marks is encoded, what was encoded already stays so.
fn fill<'v>(template: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let (mut filled, mut rest) = (String::with_capacity(template.len()), template);
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        filled.push_str(before);
        for letter in value(name).unwrap_or_default().chars() {
            match letter {
                '/' | '?' | '#' | ' ' => filled.push_str(&encoded(letter.encode_utf8(&mut [0; 4]))),
                letter if letter.is_control() || !letter.is_ascii() => {
                    filled.push_str(&encoded(letter.encode_utf8(&mut [0; 4])));
                }
                letter => filled.push(letter),
            }
        }
        rest = after;
    }
    filled + rest
}

fn endpoint_answer(reply: Reply) -> EndpointAnswer {
    let (head, body) = reply.into_parts();
    let fields = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    EndpointAnswer { status: head.status.as_u16(), headers: Headers(fields.collect()), body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_segment() {
        let fill = |value: &'static str| fill("/a/{id}/b", |name| (name == "id").then_some(value));
        assert_eq!(fill("1"), "/a/1/b");
        assert_eq!(fill("x/../y?z#"), "/a/x%2F..%2Fy%3Fz%23/b");
        assert_eq!(fill("%2F\r\né"), "/a/%2F%0D%0A%C3%A9/b");
        assert_eq!(super::fill("/{none}/{", |_| None), "//{");
    }
}
