//! What a function is told by its environment.
//!
//! The variables come through an injected lookup, so that no test touches the process environment, and everything that
//! is wrong is reported at once, by name, before the function takes its first event.

use std::ops::RangeInclusive;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;

use crate::store::dynamodb::{
    self, DynamoConnections, DynamoCustomers, DynamoMessages, DynamoProducts, DynamoTokens, DynamoUserWrites,
    DynamoUsers,
};

/// What is wrong with the environment, one line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the function's environment is incomplete: {}", .0.join("; "))]
pub struct ConfigErrors(pub Vec<String>);

/// Hands a function's dependencies what they need, and remembers what is missing.
pub struct Setup<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    sdk: &'a SdkConfig,
    dynamodb: Option<Client>,
    errors: Vec<String>,
}

impl<'a> Setup<'a> {
    /// Reads variables through `lookup` and makes clients from `sdk`.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>, sdk: &'a SdkConfig) -> Self {
        Setup { lookup, sdk, dynamodb: None, errors: Vec::new() }
    }

    /// A variable that must be set and not empty. Gives an empty text after noting that it is not.
    pub fn required(&mut self, name: &str) -> String {
        match (self.lookup)(name).filter(|value| !value.is_empty()) {
            Some(value) => value,
            None => {
                self.refuse(format!("{name} is not set"));
                String::new()
            }
        }
    }

    /// A variable that may be left out, or empty.
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// A whole number with a documented default.
    pub fn number(&mut self, name: &str, default: usize, range: RangeInclusive<usize>) -> usize {
        let Some(text) = (self.lookup)(name).filter(|value| !value.is_empty()) else { return default };
        match text.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.refuse(format!("{name} must be a whole number from {} to {}", range.start(), range.end()));
                default
            }
        }
    }

    /// A URL that must be set, with one of these schemes and a host; no slash at its end.
    pub fn url(&mut self, name: &str, schemes: &[&str]) -> String {
        let url = self.required(name).trim_end_matches('/').to_owned();
        let has_host = |url: &str| {
            schemes.iter().any(|scheme| {
                let rest = url.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
                rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
            })
        };
        let is_clean = !url.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, ';' | ',' | '\''));
        let is_url = has_host(&url) && is_clean;
        if !url.is_empty() && !is_url {
            self.refuse(format!("{name} must be a URL that begins with {}://", schemes.join(":// or ")));
        }
        url
    }

    /// Notes that something is wrong.
    pub fn refuse(&mut self, reason: String) {
        self.errors.push(reason);
    }

    /// The SDK's configuration, for clients other than DynamoDB's.
    pub fn sdk(&self) -> &'a SdkConfig {
        self.sdk
    }

    /// The users table (`USERS_TABLE`), read only.
    pub fn users(&mut self) -> DynamoUsers {
        DynamoUsers::new(self.dynamodb(), self.required("USERS_TABLE"))
    }

    /// The users and their e-mail addresses (`USERS_TABLE`, `USER_EMAILS_TABLE`), to be written.
    pub fn user_writes(&mut self) -> DynamoUserWrites {
        DynamoUserWrites::new(self.dynamodb(), self.required("USERS_TABLE"), self.required("USER_EMAILS_TABLE"))
    }

    /// The products table (`PRODUCTS_TABLE`).
    pub fn products(&mut self) -> DynamoProducts {
        DynamoProducts::new(self.dynamodb(), self.required("PRODUCTS_TABLE"))
    }

    /// The API tokens table (`API_TOKENS_TABLE`).
    pub fn tokens(&mut self) -> DynamoTokens {
        DynamoTokens::new(self.dynamodb(), self.required("API_TOKENS_TABLE"))
    }

    /// The customers and their tiers (`CUSTOMER_TIERS_TABLE`).
    pub fn customers(&mut self) -> DynamoCustomers {
        DynamoCustomers::new(self.dynamodb(), self.required("CUSTOMER_TIERS_TABLE"))
    }

    /// The connections table (`CONNECTIONS_TABLE`).
    pub fn connections(&mut self) -> DynamoConnections {
        DynamoConnections::new(self.dynamodb(), self.required("CONNECTIONS_TABLE"))
    }

    /// The messages table (`MESSAGES_TABLE`).
    pub fn messages(&mut self) -> DynamoMessages {
        DynamoMessages::new(self.dynamodb(), self.required("MESSAGES_TABLE"))
    }

    /// `made` if nothing was wrong.
    pub fn finish<T>(mut self, made: T) -> Result<T, ConfigErrors> {
        // One variable may be asked for twice.
        self.errors.dedup();
        if self.errors.is_empty() { Ok(made) } else { Err(ConfigErrors(self.errors)) }
    }

    fn dynamodb(&mut self) -> Client {
        self.dynamodb.get_or_insert_with(|| dynamodb::client(self.sdk)).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sdk() -> SdkConfig {
        SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build()
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let lookup = |name: &str| match name {
            "EMPTY" => Some(String::new()),
            "MANY" => Some("0".into()),
            "LINK" => Some("ftp://x".into()),
            _ => None,
        };
        let sdk = sdk();
        let mut setup = Setup::new(&lookup, &sdk);
        setup.required("GONE");
        setup.required("EMPTY");
        assert_eq!(setup.number("MANY", 7, 1..=9), 7);
        setup.url("LINK", &["wss", "ws"]);
        assert_eq!(
            setup.finish(()).unwrap_err().to_string(),
            "the function's environment is incomplete: GONE is not set; EMPTY is not set; \
             MANY must be a whole number from 1 to 9; LINK must be a URL that begins with wss:// or ws://"
        );
    }

    #[test]
    fn a_url_needs_a_host_and_no_more_than_a_url() {
        for (url, good) in [
            ("wss://a.execute-api.us-east-1.amazonaws.com/production", true),
            ("ws://127.0.0.1:4566/_aws/execute-api/chatapi/production/", true),
            ("ws:///x", false),
            ("ws://", false),
            ("ws://a; script-src *", false),
        ] {
            let lookup = |_: &str| Some(url.to_owned());
            let sdk = sdk();
            let mut setup = Setup::new(&lookup, &sdk);
            let read = setup.url("U", &["wss", "ws"]);
            assert!(!read.ends_with("production/"));
            assert_eq!(setup.finish(()).is_ok(), good, "{url}");
        }
    }

    #[test]
    fn numbers_have_defaults() {
        let lookup = |name: &str| (name == "SET").then(|| "5".to_owned());
        let sdk = sdk();
        let mut setup = Setup::new(&lookup, &sdk);
        assert_eq!((setup.number("SET", 1, 1..=9), setup.number("UNSET", 3, 1..=9)), (5, 3));
        assert!(setup.finish(()).is_ok());
    }
}
