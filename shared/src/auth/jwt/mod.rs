//! JSON Web Tokens of one issuer: whether one is good, and what it says of its bearer.
//!
//! A token is good if its signature is that of a key which the issuer publishes under the token's `kid`, made with an
//! algorithm of that very key, and if its claims name this issuer, this audience and a time that has come and not passed.
//! The token chooses nothing: neither `alg` (the key's own algorithms are the only ones tried, and none of them is
//! symmetric, so that `none` and a public key passed off as an HMAC secret lead nowhere) nor where keys come from (`jku`,
//! `x5u` and `jwk` are not looked at).
//!
//! [`keys`] reads key sets, [`source`] keeps the issuer's, [`fetch`] gets them, [`claims`] are what a token says.

pub mod claims;
pub mod fetch;
pub mod keys;
pub mod source;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jsonwebtoken::{Validation, decode, decode_header};

use crate::{BoxFuture, clock::SystemClock, config::Setup, domain::Timestamp};

pub use claims::{Claims, TokenUse};
pub use fetch::{Fetch, HttpFetch};
pub use keys::KeySet;
pub use source::{KeySource, Location};

/// The longest token that is looked at. All headers of a request together may have 10 KB at API Gateway.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// How far the issuer's clock and this one may be apart, in seconds.
pub const LEEWAY_SECONDS: i64 = 60;

/// Why a token is not good. For the log: whoever sent it is told no more than that it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is no signed JWT of reasonable size.
    #[error("it is malformed")]
    Malformed,
    /// The issuer has no key by its `kid`.
    #[error("its key is unknown")]
    UnknownKey,
    /// Its algorithm is none of its key's.
    #[error("its algorithm is not its key's")]
    Algorithm,
    /// The signature is not that of its key.
    #[error("its signature is wrong")]
    Signature,
    /// A claim that every token must have is missing or has the wrong type.
    #[error("its claim {0} is missing or wrong")]
    Claim(&'static str),
    /// It is another issuer's.
    #[error("its issuer is another one")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for another audience")]
    Audience,
    /// It is an id token where an access token is expected, or the other way round.
    #[error("it is of another use")]
    TokenUse,
    /// Its time has passed.
    #[error("it has expired")]
    Expired,
    /// Its time has not come.
    #[error("it is not valid yet")]
    NotYet,
}

/// Why a token did not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// The token is not good.
    #[error("the token is refused: {0}")]
    Refused(#[from] Flaw),
    /// Nobody can tell, as the issuer's keys cannot be had. The text is for the log.
    #[error("the issuer's keys cannot be had: {0}")]
    Unavailable(String),
}

/// What a token must say.
#[derive(Clone, Debug)]
pub struct Expected {
    /// `iss`, to the letter.
    pub issuer: String,
    /// One of these must be in `aud`, or be `client_id` where there is no `aud`.
    pub audiences: Vec<String>,
    /// `token_use`, a claim of Amazon Cognito's; `None` if it does not matter.
    pub token_use: Option<TokenUse>,
}

/// Checks the tokens of one issuer.
pub struct Verifier {
    expected: Expected,
    keys: KeySource,
}

impl Verifier {
    /// Checks tokens for this, with these keys.
    pub fn new(expected: Expected, keys: KeySource) -> Self {
        Verifier { expected, keys }
    }

    /// With what the environment says:
    ///
    /// - `JWT_ISSUER`: the issuer, such as `https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab12Cd34E`;
    /// - `JWT_AUDIENCE`: audiences or client ids, separated by commas;
    /// - `JWT_JWKS_URL` (optional): where the keys are; else what the issuer's
    ///   `{JWT_ISSUER}/.well-known/openid-configuration` says;
    /// - `JWT_TOKEN_USE` (optional): `access` (the default), `id` or `any`.
    pub fn from_setup(setup: &mut Setup<'_>) -> Self {
        let issuer = setup.required("JWT_ISSUER");
        let mut location = Location::Discovery(issuer.clone());
        if let Some(url) = setup.optional("JWT_JWKS_URL") {
            location = Location::Jwks(url);
        }
        if !issuer.is_empty() && !fetch::is_allowed(location.url()) {
            let name = if matches!(location, Location::Jwks(_)) { "JWT_JWKS_URL" } else { "JWT_ISSUER" };
            setup.refuse(format!("{name} must be a URL that begins with https:// (http:// for this machine alone)"));
        }
        let audiences = setup.required("JWT_AUDIENCE");
        let audiences = audiences.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        let token_use = match setup.optional("JWT_TOKEN_USE").as_deref() {
            None | Some("access") => Some(TokenUse::Access),
            Some("id") => Some(TokenUse::Id),
            Some("any") => None,
            Some(_) => {
                setup.refuse("JWT_TOKEN_USE must be access, id or any".into());
                None
            }
        };
        let keys = KeySource::new(Arc::new(HttpFetch::default()), location, Arc::new(SystemClock));
        Verifier::new(Expected { issuer, audiences, token_use }, keys)
    }

    /// What the token says, if it is good at `now`.
    pub fn verify<'a>(&'a self, token: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Claims, JwtError>> {
        Box::pin(async move {
            if !is_compact(token) {
                return Err(Flaw::Malformed.into());
            }
            let header = decode_header(token).map_err(|_| Flaw::Malformed)?;
            // An extension that must be understood (RFC 7515, section 4.1.11), and none is here.
            if header.crit.is_some() {
                return Err(Flaw::Malformed.into());
            }
            let kid = header.kid.ok_or(Flaw::Malformed)?;
            let key = self.keys.key(&kid).await.map_err(JwtError::Unavailable)?.ok_or(Flaw::UnknownKey)?;
            if !key.algorithms.contains(&header.alg) {
                return Err(Flaw::Algorithm.into());
            }
            // Only the signature: the claims are checked here, by the caller's time rather than this process's.
            let mut validation = Validation::new(header.alg);
            validation.validate_exp = false;
            validation.validate_nbf = false;
            validation.validate_aud = false;
            validation.required_spec_claims.clear();
            let decoded = decode::<serde_json::Map<String, serde_json::Value>>(token, &key.decoding, &validation)
                .map_err(|_| Flaw::Signature)?;
            Ok(claims::check(&decoded.claims, &self.expected, now)?)
        })
    }
}

/// Whether a text has the shape of a signed JWT: three parts in base64url, none empty, and not too long.
pub fn is_compact(token: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_');
    token.len() <= MAX_TOKEN_BYTES && token.split('.').count() == 3 && token.split('.').all(is_part)
}
