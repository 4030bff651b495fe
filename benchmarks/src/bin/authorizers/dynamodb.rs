//! The tables that are counted in, and a client that counts what it sends.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use ferrogate_shared::store::item::Item;

use crate::Failure;

static SENT: AtomicU64 = AtomicU64::new(0);

/// How many requests were sent so far, those that were tried again among them.
pub(crate) fn sent() -> u64 {
    SENT.load(Ordering::Relaxed)
}

#[derive(Debug)]
struct Counter;

impl Intercept for Counter {
    fn name(&self) -> &'static str {
        "Counter"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        SENT.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// A client of the DynamoDB at this address.
pub(crate) async fn client(endpoint: &str) -> Client {
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "benchmark"))
        .endpoint_url(endpoint)
        .load()
        .await;
    Client::from_conf(Builder::from(&sdk).interceptor(Counter).build())
}

/// Makes a table whose items are found by this string.
pub(crate) async fn create(client: &Client, table: &str, key: &str) -> Result<(), Failure> {
    let attribute =
        AttributeDefinition::builder().attribute_name(key).attribute_type(ScalarAttributeType::S).build()?;
    let schema = KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash).build()?;
    let create = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    create.attribute_definitions(attribute).key_schema(schema).send().await?;
    Ok(())
}

/// Puts an item.
pub(crate) async fn put(client: &Client, table: &str, item: Item) -> Result<(), Failure> {
    client.put_item().table_name(table).set_item(Some(item)).send().await?;
    Ok(())
}
