//! The first stage: size, stage, verb, path and query of a request.

use super::error::GatewayError;
use super::pipeline::Call;
use crate::compile::rest::RestSnapshot;
use crate::proxy::{MAX_BODY_BYTES, QueryPairs};

/// A request to a stage that exists.
#[derive(Debug)]
pub(super) struct ParsedRequest<'a> {
    pub(super) stage: &'a RestSnapshot,
    pub(super) http_method: &'a str,
    /// Percent-encoded, without the stage; slashes doubled right behind the stage are one.
    pub(super) path: &'a str,
    /// `requestContext.path`: with the stage, doubled slashes kept.
    pub(super) context_path: String,
    pub(super) query: QueryPairs<'a>,
}

impl<'a> ParsedRequest<'a> {
    /// The path as it is matched and as ARNs show it: a trailing slash means nothing, so a policy must not see one.
    pub(super) fn route_path(&self) -> &'a str {
        self.path.trim_matches('/')
    }
}

pub(super) fn parse<'a>(call: &Call<'a>, path: &'a str) -> Result<ParsedRequest<'a>, GatewayError> {
    let request = call.request;
    if request.body.len() > MAX_BODY_BYTES {
        return Err(GatewayError::ContentTooLong);
    }
    let with_stage = path.trim_start_matches('/');
    let (stage, tail) = with_stage.split_at(with_stage.find('/').unwrap_or(with_stage.len()));
    let stage = call.api.stages.get(stage).ok_or(GatewayError::Forbidden)?.choose(&call.gateway.chance);
    // Whether custom domain names are another way in is not asked: there are none here.
    if stage.disabled {
        return Err(GatewayError::Forbidden);
    }
    // The question mark counts, if there is one.
    let url = path.len() + request.raw_query.len() + usize::from(!request.raw_query.is_empty());
    if url > stage.max_url {
        return Err(GatewayError::UriTooLong);
    }
    let doubled = tail.bytes().take_while(|b| *b == b'/').count().saturating_sub(1);
    // All of the bytes skipped are slashes, so this is a character boundary.
    let path = if tail.is_empty() { "/" } else { &tail[doubled..] };
    // A client behind a proxy that knows GET and POST only names its verb in a header; API Gateway honours that.
    let http_method = request
        .headers
        .get("x-http-method-override")
        .filter(|verb| matches!(*verb, "DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT"))
        .unwrap_or(request.method.as_str());
    let query = QueryPairs::parse(&request.raw_query, &['&', ';']);
    Ok(ParsedRequest { stage, http_method, path, context_path: format!("/{with_stage}"), query })
}
