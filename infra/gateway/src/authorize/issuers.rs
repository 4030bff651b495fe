//! Whose tokens can be verified: the issuers that this process is itself, and those that are asked over the network.

use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::jwt::{KeyStore, Unverified, VerifyError};
use crate::clock::Clock;

/// The issuers that this process is itself: its own user pools, whose keys never go over the network.
pub trait OwnIssuers: Send + Sync + Debug {
    /// The JWKS document (RFC 7517, JSON text) of an issuer that this process is itself.
    fn jwks(&self, issuer: &str) -> Option<Arc<str>>;

    /// Whether the token was revoked before its time (`GlobalSignOut` and the like).
    fn is_revoked(&self, issuer: &str, claims: &Map<String, Value>) -> bool {
        let _ = (issuer, claims);
        false
    }
}

/// All issuers' keys. Cheap to clone; clones share what they have fetched.
#[derive(Clone, Debug, Default)]
pub struct Issuers(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    own: OnceLock<Arc<dyn OwnIssuers>>,
    keys: KeyStore,
}

impl Issuers {
    /// Those whose keys come from this store.
    #[cfg(test)]
    pub(crate) fn with_keys(keys: KeyStore) -> Self {
        Issuers(Arc::new(Shared { own: OnceLock::new(), keys }))
    }

    /// Says which issuers this process is itself. The first call counts; whether this was it.
    pub fn set_own(&self, own: Arc<dyn OwnIssuers>) -> bool {
        self.0.own.set(own).is_ok()
    }

    /// Whether this process is the issuer itself.
    pub(crate) fn is_own(&self, issuer: &str) -> bool {
        self.own_jwks(issuer).is_some()
    }

    fn own_jwks(&self, issuer: &str) -> Option<Arc<str>> {
        self.0.own.get()?.jwks(issuer)
    }

    /// The claims of a token whose signature by a key of `issuer` holds and that has not been revoked. What the claims say,
    /// the issuer's own name included, is still to be checked.
    pub(crate) async fn verify(
        &self,
        issuer: &str,
        token: &Unverified<'_>,
        clock: &Clock,
    ) -> Result<Map<String, Value>, VerifyError> {
        let claims = match self.own_jwks(issuer) {
            Some(jwks) => self.0.keys.own(issuer, &jwks)?.verify(token)?,
            None => self.0.keys.verify(issuer, token, clock).await?,
        };
        let revoked = self.0.own.get().is_some_and(|own| own.is_revoked(issuer, &claims));
        if revoked { Err(VerifyError::Revoked) } else { Ok(claims) }
    }
}
