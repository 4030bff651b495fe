//! The issuer's keys, kept.
//!
//! They are fetched once and used for an hour. A token whose key is not among them may have been signed with a new one: the
//! keys are fetched again, but not more often than every half minute, however many such tokens come. While the issuer
//! cannot be reached the old keys do, for a day at most; after that no token passes, as a key that the issuer has withdrawn
//! long ago must not.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Mutex;

use super::{Fetch, KeySet, fetch, keys::Key};
use crate::{BoxFuture, clock::Clock, domain::Timestamp};

/// For how long keys are used before they are fetched again.
const FRESH_MILLIS: i64 = 60 * 60 * 1000;

/// For how long they are used when they cannot be fetched again.
const MAX_AGE_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// How long after a fetch the next one may come.
const PAUSE_MILLIS: i64 = 30 * 1000;

/// How long after a fetch that failed the next one may come.
const PAUSE_AFTER_FAILURE_MILLIS: i64 = 5 * 1000;

/// Where the keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// At this URL.
    Jwks(String),
    /// Where the discovery document of this issuer says (OpenID Connect Discovery 1.0).
    Discovery(String),
}

impl Location {
    /// The URL that is asked first, or the issuer that it is made of.
    pub fn url(&self) -> &str {
        match self {
            Location::Jwks(url) | Location::Discovery(url) => url,
        }
    }
}

/// Gives the issuer's keys by their ids.
pub struct KeySource {
    fetch: Arc<dyn Fetch>,
    location: Location,
    clock: Arc<dyn Clock>,
    // Held while keys are fetched: whoever comes meanwhile waits for the same fetch rather than starting another. A fetch
    // ends within its own bound.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: Option<(Arc<KeySet>, Timestamp)>,
    attempt: Option<Attempt>,
}

struct Attempt {
    at: Timestamp,
    failure: Option<String>,
}

impl KeySource {
    /// From there, by that clock.
    pub fn new(fetch: Arc<dyn Fetch>, location: Location, clock: Arc<dyn Clock>) -> Self {
        KeySource { fetch, location, clock, state: Mutex::default() }
    }

    /// The key with this id; `None` if the issuer has none. An error, for the log, if its keys cannot be had.
    pub fn key<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, Result<Option<Arc<Key>>, String>> {
        Box::pin(async move {
            let now = self.clock.now();
            let mut state = self.state.lock().await;
            if let Some((keys, since)) = &state.keys
                && within(*since, now, FRESH_MILLIS)
                && let Some(key) = keys.get(kid)
            {
                return Ok(Some(key));
            }
            if state.may_fetch(now) {
                let fetched = self.fetch_keys().await;
                if let Err(failure) = &fetched {
                    tracing::warn!(reason = failure, "the issuer's keys could not be fetched");
                }
                state.attempt = Some(Attempt { at: now, failure: fetched.as_ref().err().cloned() });
                if let Ok(keys) = fetched {
                    state.keys = Some((Arc::new(keys), now));
                }
            }
            match &state.keys {
                Some((keys, since)) if within(*since, now, MAX_AGE_MILLIS) => Ok(keys.get(kid)),
                _ => Err(state.attempt.as_ref().and_then(|last| last.failure.clone()).unwrap_or_default()),
            }
        })
    }

    async fn fetch_keys(&self) -> Result<KeySet, String> {
        let jwks = match &self.location {
            Location::Jwks(url) => url.clone(),
            Location::Discovery(issuer) => self.discover(issuer).await?,
        };
        KeySet::parse(&self.fetch.get(&jwks).await?)
    }

    /// `jwks_uri` of the discovery document, which must be this issuer's own.
    async fn discover(&self, issuer: &str) -> Result<String, String> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let document = self.fetch.get(&url).await?;
        let document: Value =
            serde_json::from_slice(&document).map_err(|error| format!("no discovery document: {error}"))?;
        if document["issuer"] != issuer {
            return Err("the discovery document is another issuer's".into());
        }
        let jwks = document["jwks_uri"].as_str().filter(|url| fetch::is_allowed(url));
        jwks.map(str::to_owned).ok_or_else(|| "the discovery document has no jwks_uri that may be asked".into())
    }
}

impl State {
    fn may_fetch(&self, now: Timestamp) -> bool {
        let Some(last) = &self.attempt else { return true };
        let pause = if last.failure.is_some() { PAUSE_AFTER_FAILURE_MILLIS } else { PAUSE_MILLIS };
        !within(last.at, now, pause)
    }
}

/// Whether `now` is less than so long after `since`. A moment in the future, which a clock that was set back leaves behind,
/// is not.
fn within(since: Timestamp, now: Timestamp, millis: i64) -> bool {
    (0..millis).contains(&(now.millis() - since.millis()))
}
