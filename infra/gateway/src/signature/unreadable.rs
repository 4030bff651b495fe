//! What AWS says about an `Authorization` header that it takes for a signature and cannot read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The message for a header that is no signature of version 4; `None` if it looks like one.
///
/// The header is echoed as a hash only, since it may hold a token.
pub(crate) fn unreadable(header: &str) -> Option<String> {
    let header = header.trim();
    if header.is_empty() {
        return Some("Authorization header cannot be empty: ''".to_owned());
    }
    let (algorithm, parameters) = header.split_once(' ').unwrap_or(("", header));
    let hash = || STANDARD.encode(Sha256::digest(header));
    if parameters.split(',').any(|parameter| !parameter.contains('=')) {
        return Some(format!(
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with \
             Base64): '{}'.",
            hash()
        ));
    }
    let named = |name: &str| {
        parameters.split(',').any(|p| p.trim().strip_prefix(name).is_some_and(|value| value.starts_with('=')))
    };
    let missing: Vec<_> =
        ["Credential", "Signature", "SignedHeaders"].into_iter().filter(|name| !named(name)).collect();
    if missing.is_empty() && algorithm.starts_with("AWS4-") {
        return None;
    }
    let missing = if missing.is_empty() { vec!["Credential"] } else { missing };
    let mut message = String::new();
    for name in missing {
        message.push_str(&format!("Authorization header requires '{name}' parameter. "));
    }
    // The part that echoes the header is hashed like the one above; AWS's wording of it is not confirmed.
    message.push_str(&format!("(Hashed with SHA-256 and encoded with Base64) Authorization={}", hash()));
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_hashed() {
        assert_eq!(
            unreadable("Bearer demo-token").unwrap(),
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with \
             Base64): 'aek/VvYI/7gBA/viIAVkCUelhHVAsk7l9UefNTFgKZY='."
        );
    }

    #[test]
    fn other_headers() {
        assert_eq!(unreadable("  ").unwrap(), "Authorization header cannot be empty: ''");
        let basic = unreadable("Basic dXNlcjpwYXNz=").unwrap();
        assert!(basic.starts_with(
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
        ));
        assert!(!basic.contains("dXNl"));
        assert_eq!(unreadable("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c"), None);
        assert!(unreadable("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host").unwrap().contains("'Signature'"));
    }
}
