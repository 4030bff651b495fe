//! The way of a message to its subscriptions. What cannot be delivered is tried again a few times, then given up.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::json;

use super::super::world::lock;
use super::message::{Message, UNSIGNED, certificate};
use super::outbox::{Delivered, Outbox, Published};
use super::{State, attributes, subscriptions};
use crate::clock::EpochMillis;
use crate::gateway::Gateway;
use crate::lambda::{Caller, InvocationType, InvokeError, InvokeRequest};
use crate::model::Subscription;
use crate::remote;

/// Tries of one delivery, and the real time between them.
const TRIES: u32 = 3;
const BETWEEN: Duration = Duration::from_secs(1);
/// How long an endpoint may take, as on AWS.
const PATIENCE: Duration = Duration::from_secs(15);
/// As much of an endpoint's answer is read.
const MAX_ANSWER: usize = 64 * 1024;

/// Where outcomes are noted.
#[derive(Clone)]
struct Report {
    outbox: Arc<Mutex<Outbox>>,
    message_id: String,
    subscription_arn: String,
}

impl Report {
    fn note(&self, outcome: Result<(), String>) {
        let (outcome, reason) = match outcome {
            Ok(()) => ("delivered", None),
            Err(reason) => {
                tracing::warn!(subscription = self.subscription_arn, "SNS: not delivered: {reason}");
                ("failed", Some(reason))
            }
        };
        lock(&self.outbox).outcome(&self.message_id, &self.subscription_arn, outcome, reason);
    }
}

/// Shows a message in the outbox and begins its deliveries. Call within a Tokio runtime.
pub(super) fn begin(state: &State, gateway: &Gateway, topic_arn: &str, message: Message, mut shown: Published) {
    let message = Arc::new(message);
    let mut begun = Vec::new();
    for subscription in state.subscriptions_of(topic_arn).filter(|held| held.pending_token.is_none()) {
        let passes = attributes::takes(subscription, message.text_for(&subscription.protocol), &message.attributes);
        let outcome = match &*subscription.protocol {
            _ if !passes => "filtered",
            "lambda" | "http" | "https" => {
                begun.push(subscription.clone());
                "pending"
            }
            _ => "kept",
        };
        shown.deliveries.push(delivered(subscription, outcome));
    }
    // Before the first delivery can end.
    lock(&state.outbox).add(shown);
    for subscription in begun {
        let report = Report {
            outbox: Arc::clone(&state.outbox),
            message_id: message.id.clone(),
            subscription_arn: subscription.subscription_arn.clone(),
        };
        let Ok(place) = Arc::clone(&state.deliveries).try_acquire_owned() else {
            report.note(Err("too many deliveries are under way".to_owned()));
            continue;
        };
        let (gateway, message) = (gateway.clone(), Arc::clone(&message));
        tokio::spawn(async move {
            let outcome = if subscription.protocol == "lambda" {
                invoke(&gateway, &subscription, &message).await
            } else {
                let raw = attributes::is_raw(&subscription);
                let body = if raw {
                    message.text_for(&subscription.protocol).to_owned()
                } else {
                    message.notification(&subscription, gateway.port).to_string()
                };
                post(&subscription, "Notification", &message.id, body, raw).await
            };
            report.note(outcome);
            drop(place);
        });
    }
}

fn delivered(subscription: &Subscription, outcome: &'static str) -> Delivered {
    Delivered {
        subscription_arn: subscription.subscription_arn.clone(),
        protocol: subscription.protocol.clone(),
        endpoint: subscription.endpoint.clone(),
        outcome,
        reason: None,
    }
}

