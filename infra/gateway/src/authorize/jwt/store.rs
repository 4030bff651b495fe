//! The keys of all issuers, kept and renewed.
//!
//! Keys are fresh for two hours, as on AWS, and asked for again when a token names one that is not among them, every 30
//! seconds at most. While an issuer cannot be reached its last keys go on for a day; then its tokens are refused. Of many
//! requests that need the same keys one asks and the others wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::sync::Cache;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::VerifyError;
use super::fetch::{Fetch, HttpFetch, may_be_asked};
use super::keys::KeySet;
use super::token::Unverified;
use crate::clock::{Clock, EpochMillis};

/// Issuers whose keys are kept. Only authorizers name issuers, never tokens.
const MAX_ISSUERS: u64 = 1_000;

const SECOND: i64 = 1_000;
/// Keys are not asked for again before.
const FRESH: i64 = 2 * 3_600 * SECOND;
/// The age at which keys that could not be renewed are no longer believed.
const TOO_OLD: i64 = 24 * 3_600 * SECOND;
/// Between two questions, whatever tokens say.
const RENEW_AT_MOST_EVERY: i64 = 30 * SECOND;
/// The same as long as there are no keys at all: an issuer that is only just starting need not be waited for long.
const RETRY_AT_MOST_EVERY: i64 = 2 * SECOND;

/// The keys of all issuers.
#[derive(Debug)]
pub(crate) struct KeyStore {
    issuers: Cache<String, Arc<Issuer>>,
    fetch: Arc<dyn Fetch>,
}

#[derive(Debug)]
struct Issuer {
    name: String,
    state: Mutex<State>,
    /// Held by the one who asks.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct State {
    keys: Option<Arc<KeySet>>,
    fetched_at: EpochMillis,
    asked_at: Option<EpochMillis>,
    /// Of an issuer that this process is itself: the document, and what it holds.
    own: Option<(Arc<str>, Arc<KeySet>)>,
}

impl Default for KeyStore {
    fn default() -> Self {
        KeyStore::with_fetch(Arc::new(HttpFetch::default()))
    }
}

impl KeyStore {
    pub(super) fn with_fetch(fetch: Arc<dyn Fetch>) -> Self {
        KeyStore { issuers: Cache::new(MAX_ISSUERS), fetch }
    }

    fn issuer(&self, name: &str) -> Arc<Issuer> {
        self.issuers.get_with_by_ref(name, || {
            Arc::new(Issuer { name: name.to_owned(), state: Mutex::default(), turn: Arc::default() })
        })
    }

    /// The keys in this document of an issuer that this process is itself.
    pub(crate) fn own(&self, issuer: &str, document: &Arc<str>) -> Result<OwnKeys, VerifyError> {
        let issuer = self.issuer(issuer);
        let mut state = issuer.state();
        if let Some((of, keys)) = &state.own
            && of == document
        {
            return Ok(OwnKeys(Arc::clone(keys)));
        }
        let keys = KeySet::parse(document.as_bytes()).map_err(|reason| {
            tracing::error!(issuer = issuer.name, "the keys of a user pool cannot be used: {reason}");
            VerifyError::IssuerUnavailable
        })?;
        let keys = Arc::new(keys);
        state.own = Some((Arc::clone(document), Arc::clone(&keys)));
        Ok(OwnKeys(keys))
    }

