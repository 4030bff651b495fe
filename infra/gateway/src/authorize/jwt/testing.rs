//! Keys made once for tests, documents of issuers, and tokens: good ones and forged ones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::Uri;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::fetch::Fetch;
use super::store::KeyStore;
use crate::authorize::{Issuers, OwnIssuers};

const RSA_ONE: &str = "\
    MIIEowIBAAKCAQEAj2dG03pMKNphilPxcXdcwkriwdKUb7w4e2c93t7GGPC/BkKtVIbKEI8EI6Us7ZMdiJ2PqLz+edJKzImtEvWdnGdM\
    z2keKKXyEc52wv8DV8fAhnxmVSaCgUQUMsEImFYb2NxPcj/xz8bHGLh/DiPbUvACx+Z2GzCuZD4+z7WzkLgtu+fetCK3MLhE/Cbnq7Uz\
    JA9+hRTa2xwaVxFv5hPpiSzjzvJHDSMXvKS7FcpjnxB0uBy6CE5xlAc0TtJ4HU3ZXfeBc6UpT0fY3dh69GohOil07ANrOkWpd/UJPhEH\
    bo+A1MIzm/dwaVIED4E6uRpN06140HMmA2vnc+UpV+a6EwIDAQABAoIBAATYMlZWnVgL+JuZtmBk7edKbFqr6IPV0fqpRDfRQtP43hsy\
    CXT/kLf6fONPYzMrcyX4XLAQonAvIIPEaupnDcoI21lubaxl3sWnOe/geZZvkxt3/GUIBgSj7iLAzq+GyS4MU0rCykKArp0xLmml4HTu\
    0sk6CedlP573U1vlAYn0AfIIj7+Uy8+gYX0byWh/zcJoDvrJ+IAnKCRNyZ15SgSzJBZoRFv3Bi/7BMh9eIbjVlrPpU4rDVpqaL6KWY2A\
    wzL/hipeCQpQ3vN3vbLc33sJpWNsyvrYzu5V6GIXWOuot3QMQ/c1i6CAiwkn58jSfZBjey+mxVzoMFviASdXLGECgYEAyHGSak8lVf5r\
    o8CrVk/x2xN/d8hKT3a9kPyGBzlSaWCIMm3Ufccd3OlonNwfN7eweaNiX9mdTDfEoNxixluoWh1OKatzhzLsAf6RTW3nqYhxrkjfvoJC\
    xG84zDwUMgEiShTYxfU7toDjYO0UoBAbHn8B982clhYCEIj0e1OesKkCgYEAtyZuOWhlSKJvptduyfum3qGUuPAFImNAq6RSwrf7msEj\
    VHeB1M858D6hFqaPiNO74Hgq9dbGA6iaFnWMIMaymPMbctn6M0x4XllNDjxxFWu/lt/wSgOoCXC0D66JFsGlR8YwMORNyHi3ThEz1nih\
    8bcQYW3qGgY1qR7uP1ItPlsCgYEAqctrWBrLadknnYOsoGUAX7BYnkNQj5fqZVNExgHMye838GARTKrLpUMjlxzwZOZ529CHmOJi2Rm0\
    uv91vMoQBqYkfC/8oV6Fhfr7Yzfisj4e7qBUyLDXlkcROhD6mpFTVqXqK2bdum/cLVMn0Z9TGbZFGIFYT9s8zHz3fTEMkGECgYAg01B6\
    FY3hoMtmGcKPjPzxdgBTzSD+cs+Kc98paxQ7PlZ4sxqf66w0tOTmTF/5ZAmOR7tbaG0BBtznHZZJ4ZLs+tV2lj7TpucD8flvjcGu1yr1\
    fZlxioo5duuuy9diLr7SyGCmwqR2Q7yGz2p9DA3qZqcW7z4//9DqSNLmonHddQKBgGupC6apqm442TL5dX6ePm/3l4x4foXyk3LPJJ6x\
    B46QiVkutqSI7mM0UlippHNIveeUhzTS1daacu7m7CcJL021f5NGup7m5aeTFtaLgSMWTDVsNfivSHdpohtrtJoG34w+zPiJA5kjLsAv\
    ds6+g5/D5uOISWM834fC5B9YMICp";
