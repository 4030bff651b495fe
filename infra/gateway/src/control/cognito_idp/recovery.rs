//! New passwords: for one who knows the old one, and for one who has forgotten it.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op, op_async};
use super::super::world::lock;
use super::settings::PasswordPolicy;
use super::state::State;
use super::triggers::{self, About};
use super::user::Status;
use super::{auth, clients, codes, no_user, not_authorized, passwords, sessions, settings, tokens, world_of_client};

pub(super) const OPERATIONS: &[Entry] = &[
    op_async("ChangePassword", change).public(),
    op("ForgotPassword", forgot).public(),
    op_async("ConfirmForgotPassword", confirm).public(),
    op("AdminResetUserPassword", admin_reset),
];

fn change<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move {
        let bearer = tokens::bearer(call)?;
        let proposed = call.text("ProposedPassword").to_owned();
        let (random, srp) = {
            let state = lock(&bearer.world.cognito_idp);
            passwords::check(&PasswordPolicy::of(state.pool(&bearer.pool)?), &proposed)?;
            (state.random.clone(), state.srp_names(&bearer.pool, &bearer.user.username))
        };
        let previous = call.text("PreviousPassword").to_owned();
        let (key, counted) = (Some(bearer.key.clone()), bearer.key.clone());
        auth::check_password(call, &bearer.world, key, counted, previous).await?;
        let password = passwords::hash(&random, proposed, srp).await?;
        let now = call.now();
        lock(&bearer.world.cognito_idp).change_user(&bearer.key, |user| {
            user.password = Some(password);
            user.modified = now;
            Ok(())
        })?;
        Ok(Output::empty())
    }
    .boxed()
}

/// A user whose password is forgotten, with the client's secret checked, and whether the client must not be told of users.
fn find(call: &Call<'_>, state: &State) -> Result<(Option<String>, bool), ApiError> {
    let username = call.text("Username");
    let (client, pool) = state.client(call.text("ClientId"))?;
    clients::check_secret(client, username, call.optional_text("SecretHash"))?;
    let hides = settings::hides_users(client);
    match state.find_user(pool, username) {
        None if !hides => Err(no_user()),
        key => Ok((key, hides)),
    }
}

fn forgot(call: &Call<'_>) -> Outcome {
    let client_id = call.text("ClientId");
    let world = world_of_client(call, client_id)?;
    let mut state = lock(&world.cognito_idp);
    let (key, hides) = find(call, &state)?;
    let username = call.text("Username");
    let imagined = || {
        let destination = if username.contains('@') { username.to_owned() } else { format!("{username}@example.com") };
        Output::of(json!({ "CodeDeliveryDetails": codes::delivery("email", &destination) }))
    };
    let Some(key) = key else { return imagined() };
    let attribute = {
        let user = state.users.get(&key).ok_or_else(no_user)?;
        let allowed = match (user.enabled, user.status) {
            (false, _) => Err(not_authorized("User is disabled.")),
            (true, Status::ForceChangePassword) => {
                Err(not_authorized("User password cannot be reset in the current state."))
            }
            _ => codes::recovery_attribute(state.pool(&user.pool)?, user),
        };
        match allowed {
            Ok(attribute) => attribute,
            // Why not would tell that there is such a user.
            Err(_) if hides => return imagined(),
            Err(error) => return Err(error),
        }
    };
    let now = call.now();
    let delivery = codes::send(&mut state, &key, codes::FORGOT, attribute, "ForgotPassword", Some(client_id), now)?;
    Output::of(json!({ "CodeDeliveryDetails": delivery }))
}

fn confirm<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move {
        let client_id = call.text("ClientId");
        let world = world_of_client(call, client_id)?;
        let (password, now) = (call.text("Password").to_owned(), call.now());
        let (key, pool, random, srp) = {
            let mut state = lock(&world.cognito_idp);
            let pool = state.client(client_id)?.1.clone();
            let (key, hides) = find(call, &state)?;
            // AWS says `ExpiredCodeException` of a user without a code, which tells that there is one: where users are
            // hidden, all without the right code are answered alike.
            let key = key.ok_or_else(codes::mismatch)?;
            passwords::check(&PasswordPolicy::of(&pool), &password)?;
            let checked = codes::check(&mut state, &key, codes::FORGOT, call.text("ConfirmationCode"), now);
            checked.map_err(|error| if hides { codes::mismatch() } else { error })?;
            let user = state.users.get(&key).ok_or_else(no_user)?;
            (key, pool, state.random.clone(), state.srp_names(&user.pool, &user.username))
        };
        let password = passwords::hash(&random, password, srp).await?;
        let user = {
            let mut state = lock(&world.cognito_idp);
            state.change_user(&key, |user| {
                if !user.codes.contains_key(codes::FORGOT) {
                    return Err(codes::mismatch());
                }
                codes::spend(user, codes::FORGOT, now);
                user.password = Some(password);
                user.status = Status::Confirmed;
                Ok(())
            })?;
            // Whoever knew the old one, or guessed at it, is out.
            state.attempts.succeeded(&key);
            sessions::revoke_all(&mut state, &key)?;
            state.users.get(&key).cloned().ok_or_else(no_user)?
        };
        let about = About { pool: &pool, user: &user, client_id, source: "PostConfirmation_ConfirmForgotPassword" };
        let metadata = call.member("ClientMetadata").cloned().unwrap_or_default();
        triggers::post_confirmation(&world, about, metadata).await?;
        Ok(Output::empty())
    }
    .boxed()
}

fn admin_reset(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let (key, user) = state.user_of(call.text("UserPoolId"), call.text("Username"))?;
    let attribute = codes::recovery_attribute(state.pool(&user.pool)?, user)?;
    let now = call.now();
    codes::send(&mut state, &key, codes::FORGOT, attribute, "ForgotPassword", None, now)?;
    // Without a password every sign-in fails until there is a new one.
    state.change_user(&key, |user| {
        user.password = None;
        user.modified = now;
        Ok(())
    })?;
    Ok(Output::empty())
}
