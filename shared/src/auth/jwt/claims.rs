//! What a token says of its bearer, and whether it is meant for here and now.

use serde_json::{Map, Value};

use super::{Expected, Flaw, LEEWAY_SECONDS};
use crate::domain::{Role, Timestamp, UserId};

/// The group whose members have the role `admin`.
const ADMIN_GROUP: &str = "admin";

/// What a token of Amazon Cognito is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenUse {
    /// To call APIs with.
    Access,
    /// To tell an application who has signed in.
    Id,
}

impl TokenUse {
    fn name(self) -> &'static str {
        match self {
            TokenUse::Access => "access",
            TokenUse::Id => "id",
        }
    }
}

/// A good token's claims, as far as they are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `sub`. It and not the user name is the user's id: it is never given to anybody else, whereas a user name can be
    /// taken again once its owner is gone.
    pub user_id: UserId,
    /// The name the user goes by, where the token has one (`cognito:username`, or `username`).
    pub username: Option<String>,
    /// What the bearer may do: `scope`, or `scp`.
    pub scopes: Vec<String>,
    /// `admin` for members of the group `admin` (`cognito:groups`), `user` for everybody else.
    pub role: Role,
}

/// Reads the claims if they say what is expected at `now`.
pub(super) fn check(claims: &Map<String, Value>, expected: &Expected, now: Timestamp) -> Result<Claims, Flaw> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss").ok_or(Flaw::Claim("iss"))? != expected.issuer {
        return Err(Flaw::Issuer);
    }
    audience(claims, expected)?;
    if let Some(token_use) = expected.token_use
        && text("token_use") != Some(token_use.name())
    {
        return Err(Flaw::TokenUse);
    }
    times(claims, now)?;
    let user_id = text("sub").and_then(|sub| UserId::parse(sub).ok()).ok_or(Flaw::Claim("sub"))?;
    let scopes = claims.get("scope").or_else(|| claims.get("scp")).map(words).unwrap_or_default();
    let groups = claims.get("cognito:groups").map(words).unwrap_or_default();
    let is_admin = groups.iter().any(|group| group == ADMIN_GROUP);
    Ok(Claims {
        user_id,
        username: text("cognito:username").or_else(|| text("username")).map(str::to_owned),
        scopes,
        role: if is_admin { Role::Admin } else { Role::User },
    })
}

/// `aud`, a text or a list, must hold one of the audiences. Only where there is none does `client_id`, which Cognito's
/// access tokens have in its place, count.
fn audience(claims: &Map<String, Value>, expected: &Expected) -> Result<(), Flaw> {
    let is_ours = |value: &Value| value.as_str().is_some_and(|one| expected.audiences.iter().any(|own| own == one));
    let fits = match claims.get("aud") {
        Some(Value::Array(all)) => all.iter().any(is_ours),
        Some(one) => is_ours(one),
        None => is_ours(claims.get("client_id").ok_or(Flaw::Claim("aud"))?),
    };
    if fits { Ok(()) } else { Err(Flaw::Audience) }
}

/// `exp` must be there; `nbf` and `iat` count where they are.
fn times(claims: &Map<String, Value>, now: Timestamp) -> Result<(), Flaw> {
    let now = now.seconds();
    let seconds = |name: &'static str| match claims.get(name) {
        None => Ok(None),
        // A NumericDate may have a fraction. Whole seconds before the point are what the leeway makes of it anyway.
        Some(value) => value.as_f64().map(|seconds| Some(seconds as i64)).ok_or(Flaw::Claim(name)),
    };
    if now >= seconds("exp")?.ok_or(Flaw::Claim("exp"))?.saturating_add(LEEWAY_SECONDS) {
        return Err(Flaw::Expired);
    }
    for name in ["nbf", "iat"] {
        if seconds(name)?.is_some_and(|from| now.saturating_add(LEEWAY_SECONDS) < from) {
            return Err(Flaw::NotYet);
        }
    }
    Ok(())
}

/// A list of texts, or a text of words.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.split_ascii_whitespace().map(str::to_owned).collect(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
