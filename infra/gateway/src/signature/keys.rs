//! Signing keys: what a secret access key is made into for one day, region and service.

use hmac::{Hmac, KeyInit as _, Mac as _};
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::CredentialScope;

/// Signing keys that are remembered; beyond this the least used are made anew.
const MAX_KEYS: u64 = 1_000;

/// The signing keys that were needed lately: making one takes four rounds of HMAC, and every call of a function's SDK
/// needs the same.
pub(crate) struct SigningKeys(Cache<[u8; 32], [u8; 32]>);

impl Default for SigningKeys {
    fn default() -> Self {
        SigningKeys(Cache::new(MAX_KEYS))
    }
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKeys")
    }
}

impl SigningKeys {
    /// The key for `scope`.
    pub(super) fn of(&self, secret: &str, scope: &CredentialScope) -> [u8; 32] {
        // By a hash, so that no secret is kept here.
        let mut hash = Sha256::new();
        for part in [secret, &scope.date, &scope.region, &scope.service] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        self.0.get_with(hash.finalize().into(), || {
            let mut key = hmac(format!("AWS4{secret}").as_bytes(), scope.date.as_bytes());
            for part in [&*scope.region, &*scope.service, "aws4_request"] {
                key = hmac(&key, part.as_bytes());
            }
            key
        })
    }
}

/// HMAC-SHA256.
pub(super) fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    mac.update(text);
    mac.finalize().into_bytes().into()
}
