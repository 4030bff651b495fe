//! Customers, their tiers, and how much of the day they have used.

use aws_sdk_dynamodb::{
    Client, Error,
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::failure;
use crate::{
    domain::{Count, Tier, Timestamp},
    store::{
        CountRequest, StoreError, StoreFuture,
        item::{Customer, Item, number, text, to_customer},
    },
};

/// How often a request is tried that meets others at a day's first request. One of those that meet succeeds, and then the
/// day has begun for all of them.
const ATTEMPTS: usize = 4;

/// The customer tiers table.
#[derive(Clone, Debug)]
pub struct DynamoCustomers {
    client: Client,
    table: String,
}

/// What a conditional update came to.
enum Outcome {
    Done(Item),
    /// The condition did not hold; the item that it did not hold for, or `None` where there is none.
    Refused(Option<Item>),
}

impl DynamoCustomers {
    /// On this table.
    pub fn new(client: Client, table: String) -> Self {
        DynamoCustomers { client, table }
    }

    /// Counts, and checks that there is something left, in one write: of two that race for the last place one finds the
    /// condition broken. A tier's limit stands in the request and not in the item, so that a customer who changes the tier
    /// has the other limit at once.
    ///
    /// A day that has begun stays: `>=` lets a request that was received before midnight, and comes late, count against the
    /// new day rather than begin the old one again. A clock that is set back gives nobody a second quota.
    async fn count(&self, key_hash: &str, day: &str) -> Result<Outcome, StoreError> {
        let mut request = self
            .update(key_hash, day)
            .update_expression("SET #used = #used + :one")
            .expression_attribute_names("#used", "requestsToday");
        let mut tiers = Vec::new();
        for tier in Tier::ALL {
            let name = tier.name();
            tiers.push(format!("(#tier = :{name} AND #used < :{name}Limit)"));
            request = request
                .expression_attribute_values(format!(":{name}"), text(name))
                .expression_attribute_values(format!(":{name}Limit"), number(tier.daily_limit()));
        }
        let condition = format!("#status = :active AND #day >= :day AND ({})", tiers.join(" OR "));
        self.send(request.condition_expression(condition), key_hash).await
    }

    /// Begins a customer's day with this request.
    async fn begin_day(&self, key_hash: &str, day: &str) -> Result<Outcome, StoreError> {
        let mut request = self
            .update(key_hash, day)
            .update_expression("SET #used = :one, #day = :day")
            .expression_attribute_names("#used", "requestsToday");
        for tier in Tier::ALL {
            request = request.expression_attribute_values(format!(":{}", tier.name()), text(tier.name()));
        }
        let tiers = Tier::ALL.map(|tier| format!(":{}", tier.name())).join(", ");
        let condition =
            format!("#status = :active AND (attribute_not_exists(#day) OR #day < :day) AND #tier IN ({tiers})");
        self.send(request.condition_expression(condition), key_hash).await
    }

    fn update(&self, key_hash: &str, day: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("apiKeyHash", text(key_hash))
            // By placeholders: `status` and `day` are reserved words.
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#day", "day")
            .expression_attribute_names("#tier", "tier")
            .expression_attribute_values(":active", text(Customer::ACTIVE))
            .expression_attribute_values(":day", text(day))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            // Says why the condition failed, without a second call.
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn send(&self, request: UpdateItemFluentBuilder, key_hash: &str) -> Result<Outcome, StoreError> {
        let error = match request.send().await {
            Ok(output) => return Ok(Outcome::Done(output.attributes.unwrap_or_default())),
            Err(error) => Error::from(error),
        };
        match error {
            Error::ConditionalCheckFailedException(refused) => match refused.item.filter(|item| !item.is_empty()) {
                Some(item) => Ok(Outcome::Refused(Some(item))),
                // No such item; or a DynamoDB of another make, which does not hand it over.
                None => Ok(Outcome::Refused(self.read(key_hash).await?)),
            },
            other => Err(failure("UpdateItem", other)),
        }
    }

    async fn read(&self, key_hash: &str) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).key("apiKeyHash", text(key_hash));
        let output = request.consistent_read(true).send().await.map_err(|error| failure("GetItem", error))?;
        Ok(output.item.filter(|item| !item.is_empty()))
    }
}

impl CountRequest for DynamoCustomers {
    fn count_request<'a>(&'a self, key_hash: &'a str, at: Timestamp) -> StoreFuture<'a, Count> {
        Box::pin(async move {
            let day = at.utc_day();
            for _ in 0..ATTEMPTS {
                let item = match self.count(key_hash, &day).await? {
                    Outcome::Done(item) => return Ok(Count::Counted(to_customer(&item)?.usage)),
                    Outcome::Refused(None) => return Ok(Count::Unknown),
                    Outcome::Refused(Some(item)) => to_customer(&item)?,
                };
                if !item.active {
                    return Ok(Count::Disabled);
                }
                if !item.is_before(&day) {
                    if item.usage.remaining() == 0 {
                        return Ok(Count::Exhausted(item.usage));
                    }
                    // Others have begun the day, or changed the tier, in between: there is something left again.
                    continue;
                }
                if let Outcome::Done(item) = self.begin_day(key_hash, &day).await? {
                    return Ok(Count::Counted(to_customer(&item)?.usage));
                }
            }
            Err(StoreError::Busy("a customer's day could not be begun".into()))
        })
    }
}
