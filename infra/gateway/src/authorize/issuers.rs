//! Issuers of tokens that this process is itself.

use std::fmt::Debug;
use std::sync::Arc;

use serde_json::{Map, Value};

/// The issuers that this process is itself: their keys never go over the network for the gateway's own authorizers.
pub trait OwnIssuers: Send + Sync + Debug {
    /// The JWKS document (RFC 7517, JSON text) of an issuer that this process is itself.
    fn jwks(&self, issuer: &str) -> Option<Arc<str>>;

    /// Whether the token with these claims was revoked.
    fn is_revoked(&self, _issuer: &str, _claims: &Map<String, Value>) -> bool {
        false
    }
}
