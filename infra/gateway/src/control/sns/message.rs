//! A message: its attributes, its text for each protocol, and the forms in which it is delivered.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::call::ApiError;
use super::invalid;
use crate::clock::{EpochMillis, iso8601};
use crate::model::Subscription;

/// A message and all that goes with it: subject and attributes count too.
pub(super) const MAX_BYTES: usize = 262_144;

/// Message attributes by name.
pub(super) type Attributes = IndexMap<String, Attribute>;

/// A message attribute; the value of a binary one is base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) kind: String,
    pub(super) value: String,
}

/// The part of an attribute's type that SNS knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DataType {
    String,
    StringArray,
    Number,
    Binary,
}

impl Attribute {
    pub(super) fn data_type(&self) -> DataType {
        match self.kind.split('.').next() {
            Some("Number") => DataType::Number,
            Some("Binary") => DataType::Binary,
            _ if self.kind.starts_with("String.Array") => DataType::StringArray,
            _ => DataType::String,
        }
    }
}

/// What is published, as `Publish` and each entry of `PublishBatch` have it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Publication {
    pub(super) id: String,
    pub(super) message: String,
    pub(super) subject: Option<String>,
    message_structure: Option<String>,
    message_attributes: IndexMap<String, RawAttribute>,
    message_deduplication_id: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawAttribute {
    data_type: String,
    string_value: Option<String>,
    binary_value: Option<String>,
}

/// A publication that was found sound.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) subject: Option<String>,
    pub(super) text: String,
    /// Texts by protocol, with `MessageStructure` `json`.
    by_protocol: Option<Map<String, Value>>,
    pub(super) attributes: Attributes,
    pub(super) time: EpochMillis,
}

impl Publication {
    /// Its size, as SNS counts it.
    pub(super) fn bytes(&self) -> usize {
        let attributes = self.message_attributes.iter().map(|(name, attribute)| {
            let value = attribute.string_value.as_ref().or(attribute.binary_value.as_ref());
            name.len() + attribute.data_type.len() + value.map_or(0, String::len)
        });
        self.message.len() + attributes.sum::<usize>()
    }

    /// A plain text.
    pub(super) fn plain(subject: Option<String>, message: String) -> Publication {
        Publication { subject, message, ..Publication::default() }
    }

    /// Checks it.
    ///
    /// # Errors
    /// `InvalidParameter` and `ParameterValueInvalid` with AWS's words.
    pub(super) fn check(self, now: EpochMillis) -> Result<Message, ApiError> {
        if self.message.is_empty() {
            return Err(invalid("Empty message"));
        }
        if self.bytes() > MAX_BYTES {
            return Err(invalid("Message too long"));
        }
        let subject = self.subject.filter(|subject| !subject.is_empty());
        if subject.as_ref().is_some_and(|subject| subject.chars().count() > 100 || subject.contains(['\n', '\r'])) {
            return Err(invalid("Subject"));
        }
        if self.message_deduplication_id.is_some() {
            return Err(invalid(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for \
                 this topic type",
            ));
        }
        let by_protocol = match self.message_structure.as_deref() {
            None | Some("") => None,
            Some("json") => Some(structured(&self.message)?),
            Some(_) => return Err(invalid("MessageStructure")),
        };
        let text = match by_protocol.as_ref().and_then(|texts| texts["default"].as_str()) {
            Some(text) => text.to_owned(),
            None => self.message,
        };
        let attributes = self.message_attributes.into_iter().map(|(name, raw)| {
            let attribute = checked(&name, raw)?;
            Ok((name, attribute))
        });
        Ok(Message {
            id: crate::ids::request_id(),
            subject,
            text,
            by_protocol,
            attributes: attributes.collect::<Result<_, ApiError>>()?,
            time: now,
        })
    }
}

