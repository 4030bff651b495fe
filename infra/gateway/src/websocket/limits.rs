//! The API key of a connect, where `$connect` requires one, and how often whom may connect.

use http::StatusCode;

use crate::compile::websocket::{ApiKeySelection, Route, Snapshot};
use crate::server::{ClientRequest, WebSocketPlane};
use crate::throttle::{self, SentKey};

/// Why a connect is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    InvalidApiKey,
    Throttled,
    QuotaExceeded,
}

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Refusal::InvalidApiKey => StatusCode::FORBIDDEN,
            Refusal::Throttled | Refusal::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    pub(super) fn message(self) -> &'static str {
        match self {
            Refusal::InvalidApiKey => "Forbidden",
            Refusal::Throttled => "Too Many Requests",
            Refusal::QuotaExceeded => "Limit Exceeded",
        }
    }
}

/// Lets a client connect, or refuses it; `route` is `$connect`, if there is one. `usage_identifier_key` is the
/// authorizer's, if it has given one.
pub(super) fn connect<'a>(
    api: &WebSocketPlane,
    stage: &Snapshot,
    route: Option<&Route>,
    request: &'a ClientRequest,
    usage_identifier_key: Option<&'a str>,
) -> Result<Option<SentKey<'a>>, Refusal> {
    let (limits, now) = (&api.gateway.limits, api.gateway.clock.now());
    let key = match route.filter(|route| route.api_key_required) {
        Some(_) => {
            let value = match stage.api_key_selection {
                ApiKeySelection::Header => request.headers.get("x-api-key"),
                ApiKeySelection::Authorizer => usage_identifier_key,
                ApiKeySelection::Unknown => None,
            };
            let value = value.ok_or(Refusal::InvalidApiKey)?;
            // Limits by method are of REST APIs' resources.
            let client = limits.client(value, &api.api_id, &stage.stage_name, &[]);
            Some(SentKey { value, client: client.ok_or(Refusal::InvalidApiKey)? })
        }
        None => None,
    };
    if !limits.admit_connection(now) {
        return Err(Refusal::Throttled);
    }
    let limit = route.and_then(|route| route.limit.as_ref());
    match limits.admit(key.as_ref().map(|key| &key.client), limit, now) {
        Ok(()) => Ok(key),
        Err(throttle::Refused::Throttled) => Err(Refusal::Throttled),
        Err(throttle::Refused::QuotaExceeded) => Err(Refusal::QuotaExceeded),
    }
}
