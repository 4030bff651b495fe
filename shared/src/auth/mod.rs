//! Bearer tokens, opaque ones and signed ones ([`jwt`]), and the policies that Lambda authorizers answer with.

pub mod jwt;
pub mod policy;

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::{ApiToken, TokenHash};

/// The longest token that is looked at. All headers of a request together may have 10 KB at API Gateway.
const MAX_TOKEN_BYTES: usize = jwt::MAX_TOKEN_BYTES;

/// What every new token begins with, so that one that leaks into a repository or a log is found by who looks for it.
const PREFIX: &str = "fgt_";

/// The token of an `Authorization: Bearer …` header (RFC 6750), if it is one.
pub fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim_start();
    let is_token_char = |c: u8| c.is_ascii_alphanumeric() || b"-._~+/=".contains(&c);
    let is_token = (1..=MAX_TOKEN_BYTES).contains(&token.len()) && token.bytes().all(is_token_char);
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

/// The key under which a token is stored. A token is random and long, so that a plain hash is as hard to turn back as it
/// is to guess the token.
pub fn token_hash(token: &str) -> TokenHash {
    let hex = sha256_hex(token);
    TokenHash::parse(&hex).unwrap_or_else(|_| unreachable!("a SHA-256 has 64 hexadecimal digits"))
}

/// The SHA-256 of a text in lower-case hexadecimal.
pub fn sha256_hex(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Whether `found` really is the token with this hash. In constant time, so that no store that finds by prefix, or by
/// anything less than the whole key, gives an attacker a digit after the other.
pub fn is_token(found: &ApiToken, hash: &TokenHash) -> bool {
    found.hash.as_str().as_bytes().ct_eq(hash.as_str().as_bytes()).into()
}

/// A new token, to be shown once: 244 random bits.
pub fn new_token() -> String {
    let random = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
    // Hashed, as some of a UUID's bits are fixed and would show.
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(Sha256::digest(random)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_bearer_tokens_alone() {
        assert_eq!(bearer_token("Bearer demo-token"), Some("demo-token"));
        assert_eq!(bearer_token("bearer  a.b~c+d/e=="), Some("a.b~c+d/e=="));
        for header in ["", "Bearer", "Bearer ", "demo-token", "Basic abc", "Bearer a b", "Bearer ž", "Bearer a\tb"] {
            assert_eq!(bearer_token(header), None, "{header:?}");
        }
        assert_eq!(bearer_token(&format!("Bearer {}", "a".repeat(MAX_TOKEN_BYTES + 1))), None);
    }

    #[test]
    fn new_tokens_differ_and_can_be_sent_as_they_are() {
        let tokens: std::collections::HashSet<String> = (0..100).map(|_| new_token()).collect();
        assert_eq!(tokens.len(), 100);
        for token in tokens {
            assert_eq!(token.len(), PREFIX.len() + 43);
            assert_eq!(bearer_token(&format!("Bearer {token}")), Some(token.as_str()));
        }
    }

    #[test]
    fn a_hash_is_lower_case_hexadecimal() {
        assert_eq!(token_hash("abc").as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
