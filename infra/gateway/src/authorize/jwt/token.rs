//! What can be read of a token before anything of it is believed. Pure functions of the client's text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::VerifyError;

/// The longest token that is looked at: all headers of a request together may have 10,240 bytes.
const MAX_TOKEN_BYTES: usize = 10_240;

/// A token in its parts; nothing of it is verified.
#[derive(Debug)]
pub(crate) struct Unverified<'a> {
    /// What is signed: header and claims as they were sent.
    pub(super) message: &'a str,
    /// The signature as it was sent.
    pub(super) signature: &'a str,
    /// `alg`; none but those of public keys can be read.
    pub(super) algorithm: Algorithm,
    /// `kid`
    pub(super) key_id: Option<String>,
    /// The claims. Whoever believes them has verified the signature.
    pub(super) claims: Map<String, Value>,
}

/// The token of an `Authorization` header: behind `Bearer ` in any case, or the whole value.
pub(crate) fn bearer(value: &str) -> &str {
    let value = value.trim();
    match value.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer ") => token.trim_start(),
        _ => value,
    }
}

impl<'a> Unverified<'a> {
    /// Reads a token.
    pub(crate) fn parse(token: &'a str) -> Result<Self, VerifyError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(VerifyError::TooLong);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(VerifyError::Segments);
        };
        let message = &token[..header.len() + 1 + claims.len()];
        let mut header = json(header)?;
        // `crit` names extensions that must be understood, and none is; with `b64` (RFC 7797) what is signed would not be
        // what was sent.
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(VerifyError::Malformed);
        }
        let key_id = match header.remove("kid") {
            None | Some(Value::Null) => None,
            Some(Value::String(key_id)) => Some(key_id),
            Some(_) => return Err(VerifyError::Malformed),
        };
        let algorithm = header.get("alg").and_then(Value::as_str).ok_or(VerifyError::Malformed)?;
        // What the token says of its algorithm chooses nothing but this; a key must agree.
        let algorithm = match algorithm.parse() {
            Ok(Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) | Err(_) => return Err(VerifyError::Algorithm),
            Ok(algorithm) => algorithm,
        };
        Ok(Unverified { message, signature, algorithm, key_id, claims: json(claims)? })
    }

    /// A hash of the whole token, signature included: tokens of the same are the same.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.message);
        // None of the parts holds a dot, so that no other token gives this text.
        hash.update(".");
        hash.update(self.signature);
        hash.finalize().into()
    }

    /// Whether AWS's HTTP APIs would look at it: they know RSA with PKCS #1 only.
    pub(crate) fn is_rs(&self) -> bool {
        matches!(self.algorithm, Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512)
    }

    /// `iss` as the token says it, to find out whose keys are to be asked.
    pub(crate) fn claimed_issuer(&self) -> Option<&str> {
        self.claims.get("iss")?.as_str()
    }
}

/// An object of JSON's.
fn json(part: &str) -> Result<Map<String, Value>, VerifyError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| VerifyError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| VerifyError::Malformed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(header: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(header), part(&json!({"iss": "me"})))
    }

    #[test]
    fn the_scheme_is_optional() {
        for header in ["a.b.c", "Bearer a.b.c", "bearer  a.b.c", " BEARER a.b.c "] {
            assert_eq!(bearer(header), "a.b.c", "{header}");
        }
        assert_eq!((bearer("Bearer"), bearer(""), bearer("Bearé a")), ("Bearer", "", "Bearé a"));
    }

    #[test]
    fn a_token_in_its_parts() {
        let text = token(&json!({"alg": "ES256", "kid": "k", "typ": "JWT"}));
        let token = Unverified::parse(&text).unwrap();
        assert_eq!((token.algorithm, token.key_id.as_deref()), (Algorithm::ES256, Some("k")));
        assert_eq!((token.claimed_issuer(), token.signature), (Some("me"), "c2ln"));
        assert_eq!(format!("{}.c2ln", token.message), text);
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        let fails = |text: &str| Unverified::parse(text).unwrap_err();
        for text in ["", "a", "a.b", "a.b.c.d", "opaque-token"] {
            assert_eq!(fails(text), VerifyError::Segments, "{text}");
        }
        for text in ["..", "a.b.c", "e30.e30.", "eyJ.eyJ.x", "eyJhbGciOjF9.e30.x", "bnVsbA.e30.x"] {
            assert_eq!(fails(text), VerifyError::Malformed, "{text}");
        }
        assert_eq!(fails(&"x".repeat(10_241)), VerifyError::TooLong);
        for alg in ["none", "None", "", "HS256", "HS384", "HS512", "RS1", "ES512"] {
            assert_eq!(fails(&token(&json!({ "alg": alg }))), VerifyError::Algorithm, "{alg}");
        }
        for header in [
            json!({"alg": "RS256", "crit": ["x"]}),
            json!({"alg": "RS256", "crit": null}),
            json!({"alg": "RS256", "b64": false}),
            json!({"alg": "RS256", "b64": null}),
            json!(["RS256", "kid"]),
        ] {
            assert_eq!(fails(&token(&header)), VerifyError::Malformed, "{header}");
        }
        let text = token(&json!({"alg": "RS256"})).replace("eyJpc3MiOiJtZSJ9", "W10");
        assert_eq!(fails(&text), VerifyError::Malformed, "claims are an object");
    }
}
