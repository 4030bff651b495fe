//! Credentials: those that this run issues, to functions and to whoever takes on a role, and those that it was given.

mod given;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

pub use self::given::Credentials;
use crate::clock::EpochMillis;

/// Issues secret keys: the one that belongs to an access key is derived from a secret of this run, so nothing is kept for
/// each, and whoever knows a function's name does not know its key. Cheap to clone; clones issue the same.
#[derive(Clone)]
pub struct Issuer {
    secret: Arc<[u8; 32]>,
}

impl Default for Issuer {
    fn default() -> Self {
        let mut secret = [0; 32];
        // 244 bits of a cryptographically secure generator.
        secret[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        secret[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        Issuer { secret: Arc::new(secret) }
    }
}

impl Issuer {
    /// The secret access key of `access_key`: 40 hexadecimal digits.
    pub fn secret_access_key(&self, access_key: &str) -> String {
        let mut mac = self.mac();
        mac.update(access_key.as_bytes());
        crate::ids::hex(&mac.finalize().into_bytes()[..20])
    }

    /// The session token that goes with `access_key`. It holds the session itself, sealed for this key, so that nothing is
    /// kept for each; it is good for as long as this run.
    pub fn session_token(&self, access_key: &str, session: &Session) -> String {
        // A structure of strings and numbers: serialising it cannot fail.
        let claims = serde_json::to_vec(session).unwrap_or_default();
        let seal = self.seal(access_key, &claims).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&seal[..], &claims].concat())
    }

    /// The session of a token, if it was issued here for `access_key`; whether it has ended is the caller's to see.
    pub fn session(&self, access_key: &str, token: &str) -> Option<Session> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (seal, claims) = sealed.split_at_checked(32)?;
        // In constant time.
        self.seal(access_key, claims).verify_slice(seal).ok()?;
        serde_json::from_slice(claims).ok()
    }

    fn seal(&self, access_key: &str, claims: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac();
        // No access key begins like this, so that no secret is ever the seal of something.
        mac.update(b"session\n");
        mac.update(access_key.as_bytes());
        mac.update(b"\n");
        mac.update(claims);
        mac
    }

    fn mac(&self) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        Hmac::new_from_slice(&*self.secret).expect("a key")
    }
}

/// Longer than any token that is issued here.
const MAX_TOKEN: usize = 8_192;

/// What temporary credentials stand for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whose they are.
    pub of: SessionOf,
    /// When they end, by the gateway's clock; those of functions do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<EpochMillis>,
    /// A policy that bounds what they allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// Whose temporary credentials are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionOf {
    /// A function of this name.
    Function(String),
    /// The account's root (`GetSessionToken`).
    Root,
    /// A user (`GetSessionToken`).
    User(String),
    /// A role (`AssumeRole`).
    Role {
        /// Its name.
        name: String,
        /// `AROA…`
        id: String,
        /// `RoleSessionName`
        session: String,
    },
    /// A federated user (`GetFederationToken`).
    Federated {
        /// Its name.
        name: String,
        /// The user of IAM that has asked; none for the account's root.
        by: Option<String>,
    },
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issuer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_secret_in_one_run() {
        let (one, other) = (Issuer::default(), Issuer::default());
        let secret = one.secret_access_key("LKIAEXAMPLE");
        assert_eq!(secret.len(), 40);
        assert_eq!(one.clone().secret_access_key("LKIAEXAMPLE"), secret);
        assert_ne!(one.secret_access_key("LKIAEXAMPLF"), secret);
        assert_ne!(other.secret_access_key("LKIAEXAMPLE"), secret);
    }

    #[test]
    fn a_session_token_is_of_one_key_and_one_run() {
        let (one, other) = (Issuer::default(), Issuer::default());
        let session = Session { of: SessionOf::Function("hello".to_owned()), expires_at: Some(1), policy: None };
        let token = one.session_token("LSIAEXAMPLE", &session);
        assert_eq!(one.clone().session("LSIAEXAMPLE", &token), Some(session));
        assert_eq!(one.session("LSIAEXAMPLF", &token), None, "another key");
        assert_eq!(other.session("LSIAEXAMPLE", &token), None, "another run");
        let mut altered = token.clone().into_bytes();
        let last = altered.len() - 2;
        altered[last] = if altered[last] == b'A' { b'B' } else { b'A' };
        assert_eq!(one.session("LSIAEXAMPLE", &String::from_utf8(altered).unwrap()), None, "another content");
        for broken in ["", "x", &token[..40], &"A".repeat(9_000)] {
            assert_eq!(one.session("LSIAEXAMPLE", broken), None, "{broken}");
        }
    }
}
