//! The guide's own authorizer of tiered rate limiting, step by step: it reads the customer, compares, and adds one.
//!
//! It is here to be measured and for nothing else: of two requests that race for a day's last place it lets both pass, it
//! never begins another day, and its table holds the keys themselves.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use ferrogate_shared::bootstrap::EventFuture;
use serde_json::{Value, json};

/// Answers the event of a TOKEN authorizer.
pub(crate) fn handle(event: Value, client: Client, table: &'static str) -> EventFuture {
    Box::pin(async move {
        let api_key = event["authorizationToken"].as_str().ok_or("Unauthorized")?;
        let key = AttributeValue::S(api_key.to_owned());
        let found = client.get_item().table_name(table).key("apiKey", key.clone()).send().await?;
        let customer = found.item.ok_or("Invalid API key")?;
        let text = |name: &str| customer.get(name).and_then(|value| value.as_s().ok()).ok_or("Invalid customer");
        let tier = text("tier")?;
        let quota: u64 = match tier.as_str() {
            "free" => 100,
            "basic" => 10_000,
            "premium" => 1_000_000,
            _ => return Err("Invalid tier".into()),
        };
        let requests_today = match customer.get("requestsToday") {
            Some(value) => value.as_n().map_err(|_| "Invalid customer")?.parse()?,
            None => 0,
        };
        if requests_today >= quota {
            return Err("Quota exceeded".into());
        }
        let update = client.update_item().table_name(table).key("apiKey", key);
        let update = update.update_expression("ADD requestsToday :inc");
        update.expression_attribute_values(":inc", AttributeValue::N("1".to_owned())).send().await?;
        Ok(json!({
            "principalId": text("customerId")?,
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{ "Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"] }],
            },
            "context": { "tier": tier, "remainingQuota": quota - requests_today - 1 },
        }))
    })
}
