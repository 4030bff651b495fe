//! The store on DynamoDB.
//!
//! Each type here is one table (or the two that a transaction spans) and implements the traits of `store`. A function
//! holds only the traits it needs.

mod connections;
mod customers;
mod messages;
mod products;
mod tokens;
mod user_writes;
mod users;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client, Error,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    error::{DisplayErrorContext, ProvideErrorMetadata},
    types::AttributeValue,
};

use super::{StoreError, StoreFuture, item::Item};
use crate::domain::Page;

pub use connections::DynamoConnections;
pub use customers::DynamoCustomers;
pub use messages::DynamoMessages;
pub use products::DynamoProducts;
pub use tokens::DynamoTokens;
pub use user_writes::DynamoUserWrites;
pub use users::DynamoUsers;

/// The client, made once per environment. A single try may take two seconds and an operation six, so that a function
/// can still answer "busy" before API Gateway gives up on it.
pub fn client(sdk: &SdkConfig) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(6))
        .build();
    let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50));
    let config = aws_sdk_dynamodb::config::Builder::from(sdk).timeout_config(timeouts).retry_config(retries).build();
    Client::from_conf(config)
}

/// The error codes with which DynamoDB asks for a pause.
const BUSY: [&str; 5] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionInProgressException",
    "InternalServerError",
];

/// What an SDK error means, for every operation alike.
fn failure(operation: &'static str, error: impl Into<Error>) -> StoreError {
    let error = error.into();
    let detail = format!("{operation}: {}", DisplayErrorContext(&error));
    match error.code() {
        // Without a code nothing came back: a timeout, a refused connection.
        None => StoreError::Busy(detail),
        Some(code) if BUSY.contains(&code) => StoreError::Busy(detail),
        Some(_) => StoreError::Failed(detail),
    }
}

/// `items`, at most `limit` of them, and the key of the last one if there are more.
fn page<T>(
    items: Vec<Item>,
    limit: usize,
    key: &str,
    read: fn(&Item) -> Result<T, StoreError>,
) -> Result<Page<T>, StoreError> {
    let more = items.len() > limit;
    let kept = &items[..items.len().min(limit)];
    let next = match kept.last().and_then(|item| item.get(key)) {
        Some(AttributeValue::S(last)) if more => Some(last.clone()),
        _ => None,
    };
    Ok(Page { items: kept.iter().map(read).collect::<Result<_, _>>()?, next })
}

/// Scans a table whose only key is the string `key`.
///
/// One item more than `limit` is read, so that a page says truly whether another follows. Eventually consistent: a
/// list is out of date as soon as it is sent, and so it costs half. A scan answers at most 1 MB at a time.
fn scan<'a, T: Send + 'a>(
    client: &'a Client,
    table: &'a str,
    key: &'static str,
    limit: usize,
    after: Option<&'a str>,
    read: fn(&Item) -> Result<T, StoreError>,
) -> StoreFuture<'a, Page<T>> {
    Box::pin(async move {
        let mut items: Vec<Item> = Vec::with_capacity(limit + 1);
        let mut start = after.map(|after| Item::from([(key.to_owned(), AttributeValue::S(after.to_owned()))]));
        loop {
            let wanted = (limit + 1 - items.len()) as i32;
            let output = client
                .scan()
                .table_name(table)
                .limit(wanted)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| failure("Scan", error))?;
            items.extend(output.items.unwrap_or_default());
            start = output.last_evaluated_key;
            if start.is_none() || items.len() > limit {
                return page(items, limit, key, read);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::item::text;

    #[test]
    fn a_page_has_a_next_one_only_if_an_item_is_left() {
        let item = |id: &str| Item::from([("k".to_owned(), text(id))]);
        let read = |item: &Item| Ok(item.len());
        let exact = page(vec![item("a"), item("b")], 2, "k", read).unwrap();
        assert_eq!((exact.items.len(), exact.next), (2, None));
        let more = page(vec![item("a"), item("b"), item("c")], 2, "k", read).unwrap();
        assert_eq!((more.items.len(), more.next.as_deref()), (2, Some("b")));
    }
}
