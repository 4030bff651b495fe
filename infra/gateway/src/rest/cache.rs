//! The stage around the integration: a response that the stage keeps is answered again, and one call is made for all
//! requests that miss the same one.
//!
//! Everything before it is done for a hit, too: who may not call a method is not told what others were, and hits count for
//! limits.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use ::http::HeaderValue;
use ::http::header::{CACHE_CONTROL, WARNING};
use bytes::Bytes;

use super::authorize::AuthorizedRequest;
use super::error::GatewayError;
use super::pipeline::Call;
use super::route::MatchedRoute;
use super::{integration, respond, signature};
use crate::authorize::{Action, CacheKey, IamRefusal, authorize_iam};
use crate::compile::rest::{Invalidation, MethodCache, Parameter};
use crate::response_cache::{Found, Kept, Lead, StageCache, Told};
use crate::server::Reply;
use crate::telemetry::{IntegrationFacts, Trail};
use crate::throttle::SentKey;

/// Leaders without a response to share, after which a request asks for itself: that many failures are no accident, and
/// each further one would make all who wait wait for it.
const MOST_FAILURES: u32 = 2;

const IGNORED: &str = "199 Cache-control headers were ignored because the caller was unauthorized.";

/// The method's response: a kept one, or the integration's.
pub(super) async fn answer<'a>(
    call: &Call<'a>,
    authorized: &AuthorizedRequest<'a>,
    api_key: Option<&SentKey<'_>>,
    trail: &mut Trail<'a>,
) -> Result<Reply, GatewayError> {
    let route = &authorized.route;
    let Some((cache, method)) = route.parsed.stage.cache().zip(route.method.cache(route.parsed.http_method)) else {
        return integration::answer(call, authorized, api_key, trail).await;
    };
    let wish = wish(call, route, authorized, method)?;
    let key = key(call, route, method, trail);
    let lead = match wish {
        Wish::New => Some(cache.refresh(key)),
        Wish::Any | Wish::Refused => match kept_or_lead(call, cache, key, method, trail).await? {
            Ok(kept) => {
                trail.cache_hit = Some(true);
                return Ok(warned(kept.reply(), &wish));
            }
            Err(lead) => lead,
        },
    };
    trail.cache_hit = Some(false);
    let reply = integration::answer(call, authorized, api_key, trail).await;
    if let Some(lead) = lead {
        let now = call.gateway.clock.now();
        lead.end(reply.as_ref().ok().and_then(|reply| Kept::of(reply, now, method.ttl_millis)));
    }
    reply.map(|reply| warned(reply, &wish))
}

/// The kept response, or the lead of those who wait for it, or neither, for a request that asks for itself alone.
async fn kept_or_lead(
    call: &Call<'_>,
    cache: &Arc<StageCache>,
    key: CacheKey,
    method: &MethodCache,
    trail: &mut Trail<'_>,
) -> Result<Result<Kept, Option<Lead>>, GatewayError> {
    // As much time as the integration may take, by the same clock: when it is over, this is the integration's timeout.
    let patience = Duration::from_millis(u64::from(method.patience_millis));
    let over = tokio::time::sleep(patience);
    tokio::pin!(over);
    let mut failures = 0;
    loop {
        let wait = match cache.find(key, call.gateway.clock.now()) {
            Found::Hit(kept) => return Ok(Ok(kept)),
            Found::Lead(lead) => return Ok(Err(Some(lead))),
            Found::Wait(_) if failures >= MOST_FAILURES => return Ok(Err(None)),
            Found::Wait(wait) => wait,
        };
        tokio::select! {
            // Whose time is over does not lead anew where the leader's is, too.
            biased;
            () = &mut over => {
                let error = GatewayError::IntegrationTimeout;
                trail.cache_hit = Some(false);
                trail.integration = Some(IntegrationFacts {
                    latency_millis: i64::from(method.patience_millis),
                    status: None,
                    error: Some(error.integration_error()),
                });
                return Err(error);
            }
            told = wait.told() => match told {
                Some(Told::Response(kept)) => return Ok(Ok(kept)),
                Some(Told::Nothing) => failures += 1,
                // The leader's client has gone: whoever comes first leads now.
                None => {}
            },
        }
    }
}

