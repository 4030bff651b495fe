//! Whose tokens pass, whose do not, and what becomes of an issuer's keys.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ferrogate_fixtures::{
    Algorithm,
    jwt::{self, Signer, access_claims, sign, token},
};
use serde_json::{Value, json};

use super::*;
use crate::{clock::Clock, domain::Role};

const NOW: i64 = 1_795_352_400_000;

/// A clock that tests move.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// An issuer whose answers are written down: the last one is given again and again.
struct Issuer {
    answers: Mutex<VecDeque<Result<String, String>>>,
    asked: AtomicUsize,
    urls: Mutex<Vec<String>>,
}

impl Issuer {
    fn new(answers: &[Result<&str, &str>]) -> Arc<Issuer> {
        let owned = |answer: &Result<&str, &str>| answer.map(str::to_owned).map_err(str::to_owned);
        Arc::new(Issuer {
            answers: Mutex::new(answers.iter().map(owned).collect()),
            asked: AtomicUsize::new(0),
            urls: Mutex::default(),
        })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Fetch for Issuer {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.urls.lock().unwrap().push(url.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() };
        Box::pin(async move { answer.map(String::into_bytes) })
    }
}

fn expected() -> Expected {
    Expected {
        issuer: jwt::ISSUER.into(),
        audiences: vec!["another".into(), jwt::CLIENT.into()],
        token_use: Some(TokenUse::Access),
    }
}

fn verifier() -> Verifier {
    let hands = Arc::new(Hands(AtomicI64::new(NOW)));
    let issuer = Issuer::new(&[Ok(jwt::jwks())]);
    Verifier::new(expected(), KeySource::new(issuer, Location::Jwks("https://i/jwks".into()), hands))
}

async fn check(token: &str) -> Result<Claims, JwtError> {
    verifier().verify(token, Timestamp::from_millis(NOW)).await
}

/// The good claims with these members changed, or removed where null.
fn with(changes: Value) -> Value {
    let mut claims = access_claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

#[tokio::test]
async fn a_good_token_says_who_its_bearer_is() {
    let claims = check(&token(&access_claims())).await.unwrap();
    assert_eq!(claims.user_id.as_str(), "9f6a3c1e-7d52-4b0a-8c55-2f1f0b7a9e10");
    assert_eq!((claims.username.as_deref(), claims.role), (Some("ada"), Role::User));
    assert_eq!(claims.scopes, ["aws.cognito.signin.user.admin"]);
    let admin = with(json!({"cognito:groups": ["staff", "admin"], "cognito:username": "ada l", "scope": "a  b"}));
    let admin = check(&token(&admin)).await.unwrap();
    assert_eq!((admin.role, admin.username.as_deref(), admin.scopes.len()), (Role::Admin, Some("ada l"), 2));
}

#[tokio::test]
async fn every_algorithm_of_the_list_is_verified_with_its_own_key() {
    for (signer, kid, algorithms) in [
        (Signer::Rsa, "rsa", &[Algorithm::RS256][..]),
        (
            Signer::Rsa,
            "any-rsa",
            &[
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
        ),
        (Signer::P256, "p256", &[Algorithm::ES256]),
        (Signer::P384, "p384", &[Algorithm::ES384]),
        (Signer::Ed25519, "ed25519", &[Algorithm::EdDSA]),
    ] {
        for algorithm in algorithms {
            let token = sign(signer, *algorithm, kid, &access_claims());
            assert!(check(&token).await.is_ok(), "{kid} {algorithm:?}");
        }
    }
}

#[tokio::test]
async fn a_token_cannot_choose_its_algorithm() {
    let claims = access_claims();
    // The key names RS256 and is good for nothing else; and no key of the set is a shared secret.
    let other = sign(Signer::Rsa, Algorithm::RS512, "rsa", &claims);
    assert_eq!(check(&other).await, Err(Flaw::Algorithm.into()));
    for kid in ["rsa", "any-rsa", "p256", "ed25519"] {
        let hmac = sign(Signer::PublicAsSecret, Algorithm::HS256, kid, &claims);
        assert_eq!(check(&hmac).await, Err(Flaw::Algorithm.into()), "{kid}");
    }
    let body = URL_SAFE_NO_PAD.encode(claims.to_string());
    for alg in ["none", "None", "NONE", "nOnE"] {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "kid": "rsa"}).to_string());
        for signature in ["", "AA"] {
            let refused = check(&format!("{header}.{body}.{signature}")).await;
            assert_eq!(refused, Err(Flaw::Malformed.into()), "{alg}");
        }
    }
}

