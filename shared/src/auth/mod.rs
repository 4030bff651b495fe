//! Bearer tokens and the policies that Lambda authorizers answer with.

pub mod policy;

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The longest token that is looked up. API Gateway's headers end at 10 KB.
const MAX_TOKEN_BYTES: usize = 4096;

/// The token of an `Authorization: Bearer …` header (RFC 6750), if it is one.
pub fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim_start();
    let is_token_char = |c: u8| c.is_ascii_alphanumeric() || b"-._~+/=".contains(&c);
    let is_token = (1..=MAX_TOKEN_BYTES).contains(&token.len()) && token.bytes().all(is_token_char);
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

/// The key under which a token is stored: its SHA-256 in lower-case hexadecimal. A token is random and long, so that a
/// plain hash is as hard to turn back as it is to guess the token.
pub fn token_hash(token: &str) -> String {
    Sha256::digest(token).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
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
        assert_eq!(bearer_token(&format!("Bearer {}", "a".repeat(4097))), None);
    }

    #[test]
    fn a_hash_is_lower_case_hexadecimal() {
        assert_eq!(token_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
