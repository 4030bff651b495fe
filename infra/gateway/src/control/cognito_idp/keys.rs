//! The key of a pool: RSA with 2,048 bits, made with the pool and kept with it.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::call::ApiError;

/// A key as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredKey {
    /// PKCS #8, base64.
    pkcs8: String,
}

impl StoredKey {
    /// A new key. It takes a tenth of a second or more: not for a thread that others wait for.
    pub(super) fn generate() -> Result<StoredKey, ApiError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(ApiError::internal)?;
        let der = pair.as_der().map_err(ApiError::internal)?;
        Ok(StoredKey { pkcs8: STANDARD.encode(der.as_ref()) })
    }
}

/// A key that can sign.
pub(super) struct SigningKey {
    pair: RsaKeyPair,
    /// How tokens name it.
    pub(super) key_id: String,
    /// What nobody knows but who has the key.
    seed: [u8; 32],
}

impl SigningKey {
    pub(super) fn read(stored: &StoredKey) -> Result<SigningKey, ApiError> {
        let der = STANDARD.decode(&stored.pkcs8).map_err(ApiError::internal)?;
        let pair = RsaKeyPair::from_pkcs8(&der).map_err(ApiError::internal)?;
        let key_id = STANDARD.encode(Sha256::digest(pair.public_key().as_ref()));
        Ok(SigningKey { pair, key_id, seed: Sha256::digest([b"seed", &der[..]].concat()).into() })
    }

    /// `header.claims.signature`
    pub(super) fn sign(&self, claims: &Value) -> Result<String, ApiError> {
        let header = json!({ "kid": self.key_id, "alg": "RS256" });
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(ApiError::internal)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// A secret of the pool's, the same for as long as it has this key.
    pub(super) fn private_seed(&self) -> [u8; 32] {
        self.seed
    }

    /// Whether `signature` is this key's of `signed`.
    pub(super) fn verifies(&self, signed: &str, signature: &[u8]) -> bool {
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key().as_ref());
        public.verify(signed.as_bytes(), signature).is_ok()
    }

    /// The JSON Web Key Set with this key, as Cognito publishes it.
    pub(super) fn jwks(&self) -> Value {
        let public = self.pair.public_key();
        let number = |number: &[u8]| URL_SAFE_NO_PAD.encode(number);
        json!({ "keys": [{
            "alg": "RS256",
            "e": number(public.exponent().big_endian_without_leading_zero()),
            "kid": self.key_id,
            "kty": "RSA",
            "n": number(public.modulus().big_endian_without_leading_zero()),
            "use": "sig",
        }] })
    }
}
