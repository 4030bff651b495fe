//! Credentials that this run issues: to functions and to whoever takes on a role.

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

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
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.secret).expect("a key");
        mac.update(access_key.as_bytes());
        crate::ids::hex(&mac.finalize().into_bytes()[..20])
    }
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
}
