//! What users do with an access token of their own.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::state::State;
use super::tokens::{self, Bearer};
use super::user::User;
use super::{attributes, codes, invalid, settings, sign_up};
use crate::model::UserPool;

pub(super) const OPERATIONS: &[Entry] = &[
    op("GetUser", get).public(),
    op("UpdateUserAttributes", update).public(),
    op("DeleteUserAttributes", delete_attributes).public(),
    op("GetUserAttributeVerificationCode", send_code).public(),
    op("VerifyUserAttribute", verify).public(),
    op("DeleteUser", delete).public(),
];

fn get(call: &Call<'_>) -> Outcome {
    let bearer = tokens::bearer(call)?;
    let state = lock(&bearer.world.cognito_idp);
    let client = state.client(&bearer.client_id)?.0;
    let shown = bearer.user.attribute_list(|name| settings::may(client, "ReadAttributes", name));
    Output::of(json!({ "Username": bearer.user.username, "UserAttributes": shown }))
}

/// Changes attributes. An address that the pool verifies is unverified until its code comes back.
pub(super) fn change(
    state: &mut State,
    key: &str,
    given: &IndexMap<String, String>,
    by_admin: bool,
    now: i64,
) -> Result<Vec<&'static str>, ApiError> {
    let user = state.users.get(key).ok_or_else(super::no_user)?;
    let pool = state.pool(&user.pool)?.clone();
    attributes::check(&pool, given, false)?;
    check_unique(state, &pool, key, given)?;
    state.change_user(key, |user| {
        let mut to_verify = Vec::new();
        for attribute in ["email", "phone_number"] {
            let changes = given.get(attribute).filter(|value| user.attributes.get(attribute) != Some(value));
            let verified = format!("{attribute}_verified");
            if changes.is_some_and(|value| !value.is_empty()) && !given.contains_key(&verified) {
                user.attributes.insert(verified, "false".to_owned());
                if !by_admin && settings::is_auto_verified(&pool, attribute) {
                    to_verify.push(attribute);
                }
            }
        }
        for (name, value) in given {
            if value.is_empty() {
                user.attributes.shift_remove(name);
            } else {
                user.attributes.insert(name.clone(), value.clone());
            }
        }
        user.modified = now;
        Ok(to_verify)
    })
}

/// An address by which users sign in is one user's.
fn check_unique(state: &State, pool: &UserPool, key: &str, given: &IndexMap<String, String>) -> Result<(), ApiError> {
    for (name, value) in given {
        let other = state.find_user(pool, value).filter(|holder| holder != key);
        if settings::is_username(pool, name) && other.is_some() {
            let message = format!("An account with the given {name} already exists.");
            return Err(ApiError::new("AliasExistsException", message));
        }
    }
    Ok(())
}

fn update(call: &Call<'_>) -> Outcome {
    let bearer = tokens::bearer(call)?;
    let given = attributes::given(call, "UserAttributes");
    let mut state = lock(&bearer.world.cognito_idp);
    sign_up::check_writable(state.client(&bearer.client_id)?.0, &given)?;
    let to_verify = change(&mut state, &bearer.key, &given, false, call.now())?;
    let mut deliveries = Vec::new();
    for attribute in to_verify {
        deliveries.push(send(call, &mut state, &bearer, attribute, "UpdateUserAttribute")?);
    }
    Output::of(json!({ "CodeDeliveryDetailsList": deliveries }))
}

fn send(
    call: &Call<'_>,
    state: &mut State,
    bearer: &Bearer,
    attribute: &str,
    reason: &'static str,
) -> Result<Value, ApiError> {
    let purpose = format!("{}{attribute}", codes::ATTRIBUTE);
    codes::send(state, &bearer.key, &purpose, attribute, reason, Some(&bearer.client_id), call.now())
}

fn delete_attributes(call: &Call<'_>) -> Outcome {
    let bearer = tokens::bearer(call)?;
    let names = call.member("UserAttributeNames").and_then(Value::as_array).into_iter().flatten();
    let given: IndexMap<String, String> =
        names.filter_map(|name| Some((name.as_str()?.to_owned(), String::new()))).collect();
    let mut state = lock(&bearer.world.cognito_idp);
    sign_up::check_writable(state.client(&bearer.client_id)?.0, &given)?;
    change(&mut state, &bearer.key, &given, false, call.now())?;
    Ok(Output::empty())
}

fn verifiable<'c>(call: &'c Call<'_>, user: &User) -> Result<&'c str, ApiError> {
    let name = call.text("AttributeName");
    if !matches!(name, "email" | "phone_number") {
        return Err(invalid(format!("Attribute {name} cannot be verified by a code")));
    }
    if !user.attributes.contains_key(name) {
        return Err(invalid(format!("User does not have the attribute {name}")));
    }
    Ok(name)
}

fn send_code(call: &Call<'_>) -> Outcome {
    let bearer = tokens::bearer(call)?;
    let attribute = verifiable(call, &bearer.user)?;
    let mut state = lock(&bearer.world.cognito_idp);
    let delivery = send(call, &mut state, &bearer, attribute, "VerifyUserAttribute")?;
    Output::of(json!({ "CodeDeliveryDetails": delivery }))
}

fn verify(call: &Call<'_>) -> Outcome {
    let bearer = tokens::bearer(call)?;
    let purpose = format!("{}{}", codes::ATTRIBUTE, verifiable(call, &bearer.user)?);
    let mut state = lock(&bearer.world.cognito_idp);
    codes::check(&mut state, &bearer.key, &purpose, call.text("Code"), call.now())?;
    state.change_user(&bearer.key, |user| {
        codes::spend(user, &purpose, call.now());
        Ok(())
    })?;
    Ok(Output::empty())
}

fn delete(call: &Call<'_>) -> Outcome {
    let bearer = tokens::bearer(call)?;
    lock(&bearer.world.cognito_idp).remove_user(&bearer.key)?;
    Ok(Output::empty())
}
