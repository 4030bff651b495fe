//! Codes that show that an address is the user's, or that the user asked for a new password.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::super::call::ApiError;
use super::outbox::Sent;
use super::state::State;
use super::user::User;
use super::{invalid, no_user, settings};
use crate::clock::{EpochMillis, iso8601};
use crate::model::UserPool;

/// What codes are for.
pub(super) const SIGN_UP: &str = "SignUp";
pub(super) const FORGOT: &str = "ForgotPassword";
/// Before an attribute's name.
pub(super) const ATTRIBUTE: &str = "Attribute:";

const HOUR: i64 = 60 * 60 * 1_000;

/// A code under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Code {
    code: String,
    /// What it was sent to: `email` or `phone_number`.
    pub(super) attribute: String,
    until: EpochMillis,
}

/// How a code goes to an attribute.
fn medium(attribute: &str) -> &'static str {
    if attribute == "phone_number" { "SMS" } else { "EMAIL" }
}

/// `CodeDeliveryDetails`; the address is shown as AWS shows it.
pub(super) fn delivery(attribute: &str, destination: &str) -> Value {
    json!({
        "Destination": masked(destination),
        "DeliveryMedium": medium(attribute),
        "AttributeName": attribute,
    })
}

/// `a***@e***` or `+*******1234`
fn masked(destination: &str) -> String {
    if let Some((name, host)) = destination.split_once('@') {
        let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
        return format!("{}***@{}***", first(name), first(host));
    }
    let digits: Vec<char> = destination.chars().skip(1).collect();
    let hidden = digits.len().saturating_sub(4);
    format!("+{}{}", "*".repeat(hidden), digits[hidden..].iter().collect::<String>())
}

/// The address that a sign-up is confirmed by, if the pool verifies any.
pub(super) fn sign_up_attribute(pool: &UserPool, user: &User) -> Option<&'static str> {
    let of = |attribute: &&str| settings::is_auto_verified(pool, attribute) && user.attributes.contains_key(*attribute);
    ["phone_number", "email"].into_iter().find(of)
}

/// The address that a new password is confirmed by.
///
/// # Errors
/// `InvalidParameterException` where the user has no verified one.
pub(super) fn recovery_attribute(pool: &UserPool, user: &User) -> Result<&'static str, ApiError> {
    let mechanisms = pool.settings.get("AccountRecoverySetting").and_then(|of| of["RecoveryMechanisms"].as_array());
    let mechanisms = mechanisms.into_iter().flatten();
    let named = mechanisms.map(|one| (one["Priority"].as_i64().unwrap_or(9), one["Name"].as_str().unwrap_or_default()));
    let mut order: Vec<(i64, &str)> = named.collect();
    if order.is_empty() {
        order = vec![(1, "verified_email"), (2, "verified_phone_number")];
    }
    order.sort_by_key(|(priority, _)| *priority);
    let attributes = order.iter().filter_map(|(_, name)| match *name {
        "verified_email" => Some("email"),
        "verified_phone_number" => Some("phone_number"),
        _ => None,
    });
    let found = attributes
        .into_iter()
        .find(|attribute| user.attributes.contains_key(*attribute) && user.is_verified(attribute));
    found.ok_or_else(|| {
        invalid("Cannot reset password for the user as there is no registered/verified email or phone_number")
    })
}

/// Makes a code, shows it in the outbox, and says where it would have gone.
pub(super) fn send(
    state: &mut State,
    key: &str,
    purpose: &str,
    attribute: &str,
    reason: &'static str,
    client_id: Option<&str>,
    now: EpochMillis,
) -> Result<Value, ApiError> {
    let code = state.random.code()?;
    let lasts = if purpose == FORGOT { HOUR } else { 24 * HOUR };
    let kept = Code { code: code.clone(), attribute: attribute.to_owned(), until: now + lasts };
    let user = state.change_user(key, |user| {
        user.codes.insert(purpose.to_owned(), kept);
        Ok(user.clone())
    })?;
    let destination = user.attributes.get(attribute).cloned().unwrap_or_default();
    let delivery = delivery(attribute, &destination);
    state.outbox.add(Sent {
        time: iso8601(now),
        user_pool_id: user.pool,
        client_id: client_id.map(str::to_owned),
        username: user.username,
        reason,
        medium: medium(attribute),
        destination,
        code: Some(code),
        temporary_password: None,
    });
    Ok(delivery)
}

/// Checks a code. It stays good until [`spend`].
///
/// # Errors
/// `CodeMismatchException`, `ExpiredCodeException`, or `LimitExceededException` after too many wrong ones.
pub(super) fn check(
    state: &mut State,
    key: &str,
    purpose: &str,
    given: &str,
    now: EpochMillis,
) -> Result<Code, ApiError> {
    let counted = format!("{key}\u{0}{purpose}");
    state.attempts.may_try_code(&counted, now)?;
    let user = state.users.get(key).ok_or_else(no_user)?;
    let Some(code) = user.codes.get(purpose).filter(|code| now < code.until).cloned() else {
        let message = "Invalid code provided, please request a code again.";
        return Err(ApiError::new("ExpiredCodeException", message));
    };
    if !bool::from(code.code.as_bytes().ct_eq(given.as_bytes())) {
        state.attempts.code_failed(&counted, now);
        return Err(mismatch());
    }
    state.attempts.code_succeeded(&counted);
    Ok(code)
}

pub(super) fn mismatch() -> ApiError {
    ApiError::new("CodeMismatchException", "Invalid verification code provided, please try again.")
}

/// A code that was used is no good any more; the address that it went to is verified.
pub(super) fn spend(user: &mut User, purpose: &str, now: EpochMillis) {
    if let Some(code) = user.codes.shift_remove(purpose) {
        user.attributes.insert(format!("{}_verified", code.attribute), "true".to_owned());
    }
    user.modified = now;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hidden_as_aws_hides_them() {
        assert_eq!(masked("ann@example.com"), "a***@e***");
        assert_eq!(masked("+15555551234"), "+*******1234");
        assert_eq!(masked("+1"), "+1");
        assert_eq!(masked(""), "+");
    }
}
