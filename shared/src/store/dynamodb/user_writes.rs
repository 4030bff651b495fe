//! Users, written together with the table that keeps their e-mail addresses unique.
//!
//! DynamoDB enforces uniqueness of the primary key alone, so that each address is an item of its own, written in the
//! same transaction as its user.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client, Error,
    types::{Delete, Put, TransactWriteItem},
};

use super::failure;
use crate::{
    domain::User,
    store::{
        CreateUser, DeleteUser, ReplaceUser, StoreError, StoreFuture,
        item::{from_reservation, from_user, number, text},
    },
};

/// The users table and the user e-mails table, written in transactions.
#[derive(Clone, Debug)]
pub struct DynamoUserWrites {
    client: Client,
    users: String,
    emails: String,
}

/// How often a transaction is tried that another one got in the way of.
const ATTEMPTS: u32 = 4;

impl DynamoUserWrites {
    /// On these tables.
    pub fn new(client: Client, users: String, emails: String) -> Self {
        DynamoUserWrites { client, users, emails }
    }

    fn put_user(&self, user: &User, condition: &str, expected: Option<u64>) -> Result<TransactWriteItem, StoreError> {
        let mut put =
            Put::builder().table_name(&self.users).set_item(Some(from_user(user))).condition_expression(condition);
        if let Some(version) = expected {
            // By a placeholder: DynamoDB reserves more than five hundred words, and adds to them.
            put = put.expression_attribute_names("#version", "version");
            put = put.expression_attribute_values(":version", number(version));
        }
        let put = put.build().map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn reserve_email(&self, user: &User) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.emails)
            .set_item(Some(from_reservation(user)))
            .condition_expression("attribute_not_exists(email)")
            .build()
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Frees the user's address. The condition keeps it from freeing somebody else's, should the tables ever disagree.
    fn free_email(&self, user: &User) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.emails)
            .key("email", text(user.details.email.unique_key()))
            .condition_expression("attribute_not_exists(email) OR userId = :user")
            .expression_attribute_values(":user", text(user.user_id.as_str()))
            .build()
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Writes all or nothing. `meanings` says what a failed condition of the item in the same place means.
    async fn transact(&self, items: Vec<TransactWriteItem>, meanings: &[StoreError]) -> Result<(), StoreError> {
        for attempt in 1..=ATTEMPTS {
            let request = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            let error = match request.send().await {
                Ok(_) => return Ok(()),
                Err(error) => Error::from(error),
            };
            let Error::TransactionCanceledException(cancelled) = &error else {
                return Err(failure("TransactWriteItems", error));
            };
            let codes = || cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or_default());
            if let Some(place) = codes().position(|code| code == "ConditionalCheckFailed") {
                let unexpected = || StoreError::Failed("a condition failed that was never set".into());
                return Err(meanings.get(place).cloned().unwrap_or_else(unexpected));
            }
            let passing = codes().any(|code| {
                ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"].contains(&code)
            });
            if !passing {
                return Err(failure("TransactWriteItems", error));
            }
            if attempt < ATTEMPTS {
                // Jittered, so that two writers that met do not meet again.
                tokio::time::sleep(Duration::from_millis(fastrand::u64(10..=40 << attempt))).await;
            }
        }
        Err(StoreError::Changed)
    }
}

impl CreateUser for DynamoUserWrites {
    fn create_user<'a>(&'a self, user: &'a User) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let items = vec![self.put_user(user, "attribute_not_exists(userId)", None)?, self.reserve_email(user)?];
            self.transact(items, &[StoreError::Exists, StoreError::EmailTaken]).await
        })
    }
}

impl ReplaceUser for DynamoUserWrites {
    fn replace_user<'a>(&'a self, current: &'a User, next: &'a User) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut items = vec![self.put_user(next, "#version = :version", Some(current.version))?];
            if current.details.email.unique_key() != next.details.email.unique_key() {
                items.push(self.reserve_email(next)?);
                items.push(self.free_email(current)?);
            }
            let disagree = StoreError::Failed("another user holds the address that this user had".into());
            self.transact(items, &[StoreError::Changed, StoreError::EmailTaken, disagree]).await
        })
    }
}

impl DeleteUser for DynamoUserWrites {
    fn delete_user<'a>(&'a self, current: &'a User) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let delete = Delete::builder()
                .table_name(&self.users)
                .key("userId", text(current.user_id.as_str()))
                .condition_expression("#version = :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", number(current.version))
                .build()
                .map_err(|error| StoreError::Failed(error.to_string()))?;
            let items = vec![TransactWriteItem::builder().delete(delete).build(), self.free_email(current)?];
            let disagree = StoreError::Failed("another user holds the address that this user had".into());
            self.transact(items, &[StoreError::Changed, disagree]).await
        })
    }
}