/// Asks an endpoint, or whoever reads the outbox, to confirm a subscription. Call within a Tokio runtime.
pub(super) fn ask_to_confirm(state: &State, gateway: &Gateway, subscription: &Subscription, now: EpochMillis) {
    let Some(token) = &subscription.pending_token else { return };
    let topic = &subscription.topic_arn;
    let url = format!("http://localhost:{}/_ferrogate/sns/confirm?TopicArn={topic}&Token={token}", gateway.port);
    let text = format!(
        "You have chosen to subscribe to the topic {topic}.\nTo confirm the subscription, visit the SubscribeURL included in \
         this message."
    );
    let message_id = crate::ids::request_id();
    let time = subscriptions::shown(now);
    let body = json!({
        "Type": "SubscriptionConfirmation",
        "MessageId": message_id,
        "Token": token,
        "TopicArn": topic,
        "Message": text,
        "SubscribeURL": url,
        "Timestamp": time,
        "SignatureVersion": "1",
        "Signature": UNSIGNED,
        "SigningCertURL": certificate(subscription),
    })
    .to_string();
    let called = matches!(&*subscription.protocol, "http" | "https");
    lock(&state.outbox).add(Published {
        message_id: message_id.clone(),
        r#type: "SubscriptionConfirmation",
        time,
        topic_arn: Some(topic.clone()),
        phone_number: None,
        subject: None,
        message: body.clone(),
        message_attributes: serde_json::Map::new(),
        deliveries: vec![delivered(subscription, if called { "pending" } else { "kept" })],
    });
    let Some(place) = called.then(|| Arc::clone(&state.deliveries).try_acquire_owned().ok()).flatten() else { return };
    let report = Report {
        outbox: Arc::clone(&state.outbox),
        message_id: message_id.clone(),
        subscription_arn: subscription.subscription_arn.clone(),
    };
    let subscription = subscription.clone();
    tokio::spawn(async move {
        report.note(post(&subscription, "SubscriptionConfirmation", &message_id, body, false).await);
        drop(place);
    });
}

async fn invoke(gateway: &Gateway, subscription: &Subscription, message: &Message) -> Result<(), String> {
    let request = InvokeRequest {
        payload: message.lambda_event(subscription, gateway.port).to_string().into(),
        invocation_type: InvocationType::Event,
        caller: Some(Caller {
            principal: "sns.amazonaws.com",
            source_arn: subscription.topic_arn.as_str().into(),
            source_account: Arc::clone(&gateway.account_id),
        }),
        ..InvokeRequest::default()
    };
    let mut tries = 0;
    loop {
        match gateway.lambda.invoke(&subscription.endpoint, request.clone()).await {
            Ok(_) => return Ok(()),
            Err(InvokeError::TooManyRequests { .. } | InvokeError::Service(_)) if again(&mut tries).await => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

async fn post(
    subscription: &Subscription,
    message_type: &str,
    message_id: &str,
    body: String,
    raw: bool,
) -> Result<(), String> {
    let (uri, client) = remote::connect(&subscription.endpoint)?;
    // Nothing leaves this machine: a stack that is tried out here must reach nobody.
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if !is_here {
        return Err(format!("{host} is not this machine, and nothing is sent elsewhere"));
    }
    let body = Bytes::from(body);
    let mut tries = 0;
    loop {
        let mut request = Request::post(uri.clone())
            .header("x-amz-sns-message-type", message_type)
            .header("x-amz-sns-message-id", message_id)
            .header("x-amz-sns-topic-arn", &subscription.topic_arn)
            .header("content-type", "text/plain; charset=UTF-8")
            .header("user-agent", "Amazon Simple Notification Service Agent");
        if message_type == "Notification" {
            request = request.header("x-amz-sns-subscription-arn", &subscription.subscription_arn);
        }
        if raw {
            request = request.header("x-amz-sns-rawdelivery", "true");
        }
        let request = request.body(Full::new(body.clone())).map_err(|error| error.to_string())?;
        let (reason, temporary) = match remote::exchange(&client, request, MAX_ANSWER, PATIENCE).await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => {
                let status = answer.status();
                (format!("it answered {status}"), status.is_server_error() || status.as_u16() == 429)
            }
            Err(error) => (format!("{} {error}", subscription.endpoint), true),
        };
        if !temporary || !again(&mut tries).await {
            return Err(reason);
        }
    }
}

/// Whether the next of the tries is worth it, after a while.
async fn again(tries: &mut u32) -> bool {
    *tries += 1;
    if *tries < TRIES {
        tokio::time::sleep(BETWEEN).await;
    }
    *tries < TRIES
}
