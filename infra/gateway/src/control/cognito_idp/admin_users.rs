//! Users as administrators make and change them.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op, op_async};
use super::super::world::lock;
use super::outbox::Sent;
use super::settings::PasswordPolicy;
use super::sign_up::{key_of, new_user};
use super::triggers::{self, About};
use super::user::{Status, User};
use super::{attributes, me, not_authorized, passwords, sessions, sign_up};
use crate::clock::iso8601;

pub(super) const OPERATIONS: &[Entry] = &[
    op_async("AdminCreateUser", create),
    op_async("AdminSetUserPassword", set_password),
    op_async("AdminConfirmSignUp", confirm),
    op("AdminGetUser", get),
    op("AdminDeleteUser", delete),
    op("AdminEnableUser", enable),
    op("AdminDisableUser", disable),
    op("AdminUpdateUserAttributes", update),
    op("AdminDeleteUserAttributes", delete_attributes),
];

/// Who calls functions for administrators, in the place of an app client.
const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

fn create<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move {
        let (pool_id, username) = (call.text("UserPoolId"), call.text("Username"));
        let given = attributes::given(call, "UserAttributes");
        let resend = call.optional_text("MessageAction") == Some("RESEND");
        let (mut user, pool, random, temporary) = {
            let state = lock(&call.world.cognito_idp);
            let pool = state.pool(pool_id)?;
            let user = if resend {
                let user = state.user_of(pool_id, username)?.1.clone();
                if user.status != Status::ForceChangePassword {
                    let message = "Resend not possible. User status is not FORCE_CHANGE_PASSWORD";
                    return Err(ApiError::new("UnsupportedUserStateException", message));
                }
                user
            } else {
                new_user(&state, pool, username, given, call.now())?
            };
            let policy = PasswordPolicy::of(pool);
            let temporary = match call.optional_text("TemporaryPassword") {
                Some(given) => {
                    passwords::check(&policy, given)?;
                    given.to_owned()
                }
                None => state.random.password(policy.minimum_length)?,
            };
            (user, pool.clone(), state.random.clone(), temporary)
        };
        if !resend {
            let about = About { pool: &pool, user: &user, client_id: NO_CLIENT, source: "PreSignUp_AdminCreateUser" };
            let more = json!({ "clientMetadata": call.member("ClientMetadata") });
            let decision = triggers::pre_sign_up(call.world, about, more).await?;
            let verified = [("email", decision.verify_email), ("phone_number", decision.verify_phone)];
            for (attribute, _) in verified.into_iter().filter(|(_, verified)| *verified) {
                user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
            }
        }
        let srp = lock(&call.world.cognito_idp).srp_names(pool_id, &user.username);
        user.password = Some(passwords::hash(&random, temporary.clone(), srp).await?);
        user.status = Status::ForceChangePassword;
        user.temporary_since = Some(call.now());
        user.modified = call.now();
        let mut state = lock(&call.world.cognito_idp);
        if !resend && state.find_user(state.pool(pool_id)?, username).is_some() {
            return Err(ApiError::new("UsernameExistsException", "User account already exists"));
        }
        state.users.insert(key_of(&pool, &user), user.clone())?;
        if call.optional_text("MessageAction") != Some("SUPPRESS") {
            invite(call, &mut state, &user, temporary);
        }
        Output::of(json!({ "User": user.describe("Attributes", |_| true) }))
    }
    .boxed()
}

fn invite(call: &Call<'_>, state: &mut super::State, user: &User, password: String) {
    let mediums = call.member("DesiredDeliveryMediums").and_then(Value::as_array).cloned().unwrap_or_default();
    let by_mail = mediums.contains(&json!("EMAIL"));
    let attribute = if by_mail { "email" } else { "phone_number" };
    let Some(destination) = user.attributes.get(attribute).or_else(|| user.attributes.get("email")) else { return };
    state.outbox.add(Sent {
        time: iso8601(call.now()),
        user_pool_id: user.pool.clone(),
        client_id: None,
        username: user.username.clone(),
        reason: "AdminCreateUser",
        medium: if destination.contains('@') { "EMAIL" } else { "SMS" },
        destination: destination.clone(),
        code: None,
        temporary_password: Some(password),
    });
}

fn set_password<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move {
        let password = call.text("Password").to_owned();
        let permanent = call.boolean("Permanent") == Some(true);
        let (key, random, srp) = {
            let state = lock(&call.world.cognito_idp);
            let (key, user) = state.user_of(call.text("UserPoolId"), call.text("Username"))?;
            passwords::check(&PasswordPolicy::of(state.pool(&user.pool)?), &password)?;
            (key, state.random.clone(), state.srp_names(&user.pool, &user.username))
        };
        let password = passwords::hash(&random, password, srp).await?;
        let (mut state, now) = (lock(&call.world.cognito_idp), call.now());
        state.change_user(&key, |user| {
            user.password = Some(password);
            user.status = if permanent { Status::Confirmed } else { Status::ForceChangePassword };
            user.temporary_since = (!permanent).then_some(now);
            user.modified = now;
            Ok(())
        })?;
        state.attempts.succeeded(&key);
        Ok(Output::empty())
    }
    .boxed()
}

fn confirm<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move {
        let now = call.now();
        let (key, pool) = {
            let mut state = lock(&call.world.cognito_idp);
            let (key, user) = state.user_of(call.text("UserPoolId"), call.text("Username"))?;
            if user.status != Status::Unconfirmed {
                let status = user.status.as_str();
                return Err(not_authorized(format!("User cannot be confirmed. Current status is {status}")));
            }
            let pool = state.pool(&user.pool)?.clone();
            state.change_user(&key, |user| {
                user.status = Status::Confirmed;
                user.modified = now;
                Ok(())
            })?;
            (key, pool)
        };
        sign_up::confirmed(call, call.world, &pool, &key, NO_CLIENT).await?;
        Ok(Output::empty())
    }
    .boxed()
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    let (_, user) = state.user_of(call.text("UserPoolId"), call.text("Username"))?;
    Output::of(user.describe("UserAttributes", |_| true))
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let key = state.user_of(call.text("UserPoolId"), call.text("Username"))?.0;
    state.remove_user(&key)?;
    Ok(Output::empty())
}

fn enable(call: &Call<'_>) -> Outcome {
    set_enabled(call, true)
}

fn disable(call: &Call<'_>) -> Outcome {
    set_enabled(call, false)
}

fn set_enabled(call: &Call<'_>, enabled: bool) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let key = state.user_of(call.text("UserPoolId"), call.text("Username"))?.0;
    state.change_user(&key, |user| {
        user.enabled = enabled;
        user.modified = call.now();
        Ok(())
    })?;
    if !enabled {
        sessions::revoke_all(&mut state, &key)?;
    }
    Ok(Output::empty())
}

fn update(call: &Call<'_>) -> Outcome {
    let given = attributes::given(call, "UserAttributes");
    change(call, &given)
}

fn delete_attributes(call: &Call<'_>) -> Outcome {
    let names = call.member("UserAttributeNames").and_then(Value::as_array).into_iter().flatten();
    change(call, &names.filter_map(|name| Some((name.as_str()?.to_owned(), String::new()))).collect())
}

fn change(call: &Call<'_>, given: &IndexMap<String, String>) -> Outcome {
    let mut state = lock(&call.world.cognito_idp);
    let key = state.user_of(call.text("UserPoolId"), call.text("Username"))?.0;
    me::change(&mut state, &key, given, true, call.now())?;
    Ok(Output::empty())
}
