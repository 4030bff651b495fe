//! The first two stages: which stage, and which route.

use std::borrow::Cow;

use super::error::GatewayError;
use super::pipeline::Call;
use crate::compile::http::{HttpRoute, HttpSnapshot};
use crate::proxy::{MAX_BODY_BYTES, QueryPairs, decode_path};
use crate::server::HttpPlane;

/// A request to a stage that exists.
#[derive(Debug)]
pub(super) struct ParsedRequest<'a> {
    pub(super) stage: &'a HttpSnapshot,
    pub(super) http_method: &'a str,
    /// `rawPath`: decoded all the same, and with the stage's name where it has one, as observed on AWS.
    pub(super) raw_path: Cow<'a, str>,
    /// The path without the stage, still encoded, so that an encoded slash does not part segments.
    pub(super) route_path: &'a str,
    pub(super) query: QueryPairs<'a>,
}

/// A request whose route is known.
#[derive(Debug)]
pub(super) struct MatchedRoute<'a> {
    pub(super) parsed: ParsedRequest<'a>,
    pub(super) route: &'a HttpRoute,
    /// Decoded values.
    pub(super) path_parameters: Vec<(&'a str, Cow<'a, str>)>,
}

/// The stage that the first segment names, with the path behind it; otherwise `$default`, if there is one, with all of it.
pub(super) fn stage<'a>(api: &'a HttpPlane, path: &'a str) -> (Option<&'a HttpSnapshot>, &'a str) {
    let relative = path.strip_prefix('/').unwrap_or(path);
    let (first, behind) = relative.split_at(relative.find('/').unwrap_or(relative.len()));
    match api.stages.get(first).filter(|_| first != "$default") {
        Some(stage) => (Some(stage), behind),
        None => (api.stages.get("$default").map(|stage| &**stage), path),
    }
}

/// Size, stage, path and query.
pub(super) fn parse<'a>(
    call: &Call<'a>,
    path: &'a str,
    route_path: &'a str,
) -> Result<ParsedRequest<'a>, GatewayError> {
    if call.request.body.len() > MAX_BODY_BYTES {
        return Err(GatewayError::RequestEntityTooLarge);
    }
    Ok(ParsedRequest {
        stage: call.stage.ok_or(GatewayError::NotFound)?,
        http_method: call.request.method.as_str(),
        raw_path: decode_path(path),
        route_path,
        query: QueryPairs::parse(&call.request.raw_query, &['&']),
    })
}

/// A full match first, then a greedy one, then `$default`.
pub(super) fn route(parsed: ParsedRequest<'_>) -> Result<MatchedRoute<'_>, GatewayError> {
    let stage = parsed.stage;
    let path = parsed.route_path.strip_prefix('/').filter(|path| !path.is_empty());
    let accept = |same_path: &Vec<usize>| {
        let by = |method: Option<&str>| {
            same_path
                .iter()
                .filter_map(|index| stage.routes.get(*index))
                .find(|route| route.method.as_deref() == method)
        };
        by(Some(parsed.http_method)).or_else(|| by(None))
    };
    let found = stage.tree.find(path, false, accept).or_else(|| stage.tree.find(path, true, accept));
    let (route, values) = match found {
        Some(found) => found,
        None => {
            let default = stage.default_route.and_then(|index| stage.routes.get(index));
            (default.ok_or(GatewayError::NotFound)?, Vec::new())
        }
    };
    let names = route.parameters.iter().map(String::as_str);
    let path_parameters = names.zip(values.into_iter().map(decode_path)).collect();
    Ok(MatchedRoute { parsed, route, path_parameters })
}
