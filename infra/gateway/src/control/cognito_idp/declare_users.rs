//! The users that a template declares: made once, as an administrator makes them; then they are their own.

use super::super::call::ApiError;
use super::super::world::{World, lock};
use super::outbox::Sent;
use super::settings::PasswordPolicy;
use super::sign_up::{key_of, new_user};
use super::user::Status;
use super::{passwords, settings};
use crate::clock::iso8601;
use crate::model::{UserPoolUser, UserPools};

pub(super) async fn declare(world: &World, declared: &UserPools, now: i64) -> Result<(), ApiError> {
    for user in declared.users.values() {
        make(world, user, now).await?;
    }
    let mut state = lock(&world.cognito_idp);
    for user in declared.users.values() {
        let key = state.user_of(&user.user_pool_id, &user.username)?.0;
        let missing: Vec<_> = match state.users.get(&key) {
            Some(held) => user.groups.iter().filter(|group| !held.groups.contains_key(*group)).cloned().collect(),
            None => Vec::new(),
        };
        if !missing.is_empty() {
            state.change_user(&key, |user| {
                user.groups.extend(missing.into_iter().map(|group| (group, now)));
                Ok(())
            })?;
        }
    }
    Ok(())
}

async fn make(world: &World, declared: &UserPoolUser, now: i64) -> Result<(), ApiError> {
    let (mut user, pool, random, temporary, srp) = {
        let state = lock(&world.cognito_idp);
        let pool = state.pool(&declared.user_pool_id)?;
        if state.find_user(pool, &declared.username).is_some() {
            return Ok(());
        }
        let user = new_user(&state, pool, &declared.username, declared.attributes.clone(), now)
            .map_err(|error| ApiError { message: format!("user {}: {}", declared.username, error.message), ..error })?;
        let temporary = state.random.password(PasswordPolicy::of(pool).minimum_length)?;
        let srp = state.srp_names(&pool.id, &user.username);
        (user, pool.clone(), state.random.clone(), temporary, srp)
    };
    user.password = Some(passwords::hash(&random, temporary.clone(), srp).await?);
    user.status = Status::ForceChangePassword;
    user.temporary_since = Some(now);
    let mut state = lock(&world.cognito_idp);
    let email = user.attributes.get("email").cloned();
    state.outbox.add(Sent {
        time: iso8601(now),
        user_pool_id: pool.id.clone(),
        client_id: None,
        username: user.username.clone(),
        reason: "AdminCreateUser",
        medium: "EMAIL",
        destination: email.unwrap_or_else(|| settings::folded(&pool, &declared.username)),
        code: None,
        temporary_password: Some(temporary),
    });
    state.users.insert(key_of(&pool, &user), user)
}