/// What a request wants of the cache.
enum Wish {
    Any,
    /// Not what is kept.
    New,
    /// The same, and it may not: it is told so.
    Refused,
}

/// What `Cache-Control` says, as far as the caller may say it. `max-age=0` is what AWS documents; `no-cache` says the same in
/// HTTP, and browsers send it.
fn wish(
    call: &Call<'_>,
    route: &MatchedRoute<'_>,
    authorized: &AuthorizedRequest<'_>,
    method: &MethodCache,
) -> Result<Wish, GatewayError> {
    let mut directives = call.request.headers.get_all(CACHE_CONTROL.as_str()).flat_map(|value| value.split(','));
    let asks = directives.any(|directive| {
        let directive = directive.trim();
        directive.eq_ignore_ascii_case("no-cache") || directive.eq_ignore_ascii_case("max-age=0")
    });
    if !asks {
        return Ok(Wish::Any);
    }
    if method.invalidation == Invalidation::Open {
        return Ok(Wish::New);
    }
    let parsed = &route.parsed;
    let resource = format!("{}/{}", parsed.http_method, parsed.route_path());
    let resource = call.gateway.method_arn(&call.api.api_id, &parsed.stage.stage_name, &resource);
    // Also where the method asks for no signature: a good one tells who calls. What an API's resource policy says is of
    // execute-api:Invoke, which gives nobody this right.
    let Err(refusal) = authorize_iam(call.gateway, call.request, Action::InvalidateCache, &resource, None) else {
        return Ok(Wish::New);
    };
    match method.invalidation {
        Invalidation::Refused => {
            let user = match (&refusal, &authorized.iam) {
                (IamRefusal::Denied(denial), _) => &denial.user_arn,
                (_, Some(caller)) => &caller.user_arn,
                _ => "anonymous",
            };
            Err(signature::may_not_invalidate(user, &resource))
        }
        Invalidation::Warned => Ok(Wish::Refused),
        Invalidation::Open | Invalidation::Ignored => Ok(Wish::Any),
    }
}

fn warned(mut reply: Reply, wish: &Wish) -> Reply {
    if matches!(wish, Wish::Refused) {
        reply.headers_mut().insert(WARNING, HeaderValue::from_static(IGNORED));
    }
    reply
}

/// Which response it is: of this deployment, namespace and verb, by the values of the key's parameters. A parameter that was
/// not sent is another value than an empty one.
fn key(call: &Call<'_>, route: &MatchedRoute<'_>, method: &MethodCache, trail: &Trail<'_>) -> CacheKey {
    let mut values: Vec<Cow<'_, [u8]>> = method.scope.iter().map(|part| part.as_bytes().into()).collect();
    for (name, parameter) in &method.parameters {
        values.push(name.as_bytes().into());
        let at = values.len();
        match parameter {
            Parameter::Header(name) => {
                values.extend(call.request.headers.get_all(name).map(|value| value.as_bytes().into()));
            }
            Parameter::QueryString(name) => {
                let sent = route.parsed.query.0.iter().filter(|(of, _)| of == name);
                values.extend(sent.map(|(_, value)| value.as_bytes().into()));
            }
            Parameter::Path(name) => {
                let sent = route.path_parameters.iter().filter(|(of, _)| of == name);
                values.extend(sent.map(|(_, value)| value.as_bytes().into()));
            }
            Parameter::Body => values.push(call.request.body[..].into()),
            Parameter::Context(name) => {
                values.extend(context(call, trail, name).map(|value| value.into_bytes().into()))
            }
            Parameter::Constant(value) => values.push(value.as_bytes().into()),
        }
        // How many there are, so that the values of one are not taken for those of the next.
        let count = values.len() - at;
        values.push(count.to_le_bytes().to_vec().into());
    }
    CacheKey::of(values)
}

/// `$context.{name}` as far as it is known before there is a response.
fn context(call: &Call<'_>, trail: &Trail<'_>, name: &str) -> Option<String> {
    let nothing = Reply::new(Bytes::new());
    respond::exchange(call, &nothing, None, trail).variable(name).map(Cow::into_owned)
}
