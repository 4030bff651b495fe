//! Signing up: by oneself, with a code.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op, op_async};
use super::super::world::{World, lock};
use super::settings::PasswordPolicy;
use super::state::{MAX_USERS, State};
use super::triggers::{self, About};
use super::user::{Status, User};
use super::{
    attributes, clients, codes, invalid, limit_exceeded, no_user, not_authorized, passwords, settings, world_of_client,
};
use crate::model::{UserPool, UserPoolClient};

pub(super) const OPERATIONS: &[Entry] = &[
    op_async("SignUp", sign_up).public(),
    op_async("ConfirmSignUp", confirm).public(),
    op("ResendConfirmationCode", resend).public(),
];

/// A new user of this name: who signs up with an address gets a UUID for a name.
///
/// # Errors
/// `InvalidParameterException` or `UsernameExistsException`
pub(super) fn new_user(
    state: &State,
    pool: &UserPool,
    username: &str,
    mut attributes: IndexMap<String, String>,
    now: i64,
) -> Result<User, ApiError> {
    if state.users.len() >= MAX_USERS {
        return Err(limit_exceeded(format!("{MAX_USERS} users are here, and there are no more")));
    }
    let sub = state.random.uuid()?;
    let (email, phone) = (settings::is_username(pool, "email"), settings::is_username(pool, "phone_number"));
    let name = if settings::has_username_attributes(pool) {
        let attribute = match (email && attributes::is_email(username), phone && attributes::is_phone_number(username))
        {
            (true, _) => "email",
            (_, true) => "phone_number",
            _ => {
                let wanted = match (email, phone) {
                    (true, true) => "either an email or a phone number",
                    (true, false) => "an email",
                    _ => "a phone number",
                };
                return Err(invalid(format!("Username should be {wanted}.")));
            }
        };
        attributes.entry(attribute.to_owned()).or_insert_with(|| settings::folded(pool, username));
        sub.clone()
    } else {
        if settings::is_alias(pool, "email") && attributes::is_email(username) {
            return Err(invalid("Username cannot be of email format, since user pool is configured for email alias."));
        }
        username.to_owned()
    };
    attributes::check(pool, &attributes, true)?;
    if state.find_user(pool, username).is_some() {
        let message = match (email, phone) {
            (true, _) => "An account with the given email already exists.",
            (_, true) => "An account with the given phone_number already exists.",
            _ => "User already exists",
        };
        return Err(ApiError::new("UsernameExistsException", message));
    }
    Ok(User {
        pool: pool.id.clone(),
        username: name,
        sub,
        enabled: true,
        attributes,
        created: now,
        modified: now,
        ..User::default()
    })
}

/// Where a user is kept.
pub(super) fn key_of(pool: &UserPool, user: &User) -> String {
    format!("{}/{}", pool.id, settings::folded(pool, &user.username))
}

/// Attributes that an application sets for a user must be among those that its client may write.
pub(super) fn check_writable(client: &UserPoolClient, attributes: &IndexMap<String, String>) -> Result<(), ApiError> {
    let of_pool = |name: &str| matches!(name, "email_verified" | "phone_number_verified");
    let refused = attributes.keys().any(|name| of_pool(name) || !settings::may(client, "WriteAttributes", name));
    if refused { Err(not_authorized("A client attempted to write unauthorized attribute")) } else { Ok(()) }
}

fn sign_up<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move {
        let (client_id, username) = (call.text("ClientId"), call.text("Username"));
        let world = world_of_client(call, client_id)?;
        let given = attributes::given(call, "UserAttributes");
        let password = call.text("Password").to_owned();
        let (mut user, pool, random, srp) = {
            let state = lock(&world.cognito_idp);
            let (client, pool) = state.client(client_id)?;
            clients::check_secret(client, username, call.optional_text("SecretHash"))?;
            if settings::is_closed(pool) {
                return Err(not_authorized("SignUp is not permitted for this user pool"));
            }
            passwords::check(&PasswordPolicy::of(pool), &password)?;
            check_writable(client, &given)?;
            let user = new_user(&state, pool, username, given, call.now())?;
            let srp = state.srp_names(&pool.id, &user.username);
            (user, pool.clone(), state.random.clone(), srp)
        };
        let about = About { pool: &pool, user: &user, client_id, source: "PreSignUp_SignUp" };
        let validation: serde_json::Map<String, Value> =
            attributes::given(call, "ValidationData").into_iter().map(|(name, value)| (name, value.into())).collect();
        let more = json!({
            "validationData": (!validation.is_empty()).then_some(validation),
            "clientMetadata": call.member("ClientMetadata"),
        });
        let decision = triggers::pre_sign_up(&world, about, more).await?;
        user.password = Some(passwords::hash(&random, password, srp).await?);
        let verified = [("email", decision.verify_email), ("phone_number", decision.verify_phone)];
        for (attribute, _) in verified.into_iter().filter(|(_, verified)| *verified) {
            user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
        }
        if decision.confirm {
            user.status = Status::Confirmed;
        }
        let key = key_of(&pool, &user);
        let delivery = {
            let mut state = lock(&world.cognito_idp);
            // Somebody may have been quicker while the password was hashed.
            if state.find_user(state.pool(&pool.id)?, username).is_some() {
                return Err(ApiError::new("UsernameExistsException", "User already exists"));
            }
            for attribute in ["email", "phone_number"] {
                let verified = format!("{attribute}_verified");
                if user.attributes.contains_key(attribute) && !user.attributes.contains_key(&verified) {
                    user.attributes.insert(verified, "false".to_owned());
                }
            }
            state.users.insert(key.clone(), user.clone())?;
            match codes::sign_up_attribute(&pool, &user).filter(|_| !decision.confirm) {
                Some(attribute) => Some(codes::send(
                    &mut state,
                    &key,
                    codes::SIGN_UP,
                    attribute,
                    "SignUp",
                    Some(client_id),
                    call.now(),
                )?),
                None => None,
            }
        };
        if decision.confirm {
            confirmed(call, &world, &pool, &key, client_id).await?;
        }
        Output::of(json!({
            "UserConfirmed": decision.confirm,
            "UserSub": user.sub,
            "CodeDeliveryDetails": delivery,
        }))
    }
    .boxed()
}

