//! Sign-ins: what a refresh token is worth, and how tokens are revoked.
//!
//! A session is what one sign-in began. Its tokens name it (`origin_jti`), so that one change revokes all of them, and its
//! refresh token is kept as a hash.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::{World, lock};
use super::state::State;
use super::tokens::{self, SignIn};
use super::{clients, no_user, not_authorized, settings, world_of_client};
use crate::clock::EpochMillis;

pub(super) const OPERATIONS: &[Entry] = &[
    op("RevokeToken", revoke_token).public(),
    op("GlobalSignOut", global_sign_out).public(),
    op("AdminUserGlobalSignOut", admin_sign_out),
];

/// Sign-ins of one user, and of all; the oldest go.
const MAX_OF_USER: usize = 100;
const MAX_ALL: usize = 100_000;

/// A sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Session {
    /// The user's key.
    pub(super) user: String,
    pub(super) client_id: String,
    /// SHA-256 of the refresh token's secret part, base64url.
    refresh_hash: String,
    /// When the user gave the password, in seconds.
    pub(super) auth_time: i64,
    /// Until when the refresh token is good.
    refresh_until: EpochMillis,
    /// Until when any token may name it.
    keep_until: EpochMillis,
    pub(super) revoked: bool,
}

/// Begins a session: its id and its refresh token.
pub(super) fn begin(
    state: &mut State,
    user: &str,
    client_id: &str,
    now: EpochMillis,
) -> Result<(String, String), ApiError> {
    let validity = settings::validity(state.client(client_id)?.0)?;
    let over = |(_, session): &(&str, &Session)| session.keep_until <= now;
    let mut gone: Vec<String> = state.sessions.iter().filter(over).map(|(id, _)| id.to_owned()).collect();
    let of_user: Vec<_> = state.sessions.iter().filter(|(_, session)| session.user == user).collect();
    gone.extend(of_user.iter().rev().skip(MAX_OF_USER - 1).map(|(id, _)| (*id).to_owned()));
    let too_many = (state.sessions.len() + 1).saturating_sub(MAX_ALL + gone.len());
    gone.extend(state.sessions.iter().take(too_many).map(|(id, _)| id.to_owned()));
    gone.iter().try_for_each(|id| state.sessions.remove(id).map(drop))?;
    let id = state.random.uuid()?;
    let secret = state.random.bytes::<32>()?;
    let refresh_until = now + validity.refresh * 1_000;
    let session = Session {
        user: user.to_owned(),
        client_id: client_id.to_owned(),
        refresh_hash: digest(&secret),
        auth_time: now / 1_000,
        refresh_until,
        keep_until: refresh_until + validity.access.max(validity.id) * 1_000,
        revoked: false,
    };
    state.sessions.insert(id.clone(), session)?;
    let id_bytes = uuid::Uuid::parse_str(&id).map_err(ApiError::internal)?.into_bytes();
    Ok((id, URL_SAFE_NO_PAD.encode([&id_bytes[..], &secret].concat())))
}

fn digest(secret: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

/// The session of a refresh token.
fn of_token<'s>(state: &'s State, token: &str) -> Option<(String, &'s Session)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == 48)?;
    let id = uuid::Uuid::from_slice(&bytes[..16]).ok()?.to_string();
    let session = state.sessions.get(&id)?;
    let same: bool = session.refresh_hash.as_bytes().ct_eq(digest(&bytes[16..]).as_bytes()).into();
    same.then_some((id, session))
}

/// How an application shows that it knows its client's secret.
#[derive(Clone, Copy)]
pub(super) enum Proof<'p> {
    /// `SECRET_HASH`
    Hash(Option<&'p str>),
    /// The secret itself.
    Secret(Option<&'p str>),
}

/// New tokens for a refresh token.
pub(super) async fn refresh(
    call: &Call<'_>,
    world: &Arc<World>,
    client_id: &str,
    token: &str,
    proof: Proof<'_>,
) -> Result<Value, ApiError> {
    let (id, session) = {
        let state = lock(&world.cognito_idp);
        let (id, session) = of_token(&state, token)
            .filter(|(_, session)| session.client_id == client_id)
            .ok_or_else(|| not_authorized("Invalid Refresh Token"))?;
        if session.revoked {
            return Err(not_authorized("Refresh Token has been revoked"));
        }
        if session.refresh_until <= call.now() {
            return Err(not_authorized("Refresh Token has expired"));
        }
        let user = state.users.get(&session.user).ok_or_else(|| not_authorized("Invalid Refresh Token"))?;
        if !user.enabled {
            return Err(not_authorized("User is disabled."));
        }
        let client = state.client(client_id)?.0;
        match proof {
            // A client may know the user by name or by `sub`.
            Proof::Hash(hash) => clients::check_secret(client, &user.username, hash)
                .or_else(|_| clients::check_secret(client, &user.sub, hash))?,
            Proof::Secret(secret) => clients::check_plain_secret(client, secret)?,
        }
        (id, session.clone())
    };
    let sign_in = SignIn {
        user: &session.user,
        client_id,
        session: &id,
        auth_time: session.auth_time,
        source: "TokenGeneration_RefreshTokens",
        metadata: call.member("ClientMetadata").cloned().unwrap_or_default(),
    };
    tokens::issue(call, world, sign_in).await
}

fn revoke_token(call: &Call<'_>) -> Outcome {
    let client_id = call.text("ClientId");
    let world = world_of_client(call, client_id)?;
    let mut state = lock(&world.cognito_idp);
    let client = state.client(client_id)?.0;
    if !settings::revokes(client) {
        let message = "Token revocation is not enabled for this client";
        return Err(ApiError::new("UnsupportedOperationException", message));
    }
    clients::check_plain_secret(client, call.optional_text("ClientSecret"))
        .map_err(|error| ApiError::new("UnauthorizedException", error.message))?;
    let token = call.text("Token");
    if token.contains('.') {
        return Err(ApiError::new("UnsupportedTokenTypeException", "Only refresh tokens can be revoked"));
    }
    // As RFC 7009 has it: what is no token of this client's is revoked as well as it can be.
    let found = of_token(&state, token).filter(|(_, session)| session.client_id == client_id);
    if let Some((id, _)) = found {
        revoke(&mut state, &id)?;
    }
    Ok(Output::empty())
}

fn revoke(state: &mut State, id: &str) -> Result<(), ApiError> {
    let change = |session: &mut Session| {
        session.revoked = true;
        Ok(())
    };
    state.sessions.update(id, change).unwrap_or(Ok(()))
}

/// Revokes every token of a user.
pub(super) fn revoke_all(state: &mut State, user: &str) -> Result<(), ApiError> {
    let of_user = state.sessions.iter().filter(|(_, session)| session.user == user && !session.revoked);
    let ids: Vec<String> = of_user.map(|(id, _)| id.to_owned()).collect();
    ids.iter().try_for_each(|id| revoke(state, id))
}

fn global_sign_out(call: &Call<'_>) -> Outcome {
    let bearer = tokens::bearer(call)?;
    revoke_all(&mut lock(&bearer.world.cognito_idp), &bearer.key)?;
    Ok(Output::empty())
}

fn admin_sign_out(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let pool = state.pool(call.text("UserPoolId"))?;
    let key = state.find_user(pool, call.text("Username")).ok_or_else(no_user)?;
    revoke_all(&mut state, &key)?;
    Ok(Output::empty())
}