const RSA_ONE_N: &str = "\
    j2dG03pMKNphilPxcXdcwkriwdKUb7w4e2c93t7GGPC_BkKtVIbKEI8EI6Us7ZMdiJ2PqLz-\
    edJKzImtEvWdnGdMz2keKKXyEc52wv8DV8fAhnxmVSaCgUQUMsEImFYb2NxPcj_xz8bHGLh_DiPbUvACx-Z2GzCuZD4-z7WzkLgtu-fe\
    tCK3MLhE_Cbnq7UzJA9-\
    hRTa2xwaVxFv5hPpiSzjzvJHDSMXvKS7FcpjnxB0uBy6CE5xlAc0TtJ4HU3ZXfeBc6UpT0fY3dh69GohOil07ANrOkWpd_UJPhEHbo-\
    A1MIzm_dwaVIED4E6uRpN06140HMmA2vnc-UpV-a6Ew";
const RSA_TWO: &str = "\
    MIIEpAIBAAKCAQEAw66D2nHQax32xTbdLrPgDZiJh1mkNssqNZDZXyFpFX7nGWi6SJNXQGqer16ZFN+1xoMQHfdxQCHSkflpkdPNVEFq\
    cx59EBwkhkehAaOJWEm+dUAqqTfHMmGbKZhk9hSBTdbPw5mlkeChiLPf1qK3TppIfUoKDXzAKsy9P+xGXH5iYeAqeUBAYPwg5RIQXj/Q\
    3uBYOEGZ5CxUB4virOrEME/u9eCXO68Gv9LLqEjQylijXQzLk+8ENZDCOIXR2FjoiNIY3bpZP0gRlik/k8wwTDhVY5RTM+8NCRxNJGwr\
    Rx/dqMW+/iuylGV9bKvu4QOsu5D71iN0kqxDu5I5NLQJoQIDAQABAoIBABKh7GYsI4dU7BQX8Z7/0QbFDoYNJWjI7EpQx5HvsXzdf43Y\
    01wTw4wbsDkh+HuXWEyrBX7aT+CmbSbUfpaRz2GwH5MPRSNNOrZv3ZyKq4pKQ1C7fRRt05GFimu/L2XgdUt/IntihvRz/42aaxGZ9CW6\
    OnV2S6zAbd/lbOPIULl/wxvSftOqb29tn22ifL6bNuDmt29tW5/rdH/FM8c2vdh7jHlPtrILmuM8YCEQChAuA3/uquDeD8OI5FRoGrnC\
    L7GjN/cLY8GP4ZapWJ8HN2z3plBH5bgY7eGqcP715aAaTzDGCJZfjlBbhLQd91efmiUQzJRKULiK6i5Dk5Imw60CgYEA95MGt6Eh6ff5\
    1HQUPpMcFD0+KM5QIyp9pLcJm4HNEY6NHHckER/6/BNGyYoyc9MXcoscMFibe1HnFq/0Mjfbxzm396Ho+U/vZgGq8S85tO255BVMftzX\
    ZBUJxdHMmpGbjaiO+rScm7VeMRRux3nnqhMYzx+tCb8Ct1rZqgv9x0cCgYEAyldgxaL3/XoZhhUaODKoOQJ+Kp8zPGRrLx7h/ZUnavto\
    jwtpbHp7g54fin0lPF7c8Upnu4lJeMUdSxo5rXGaQ/sk8u9LafzYIzkjB/ez3rvqNp4lA6P1GvzkkaFoCVho85XUuDWynWQBjWw+mSZ4\
    8CENpr17XfOGbhFdO+8Ba9cCgYEA0ntXjKsbkDVZW7zMsV6U0sg2nq65BwzLAUz0iBdU54ZQhlDsgvqzgbhJyHML7dkb6DBI6PmMRs4d\
    L/asID3JRpnVxF0NG1lQaWMlmCPUZfRuxHEvNfQ/00DnrB1wXEFLBKa32IHRW7hYulVq0YDc6oWN5BpEHTMd9hDxWVcUjWUCgYAap2H3\
    Bt22BTSBhhwbFQk14U8vXCNKrEu2PFI2rkQwAogmd7Feec/1aYnsG0ohZrmiC1QYzx/fic+vCfhZEaLpm5albcI4ZvctxKQJs6Z9C7Hx\
    mel0Tk/GS1Psnx9uQ7gnhjAsR96MfxT5RS4FzJyXvTLoKQOsP50QuLbYY0aDpwKBgQDF1R6G6ONmFpNkc+tFhfQBr6w4tfnlUDrG/HsT\
    FpA9mC4/ZyX0x0vvcHqM7dEXUumW0wP9VTjM9XmK7Gtl7nHGqR9nnTBYGalolp3glKZxpM9AUzoDN9v4rbkBivwiTT18FKdOS9fGp5CZ\
    evewgoA9pZzt3Q1FW/FG9AHzkz7bjg==";
