//! JSON Web Tokens: their parts, their signatures by the keys of their issuers, and what their claims must say.
//!
//! - `token`: what can be read of a token before anything of it is believed
//! - `keys`: an issuer's JWKS, and a signature against one of its keys
//! - `store`: the keys of all issuers, kept and renewed
//! - `fetch`: one document of an issuer's
//! - `claims`: issuer, audience, times and scopes

mod claims;
mod fetch;
#[cfg(any(fuzzing, test))]
pub(super) mod fuzzing;
mod keys;
mod store;
#[cfg(test)]
pub(crate) mod testing;
mod token;

pub(crate) use claims::{Audience, check_audience, check_times, has_scope, rest_claims, scopes, v2_claims};
pub(crate) use fetch::may_be_asked;
pub(crate) use store::KeyStore;
pub(crate) use token::{Unverified, bearer};

/// Why a token is not believed. The text is for logs and never holds anything of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VerifyError {
    /// It is no JWT of three parts.
    #[error("token contains an invalid number of segments")]
    Segments,
    /// It is longer than any token that is looked at.
    #[error("the token is too long")]
    TooLong,
    /// A part cannot be decoded.
    #[error("the token cannot be decoded")]
    Malformed,
    /// `alg` is none that is verified by a public key, or not the key's.
    #[error("the token's signing method is invalid")]
    Algorithm,
    /// The issuer has no such key.
    #[error("the token's signing key is unknown")]
    UnknownKey,
    /// The issuer's keys cannot be had.
    #[error("OIDC discovery endpoint communication error")]
    IssuerUnavailable,
    /// The signature is wrong.
    #[error("the token's signature is invalid")]
    Signature,
    /// `iss` is another.
    #[error("issuer does not match")]
    Issuer,
    /// Neither `aud` nor, in its absence, `client_id` is one of those asked for.
    #[error("the token does not have a valid audience")]
    Audience,
    /// `exp` is over, or there is none.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` is still to come, or no number.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Its holder has signed out.
    #[error("the token has been revoked")]
    Revoked,
}
