//! A template's topics and subscriptions, in the same state as those that are created.
//!
//! Mail and SMS stay here, so that nobody has to agree to them: such subscriptions are confirmed from the beginning. HTTP
//! endpoints are asked, as on AWS.

use super::super::Control;
use super::super::call::ApiError;
use super::super::world::lock;
use super::subscriptions::token;
use super::{State, attributes, delivery};
use crate::model::{Model, Subscription};

impl Control {
    /// Makes a template's topics and subscriptions part of the default world's, in place of those that it declared before.
    /// Call within a Tokio runtime.
    ///
    /// # Errors
    /// When an attribute is none that SNS takes, or the store fails; the text says which.
    pub(crate) fn declare_topics(&self, model: &Model) -> Result<(), String> {
        let world = self.default_world().map_err(|error| error.message)?;
        let sound = |subscription: &Subscription| {
            let mut sound = Subscription { attributes: Default::default(), ..subscription.clone() };
            for (name, value) in &subscription.attributes {
                attributes::set(&mut sound.attributes, name, value).map_err(|error| {
                    let Subscription { protocol, endpoint, topic_arn, .. } = subscription;
                    format!("subscription of {protocol} {endpoint} to {topic_arn}: {}", error.message)
                })?;
            }
            Ok::<_, String>(sound)
        };
        let subscriptions = model.subscriptions.values().map(sound).collect::<Result<Vec<_>, _>>()?;
        let mut state = lock(&world.sns);
        let asked = declare(&mut state, model, subscriptions).map_err(|error| error.message)?;
        for subscription in asked {
            delivery::ask_to_confirm(&state, &world.gateway, &subscription, self.clock().now());
        }
        Ok(())
    }
}

/// Gives those that are new and must be confirmed.
fn declare(state: &mut State, model: &Model, subscriptions: Vec<Subscription>) -> Result<Vec<Subscription>, ApiError> {
    for (arn, topic) in &model.topics {
        let mut topic = topic.clone();
        topic.subscriptions_deleted = state.topics.get(arn).map_or(0, |held| held.subscriptions_deleted);
        state.topics.declare(arn, topic)?;
    }
    let mut asked = Vec::new();
    for mut subscription in subscriptions {
        let arn = subscription.subscription_arn.clone();
        match state.subscriptions.get(&arn) {
            Some(held) if held.endpoint == subscription.endpoint => {
                subscription.pending_token.clone_from(&held.pending_token);
                subscription.authenticated = held.authenticated;
            }
            _ if matches!(&*subscription.protocol, "http" | "https") => {
                (subscription.pending_token, subscription.authenticated) = (Some(token()), false);
                asked.push(subscription.clone());
            }
            _ => {}
        }
        state.subscriptions.declare(arn, subscription)?;
    }
    state.subscriptions.retain_declared(|arn| model.subscriptions.contains_key(arn));
    let gone = state.topics.retain_declared(|arn| model.topics.contains_key(arn));
    // What was subscribed through the API goes with its topic.
    for topic in gone {
        let of_it: Vec<_> = state.subscriptions_of(&topic).map(|held| held.subscription_arn.clone()).collect();
        for arn in of_it {
            state.subscriptions.remove(&arn)?;
        }
    }
    Ok(asked)
}