const RSA_TWO_N: &str = "\
    w66D2nHQax32xTbdLrPgDZiJh1mkNssqNZDZXyFpFX7nGWi6SJNXQGqer16ZFN-\
    1xoMQHfdxQCHSkflpkdPNVEFqcx59EBwkhkehAaOJWEm-dUAqqTfHMmGbKZhk9hSBTdbPw5mlkeChiLPf1qK3TppIfUoKDXzAKsy9P-\
    xGXH5iYeAqeUBAYPwg5RIQXj_Q3uBYOEGZ5CxUB4virOrEME_u9eCXO68Gv9LLqEjQylijXQzLk-\
    8ENZDCOIXR2FjoiNIY3bpZP0gRlik_k8wwTDhVY5RTM-8NCRxNJGwrRx_dqMW-_iuylGV9bKvu4QOsu5D71iN0kqxDu5I5NLQJoQ";
const P256: &str = "\
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBjOb2YoYgNpeD5NJmXFvbRxymnGgyuo8FbjrOK+ROZahRANCAAQZSNuo\
    axMIqDBzCjQFSt9OByq6iPuEwufLfE55+JHa8QOSA+ZpFxgrg0NCuOfxGxojjt5CqZpeK30TELaVref5";
const P256_XY: [&str; 2] =
    ["GUjbqGsTCKgwcwo0BUrfTgcquoj7hMLny3xOefiR2vE", "A5ID5mkXGCuDQ0K45_EbGiOO3kKpml4rfRMQtpWt5_k"];
const P384: &str = "\
    MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAeoCIO3LbDbb2SS0HP8BWvghQ2W6Sa+TRqorcqwXKW63bNQkK9nRIvO/WH\
    kMLmphqhZANiAAQNkVDAL3m1MuFaFev1qun/WE3Y07TWIepf17oxFUv/w3Fc5qh/SLNlF+lOXBoeBzhQ5KT5UVQ4XxUPRJiJhd2JaQFW\
    J3STPfjJZ3Gzd6KWg15eTPxQLxEBspTQhR4bPDc=";
const P384_XY: [&str; 2] = [
    "DZFQwC95tTLhWhXr9arp_1hN2NO01iHqX9e6MRVL_8NxXOaof0izZRfpTlwaHgc4",
    "UOSk-VFUOF8VD0SYiYXdiWkBVid0kz34yWdxs3eiloNeXkz8UC8RAbKU0IUeGzw3",
];
const ED: &str = "\
    MC4CAQAwBQYDK2VwBCIEIC3M+Ude6eSkK1eYzDHXyxsqqHDNG83lFcNN4PlD4Z7E";
const ED_X: &str = "AAyQ0ZSO-AVG0MPxBkeF8807bIasHBV_cHQ6Rf3f9cU";

/// A key of an issuer in a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TestKey {
    RsaOne,
    RsaTwo,
    P256,
    P384,
    Ed,
}

impl TestKey {
    fn private(self) -> EncodingKey {
        let der = |text: &str| STANDARD.decode(text).unwrap();
        match self {
            TestKey::RsaOne => EncodingKey::from_rsa_der(&der(RSA_ONE)),
            TestKey::RsaTwo => EncodingKey::from_rsa_der(&der(RSA_TWO)),
            TestKey::P256 => EncodingKey::from_ec_der(&der(P256)),
            TestKey::P384 => EncodingKey::from_ec_der(&der(P384)),
            TestKey::Ed => EncodingKey::from_ed_der(&der(ED)),
        }
    }