#[tokio::test]
async fn a_forged_token_is_refused() {
    let good = token(&access_claims());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let admin = URL_SAFE_NO_PAD.encode(with(json!({"cognito:groups": ["admin"]})).to_string());
    assert_eq!(check(&format!("{header}.{admin}.{signature}")).await, Err(Flaw::Signature.into()));
    let stranger = sign(Signer::Stranger, Algorithm::RS256, "rsa", &access_claims());
    assert_eq!(check(&stranger).await, Err(Flaw::Signature.into()));
    let unknown = sign(Signer::Stranger, Algorithm::RS256, "of-a-stranger", &access_claims());
    assert_eq!(check(&unknown).await, Err(Flaw::UnknownKey.into()));
    // A key that the token brings itself is not looked at.
    let own = json!({"alg": "RS256", "kid": "rsa", "jku": "https://evil/jwks", "crit": ["jku"]});
    let own = URL_SAFE_NO_PAD.encode(own.to_string());
    assert!(check(&format!("{own}.{admin}.{signature}")).await.is_err());
}

#[tokio::test]
async fn what_is_no_token_is_refused_whatever_it_is() {
    let huge = format!("{}.{}.{}", "a".repeat(4_000), "b".repeat(4_000), "c".repeat(4_000));
    let good = token(&access_claims());
    let truncated = &good[..good.len() - 10];
    let no_kid = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
    for text in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "ž.b.c", " a.b.c", &huge, &format!("{no_kid}.e30.AA")] {
        assert_eq!(check(text).await, Err(Flaw::Malformed.into()), "{text:.40}");
    }
    assert_eq!(check(truncated).await, Err(Flaw::Signature.into()));
}

#[tokio::test]
async fn claims_must_be_meant_for_here_and_now() {
    let second = NOW / 1000;
    for (changes, flaw) in [
        (json!({"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Another00"}), Flaw::Issuer),
        (json!({"iss": format!("{}/", jwt::ISSUER)}), Flaw::Issuer),
        (json!({"iss": null}), Flaw::Claim("iss")),
        (json!({"client_id": "somebody-else"}), Flaw::Audience),
        (json!({"client_id": null}), Flaw::Claim("aud")),
        // Where there is an audience it alone counts.
        (json!({"aud": "somebody-else"}), Flaw::Audience),
        (json!({"aud": []}), Flaw::Audience),
        (json!({"aud": 5}), Flaw::Audience),
        (json!({"token_use": "id"}), Flaw::TokenUse),
        (json!({"token_use": null}), Flaw::TokenUse),
        (json!({"exp": second - 60}), Flaw::Expired),
        (json!({"exp": -1}), Flaw::Expired),
        (json!({"exp": null}), Flaw::Claim("exp")),
        (json!({"exp": "tomorrow"}), Flaw::Claim("exp")),
        (json!({"nbf": second + 61}), Flaw::NotYet),
        (json!({"nbf": "x"}), Flaw::Claim("nbf")),
        (json!({"iat": second + 61}), Flaw::NotYet),
        (json!({"sub": null}), Flaw::Claim("sub")),
        (json!({"sub": ""}), Flaw::Claim("sub")),
        (json!({"sub": "a\u{202E}b"}), Flaw::Claim("sub")),
        (json!({"sub": 5}), Flaw::Claim("sub")),
    ] {
        assert_eq!(check(&token(&with(changes.clone()))).await, Err(flaw.into()), "{changes}");
    }
    for good in [
        json!({"exp": second - 59}),
        json!({"exp": second as f64 + 0.5}),
        json!({"nbf": second + 60}),
        json!({"iat": second + 60}),
        json!({"iat": null}),
        json!({"aud": ["x", jwt::CLIENT], "client_id": "somebody-else"}),
    ] {
        assert!(check(&token(&with(good.clone()))).await.is_ok(), "{good}");
    }
}

