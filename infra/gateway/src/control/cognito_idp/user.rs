//! A user as it is kept.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::codes::Code;
use super::passwords::Password;
use crate::clock::EpochMillis;

/// `UserStatus`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    #[default]
    Unconfirmed,
    Confirmed,
    /// Has a temporary password.
    ForceChangePassword,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Status::Unconfirmed => "UNCONFIRMED",
            Status::Confirmed => "CONFIRMED",
            Status::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
        }
    }
}

/// A user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct User {
    pub(super) pool: String,
    pub(super) username: String,
    /// A UUID.
    pub(super) sub: String,
    pub(super) enabled: bool,
    pub(super) status: Status,
    /// Without `sub`.
    pub(super) attributes: IndexMap<String, String>,
    pub(super) created: EpochMillis,
    pub(super) modified: EpochMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<Password>,
    /// When a temporary password was given.
    pub(super) temporary_since: Option<EpochMillis>,
    /// Groups, with the time of joining.
    pub(super) groups: IndexMap<String, EpochMillis>,
    /// Codes under way, by what they are for: one of [`codes`](super::codes)'s purposes.
    pub(super) codes: IndexMap<String, Code>,
}

impl User {
    /// The attributes with `sub`, as operations list them.
    pub(super) fn attribute_list(&self, shown: impl Fn(&str) -> bool) -> Value {
        let sub = std::iter::once(("sub", self.sub.as_str()));
        let others = self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let listed = sub.chain(others).filter(|(name, _)| *name == "sub" || shown(name));
        listed.map(|(name, value)| json!({ "Name": name, "Value": value })).collect()
    }

    /// An attribute of any name.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        match name {
            "sub" => Some(&self.sub),
            "username" => Some(&self.username),
            "cognito:user_status" => Some(self.status.as_str()),
            "status" => Some(if self.enabled { "Enabled" } else { "Disabled" }),
            name => self.attributes.get(name).map(String::as_str),
        }
    }

    /// Whether a code has shown that the address or number is the user's.
    pub(super) fn is_verified(&self, attribute: &str) -> bool {
        self.attributes.get(&format!("{attribute}_verified")).is_some_and(|verified| verified == "true")
    }

    /// `UserType`; `attributes` is the member's name.
    pub(super) fn describe(&self, attributes: &str, shown: impl Fn(&str) -> bool) -> Value {
        json!({
            "Username": self.username,
            attributes: self.attribute_list(shown),
            "UserCreateDate": self.created,
            "UserLastModifiedDate": self.modified,
            "Enabled": self.enabled,
            "UserStatus": self.status.as_str(),
        })
    }
}
