//! Signatures against an issuer's keys, and the keys through rotations, outages and nonsense.

use std::time::Duration;

use jsonwebtoken::{Algorithm, Header, encode};
use serde_json::json;

use super::super::testing::{Documents, ISSUER, TestKey, jwks, public_key_as_secret, raw_token};
use super::*;

async fn verify(store: &KeyStore, clock: &Clock, token: &str) -> Result<Map<String, Value>, VerifyError> {
    store.verify(ISSUER, &Unverified::parse(token)?, clock).await
}

/// Against keys of these ids, with a clock of its own.
async fn against(keys: &[Value], token: &str) -> Result<(), VerifyError> {
    verify(&Documents::of_issuer(keys).store(), &Clock::default(), token).await.map(|_| ())
}

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "u1"})
}

#[tokio::test]
async fn every_kind_of_public_key_verifies_its_own_algorithms() {
    use Algorithm as A;
    let rsa = [A::RS256, A::RS384, A::RS512, A::PS256, A::PS384, A::PS512];
    let keys: [(TestKey, &[Algorithm]); 4] = [
        (TestKey::RsaOne, &rsa),
        (TestKey::P256, &[A::ES256]),
        (TestKey::P384, &[A::ES384]),
        (TestKey::Ed, &[A::EdDSA]),
    ];
    for (key, algorithms) in keys {
        for algorithm in algorithms {
            let token = key.sign(*algorithm, Some("k1"), &claims());
            assert_eq!(against(&[key.jwk("k1")], &token).await, Ok(()), "{algorithm:?}");
            for other in [TestKey::RsaTwo, TestKey::P256, TestKey::P384, TestKey::Ed].into_iter().filter(|k| *k != key)
            {
                assert!(against(&[other.jwk("k1")], &token).await.is_err(), "{algorithm:?} against {other:?}");
            }
        }
    }
    let token = TestKey::token(&claims());
    let store = Documents::of_issuer(&[TestKey::RsaOne.jwk("k1")]).store();
    assert_eq!(verify(&store, &Clock::default(), &token).await.unwrap()["sub"], "u1");
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let keys = [TestKey::RsaOne.jwk("k1"), TestKey::RsaTwo.jwk("k2")];
    let good = TestKey::token(&claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let altered = raw_token(&json!({"alg": "RS256", "kid": "k1"}), &json!({"iss": ISSUER, "sub": "admin"}), signature);
    assert_eq!(against(&keys, &altered).await, Err(VerifyError::Signature));
    assert_eq!(against(&keys, &format!("{message}.")).await, Err(VerifyError::Signature));
    assert_eq!(against(&keys, &format!("{message}.!")).await, Err(VerifyError::Signature));
    let wrong_key = TestKey::RsaTwo.sign(Algorithm::RS256, Some("k1"), &claims());
    assert_eq!(against(&keys, &wrong_key).await, Err(VerifyError::Signature));
    for alg in ["none", "NONE", "nOnE"] {
        let none = raw_token(&json!({"alg": alg, "kid": "k1"}), &claims(), "");
        assert_eq!(against(&keys, &none).await, Err(VerifyError::Algorithm), "{alg}");
    }
    let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
    let confused = encode(&header, &claims(), &public_key_as_secret()).unwrap();
    assert_eq!(against(&keys, &confused).await, Err(VerifyError::Algorithm));
    let mut pinned = TestKey::RsaOne.jwk("k1");
    pinned["alg"] = "RS512".into();
    assert_eq!(against(&[pinned], &good).await, Err(VerifyError::Algorithm), "the key says which algorithm");
}

#[test]
fn a_signature_is_checked_once_and_for_these_keys_and_this_token_alone() {
    let keys = |key: TestKey| KeySet::parse(jwks(&[key.jwk("k1")]).as_bytes()).unwrap();
    let (one, text) = (keys(TestKey::RsaOne), TestKey::token(&claims()));
    let token = Unverified::parse(&text).unwrap();
    assert!(!one.remembers(&token) && one.verify(&token).is_ok());
    assert!(one.remembers(&token) && one.verify(&token).unwrap()["sub"] == "u1");
    assert_eq!(keys(TestKey::RsaTwo).verify(&token), Err(VerifyError::Signature), "what other keys found says nothing");
    let (message, signature) = text.rsplit_once('.').unwrap();
    let other = TestKey::RsaTwo.sign(Algorithm::RS256, Some("k1"), &claims());
    let forged = format!("{message}.{}", other.rsplit_once('.').unwrap().1);
    let altered = raw_token(&json!({"alg": "RS256", "kid": "k1"}), &json!({"iss": ISSUER, "sub": "admin"}), signature);
    let other_key = raw_token(&json!({"alg": "RS256", "kid": "k2"}), &claims(), signature);
    for refused in [&forged, &altered, &other_key] {
        let refused = Unverified::parse(refused).unwrap();
        assert!(one.verify(&refused).is_err() && !one.remembers(&refused), "{refused:?}");
    }
}

#[tokio::test]
async fn a_token_without_a_key_id_can_only_mean_the_one_key() {
    let token = TestKey::RsaOne.sign(Algorithm::RS256, None, &claims());
    assert_eq!(against(&[TestKey::RsaOne.jwk("k1")], &token).await, Ok(()));
    let two = [TestKey::RsaOne.jwk("k1"), TestKey::RsaTwo.jwk("k2")];
    assert_eq!(against(&two, &token).await, Err(VerifyError::UnknownKey));
}

#[tokio::test]
async fn keys_that_are_not_for_signatures_are_passed_over() {
    let with = |member: &str, value: Value| {
        let mut key = TestKey::RsaOne.jwk("k1");
        key[member] = value;
        [key, TestKey::RsaTwo.jwk("k2")]
    };
    let token = TestKey::token(&claims());
    for (member, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("kty", json!("oct")),
        ("alg", json!("RSA-OAEP")),
        ("n", json!("AQAB")),
        ("n", json!(1)),
    ] {
        assert_eq!(
            against(&with(member, value.clone()), &token).await,
            Err(VerifyError::UnknownKey),
            "{member} {value}"
        );
    }
}

#[tokio::test]
async fn keys_are_asked_for_once_and_again_when_they_rotate() {
    let documents = Documents::of_issuer(&[TestKey::RsaOne.jwk("k1")]);
    let (store, clock) = (documents.store(), Clock::default());
    let one = TestKey::token(&claims());
    let many = futures_util::future::join_all((0..20).map(|_| verify(&store, &clock, &one))).await;
    assert!(many.iter().all(Result::is_ok));
    assert_eq!(documents.asked_for_keys(), 1, "one asks for all");

    documents.set_keys(Ok(&jwks(&[TestKey::RsaTwo.jwk("k2")])));
    let two = TestKey::RsaTwo.sign(Algorithm::RS256, Some("k2"), &claims());
    assert_eq!(verify(&store, &clock, &two).await, Err(VerifyError::UnknownKey));
    assert_eq!(documents.asked_for_keys(), 1, "unknown keys do not make us ask as often as they are sent");
    clock.advance(Duration::from_secs(30));
    assert!(verify(&store, &clock, &two).await.is_ok());
    assert_eq!(verify(&store, &clock, &one).await, Err(VerifyError::UnknownKey), "the old key is gone");
    assert_eq!(documents.asked_for_keys(), 2);

    clock.advance(Duration::from_secs(2 * 3_600 - 1));
    assert!(verify(&store, &clock, &two).await.is_ok());
    assert_eq!(documents.asked_for_keys(), 2);
    clock.advance(Duration::from_secs(1));
    assert!(verify(&store, &clock, &two).await.is_ok());
    assert_eq!(documents.asked_for_keys(), 3, "after two hours they are renewed");
}

#[tokio::test]
async fn keys_go_on_through_an_outage_until_they_are_too_old() {
    let documents = Documents::of_issuer(&[TestKey::RsaOne.jwk("k1")]);
    let (store, clock) = (documents.store(), Clock::default());
    let token = TestKey::token(&claims());
    assert!(verify(&store, &clock, &token).await.is_ok());
    documents.set_keys(Err("cannot be reached"));
    clock.advance(Duration::from_secs(24 * 3_600 - 1));
    for _ in 0..3 {
        assert!(verify(&store, &clock, &token).await.is_ok());
    }
    assert_eq!(documents.asked_for_keys(), 2, "an issuer that is down is not asked by every request");
    clock.advance(Duration::from_secs(2));
    assert_eq!(verify(&store, &clock, &token).await, Err(VerifyError::IssuerUnavailable));
    documents.set_keys(Ok(&jwks(&[TestKey::RsaOne.jwk("k1")])));
    clock.advance(Duration::from_secs(2));
    assert!(verify(&store, &clock, &token).await.is_ok(), "and back again");
}

#[tokio::test]
async fn an_issuer_that_answers_nonsense_lets_nobody_in() {
    let token = TestKey::token(&claims());
    let many: Vec<_> = (0..101).map(|i| TestKey::RsaOne.jwk(&format!("k{i}"))).collect();
    for document in [
        "",
        "<!doctype html><title>Sign in</title>",
        "[]",
        "{}",
        r#"{"keys": []}"#,
        r#"{"keys": {}}"#,
        r#"{"keys": ["k1"]}"#,
        &jwks(&many),
    ] {
        let documents = Documents::of_issuer(&[]);
        documents.set_keys(Ok(document));
        let outcome = verify(&documents.store(), &Clock::default(), &token).await;
        assert_eq!(outcome, Err(VerifyError::IssuerUnavailable), "{document:.40}");
    }
}

#[tokio::test]
async fn a_discovery_document_must_be_the_issuers_and_name_keys_as_safe() {
    let token = TestKey::token(&claims());
    for discovery in [
        json!({"issuer": "https://other.example", "jwks_uri": "https://keys.example/jwks"}),
        json!({"issuer": ISSUER, "jwks_uri": "http://keys.example/jwks"}),
        json!({"issuer": ISSUER, "jwks_uri": "http://localhost/jwks"}),
        json!({"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}),
        json!({"issuer": ISSUER}),
        json!("x"),
    ] {
        let documents = Documents::of_issuer(&[TestKey::RsaOne.jwk("k1")]);
        let address = "https://issuer.example/tenant/.well-known/openid-configuration";
        documents.set(address, Ok(&discovery.to_string()));
        let outcome = verify(&documents.store(), &Clock::default(), &token).await;
        assert_eq!((outcome, documents.asked_for_keys()), (Err(VerifyError::IssuerUnavailable), 0), "{discovery}");
    }
}

#[tokio::test]
async fn a_clock_that_was_moved_back_stops_nothing() {
    let documents = Documents::of_issuer(&[TestKey::RsaOne.jwk("k1")]);
    let store = documents.store();
    let ahead = Clock::default();
    ahead.advance(Duration::from_secs(1_000));
    assert!(verify(&store, &ahead, &TestKey::token(&claims())).await.is_ok());
    documents.set_keys(Ok(&jwks(&[TestKey::RsaTwo.jwk("k2")])));
    let two = TestKey::RsaTwo.sign(Algorithm::RS256, Some("k2"), &claims());
    assert!(verify(&store, &Clock::default(), &two).await.is_ok());
}
