//! An issuer's keys (RFC 7517), and a signature against the one that a token names.

use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use moka::sync::Cache;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::VerifyError;
use super::token::Unverified;

/// Keys of one issuer.
const MAX_KEYS: usize = 100;
/// RSA keys: the smallest that is safe, and what 8,192 bits need.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;

/// Tokens of one issuer whose signature need not be checked once more. Beyond it the least useful are forgotten.
const MAX_VERIFIED: u64 = 10_000;

/// The public keys that an issuer signs with, and which tokens they were found to have signed.
///
/// A signature says the same each time, but checking it takes longer than all else that is done for a request. What is
/// remembered is the hash of the whole token, with the keys that it was checked against: new keys remember nothing. Times,
/// audience, scopes and revocation are no part of it; they are looked at with every request.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<Key>,
    verified: Cache<[u8; 32], ()>,
}

struct Key {
    id: Option<String>,
    /// `alg`, where the issuer pins it.
    algorithm: Option<Algorithm>,
    kind: Kind,
    key: DecodingKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

// Not derived, so that no key is ever printed.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a JWKS document. Keys that are not for signatures here are passed over; without any there is no set.
    pub(super) fn parse(document: &[u8]) -> Result<Self, String> {
        let jwks: Jwks = serde_json::from_slice(document).map_err(|_| "it is no JWKS document".to_owned())?;
        if jwks.keys.len() > MAX_KEYS {
            return Err(format!("it has more than {MAX_KEYS} keys"));
        }
        let keys: Vec<_> = jwks.keys.into_iter().filter_map(|key| key_of(serde_json::from_value(key).ok()?)).collect();
        if keys.is_empty() {
            Err("it has no key that signatures can be checked with".to_owned())
        } else {
            Ok(KeySet { keys, verified: Cache::new(MAX_VERIFIED) })
        }
    }

    /// Whether the token's signature was found good before.
    #[cfg(test)]
    pub(super) fn remembers(&self, token: &Unverified<'_>) -> bool {
        self.verified.contains_key(&token.digest())
    }

    /// Whether a token that names this key can be checked at all.
    pub(super) fn has(&self, id: Option<&str>) -> bool {
        self.candidates(id).next().is_some()
    }

    /// The keys of this id. A token without an id can only mean the one key of an issuer that has no other.
    fn candidates<'a>(&'a self, id: Option<&'a str>) -> impl Iterator<Item = &'a Key> {
        let only = self.keys.len() == 1;
        self.keys.iter().filter(move |key| match id {
            None => only,
            Some(_) => key.id.as_deref() == id,
        })
    }

    /// The token's claims, if one of the issuer's keys has signed it.
    pub(super) fn verify(&self, token: &Unverified<'_>) -> Result<Map<String, Value>, VerifyError> {
        let digest = token.digest();
        if self.verified.get(&digest).is_some() {
            return Ok(token.claims.clone());
        }
        let mut error = VerifyError::UnknownKey;
        for key in self.candidates(token.key_id.as_deref()) {
            if !key.allows(token.algorithm) {
                error = VerifyError::Algorithm;
                continue;
            }
            match crypto::verify(token.signature, token.message.as_bytes(), &key.key, token.algorithm) {
                Ok(true) => {
                    self.verified.insert(digest, ());
                    return Ok(token.claims.clone());
                }
                Ok(false) | Err(_) => error = VerifyError::Signature,
            }
        }
        Err(error)
    }
}

impl Key {
    /// The key decides which algorithms there are, not the token.
    fn allows(&self, algorithm: Algorithm) -> bool {
        use Algorithm as A;
        let kind = match algorithm {
            A::RS256 | A::RS384 | A::RS512 | A::PS256 | A::PS384 | A::PS512 => Kind::Rsa,
            A::ES256 => Kind::P256,
            A::ES384 => Kind::P384,
            A::EdDSA => Kind::Ed25519,
            // Secrets are no public keys; and what is not known yet is not verified.
            _ => return false,
        };
        kind == self.kind && self.algorithm.is_none_or(|pinned| pinned == algorithm)
    }
}

fn key_of(jwk: Jwk) -> Option<Key> {
    let for_signatures = jwk.r#use.as_deref().is_none_or(|of| of == "sig")
        && jwk.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
    if !for_signatures {
        return None;
    }
    let (kind, key) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => (Kind::Rsa, rsa(&jwk)?),
        ("EC", Some("P-256")) => (Kind::P256, DecodingKey::from_ec_components(jwk.x.as_ref()?, jwk.y.as_ref()?).ok()?),
        ("EC", Some("P-384")) => (Kind::P384, DecodingKey::from_ec_components(jwk.x.as_ref()?, jwk.y.as_ref()?).ok()?),
        ("OKP", Some("Ed25519")) => (Kind::Ed25519, DecodingKey::from_ed_components(jwk.x.as_ref()?).ok()?),
        _ => return None,
    };
    let algorithm = match &jwk.alg {
        None => None,
        // A key for something else (encryption) is none for signatures.
        Some(name) => Some(name.parse().ok()?),
    };
    Some(Key { id: jwk.kid, algorithm, kind, key })
}

fn rsa(jwk: &Jwk) -> Option<DecodingKey> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let part = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_ref()?).ok();
    let (n, e) = (part(&jwk.n)?, part(&jwk.e)?);
    let modulus = n.iter().skip_while(|byte| **byte == 0).count();
    RSA_MODULUS_BYTES.contains(&modulus).then(|| DecodingKey::from_rsa_raw_components(&n, &e))
}
