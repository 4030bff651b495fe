//! Id and access tokens, with the claims that Cognito gives them.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html>

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call};
use super::super::world::{World, lock};
use super::user::User;
use super::{no_user, not_authorized, settings, triggers, world_where};
use crate::model::UserPoolGroup;

/// The one scope of a token that was got with a password.
const SCOPE: &str = "aws.cognito.signin.user.admin";
/// Longer ones are not looked at.
const MAX_TOKEN: usize = 32 * 1024;

/// Who signs a pool's tokens: AWS's own address, so that what was written for AWS needs no change.
pub(super) fn issuer(pool: &str) -> String {
    let region = pool.split('_').next().unwrap_or_default();
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://cognito-idp.{region}.{suffix}/{pool}")
}

/// A sign-in that tokens are made for.
pub(super) struct SignIn<'s> {
    /// The user's key.
    pub(super) user: &'s str,
    pub(super) client_id: &'s str,
    /// The id of the session.
    pub(super) session: &'s str,
    /// When the user gave the password, in seconds.
    pub(super) auth_time: i64,
    /// `TokenGeneration_Authentication`, …
    pub(super) source: &'static str,
    /// `ClientMetadata`
    pub(super) metadata: Value,
}

/// Makes an `AuthenticationResult` without a refresh token.
pub(super) async fn issue(call: &Call<'_>, world: &Arc<World>, sign_in: SignIn<'_>) -> Result<Value, ApiError> {
    let (user, pool, client, mut groups, key, random) = {
        let mut state = lock(&world.cognito_idp);
        let user = state.users.get(sign_in.user).cloned().ok_or_else(no_user)?;
        let (client, pool) = state.client(sign_in.client_id)?;
        let (client, pool) = (client.clone(), pool.clone());
        let groups = user.groups.keys().filter_map(|name| state.group(&user.pool, name).ok().cloned());
        let groups: Vec<UserPoolGroup> = groups.collect();
        let key = state.signing_key(&user.pool)?;
        (user, pool, client, groups, key, state.random.clone())
    };
    groups.sort_by_key(|group| (group.precedence.unwrap_or(i64::MAX), group.group_name.clone()));
    let validity = settings::validity(&client)?;
    let (iat, event_id) = (call.now() / 1_000, random.uuid()?);
    let mut names: Vec<Value> = groups.iter().map(|group| group.group_name.as_str().into()).collect();
    let mut roles: Vec<Value> = groups.iter().filter_map(|group| Some(group.role_arn.as_deref()?.into())).collect();
    let mut preferred = groups.iter().find_map(|group| Some(Value::from(group.role_arn.as_deref()?)));

    let mut id = Map::new();
    id.insert("sub".to_owned(), user.sub.clone().into());
    for (name, value) in user.attributes.iter().filter(|(name, _)| settings::may(&client, "ReadAttributes", name)) {
        let value = match name.as_str() {
            "email_verified" | "phone_number_verified" => Value::Bool(value == "true"),
            // A number, as OpenID Connect has it.
            "updated_at" => value.parse::<i64>().map_or_else(|_| value.as_str().into(), Value::from),
            _ => value.as_str().into(),
        };
        id.insert(name.clone(), value);
    }
    let given = json!({
        "groupConfiguration": {
            "groupsToOverride": names,
            "iamRolesToOverride": roles,
            "preferredRole": preferred,
        },
        "clientMetadata": sign_in.metadata,
    });
    let changes = triggers::pre_token_generation(world, &pool, &user, sign_in.client_id, sign_in.source, given).await?;
    if let Some(over) = changes.get("groupOverrideDetails").and_then(Value::as_object) {
        let list = |name: &str| over.get(name).and_then(Value::as_array).cloned();
        names = list("groupsToOverride").unwrap_or(names);
        roles = list("iamRolesToOverride").unwrap_or(roles);
        preferred = over.get("preferredRole").filter(|role| role.is_string()).cloned().or(preferred);
    }
    let groups = (!names.is_empty()).then_some(Value::Array(names));
    for (name, value) in changes.get("claimsToAddOrOverride").and_then(Value::as_object).into_iter().flatten() {
        if !RESERVED.contains(&name.as_str()) && !name.starts_with("cognito:") {
            id.insert(name.clone(), value.clone());
        }
    }
    for name in changes.get("claimsToSuppress").and_then(Value::as_array).into_iter().flatten() {
        id.retain(|claim, _| claim == "sub" || Some(claim.as_str()) != name.as_str());
    }
    let common = |claims: &mut Map<String, Value>, token_use: &str, lasts: i64| -> Result<(), ApiError> {
        let claim = [
            ("iss", issuer(&user.pool).into()),
            ("origin_jti", sign_in.session.into()),
            ("event_id", event_id.as_str().into()),
            ("token_use", token_use.into()),
            ("auth_time", sign_in.auth_time.into()),
            ("exp", (iat + lasts).into()),
            ("iat", iat.into()),
            ("jti", random.uuid()?.into()),
        ];
        claims.extend(claim.map(|(name, value): (&str, Value)| (name.to_owned(), value)));
        if let Some(groups) = &groups {
            claims.insert("cognito:groups".to_owned(), groups.clone());
        }
        Ok(())
    };
    common(&mut id, "id", validity.id)?;
    id.insert("cognito:username".to_owned(), user.username.clone().into());
    id.insert("aud".to_owned(), sign_in.client_id.into());
    if !roles.is_empty() {
        id.insert("cognito:roles".to_owned(), roles.into());
    }
    if let Some(preferred) = preferred {
        id.insert("cognito:preferred_role".to_owned(), preferred);
    }
    let mut access = Map::new();
    access.insert("sub".to_owned(), user.sub.clone().into());
    common(&mut access, "access", validity.access)?;
    access.insert("client_id".to_owned(), sign_in.client_id.into());
    access.insert("scope".to_owned(), SCOPE.into());
    access.insert("username".to_owned(), user.username.clone().into());
    Ok(json!({
        "AccessToken": key.sign(&Value::Object(access))?,
        "IdToken": key.sign(&Value::Object(id))?,
        "TokenType": "Bearer",
        "ExpiresIn": validity.access,
    }))
}

