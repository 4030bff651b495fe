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
    let sent = route.method.api_key_required.then(|| sent(call, authorized)).flatten();
    let log = &mut trail.log;
    // `userapi/prod` and `GET /users`, which the log names; nothing is put together where there is none.
    let (stage, method) = match log.is_on() {
        true => (
            format!("{}/{}", call.api.api_id, route.parsed.stage.stage_name),
            format!("{} {}", route.method.http_method, route.resource.path),
        ),
        false => Default::default(),
    };
    if let Some(key) = sent {
        log.hide(key);
    }
    log.usage_plan_began(sent, &stage);
    let key = match route.method.api_key_required {
        true => Some(api_key(call, authorized, sent).inspect_err(|_| log.key_refused(sent, &method, &stage))?),
        false => {
            log.needs_no_key(&method);
            None
        }
    };
    trail.api_key_id = key.as_ref().map(|key| key.id().into());
    let limit = route.method.limit(route.parsed.http_method);
    match limits.admit(key.as_ref().map(|key| &key.client), limit, call.gateway.clock.now()) {
        Ok(()) => {
            log.usage_plan_passed(sent, &stage);
            Ok(key)
        }
        Err(Refused::Throttled) => {
            let (api, stage, verb) = (&call.api.api_id, &route.parsed.stage.stage_name, route.parsed.http_method);
            let resource = &route.resource.id;
            log.error(|| {
                // Of several limits that a request has, the first is the one that it most likely met.
                let of_key = key.as_ref().and_then(|key| key.client.rate()).map(|rate| ("Key", rate));
                let found = of_key.or_else(|| Some(("Method", limit?.rate())));
                let (whose, rate) =
                    found.map_or(("Account", String::new()), |(whose, rate)| (whose, format!(". {rate}")));
                format!("{whose} throttle limit exceeded for RestApi {api}, Stage {stage}, Resource {resource}, HttpMethod {verb}{rate}")
            });
            Err(GatewayError::Throttled)
        }
        Err(Refused::QuotaExceeded) => {
            log.error(|| {
                format!(
                    "Key quota limit exceeded for RestApi {}, Stage {}",
                    call.api.api_id, route.parsed.stage.stage_name
                )
            });
            Err(GatewayError::QuotaExceeded)
        }
    }
}

/// The key's value, if one was sent where the API wants it.
fn sent<'a>(call: &Call<'a>, authorized: &'a AuthorizedRequest<'_>) -> Option<&'a str> {
    match authorized.route.parsed.stage.api_key_source {
        ApiKeySource::Header => call.request.headers.get("x-api-key"),
        ApiKeySource::Authorizer => {
            authorized.authorizer.as_ref().and_then(|authorized| authorized.grant.usage_identifier_key.as_deref())
        }
    }
}

/// A missing key and a wrong one are told alike.
fn api_key<'a>(
    call: &Call<'a>,
    authorized: &'a AuthorizedRequest<'_>,
    sent: Option<&'a str>,
) -> Result<SentKey<'a>, GatewayError> {
    let route = &authorized.route;
    let stage = route.parsed.stage;
    let value = sent.ok_or(GatewayError::InvalidApiKey)?;
    let name = |verb: &str| method_name(&format!("{}/{verb}", route.resource.path));
    let (own, declared) = (name(route.parsed.http_method), name(&route.method.http_method));
    let client = call.gateway.limits.client(value, &call.api.api_id, &stage.stage_name, &[&own, &declared]);
    Ok(SentKey { value, client: client.ok_or(GatewayError::InvalidApiKey)? })
}
