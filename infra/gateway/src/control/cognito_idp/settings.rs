//! What the settings of pools and app clients mean: the one place that reads them.

use serde_json::{Map, Value};

use super::super::call::ApiError;
use super::invalid;
use crate::model::{UserPool, UserPoolClient};

/// `Policies.PasswordPolicy`
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PasswordPolicy {
    pub(super) minimum_length: usize,
    pub(super) require_uppercase: bool,
    pub(super) require_lowercase: bool,
    pub(super) require_numbers: bool,
    pub(super) require_symbols: bool,
    /// How long a password that an administrator has given may be used.
    pub(super) temporary_days: i64,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        PasswordPolicy {
            minimum_length: 8,
            require_uppercase: true,
            require_lowercase: true,
            require_numbers: true,
            require_symbols: true,
            temporary_days: 7,
        }
    }
}

impl PasswordPolicy {
    /// A pool's own. One that says anything says all: what it leaves out is not asked for.
    pub(super) fn of(pool: &UserPool) -> PasswordPolicy {
        let policy = pool.settings.get("Policies").and_then(|policies| policies.get("PasswordPolicy"));
        let Some(policy) = policy.and_then(Value::as_object) else { return PasswordPolicy::default() };
        let flag = |name: &str| policy.get(name).and_then(Value::as_bool).unwrap_or_default();
        let number = |name: &str| policy.get(name).and_then(Value::as_u64).filter(|number| *number > 0);
        PasswordPolicy {
            minimum_length: number("MinimumLength").and_then(|length| length.try_into().ok()).unwrap_or(8),
            require_uppercase: flag("RequireUppercase"),
            require_lowercase: flag("RequireLowercase"),
            require_numbers: flag("RequireNumbers"),
            require_symbols: flag("RequireSymbols"),
            temporary_days: number("TemporaryPasswordValidityDays").and_then(|days| days.try_into().ok()).unwrap_or(7),
        }
    }
}

fn texts<'s>(settings: &'s Map<String, Value>, name: &str) -> impl Iterator<Item = &'s str> + use<'s> {
    settings.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn has(settings: &Map<String, Value>, name: &str, value: &str) -> bool {
    texts(settings, name).any(|text| text == value)
}

/// Whether users sign up with this attribute (`email`, `phone_number`) as their name.
pub(super) fn is_username(pool: &UserPool, attribute: &str) -> bool {
    has(&pool.settings, "UsernameAttributes", attribute)
}

/// Whether users have any attribute as their name.
pub(super) fn has_username_attributes(pool: &UserPool) -> bool {
    texts(&pool.settings, "UsernameAttributes").next().is_some()
}

/// Whether users may sign in with this attribute beside their name.
pub(super) fn is_alias(pool: &UserPool, attribute: &str) -> bool {
    has(&pool.settings, "AliasAttributes", attribute)
}

/// Whether users sign in with anything but their name.
pub(super) fn has_aliases(pool: &UserPool) -> bool {
    has_username_attributes(pool) || texts(&pool.settings, "AliasAttributes").next().is_some()
}

/// Whether this attribute is verified by a code.
pub(super) fn is_auto_verified(pool: &UserPool, attribute: &str) -> bool {
    has(&pool.settings, "AutoVerifiedAttributes", attribute)
}

/// A name as it is compared: in lower case where the pool says that case does not count.
pub(super) fn folded(pool: &UserPool, name: &str) -> String {
    let sensitive = pool.settings.get("UsernameConfiguration").and_then(|of| of.get("CaseSensitive"));
    if sensitive == Some(&Value::Bool(false)) { name.to_lowercase() } else { name.to_owned() }
}

/// Whether only administrators make users.
pub(super) fn is_closed(pool: &UserPool) -> bool {
    let config = pool.settings.get("AdminCreateUserConfig");
    config.and_then(|config| config.get("AllowAdminCreateUserOnly")) == Some(&Value::Bool(true))
}

/// Whether nobody signs in without a second factor. `OPTIONAL` leaves it to users, and none here has one.
pub(super) fn demands_mfa(pool: &UserPool) -> bool {
    pool.settings.get("MfaConfiguration").and_then(Value::as_str) == Some("ON")
}

/// The function that a pool calls at this point.
pub(super) fn trigger(pool: &UserPool, name: &str) -> Option<String> {
    let config = pool.settings.get("LambdaConfig")?;
    config.get(name)?.as_str().map(str::to_owned)
}

/// What a client may sign in by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Flows {
    pub(super) password: bool,
    pub(super) admin_password: bool,
    pub(super) srp: bool,
    pub(super) refresh: bool,
}

