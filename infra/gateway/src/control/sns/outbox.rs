//! What was published, and what came of it.

use std::collections::VecDeque;

use serde::Serialize;

/// Publications that are shown.
const MAX_ENTRIES: usize = 1_000;
/// Bytes of their messages.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The newest publications of one account and region.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    entries: VecDeque<Published>,
    bytes: usize,
}

/// A publication.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Published {
    pub(super) message_id: String,
    /// `Notification`, or `SubscriptionConfirmation` with the token in its message.
    pub(super) r#type: &'static str,
    /// `2026-11-22T12:57:00.123Z`
    pub(super) time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) topic_arn: Option<String>,
    /// Of a message to one number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    pub(super) message: String,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub(super) message_attributes: serde_json::Map<String, serde_json::Value>,
    pub(super) deliveries: Vec<Delivered>,
}

/// What came of a publication for one subscription.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivered {
    pub(super) subscription_arn: String,
    pub(super) protocol: String,
    pub(super) endpoint: String,
    /// `pending`, `delivered`, `filtered`, `kept` (email and SMS stay here) or `failed`.
    pub(super) outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

impl Outbox {
    /// Adds a publication; the oldest go beyond the bounds.
    pub(super) fn add(&mut self, published: Published) {
        self.bytes += published.message.len();
        self.entries.push_back(published);
        while self.entries.len() > MAX_ENTRIES || (self.bytes > MAX_BYTES && self.entries.len() > 1) {
            if let Some(gone) = self.entries.pop_front() {
                self.bytes -= gone.message.len();
            }
        }
    }

    /// Notes what came of a delivery, if the publication is still shown.
    pub(super) fn outcome(
        &mut self,
        message_id: &str,
        subscription_arn: &str,
        outcome: &'static str,
        reason: Option<String>,
    ) {
        let published = self.entries.iter_mut().rev().find(|published| published.message_id == message_id);
        let deliveries = published.into_iter().flat_map(|published| &mut published.deliveries);
        for delivery in deliveries.filter(|delivery| delivery.subscription_arn == subscription_arn) {
            (delivery.outcome, delivery.reason) = (outcome, reason.clone());
        }
    }

    /// The newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Published> {
        self.entries.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let mut outbox = Outbox::default();
        for number in 0..MAX_ENTRIES + 3 {
            outbox.add(Published {
                message_id: number.to_string(),
                r#type: "Notification",
                time: String::new(),
                topic_arn: None,
                phone_number: None,
                subject: None,
                message: "m".to_owned(),
                message_attributes: serde_json::Map::new(),
                deliveries: Vec::new(),
            });
        }
        assert_eq!((outbox.entries.len(), outbox.bytes), (MAX_ENTRIES, MAX_ENTRIES));
        assert_eq!(outbox.newest_first().last().unwrap().message_id, "3");
    }
}
