//! Chat messages.

use aws_sdk_dynamodb::Client;

use super::failure;
use crate::{
    domain::ChatMessage,
    store::{PutMessage, StoreFuture, item::from_message},
};

/// The messages table.
#[derive(Clone, Debug)]
pub struct DynamoMessages {
    client: Client,
    table: String,
}

impl DynamoMessages {
    /// On this table.
    pub fn new(client: Client, table: String) -> Self {
        DynamoMessages { client, table }
    }
}

impl PutMessage for DynamoMessages {
    fn put_message<'a>(&'a self, message: &'a ChatMessage) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            // The key holds a random id, so that writing the same item again (an SDK retry) is harmless and writing
            // over another one cannot happen: a condition would turn the harmless case into an error.
            let request = self.client.put_item().table_name(&self.table).set_item(Some(from_message(message)));
            request.send().await.map_err(|error| failure("PutItem", error))?;
            Ok(())
        })
    }
}
