//! The second stage: which method of which resource.

use std::borrow::Cow;

use super::error::GatewayError;
use super::parse::ParsedRequest;
use super::pipeline::Call;
use super::signature;
use crate::compile::rest::{RestMethod, RestResource};

/// A request whose method is known.
#[derive(Debug)]
pub(super) struct MatchedRoute<'a> {
    pub(super) parsed: ParsedRequest<'a>,
    pub(super) resource: &'a RestResource,
    pub(super) method: &'a RestMethod,
    /// Values as they were sent: percent-encoded.
    pub(super) path_parameters: Vec<(&'a str, Cow<'a, str>)>,
}

pub(super) fn route<'a>(call: &Call<'a>, parsed: ParsedRequest<'a>) -> Result<MatchedRoute<'a>, GatewayError> {
    let stage = parsed.stage;
    let path = Some(parsed.route_path()).filter(|path| !path.is_empty());
    let found = stage.routes.find(path, true, |index| {
        let resource = stage.resources.get(*index)?;
        Some((resource, resource.methods.get(resource.method(parsed.http_method)?)?))
    });
    let Some(((resource, method), values)) = found else {
        // Only a signature that cannot be read is told apart from a path that does not exist.
        return Err(call
            .request
            .headers
            .get("authorization")
            .and_then(signature::unreadable)
            .unwrap_or(GatewayError::MissingAuthenticationToken));
    };
    let names = resource.parameters.iter().map(String::as_str);
    let path_parameters = names.zip(values.into_iter().map(Cow::Borrowed)).collect();
    Ok(MatchedRoute { parsed, resource, method, path_parameters })
}
