//! The user pools as issuers of tokens, for the authorizers of this process.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use serde_json::{Map, Value};

use super::super::Control;
use super::super::world::{World, WorldId, lock};
use super::tokens;
use crate::authorize::OwnIssuers;

type Worlds = RwLock<HashMap<WorldId, Arc<World>>>;

/// The user pools of every account and region.
pub(crate) struct UserPoolIssuers {
    /// Weak: what holds this is held by the worlds.
    worlds: Weak<Worlds>,
}

impl std::fmt::Debug for UserPoolIssuers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserPoolIssuers")
    }
}

impl UserPoolIssuers {
    /// The world of the pool that `issuer` is, with the pool's id.
    fn find<'i>(&self, issuer: &'i str) -> Option<(Arc<World>, &'i str)> {
        let pool = issuer.rsplit('/').next()?;
        // AWS's own name for it and nothing else that ends alike.
        if issuer != tokens::issuer(pool) {
            return None;
        }
        let worlds = self.worlds.upgrade()?;
        let all: Vec<_> = worlds.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let world = all.into_iter().find(|world| lock(&world.cognito_idp).pools.contains(pool))?;
        Some((world, pool))
    }
}

impl OwnIssuers for UserPoolIssuers {
    fn jwks(&self, issuer: &str) -> Option<Arc<str>> {
        let (world, pool) = self.find(issuer)?;
        let key = lock(&world.cognito_idp).signing_key(pool).ok()?;
        Some(key.jwks().to_string().into())
    }

    /// Whether the sign-in that the token came of has been revoked, or is gone with its user or client. (On AWS an API's
    /// authorizer takes such a token until it expires: only Cognito itself refuses it.)
    fn is_revoked(&self, issuer: &str, claims: &Map<String, Value>) -> bool {
        let Some((world, _)) = self.find(issuer) else { return false };
        let Some(id) = claims.get("origin_jti").and_then(Value::as_str) else { return false };
        let state = lock(&world.cognito_idp);
        state.sessions.get(id).is_none_or(|session| session.revoked)
    }
}

impl Control {
    /// The user pools as issuers of tokens.
    pub(crate) fn own_issuers(&self) -> Arc<dyn OwnIssuers> {
        Arc::new(UserPoolIssuers { worlds: Arc::downgrade(&self.worlds) })
    }
}