    /// The claims of a token that a key of `issuer` has signed.
    pub(crate) async fn verify(
        &self,
        issuer: &str,
        token: &Unverified<'_>,
        clock: &Clock,
    ) -> Result<Map<String, Value>, VerifyError> {
        let (issuer, key) = (self.issuer(issuer), token.key_id.as_deref());
        if issuer.state().wants_keys(key, clock.now()) {
            let known = issuer.state().usable(clock.now()).is_some_and(|keys| keys.has(key));
            // Who has a key that still goes does not wait for another's question.
            let turn = match known {
                true => Arc::clone(&issuer.turn).try_lock_owned().ok(),
                false => Some(Arc::clone(&issuer.turn).lock_owned().await),
            };
            // Somebody else may have asked meanwhile.
            if let Some(turn) = turn
                && issuer.state().wants_keys(key, clock.now())
            {
                // A task of its own, which ends even if the client of this request goes away: were it dropped with it,
                // clients could make us ask as often as they like.
                let (issuer, fetch, clock) = (Arc::clone(&issuer), Arc::clone(&self.fetch), clock.clone());
                let asked = tokio::spawn(async move {
                    issuer.renew(&*fetch, &clock).await;
                    drop(turn);
                });
                if let Err(error) = asked.await {
                    tracing::error!(%error, "asking for keys panicked");
                }
            }
        }
        let keys = issuer.state().usable(clock.now());
        keys.ok_or(VerifyError::IssuerUnavailable)?.verify(token)
    }
}

/// The keys of an issuer that this process is itself.
pub(crate) struct OwnKeys(Arc<KeySet>);

impl OwnKeys {
    /// The claims of a token that one of these has signed.
    pub(crate) fn verify(&self, token: &Unverified<'_>) -> Result<Map<String, Value>, VerifyError> {
        self.0.verify(token)
    }
}

impl State {
    /// Whether the issuer should be asked for the sake of a token that names `key`.
    fn wants_keys(&self, key: Option<&str>, now: EpochMillis) -> bool {
        // A clock that was moved back makes what lies ahead as good as long ago.
        let over = |since: EpochMillis, time: i64| !(0..time).contains(&(now - since));
        let rested = |least| self.asked_at.is_none_or(|asked| over(asked, least));
        match self.usable(now) {
            None => rested(RETRY_AT_MOST_EVERY),
            Some(keys) => (over(self.fetched_at, FRESH) || !keys.has(key)) && rested(RENEW_AT_MOST_EVERY),
        }
    }

    fn usable(&self, now: EpochMillis) -> Option<Arc<KeySet>> {
        self.keys.clone().filter(|_| now - self.fetched_at < TOO_OLD)
    }
}

impl Issuer {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one assignment after the other, none of which can fail.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the issuer for its keys.
    async fn renew(&self, fetch: &dyn Fetch, clock: &Clock) {
        let answer = self.ask(fetch).await;
        let mut state = self.state();
        let now = clock.now();
        state.asked_at = Some(now);
        match answer {
            Ok(keys) => (state.keys, state.fetched_at) = (Some(Arc::new(keys)), now),
            Err(reason) => {
                let meanwhile = if state.usable(now).is_some() {
                    "its last keys go on being used"
                } else {
                    "its tokens are refused"
                };
                tracing::warn!(issuer = self.name, "the issuer's keys cannot be had, {meanwhile}: {reason}");
            }
        }
    }

    async fn ask(&self, fetch: &dyn Fetch) -> Result<KeySet, String> {
        #[derive(Deserialize)]
        struct Discovery {
            issuer: String,
            jwks_uri: String,
        }
        let issuer = self.name.trim_end_matches('/');
        let discovery = may_be_asked(&format!("{issuer}/.well-known/openid-configuration"))?;
        let document = fetch.get(&discovery).await.map_err(|error| format!("{discovery} {error}"))?;
        let found: Discovery =
            serde_json::from_slice(&document).map_err(|_| format!("{discovery} is no discovery document"))?;
        if found.issuer.trim_end_matches('/') != issuer {
            return Err(format!("{discovery} is of another issuer"));
        }
        let jwks = may_be_asked(&found.jwks_uri)?;
        if discovery.scheme() == Some(&http::uri::Scheme::HTTPS) && jwks.scheme() != discovery.scheme() {
            return Err(format!("{discovery} names keys that do not come over https"));
        }
        let document = fetch.get(&jwks).await.map_err(|error| format!("{jwks} {error}"))?;
        KeySet::parse(&document).map_err(|error| format!("{jwks}: {error}"))
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
