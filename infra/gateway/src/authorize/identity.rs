//! Reads the identity sources of an authorizer out of a request.

use indexmap::IndexMap;

use super::condition::ConditionKeys;
use crate::clock::EpochMillis;
use crate::compile::{ContextField, IdentitySource};
use crate::proxy::QueryPairs;
use crate::server::{ClientRequest, Headers};

/// The parts of a request that identity sources may name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestFacts<'a> {
    /// Its headers.
    pub(crate) headers: &'a Headers,
    /// Its query, decoded.
    pub(crate) query: &'a QueryPairs<'a>,
    /// Its stage's variables.
    pub(crate) stage_variables: &'a IndexMap<String, String>,
    /// Its context.
    pub(crate) context: ContextFacts<'a>,
}

impl<'a> ConditionKeys<'a> {
    /// Those of this request.
    pub(crate) fn of(request: &'a ClientRequest, source_ip: &'a str, region: &'a str, now: EpochMillis) -> Self {
        ConditionKeys {
            now,
            source_ip,
            user_agent: request.headers.get("user-agent"),
            referer: request.headers.get("referer"),
            secure: request.secure,
            region,
            principal: None,
        }
    }
}

/// The context fields of a request, each API Gateway's context variable of that name; empty where its kind of API has
/// none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ContextFacts<'a> {
    pub(crate) account_id: &'a str,
    pub(crate) api_id: &'a str,
    pub(crate) connection_id: &'a str,
    pub(crate) domain_name: &'a str,
    pub(crate) http_method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) resource_id: &'a str,
    pub(crate) resource_path: &'a str,
    pub(crate) route_key: &'a str,
    pub(crate) source_ip: &'a str,
    pub(crate) stage: &'a str,
}

/// The values of all sources, in order; `None` if one is missing or empty.
pub(crate) fn identity_values<'a>(sources: &[IdentitySource], request: &RequestFacts<'a>) -> Option<Vec<&'a str>> {
    sources.iter().map(|source| identity_value(source, request).filter(|value| !value.is_empty())).collect()
}

/// The value of one source, if it is there.
pub(crate) fn identity_value<'a>(source: &IdentitySource, request: &RequestFacts<'a>) -> Option<&'a str> {
    let context = &request.context;
    match source {
        IdentitySource::Header(name) => request.headers.get(name),
        IdentitySource::QueryString(name) => request.query.last(name),
        IdentitySource::StageVariable(name) => request.stage_variables.get(name).map(String::as_str),
        IdentitySource::Context(field) => Some(match field {
            ContextField::AccountId => context.account_id,
            ContextField::ApiId => context.api_id,
            ContextField::ConnectionId => context.connection_id,
            ContextField::DomainName => context.domain_name,
            ContextField::HttpMethod => context.http_method,
            ContextField::Path => context.path,
            ContextField::Protocol => "HTTP/1.1",
            ContextField::ResourceId => context.resource_id,
            ContextField::ResourcePath => context.resource_path,
            ContextField::RouteKey => context.route_key,
            ContextField::SourceIp => context.source_ip,
            ContextField::Stage => context.stage,
            ContextField::UserAgent => request.headers.get("user-agent").unwrap_or_default(),
        }),
    }
}
