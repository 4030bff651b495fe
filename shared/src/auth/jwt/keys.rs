//! An issuer's key set (RFC 7517).

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

/// How many keys a set may have. Issuers have two or three: one in use, one before it, one to come.
const MAX_KEYS: usize = 64;

/// The longest `kid`.
const MAX_KID_BYTES: usize = 256;

/// The sizes of an RSA modulus that are taken, in bytes: 2,048 to 8,192 bits.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// A public key, and the only algorithms that it is used with.
pub struct Key {
    /// The key.
    pub decoding: DecodingKey,
    /// Never empty, and never a symmetric one.
    pub algorithms: Vec<Algorithm>,
}

/// The keys of a set that can verify a signature, by their `kid`.
#[derive(Default)]
pub struct KeySet {
    keys: HashMap<String, Arc<Key>>,
}

impl KeySet {
    /// Reads a key set. A key that cannot be used (symmetric, for encryption, of an unknown kind, too short, nameless) is
    /// left out, so that one odd key does not take the others with it; a set without any is an error.
    pub fn parse(document: &[u8]) -> Result<KeySet, String> {
        let document: Value = serde_json::from_slice(document).map_err(|error| format!("no key set: {error}"))?;
        let all = document["keys"].as_array().ok_or("no key set: it has no `keys`")?;
        if all.len() > MAX_KEYS {
            return Err(format!("a key set of {} keys, and {MAX_KEYS} are the most", all.len()));
        }
        let mut keys = HashMap::new();
        for (kid, key) in all.iter().filter_map(read) {
            keys.entry(kid).or_insert_with(|| Arc::new(key));
        }
        if keys.is_empty() { Err("a key set without a usable key".into()) } else { Ok(KeySet { keys }) }
    }

    /// The key with this id.
    pub fn get(&self, kid: &str) -> Option<Arc<Key>> {
        self.keys.get(kid).cloned()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

fn read(jwk: &Value) -> Option<(String, Key)> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let kid = text("kid").filter(|kid| (1..=MAX_KID_BYTES).contains(&kid.len()))?;
    if text("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    if let Some(operations) = jwk.get("key_ops").and_then(Value::as_array)
        && !operations.iter().any(|operation| operation == "verify")
    {
        return None;
    }
    let (decoding, fitting): (_, &[Algorithm]) = match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let modulus = URL_SAFE_NO_PAD.decode(text("n")?).ok()?;
            let exponent = URL_SAFE_NO_PAD.decode(text("e")?).ok()?;
            let significant = modulus.iter().skip_while(|byte| **byte == 0).count();
            if !RSA_MODULUS_BYTES.contains(&significant) || exponent.is_empty() {
                return None;
            }
            (DecodingKey::from_rsa_raw_components(&modulus, &exponent), &RSA)
        }
        ("EC", Some("P-256")) => (DecodingKey::from_ec_components(text("x")?, text("y")?).ok()?, &[Algorithm::ES256]),
        ("EC", Some("P-384")) => (DecodingKey::from_ec_components(text("x")?, text("y")?).ok()?, &[Algorithm::ES384]),
        ("OKP", Some("Ed25519")) => (DecodingKey::from_ed_components(text("x")?).ok()?, &[Algorithm::EdDSA]),
        _ => return None,
    };
    let algorithms: Vec<Algorithm> = match text("alg") {
        // Pinned: this one and no other of its kind.
        Some(name) => fitting.iter().copied().filter(|algorithm| format!("{algorithm:?}") == name).collect(),
        None => fitting.to_vec(),
    };
    (!algorithms.is_empty()).then(|| (kid.to_owned(), Key { decoding, algorithms }))
}

/// What an RSA key is used with when it does not say.
const RSA: [Algorithm; 6] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];