/// `ExplicitAuthFlows`, the older names of flows included.
pub(super) fn flows(client: &UserPoolClient) -> Flows {
    let given: Vec<&str> = texts(&client.settings, "ExplicitAuthFlows").collect();
    let any = |names: &[&str]| given.iter().any(|flow| names.contains(flow));
    let old = !given.iter().any(|flow| flow.starts_with("ALLOW_"));
    let only_custom = any(&["CUSTOM_AUTH_FLOW_ONLY"]);
    Flows {
        password: any(&["ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"]),
        admin_password: any(&["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"]),
        srp: any(&["ALLOW_USER_SRP_AUTH"]) || (old && !only_custom),
        refresh: any(&["ALLOW_REFRESH_TOKEN_AUTH"]) || old,
    }
}

/// Whether a client is not told which users there are.
pub(super) fn hides_users(client: &UserPoolClient) -> bool {
    client.settings.get("PreventUserExistenceErrors").and_then(Value::as_str) == Some("ENABLED")
}

/// Whether tokens can be revoked.
pub(super) fn revokes(client: &UserPoolClient) -> bool {
    client.settings.get("EnableTokenRevocation").and_then(Value::as_bool).unwrap_or(true)
}

/// Whether a client may see (`ReadAttributes`) or set (`WriteAttributes`) this attribute; without a list every one.
pub(super) fn may(client: &UserPoolClient, list: &str, attribute: &str) -> bool {
    texts(&client.settings, list).next().is_none() || has(&client.settings, list, attribute)
}

/// How long a challenge may take, in milliseconds.
pub(super) fn challenge_lasts(client: &UserPoolClient) -> i64 {
    client.settings.get("AuthSessionValidity").and_then(Value::as_i64).unwrap_or(3) * 60_000
}

/// How long tokens last, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Validity {
    pub(super) access: i64,
    pub(super) id: i64,
    pub(super) refresh: i64,
}

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// How long a client's tokens last.
///
/// # Errors
/// `InvalidParameterException` outside AWS's limits.
pub(super) fn validity(client: &UserPoolClient) -> Result<Validity, ApiError> {
    let seconds = |token: &str, unit: i64, default: i64, limits: (i64, i64)| {
        let given = client.settings.get(&format!("{token}TokenValidity")).and_then(Value::as_i64);
        let named = client.settings.get("TokenValidityUnits").and_then(|units| units.get(format!("{token}Token")));
        let unit = match named.and_then(Value::as_str) {
            Some("seconds") => 1,
            Some("minutes") => 60,
            Some("hours") => HOUR,
            Some("days") => DAY,
            _ => unit,
        };
        let Some(given) = given.filter(|given| *given > 0) else { return Ok(default) };
        let seconds = given.saturating_mul(unit);
        if (limits.0..=limits.1).contains(&seconds) {
            return Ok(seconds);
        }
        Err(invalid(format!("Invalid range for token validity: {} to {} seconds, not {seconds}", limits.0, limits.1)))
    };
    Ok(Validity {
        access: seconds("Access", HOUR, HOUR, (300, DAY))?,
        id: seconds("Id", HOUR, HOUR, (300, DAY))?,
        refresh: seconds("Refresh", DAY, 30 * DAY, (HOUR, 3_650 * DAY))?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn client(settings: Value) -> UserPoolClient {
        let Value::Object(settings) = settings else { panic!("an object") };
        UserPoolClient { settings, ..UserPoolClient::default() }
    }

    #[test]
    fn a_client_that_names_no_flow_signs_in_by_srp() {
        let flows = flows(&client(json!({})));
        assert_eq!(flows, Flows { srp: true, refresh: true, ..Flows::default() });
    }

    #[test]
    fn lifetimes_have_units_and_limits() {
        let given = client(json!({"AccessTokenValidity": 10, "TokenValidityUnits": {"AccessToken": "minutes"}}));
        assert_eq!(validity(&given).unwrap(), Validity { access: 600, id: HOUR, refresh: 30 * DAY });
        let short = client(json!({"AccessTokenValidity": 10, "TokenValidityUnits": {"AccessToken": "seconds"}}));
        assert_eq!(validity(&short).unwrap_err().code, "InvalidParameterException");
    }
}
