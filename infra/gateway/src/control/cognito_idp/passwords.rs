//! Passwords: the pool's policy, and how they are kept.
//!
//! Argon2id with OWASP's parameters (19 MiB, two passes). It is work for a thread of its own, and of that only for two at a
//! time: whoever sends many passwords waits, and beyond a bound is refused.
//!
//! SRP needs something that Argon2 cannot give (the client never sends its password): `g^x` with a salted SHA-256 of the
//! password, as AWS must have it too. Whoever steals the data folder can try passwords against that faster than against
//! Argon2, so it is kept only where a client of the pool may sign in by SRP.

use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::super::call::ApiError;
use super::random::Random;
use super::settings::PasswordPolicy;
use super::srp::{self, Verifier};

/// Memory in KiB, passes and lanes: OWASP's password storage cheat sheet.
const PARAMETERS: (u32, u32, u32) = (19_456, 2, 1);
const HASH: usize = 32;

/// Passwords that are hashed at a time, and that wait for it.
static AT_ONCE: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(2);
static WAITING: AtomicUsize = AtomicUsize::new(0);
const MAX_WAITING: usize = 256;

/// A password as it is kept.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Password {
    parameters: (u32, u32, u32),
    salt: String,
    hash: String,
    /// What SRP checks by, where a client may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) srp: Option<Verifier>,
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

/// Runs `work` on a thread of its own, when it is its turn.
pub(super) async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    struct Place;
    impl Drop for Place {
        fn drop(&mut self) {
            WAITING.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let before = WAITING.fetch_add(1, Ordering::Relaxed);
    let _place = Place;
    if before >= MAX_WAITING {
        return Err(ApiError::new("TooManyRequestsException", "Too many requests"));
    }
    let _permit = AT_ONCE.acquire().await.map_err(ApiError::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)
}

/// Makes what is kept of a password. `srp` is the pool's name for SRP and the user's, where a client may use it.
pub(super) async fn hash(
    random: &Random,
    password: String,
    srp: Option<(String, String)>,
) -> Result<Password, ApiError> {
    let (salt, srp_salt) = (random.bytes::<16>()?, random.bytes::<16>()?);
    in_turn(move || {
        let hash = derive(PARAMETERS, &salt, &password).ok_or_else(|| ApiError::internal("Argon2 failed"))?;
        let srp = srp.map(|(pool, user)| srp::verifier(&pool, &user, &password, srp_salt));
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
        Ok(Password { parameters: PARAMETERS, salt, hash, srp })
    })
    .await?
}

/// Whether it is the password that is kept. Without one it takes as long, and the answer is no. Call within [`in_turn`].
pub(super) fn verify(kept: Option<&Password>, password: &str) -> bool {
    let (parameters, salt) = kept.map_or((PARAMETERS, String::new()), |kept| (kept.parameters, kept.salt.clone()));
    let salt = STANDARD_NO_PAD.decode(salt).ok().filter(|salt| salt.len() >= 8).unwrap_or_else(|| vec![0; 16]);
    let derived = derive(parameters, &salt, password);
    let expected = kept.and_then(|kept| STANDARD_NO_PAD.decode(&kept.hash).ok());
    match (derived, expected) {
        (Some(derived), Some(expected)) => derived.ct_eq(expected.as_slice()).into(),
        _ => false,
    }
}

fn derive((memory, passes, lanes): (u32, u32, u32), salt: &[u8], password: &str) -> Option<[u8; HASH]> {
    let parameters = Params::new(memory, passes, lanes, Some(HASH)).ok()?;
    let mut hash = [0; HASH];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    argon2.hash_password_into(password.as_bytes(), salt, &mut hash).ok()?;
    Some(hash)
}

/// Whether the pool's policy takes `password`.
///
/// # Errors
/// `InvalidPasswordException` with the first rule that it breaks, as AWS words it.
pub(super) fn check(policy: &PasswordPolicy, password: &str) -> Result<(), ApiError> {
    const SYMBOLS: &str = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`=+ ";
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    let broken = if password.chars().count() < policy.minimum_length {
        "Password not long enough"
    } else if policy.require_uppercase && !has(|c| c.is_ascii_uppercase()) {
        "Password must have uppercase characters"
    } else if policy.require_lowercase && !has(|c| c.is_ascii_lowercase()) {
        "Password must have lowercase characters"
    } else if policy.require_numbers && !has(|c| c.is_ascii_digit()) {
        "Password must have numeric characters"
    } else if policy.require_symbols && !has(|c| SYMBOLS.contains(c)) {
        "Password must have symbol characters"
    } else {
        return Ok(());
    };
    Err(ApiError::new("InvalidPasswordException", format!("Password did not conform with policy: {broken}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_is_right() {
        let kept = hash(&Random::default(), "Correct-1".to_owned(), None).await.unwrap();
        assert!(verify(Some(&kept), "Correct-1"));
        assert!(!verify(Some(&kept), "correct-1"));
        assert!(!verify(None, "Correct-1"));
        let text = serde_json::to_string(&kept).unwrap();
        assert!(!text.contains("Correct"), "{text}");
        let again = hash(&Random::default(), "Correct-1".to_owned(), None).await.unwrap();
        assert_ne!(kept, again, "each has a salt of its own");
    }

    #[test]
    fn a_policy_names_the_rule_that_is_broken() {
        let policy = PasswordPolicy::default();
        let broken = |password: &str| check(&policy, password).map_err(|error| error.message);
        let message = |rule: &str| Err(format!("Password did not conform with policy: {rule}"));
        assert_eq!(broken("Aa1!"), message("Password not long enough"));
        assert_eq!(broken("aaaaaaa1!"), message("Password must have uppercase characters"));
        assert_eq!(broken("AAAAAAA1!"), message("Password must have lowercase characters"));
        assert_eq!(broken("AAAAAAAa!"), message("Password must have numeric characters"));
        assert_eq!(broken("AAAAAAAa1"), message("Password must have symbol characters"));
        assert_eq!(broken("AAAAAAa1!"), Ok(()));
        let made = Random::default().password(policy.minimum_length).unwrap();
        assert_eq!(broken(&made), Ok(()), "{made}");
    }
}
