//! What a pool publishes of itself: its key set and its discovery document.

use serde_json::{Value, json};

use super::super::Control;
use super::super::world::lock;
use super::tokens;

impl Control {
    /// The document at `/{pool}/.well-known/{name}`; `None` where there is no such pool or document.
    pub(crate) fn user_pool_document(&self, pool: &str, name: &str) -> Option<Value> {
        let worlds = self.open_worlds();
        let world = worlds.iter().find(|world| lock(&world.cognito_idp).pools.contains(pool))?;
        match name {
            "jwks.json" => Some(lock(&world.cognito_idp).signing_key(pool).ok()?.jwks()),
            // The issuer is AWS's, as in the tokens; the keys are where they are. There is no hosted sign-in page, so no
            // address of one is named.
            "openid-configuration" => Some(json!({
                "id_token_signing_alg_values_supported": ["RS256"],
                "issuer": tokens::issuer(pool),
                "jwks_uri": format!("http://localhost:{}/{pool}/.well-known/jwks.json", world.gateway.port),
                "response_types_supported": ["code", "token"],
                "scopes_supported": ["openid", "email", "phone", "profile"],
                "subject_types_supported": ["public"],
            })),
            _ => None,
        }
    }
}