/// Claims that no function changes.
const RESERVED: &[&str] = &[
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "event_id",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "sub",
    "token_use",
];

/// Whom an access token is of.
pub(super) struct Bearer {
    pub(super) world: Arc<World>,
    pub(super) pool: String,
    /// The user's key.
    pub(super) key: String,
    pub(super) user: User,
    pub(super) client_id: String,
}

/// The user whose access token a call has.
///
/// # Errors
/// `NotAuthorizedException` for what is none of this machine's, expired or revoked.
pub(super) fn bearer(call: &Call<'_>) -> Result<Bearer, ApiError> {
    let wrong = || not_authorized("Invalid Access Token");
    let token = call.text("AccessToken");
    if token.len() > MAX_TOKEN {
        return Err(wrong());
    }
    let (signed, signature) = token.rsplit_once('.').ok_or_else(wrong)?;
    let (header, payload) = signed.split_once('.').ok_or_else(wrong)?;
    let json =
        |part: &str| -> Option<Map<String, Value>> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let (header, claims) = (json(header).ok_or_else(wrong)?, json(payload).ok_or_else(wrong)?);
    let text = |name: &str| claims.get(name).and_then(Value::as_str).ok_or_else(wrong);
    let iss = text("iss")?;
    let pool = iss.rsplit('/').next().unwrap_or_default();
    let world = world_where(call, |state| state.pools.contains(pool)).ok_or_else(wrong)?;
    let mut state = lock(&world.cognito_idp);
    let key = state.signing_key(pool)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| wrong())?;
    let named = header.get("alg").and_then(Value::as_str) == Some("RS256")
        && header.get("kid").and_then(Value::as_str) == Some(&key.key_id);
    if !named || !key.verifies(signed, &signature) || iss != issuer(pool) || text("token_use")? != "access" {
        return Err(wrong());
    }
    if claims.get("exp").and_then(Value::as_i64).is_none_or(|exp| exp.saturating_mul(1_000) <= call.now()) {
        return Err(not_authorized("Access Token has expired"));
    }
    let session = state.sessions.get(text("origin_jti")?).filter(|session| !session.revoked);
    let Some(session) = session else { return Err(not_authorized("Access Token has been revoked")) };
    let user_key = session.user.clone();
    let user = state.users.get(&user_key).filter(|user| Some(user.sub.as_str()) == text("sub").ok());
    let user = user.cloned().ok_or_else(no_user)?;
    if !user.enabled {
        return Err(not_authorized("User is disabled."));
    }
    let client_id = text("client_id")?.to_owned();
    let pool = pool.to_owned();
    drop(state);
    Ok(Bearer { world, pool, key: user_key, user, client_id })
}
