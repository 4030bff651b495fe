//! What Ferrogate's own addresses show of SNS, and the links in its messages.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::super::Control;
use super::super::call::ApiError;
use super::super::service_model::percent_decoded;
use super::super::world::{World, WorldId, lock};
use super::subscriptions;

impl Control {
    /// The newest publications of every account and region, the newest first: `GET /_ferrogate/sns`.
    pub(crate) fn sns_outbox(&self) -> Value {
        let worlds: Vec<_> = self.worlds.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let mut all = Vec::new();
        for world in worlds {
            let outbox = std::sync::Arc::clone(&lock(&world.sns).outbox);
            all.extend(lock(&outbox).newest_first().cloned());
        }
        // The times of one format sort as text; the sort keeps the order of those at the same time.
        all.sort_by(|a, b| b.time.cmp(&a.time));
        json!({ "publications": all })
    }

    /// Follows a link of a message: `GET /_ferrogate/sns/confirm?…` and `…/unsubscribe?…`.
    ///
    /// # Errors
    /// SNS's own.
    pub(crate) fn sns_link(&self, action: &str, query: &str) -> Result<Value, ApiError> {
        let value = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(key, _)| *key == name).map(|(_, value)| percent_decoded(value)).next().unwrap_or_default()
        };
        if action == "confirm" {
            let topic = value("TopicArn");
            let world = self.world_of_arn(&topic).ok_or_else(super::no_topic)?;
            let arn = subscriptions::confirm_with(&mut lock(&world.sns), &topic, &value("Token"), false)?;
            return Ok(json!({ "subscriptionArn": arn }));
        }
        let arn = value("SubscriptionArn");
        let world = self.world_of_arn(&arn).ok_or_else(super::no_topic)?;
        subscriptions::remove(&mut lock(&world.sns), &arn)?;
        Ok(json!({ "unsubscribed": arn }))
    }

    /// The account and region of an ARN, if they are in use: a link makes none.
    fn world_of_arn(&self, arn: &str) -> Option<std::sync::Arc<World>> {
        let mut parts = arn.split(':').skip(3);
        let (region, account) = (parts.next()?, parts.next()?);
        let worlds = self.worlds.read().unwrap_or_else(PoisonError::into_inner);
        worlds.get(&WorldId::new(account, region)).cloned()
    }
}