/// A source by a clock that can be moved, and the issuer behind it.
fn source(answers: &[Result<&str, &str>], location: Location) -> (KeySource, Arc<Hands>, Arc<Issuer>) {
    let (issuer, hands) = (Issuer::new(answers), Arc::new(Hands(AtomicI64::new(NOW))));
    (KeySource::new(issuer.clone(), location, hands.clone()), hands, issuer)
}

fn jwks_location() -> Location {
    Location::Jwks("https://issuer.example/jwks.json".into())
}

#[tokio::test]
async fn keys_are_fetched_once_and_unknown_ones_at_a_bounded_rate() {
    let (source, hands, issuer) = source(&[Ok(jwt::jwks())], jwks_location());
    for _ in 0..10 {
        assert!(source.key("rsa").await.unwrap().is_some());
    }
    assert_eq!(issuer.asked(), 1);
    for second in 0..60 {
        hands.0.store(NOW + second * 1_000, Ordering::SeqCst);
        for guess in 0..10 {
            assert!(source.key(&format!("guess-{guess}")).await.unwrap().is_none());
        }
    }
    // At the start, and after half a minute.
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_when_the_first_token_of_it_comes() {
    let (before, after) = (r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"old","x":"AAAA"}]}"#, jwt::jwks());
    // A key of the wrong length verifies nothing but is a key: the set is good.
    let before = before.replace("AAAA", &URL_SAFE_NO_PAD.encode([7; 32]));
    let (source, hands, issuer) = source(&[Ok(&before), Ok(after)], jwks_location());
    assert!(source.key("rsa").await.unwrap().is_none());
    hands.0.fetch_add(30_000, Ordering::SeqCst);
    assert!(source.key("rsa").await.unwrap().is_some());
    assert!(source.key("old").await.unwrap().is_none());
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn an_outage_of_the_issuer_is_survived_for_a_day() {
    let (source, hands, issuer) = source(&[Ok(jwt::jwks()), Err("connection refused")], jwks_location());
    assert!(source.key("rsa").await.unwrap().is_some());
    for hours in 1..24 {
        hands.0.store(NOW + hours * 3_600_000, Ordering::SeqCst);
        assert!(source.key("rsa").await.unwrap().is_some(), "{hours} hours");
    }
    assert!(issuer.asked() > 20, "it is asked again and again");
    hands.0.store(NOW + 24 * 3_600_000, Ordering::SeqCst);
    assert_eq!(source.key("rsa").await.err().as_deref(), Some("connection refused"));
}

#[tokio::test]
async fn without_any_keys_nobody_can_tell_and_the_next_try_is_soon() {
    let (source, hands, issuer) = source(&[Err("down"), Ok(jwt::jwks())], jwks_location());
    for _ in 0..5 {
        assert_eq!(source.key("rsa").await.err().as_deref(), Some("down"));
    }
    assert_eq!(issuer.asked(), 1);
    hands.0.fetch_add(5_000, Ordering::SeqCst);
    assert!(source.key("rsa").await.unwrap().is_some());
}

