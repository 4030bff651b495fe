//! The stage behind the authorizer: the API key, where the method requires one, and how often whom may call.
//!
//! It comes after the authorizer because a key may be the authorizer's answer, and a client's limits need the key.

use super::authorize::AuthorizedRequest;
use super::error::GatewayError;
use super::pipeline::Call;
use crate::compile::rest::ApiKeySource;
use crate::telemetry::Trail;
use crate::throttle::{Refused, SentKey, method_name};

/// Lets the request pass, or refuses it. A key that was sent to a method that requires none is not looked at.
pub(super) fn admit<'a>(
    call: &Call<'a>,
    authorized: &'a AuthorizedRequest<'_>,
    trail: &mut Trail<'_>,
) -> Result<Option<SentKey<'a>>, GatewayError> {
    let (route, limits) = (&authorized.route, &call.gateway.limits);
    let key = if route.method.api_key_required { Some(api_key(call, authorized)?) } else { None };
    trail.api_key_id = key.as_ref().map(|key| key.id().into());
    let stage = route.method.limit(route.parsed.http_method);
    match limits.admit(key.as_ref().map(|key| &key.client), stage, call.gateway.clock.now()) {
        Ok(()) => Ok(key),
        Err(Refused::Throttled) => Err(GatewayError::Throttled),
        Err(Refused::QuotaExceeded) => Err(GatewayError::QuotaExceeded),
    }
}

/// A missing key and a wrong one are told alike.
fn api_key<'a>(call: &Call<'a>, authorized: &'a AuthorizedRequest<'_>) -> Result<SentKey<'a>, GatewayError> {
    let route = &authorized.route;
    let stage = route.parsed.stage;
    let value = match stage.api_key_source {
        ApiKeySource::Header => call.request.headers.get("x-api-key"),
        ApiKeySource::Authorizer => {
            authorized.authorizer.as_ref().and_then(|authorized| authorized.grant.usage_identifier_key.as_deref())
        }
    };
    let value = value.ok_or(GatewayError::InvalidApiKey)?;
    let name = |verb: &str| method_name(&format!("{}/{verb}", route.resource.path));
    let (own, declared) = (name(route.parsed.http_method), name(&route.method.http_method));
    let client = call.gateway.limits.client(value, &call.api.api_id, &stage.stage_name, &[&own, &declared]);
    Ok(SentKey { value, client: client.ok_or(GatewayError::InvalidApiKey)? })
}
