//! The fuzz target of tokens: what is read of them, and that none is believed that nobody has signed.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::keys::KeySet;
use super::{
    Audience, Unverified, VerifyError, bearer, check_audience, check_times, has_scope, rest_claims, scopes, v2_claims,
};
use crate::fuzzing::NOW;

/// Public keys: of the tests, and of the examples in RFC 7515 (A.3) and RFC 8037 (A.2). The corpus holds nothing that is
/// signed with them.
static KEYS: LazyLock<Option<KeySet>> = LazyLock::new(|| KeySet::parse(include_bytes!("fuzzing.jwks.json")).ok());

/// The value of an `Authorization` header. One that begins with a brace is a header, a line of claims and a signature
/// that are yet to be made into a token, for a fuzzer does not find its way through Base64.
pub fn token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if text.starts_with('{') || text.starts_with('[') {
        let (header, rest) = text.split_once('\n').unwrap_or((&text, "{}"));
        let (claims, signature) = rest.split_once('\n').unwrap_or((rest, ""));
        let part = |part: &str| URL_SAFE_NO_PAD.encode(part);
        value(&format!("Bearer {}.{}.{}", part(header), part(claims), signature.trim_end()));
    } else {
        value(&text);
    }
}

fn value(value: &str) {
    let token = bearer(value);
    assert_eq!(token, token.trim());
    assert!(value.trim().ends_with(token));
    if !token.is_empty() {
        for scheme in ["Bearer ", " bEARER \t"] {
            assert_eq!(bearer(&format!("{scheme}{token}")), token);
        }
    }
    match Unverified::parse(token) {
        Ok(read) => parts(token, &read),
        Err(error) => assert_eq!(error == VerifyError::TooLong, token.len() > 10_240),
    }
}

fn parts(token: &str, read: &Unverified<'_>) {
    assert_eq!(format!("{}.{}", read.message, read.signature), token, "what is verified is what was sent");
    assert_eq!(token.split('.').count(), 3);
    let part = |position: usize| -> Option<Value> {
        let part = URL_SAFE_NO_PAD.decode(token.split('.').nth(position)?).ok()?;
        serde_json::from_slice(&part).ok()
    };
    let (Some(Value::Object(header)), Some(Value::Object(claims))) = (part(0), part(1)) else {
        panic!("both parts are objects: {token}");
    };
    let algorithm = format!("{:?}", read.algorithm);
    assert_eq!(header.get("alg").and_then(Value::as_str), Some(&*algorithm));
    assert!(!algorithm.starts_with("HS"));
    assert_eq!(header.get("kid").and_then(Value::as_str), read.key_id.as_deref());
    assert!(!header.contains_key("crit") && !header.contains_key("b64"), "no extension is understood");
    assert_eq!(read.claims, claims);
    assert_eq!(read.claimed_issuer(), claims.get("iss").and_then(Value::as_str));
    let Some(keys) = &*KEYS else { panic!("the keys can be read") };
    assert!(keys.verify(read).is_err(), "nobody has signed this");
    claims_hold(&claims);
}

fn claims_hold(claims: &Map<String, Value>) {
    if check_times(claims, NOW).is_ok() {
        let expires = claims.get("exp").and_then(Value::as_f64).unwrap_or_default();
        if expires < 1e12 {
            #[expect(clippy::cast_possible_truncation, reason = "it is small")]
            let over = (expires * 1_000.0).ceil() as i64 + 1;
            assert!(over > NOW);
            assert_eq!(check_times(claims, over), Err(VerifyError::Expired));
        }
        let mut lasting = claims.clone();
        lasting.remove("exp");
        assert_eq!(check_times(&lasting, NOW), Err(VerifyError::Expired), "no token is good for ever");
    }
    let held = match (claims.get("aud"), claims.get("client_id")) {
        (Some(Value::Array(several)), _) => several.iter().any(|one| one == "app"),
        (Some(one), _) | (None, Some(one)) => one == "app",
        (None, None) => false,
    };
    assert_eq!(check_audience(claims, &Audience(vec!["app".to_owned()])).is_ok(), held);
    assert!(check_audience(claims, &Audience(Vec::new())).is_err());
    assert!(!has_scope(claims, &[]));
    for scope in scopes(claims) {
        assert!(has_scope(claims, &[scope.to_owned()]));
    }
    for shown in [v2_claims(claims), rest_claims(claims)] {
        assert!(shown.keys().eq(claims.keys()) && shown.values().all(Value::is_string));
        let same = |(name, value): (&String, &Value)| !value.is_string() || shown.get(name) == Some(value);
        assert!(claims.iter().all(same));
    }
}
