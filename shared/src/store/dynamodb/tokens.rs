//! API tokens, by the hash of the token: whoever reads the table learns no token.

use aws_sdk_dynamodb::Client;

use super::failure;
use crate::{
    domain::ApiToken,
    store::{
        FindToken, StoreFuture,
        item::{text, to_token},
    },
};

/// The API tokens table.
#[derive(Clone, Debug)]
pub struct DynamoTokens {
    client: Client,
    table: String,
}

impl DynamoTokens {
    /// On this table.
    pub fn new(client: Client, table: String) -> Self {
        DynamoTokens { client, table }
    }
}

impl FindToken for DynamoTokens {
    fn find_token<'a>(&'a self, token_hash: &'a str) -> StoreFuture<'a, Option<ApiToken>> {
        Box::pin(async move {
            // Consistent: a revoked token must not pass for a moment longer than the authorizer's own cache lets it.
            let request = self.client.get_item().table_name(&self.table).key("tokenHash", text(token_hash));
            let output = request.consistent_read(true).send().await.map_err(|error| failure("GetItem", error))?;
            Ok(output.item.as_ref().map(to_token).transpose()?.map(|(_, token)| token))
        })
    }
}