    /// The public key, under this id.
    pub(crate) fn jwk(self, kid: &str) -> Value {
        match self {
            TestKey::RsaOne => json!({"kid": kid, "kty": "RSA", "use": "sig", "n": RSA_ONE_N, "e": "AQAB"}),
            TestKey::RsaTwo => json!({"kid": kid, "kty": "RSA", "use": "sig", "n": RSA_TWO_N, "e": "AQAB"}),
            TestKey::P256 => json!({"kid": kid, "kty": "EC", "crv": "P-256", "x": P256_XY[0], "y": P256_XY[1]}),
            TestKey::P384 => json!({"kid": kid, "kty": "EC", "crv": "P-384", "x": P384_XY[0], "y": P384_XY[1]}),
            TestKey::Ed => json!({"kid": kid, "kty": "OKP", "crv": "Ed25519", "x": ED_X}),
        }
    }

    /// A token that this key has signed.
    pub(crate) fn sign(self, algorithm: Algorithm, kid: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
        encode(&header, claims, &self.private()).unwrap()
    }

    /// A token by `RS256` that names the key `k1`.
    pub(crate) fn token(claims: &Value) -> String {
        TestKey::RsaOne.sign(Algorithm::RS256, Some("k1"), claims)
    }
}

/// The modulus of the first key as bytes: what an attacker would take for a secret of HS256.
pub(crate) fn public_key_as_secret() -> EncodingKey {
    EncodingKey::from_secret(&URL_SAFE_NO_PAD.decode(RSA_ONE_N).unwrap())
}

/// A token of these parts, its signature included.
pub(crate) fn raw_token(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

/// A JWKS document.
pub(crate) fn jwks(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// The issuer of most tests.
pub(crate) const ISSUER: &str = "https://issuer.example/tenant";

/// Documents by address, and how often each was asked for.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    answers: Mutex<HashMap<String, Result<String, String>>>,
    asked: Mutex<Vec<String>>,
}

impl Documents {
    /// Those of [`ISSUER`] with these keys.
    pub(crate) fn of_issuer(keys: &[Value]) -> Arc<Self> {
        let documents = Arc::new(Documents::default());
        let discovery = json!({"issuer": ISSUER, "jwks_uri": "https://keys.example/jwks"});
        documents.set("https://issuer.example/tenant/.well-known/openid-configuration", Ok(&discovery.to_string()));
        documents.set_keys(Ok(&jwks(keys)));
        documents
    }

    pub(crate) fn set(&self, url: &str, answer: Result<&str, &str>) {
        let answer = answer.map(str::to_owned).map_err(str::to_owned);
        self.answers.lock().unwrap().insert(url.to_owned(), answer);
    }

    /// What the issuer's `jwks_uri` answers.
    pub(crate) fn set_keys(&self, answer: Result<&str, &str>) {
        self.set("https://keys.example/jwks", answer);
    }

    /// How often the keys were asked for.
    pub(crate) fn asked_for_keys(&self) -> usize {
        self.asked.lock().unwrap().iter().filter(|url| url.ends_with("/jwks")).count()
    }

    /// A store that asks here.
    pub(crate) fn store(self: &Arc<Self>) -> KeyStore {
        KeyStore::with_fetch(Arc::clone(self) as _)
    }

    /// Issuers whose keys come from here.
    pub(crate) fn issuers(self: &Arc<Self>) -> Issuers {
        Issuers::with_keys(self.store())
    }
}

impl Fetch for Documents {
    fn get<'a>(&'a self, url: &'a Uri) -> BoxFuture<'a, Result<Bytes, String>> {
        self.asked.lock().unwrap().push(url.to_string());
        let answer = self.answers.lock().unwrap().get(&url.to_string()).cloned();
        async move {
            // Others come to wait meanwhile.
            tokio::task::yield_now().await;
            answer.unwrap_or_else(|| Err("has answered 404 Not Found".to_owned())).map(Bytes::from)
        }
        .boxed()
    }
}

/// A user pool of this process, with the key `k1`.
#[derive(Debug)]
pub(crate) struct OwnPool {
    pub(crate) issuer: &'static str,
    /// The `jti` of a token that was revoked.
    pub(crate) revoked: &'static str,
}

impl OwnIssuers for OwnPool {
    fn jwks(&self, issuer: &str) -> Option<Arc<str>> {
        (issuer == self.issuer).then(|| jwks(&[TestKey::RsaOne.jwk("k1")]).into())
    }

    fn is_revoked(&self, _: &str, claims: &serde_json::Map<String, Value>) -> bool {
        claims.get("jti").is_some_and(|id| id == self.revoked)
    }
}