#[tokio::test]
async fn a_clock_that_is_set_back_fetches_again_and_trusts_nothing_from_the_future() {
    let (source, hands, issuer) = source(&[Ok(jwt::jwks()), Err("down")], jwks_location());
    assert!(source.key("rsa").await.unwrap().is_some());
    hands.0.store(NOW - 3_600_000, Ordering::SeqCst);
    assert!(source.key("rsa").await.is_err());
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn the_discovery_document_leads_to_the_keys_of_its_own_issuer_alone() {
    let document = |issuer: &str, jwks: &str| json!({"issuer": issuer, "jwks_uri": jwks}).to_string();
    let issuer_url = "https://issuer.example/tenant/";
    let good = document(issuer_url, "https://keys.example/jwks");
    let (source_, _, issuer) = source(&[Ok(&good), Ok(jwt::jwks())], Location::Discovery(issuer_url.into()));
    assert!(source_.key("rsa").await.unwrap().is_some());
    let asked = issuer.urls.lock().unwrap().clone();
    assert_eq!(asked, ["https://issuer.example/tenant/.well-known/openid-configuration", "https://keys.example/jwks"]);
    for bad in [
        document("https://evil.example/", "https://keys.example/jwks"),
        document(issuer_url, "http://keys.example/jwks"),
        document(issuer_url, "file:///etc/passwd"),
        "{}".into(),
        "<html>".into(),
    ] {
        let (source, _, issuer) = source(&[Ok(&bad)], Location::Discovery(issuer_url.into()));
        assert!(source.key("rsa").await.is_err(), "{bad}");
        assert_eq!(issuer.asked(), 1, "{bad}");
    }
}

#[test]
fn a_key_set_gives_the_keys_that_can_be_used_and_no_others() {
    let rsa: Value = serde_json::from_str(jwt::jwks()).unwrap();
    let key = |changes: Value| {
        let mut key = rsa["keys"][0].clone();
        for (name, value) in changes.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    };
    let odd = [
        key(json!({"kid": "encryption", "use": "enc"})),
        key(json!({"kid": "signs", "key_ops": ["sign"]})),
        key(json!({"kid": "hmac", "alg": "HS256"})),
        key(json!({"kid": "short", "n": URL_SAFE_NO_PAD.encode([0xff; 128])})),
        key(json!({"kid": ""})),
        key(json!({"kid": "x".repeat(257)})),
        json!({"kty": "oct", "kid": "secret", "k": "c2VjcmV0"}),
        json!({"kty": "EC", "crv": "secp256k1", "kid": "curve", "x": "AA", "y": "AA"}),
        json!({"kty": "EC", "crv": "P-256", "alg": "ES384", "kid": "mixed", "x": "AA", "y": "AA"}),
        json!({"kid": "kindless"}),
        json!("text"),
    ];
    for one in &odd {
        assert!(KeySet::parse(json!({"keys": [one]}).to_string().as_bytes()).is_err(), "{one}");
    }
    let mut all = odd.to_vec();
    all.push(key(json!({"kid": "good"})));
    let set = KeySet::parse(json!({"keys": all}).to_string().as_bytes()).unwrap();
    assert_eq!((set.len(), set.get("good").is_some()), (1, true));
    let many: Vec<Value> = (0..65).map(|n| key(json!({"kid": n.to_string()}))).collect();
    for bad in [json!({"keys": many}), json!({"keys": []}), json!({}), json!([])] {
        assert!(KeySet::parse(bad.to_string().as_bytes()).is_err());
    }
    assert!(KeySet::parse(b"<!doctype html>").is_err());
}

#[test]
fn keys_come_over_tls_or_from_this_machine() {
    for url in [
        "https://issuer.example/jwks",
        "http://localhost:4566/us-east-1_Ab12Cd34E/.well-known/jwks.json",
        "http://127.0.0.1:4566/x",
        "http://[::1]:4566/x",
    ] {
        assert!(fetch::is_allowed(url), "{url}");
    }
    for url in [
        "",
        "https://",
        "http://issuer.example/jwks",
        "http://localhost.evil.example/x",
        "http://127.0.0.1.evil.example/x",
        "http://localhost@evil.example/x",
        "ftp://localhost/x",
        "https://a b/",
    ] {
        assert!(!fetch::is_allowed(url), "{url}");
    }
}
