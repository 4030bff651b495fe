//! WebSocket connections, and the index that lists a room's.

use aws_sdk_dynamodb::{Client, types::ReturnValue};

use super::failure;
use crate::{
    domain::{Connection, ConnectionId, MAX_ROOM_CONNECTIONS, RoomId},
    store::{
        DeleteConnection, GetConnection, PutConnection, RoomConnections, StoreFuture,
        item::{from_connection, text, to_connection},
    },
};

const ROOM_INDEX: &str = "roomId-index";

/// The connections table.
#[derive(Clone, Debug)]
pub struct DynamoConnections {
    client: Client,
    table: String,
}

impl DynamoConnections {
    /// On this table.
    pub fn new(client: Client, table: String) -> Self {
        DynamoConnections { client, table }
    }
}

impl PutConnection for DynamoConnections {
    fn put_connection<'a>(&'a self, connection: &'a Connection) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            // Unconditional: API Gateway never uses an id twice, and a retried $connect must be able to write again.
            let request = self.client.put_item().table_name(&self.table).set_item(Some(from_connection(connection)));
            request.send().await.map_err(|error| failure("PutItem", error))?;
            Ok(())
        })
    }
}

impl GetConnection for DynamoConnections {
    fn get_connection<'a>(&'a self, id: &'a ConnectionId) -> StoreFuture<'a, Option<Connection>> {
        Box::pin(async move {
            let request = self.client.get_item().table_name(&self.table).key("connectionId", text(id.as_str()));
            let output = request.consistent_read(true).send().await.map_err(|error| failure("GetItem", error))?;
            output.item.as_ref().map(to_connection).transpose()
        })
    }
}

impl DeleteConnection for DynamoConnections {
    fn delete_connection<'a>(&'a self, id: &'a ConnectionId) -> StoreFuture<'a, Option<Connection>> {
        Box::pin(async move {
            let output = self
                .client
                .delete_item()
                .table_name(&self.table)
                .key("connectionId", text(id.as_str()))
                .return_values(ReturnValue::AllOld)
                .send()
                .await
                .map_err(|error| failure("DeleteItem", error))?;
            // An empty map is "nothing was there" in some implementations of DynamoDB.
            output.attributes.filter(|item| !item.is_empty()).as_ref().map(to_connection).transpose()
        })
    }
}

impl RoomConnections for DynamoConnections {
    fn room_connections<'a>(&'a self, room: &'a RoomId) -> StoreFuture<'a, Vec<Connection>> {
        Box::pin(async move {
            let mut connections = Vec::new();
            let mut start = None;
            loop {
                // An index can only be read eventually consistent, 1 MB at a time.
                let output = self
                    .client
                    .query()
                    .table_name(&self.table)
                    .index_name(ROOM_INDEX)
                    .key_condition_expression("roomId = :room")
                    .expression_attribute_values(":room", text(room.as_str()))
                    .set_exclusive_start_key(start)
                    .send()
                    .await
                    .map_err(|error| failure("Query", error))?;
                for item in output.items() {
                    // One bad record must not silence its whole room.
                    match to_connection(item) {
                        Ok(connection) => connections.push(connection),
                        Err(error) => tracing::warn!(error = %error, "connection record skipped"),
                    }
                }
                connections.truncate(MAX_ROOM_CONNECTIONS);
                start = output.last_evaluated_key;
                if start.is_none() || connections.len() == MAX_ROOM_CONNECTIONS {
                    return Ok(connections);
                }
            }
        })
    }
}