fn structured(message: &str) -> Result<Map<String, Value>, ApiError> {
    let texts = serde_json::from_str::<Map<String, Value>>(message)
        .map_err(|_| invalid("Message Structure - JSON message body failed to parse"))?;
    if !texts.get("default").is_some_and(Value::is_string) {
        return Err(invalid("Message Structure - No default entry in JSON message body"));
    }
    Ok(texts)
}

fn checked(name: &str, raw: RawAttribute) -> Result<Attribute, ApiError> {
    let wrong = |message: String| Err(ApiError::new("InvalidParameterValueException", message));
    let base = raw.data_type.split('.').next().unwrap_or_default();
    let value = match base {
        "String" | "Number" => raw.string_value,
        "Binary" => raw.binary_value,
        _ => {
            return wrong(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes \
                 is Binary, Number, and String."
            ));
        }
    };
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return wrong(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type \
             '{}'.",
            raw.data_type
        ));
    };
    if base == "Number" && value.parse::<f64>().is_err() {
        return wrong(format!("Could not cast message attribute '{name}' value to number."));
    }
    Ok(Attribute { kind: raw.data_type, value })
}

impl Message {
    /// The text for a protocol.
    pub(super) fn text_for(&self, protocol: &str) -> &str {
        let own = self.by_protocol.as_ref().and_then(|texts| texts.get(protocol)).and_then(Value::as_str);
        own.unwrap_or(&self.text)
    }

    fn attributes_value(&self) -> Value {
        let value = |attribute: &Attribute| json!({ "Type": attribute.kind, "Value": attribute.value });
        self.attributes.iter().map(|(name, attribute)| (name.clone(), value(attribute))).collect::<Map<_, _>>().into()
    }

    /// The event for a function.
    pub(super) fn lambda_event(&self, subscription: &Subscription, port: u16) -> Value {
        json!({ "Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription.subscription_arn,
            "Sns": {
                "Type": "Notification",
                "MessageId": self.id,
                "TopicArn": subscription.topic_arn,
                "Subject": self.subject,
                "Message": self.text_for("lambda"),
                "Timestamp": iso8601(self.time),
                "SignatureVersion": "1",
                "Signature": UNSIGNED,
                "SigningCertUrl": certificate(subscription),
                "UnsubscribeUrl": unsubscribe(subscription, port),
                "MessageAttributes": self.attributes_value(),
            },
        }] })
    }

    /// The body of a notification to an HTTP endpoint.
    pub(super) fn notification(&self, subscription: &Subscription, port: u16) -> Value {
        let mut body = json!({
            "Type": "Notification",
            "MessageId": self.id,
            "TopicArn": subscription.topic_arn,
        });
        if let Some(subject) = &self.subject {
            body["Subject"] = subject.as_str().into();
        }
        body["Message"] = self.text_for(&subscription.protocol).into();
        body["Timestamp"] = iso8601(self.time).into();
        body["SignatureVersion"] = "1".into();
        body["Signature"] = UNSIGNED.into();
        body["SigningCertURL"] = certificate(subscription).into();
        body["UnsubscribeURL"] = unsubscribe(subscription, port).into();
        if !self.attributes.is_empty() {
            body["MessageAttributes"] = self.attributes_value();
        }
        body
    }
}

/// Nobody but AWS can sign as AWS: what checks signatures must leave it here.
pub(super) const UNSIGNED: &str = "EXAMPLE";

fn region(subscription: &Subscription) -> &str {
    subscription.topic_arn.split(':').nth(3).unwrap_or_default()
}

/// The form of AWS's address; there is no such certificate.
pub(super) fn certificate(subscription: &Subscription) -> String {
    format!("https://sns.{}.amazonaws.com/SimpleNotificationService-0000000000000000000000.pem", region(subscription))
}

fn unsubscribe(subscription: &Subscription, port: u16) -> String {
    format!("http://localhost:{port}/_ferrogate/sns/unsubscribe?SubscriptionArn={}", subscription.subscription_arn)
}
