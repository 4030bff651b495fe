//! SNS's topics and subscriptions.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// A topic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Topic {
    /// `arn:aws:sns:{region}:{account}:{name}`
    pub topic_arn: String,
    /// What was set of `DisplayName`, `Policy`, `DeliveryPolicy`, …
    pub attributes: IndexMap<String, String>,
    /// `DataProtectionPolicy`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_protection_policy: Option<String>,
    /// Tags.
    pub tags: IndexMap<String, String>,
    /// How many subscriptions it has lost: `SubscriptionsDeleted`.
    pub subscriptions_deleted: u64,
}

/// A subscription.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Subscription {
    /// `{topic's ARN}:{uuid}`
    pub subscription_arn: String,
    /// The topic.
    pub topic_arn: String,
    /// The account.
    pub owner: String,
    /// `lambda`, `http`, `https`, `email`, `email-json`, `sms`
    pub protocol: String,
    /// A function's ARN, a URL, an address or a number.
    pub endpoint: String,
    /// What confirms it; `None` once it is confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_token: Option<String>,
    /// Whether it was confirmed with authentication.
    pub authenticated: bool,
    /// `FilterPolicy`, `FilterPolicyScope`, `RawMessageDelivery`, `DeliveryPolicy`, `RedrivePolicy`, …
    pub attributes: IndexMap<String, String>,
}
