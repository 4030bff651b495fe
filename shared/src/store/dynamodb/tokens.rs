//! API tokens, by the hash of the token: whoever reads the table learns no token.

use aws_sdk_dynamodb::{Client, Error};

use super::failure;
use crate::{
    domain::{ApiToken, Timestamp, TokenHash, UserId},
    store::{
        DeleteToken, FindToken, ListTokens, PutToken, RecordTokenUse, StoreFuture,
        item::{from_token, number, text, to_token},
    },
};

const USER_INDEX: &str = "userId-index";

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
    fn find_token<'a>(&'a self, hash: &'a TokenHash) -> StoreFuture<'a, Option<ApiToken>> {
        Box::pin(async move {
            // Consistent: a revoked token must not pass for a moment longer than the authorizer's own cache lets it.
            let request = self.client.get_item().table_name(&self.table).key("tokenHash", text(hash.as_str()));
            let output = request.consistent_read(true).send().await.map_err(|error| failure("GetItem", error))?;
            output.item.as_ref().map(to_token).transpose()
        })
    }
}

impl RecordTokenUse for DynamoTokens {
    fn record_token_use<'a>(&'a self, hash: &'a TokenHash, at: Timestamp) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let request = self
                .client
                .update_item()
                .table_name(&self.table)
                .key("tokenHash", text(hash.as_str()))
                .update_expression("SET lastUsedAt = :at")
                // An update would otherwise bring a token back that was revoked a moment ago.
                .condition_expression("attribute_exists(tokenHash)")
                .expression_attribute_values(":at", number(at.seconds()));
            match request.send().await.map_err(Error::from) {
                Ok(_) | Err(Error::ConditionalCheckFailedException(_)) => Ok(()),
                Err(error) => Err(failure("UpdateItem", error)),
            }
        })
    }
}

impl PutToken for DynamoTokens {
    fn put_token<'a>(&'a self, token: &'a ApiToken) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            // Unconditional: the key is the hash of 244 random bits, and a retried write must be able to write again.
            let request = self.client.put_item().table_name(&self.table).set_item(Some(from_token(token)));
            request.send().await.map_err(|error| failure("PutItem", error))?;
            Ok(())
        })
    }
}

impl ListTokens for DynamoTokens {
    fn list_tokens<'a>(&'a self, user: &'a UserId, limit: usize) -> StoreFuture<'a, Vec<ApiToken>> {
        Box::pin(async move {
            // A user has too few for a second page of 1 MB.
            let output = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(USER_INDEX)
                .key_condition_expression("userId = :user")
                .expression_attribute_values(":user", text(user.as_str()))
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .send()
                .await
                .map_err(|error| failure("Query", error))?;
            output.items().iter().map(to_token).collect()
        })
    }
}

impl DeleteToken for DynamoTokens {
    fn delete_token<'a>(&'a self, hash: &'a TokenHash, of: &'a UserId) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let request = self
                .client
                .delete_item()
                .table_name(&self.table)
                .key("tokenHash", text(hash.as_str()))
                .condition_expression("userId = :user")
                .expression_attribute_values(":user", text(of.as_str()));
            match request.send().await.map_err(Error::from) {
                Ok(_) => Ok(true),
                Err(Error::ConditionalCheckFailedException(_)) => Ok(false),
                Err(error) => Err(failure("DeleteItem", error)),
            }
        })
    }
}
