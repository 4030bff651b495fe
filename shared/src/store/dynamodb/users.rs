//! Users, read.

use aws_sdk_dynamodb::Client;

use super::{failure, scan};
use crate::{
    domain::{Page, User, UserId},
    store::{
        GetUser, ListUsers, StoreFuture,
        item::{text, to_user},
    },
};

/// The users table, read only.
#[derive(Clone, Debug)]
pub struct DynamoUsers {
    client: Client,
    table: String,
}

impl DynamoUsers {
    /// On this table.
    pub fn new(client: Client, table: String) -> Self {
        DynamoUsers { client, table }
    }
}

impl GetUser for DynamoUsers {
    fn get_user<'a>(&'a self, id: &'a UserId) -> StoreFuture<'a, Option<User>> {
        Box::pin(async move {
            let request = self.client.get_item().table_name(&self.table).key("userId", text(id.as_str()));
            let output = request.consistent_read(true).send().await.map_err(|error| failure("GetItem", error))?;
            output.item.as_ref().map(to_user).transpose()
        })
    }
}

impl ListUsers for DynamoUsers {
    fn list_users<'a>(&'a self, limit: usize, after: Option<&'a str>) -> StoreFuture<'a, Page<User>> {
        scan(&self.client, &self.table, "userId", limit, after, to_user)
    }
}