/// Tells the pool's function that a user is confirmed.
pub(super) async fn confirmed(
    call: &Call<'_>,
    world: &Arc<World>,
    pool: &UserPool,
    key: &str,
    client_id: &str,
) -> Result<(), ApiError> {
    let user = lock(&world.cognito_idp).users.get(key).cloned().ok_or_else(no_user)?;
    let about = About { pool, user: &user, client_id, source: "PostConfirmation_ConfirmSignUp" };
    triggers::post_confirmation(world, about, call.member("ClientMetadata").cloned().unwrap_or_default()).await
}

/// A user that signs up, with the client's secret checked; `None` where there is none and the client must not be told.
fn find(call: &Call<'_>, state: &State) -> Result<(Option<String>, UserPool), ApiError> {
    let username = call.text("Username");
    let (client, pool) = state.client(call.text("ClientId"))?;
    clients::check_secret(client, username, call.optional_text("SecretHash"))?;
    match state.find_user(pool, username) {
        None if !settings::hides_users(client) => Err(no_user()),
        key => Ok((key, pool.clone())),
    }
}

fn confirm<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    async move {
        let client_id = call.text("ClientId");
        let world = world_of_client(call, client_id)?;
        let now = call.now();
        let (key, pool) = {
            let mut state = lock(&world.cognito_idp);
            let (key, pool) = find(call, &state)?;
            let key = key.ok_or_else(codes::mismatch)?;
            let user = state.users.get(&key).ok_or_else(no_user)?;
            if user.status != Status::Unconfirmed {
                let status = user.status.as_str();
                return Err(not_authorized(format!("User cannot be confirmed. Current status is {status}")));
            }
            let code = codes::check(&mut state, &key, codes::SIGN_UP, call.text("ConfirmationCode"), now)?;
            take_alias(call, &mut state, &pool, &key, &code.attribute)?;
            state.change_user(&key, |user| {
                user.status = Status::Confirmed;
                codes::spend(user, codes::SIGN_UP, now);
                Ok(())
            })?;
            (key, pool)
        };
        confirmed(call, &world, &pool, &key, client_id).await?;
        Ok(Output::empty())
    }
    .boxed()
}

/// A verified address is one user's alias: another's is refused, or taken from it where the call says so.
fn take_alias(call: &Call<'_>, state: &mut State, pool: &UserPool, key: &str, attribute: &str) -> Result<(), ApiError> {
    if !settings::is_alias(pool, attribute) {
        return Ok(());
    }
    let value = state.users.get(key).and_then(|user| user.attributes.get(attribute)).cloned();
    let holder = value.and_then(|value| state.find_user(pool, &value)).filter(|holder| holder != key);
    let Some(holder) = holder else { return Ok(()) };
    if call.boolean("ForceAliasCreation") != Some(true) {
        let message = format!("An account with the {attribute} already exists.");
        return Err(ApiError::new("AliasExistsException", message));
    }
    state.change_user(&holder, |user| {
        user.attributes.insert(format!("{attribute}_verified"), "false".to_owned());
        Ok(())
    })
}

fn resend(call: &Call<'_>) -> Outcome {
    let client_id = call.text("ClientId");
    let world = world_of_client(call, client_id)?;
    let mut state = lock(&world.cognito_idp);
    let (key, pool) = find(call, &state)?;
    let username = call.text("Username");
    let Some(key) = key else {
        // As if it had been sent.
        let imagined = if username.contains('@') { username.to_owned() } else { format!("{username}@example.com") };
        return Output::of(json!({ "CodeDeliveryDetails": codes::delivery("email", &imagined) }));
    };
    let user = state.users.get(&key).ok_or_else(no_user)?;
    if user.status != Status::Unconfirmed {
        return Err(invalid("User is already confirmed."));
    }
    let attribute = codes::sign_up_attribute(&pool, user).ok_or_else(|| invalid("Auto verification not turned on."))?;
    let now = call.now();
    let delivery = codes::send(&mut state, &key, codes::SIGN_UP, attribute, "ResendCode", Some(client_id), now)?;
    Output::of(json!({ "CodeDeliveryDetails": delivery }))
}
