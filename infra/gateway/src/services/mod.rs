//! The neighbours that functions call: DynamoDB, embedded or elsewhere.

pub mod dynamodb;
mod remote_dynamodb;
mod worlds;

use serde_json::Value;

use self::dynamodb::{ApplyError, DynamoDb, PutItemsError, TableOutcome};
pub use self::remote_dynamodb::RemoteDynamoDb;
pub use self::worlds::{TableWorlds, WorldError};
use crate::model::Table;
use crate::server::{ClientRequest, Reply};

/// Where the tables are.
#[derive(Clone, Debug)]
pub enum Tables {
    /// In this process.
    Embedded(DynamoDb),
    /// Behind a URL.
    Remote(RemoteDynamoDb),
}

impl Tables {
    /// Serves one request of DynamoDB's protocol.
    pub async fn serve(&self, request: &ClientRequest) -> Reply {
        match self {
            Tables::Embedded(dynamodb) => dynamodb.serve(request).await,
            Tables::Remote(dynamodb) => dynamodb.serve(request).await,
        }
    }

    /// Makes a declared table exist.
    pub async fn apply_table(&self, table: &Table) -> Result<TableOutcome, ApplyError> {
        match self {
            Tables::Embedded(dynamodb) => dynamodb.apply_table(table).await,
            Tables::Remote(dynamodb) => dynamodb.apply_table(table).await,
        }
    }

    /// All tables, as they would be declared; `None` where they are elsewhere. The text of an error is for the log.
    pub(crate) async fn declared_tables(&self) -> Result<Option<Vec<Table>>, String> {
        match self {
            Tables::Embedded(dynamodb) => dynamodb.declared_tables().await.map(Some),
            Tables::Remote(_) => Ok(None),
        }
    }

    /// The ARN of the stream that a table writes to. `None` without a stream, or where the tables are elsewhere.
    pub async fn latest_stream_arn(&self, table: &str) -> Option<String> {
        match self {
            Tables::Embedded(dynamodb) => dynamodb.latest_stream_arn(table).await,
            Tables::Remote(_) => None,
        }
    }

    /// Writes items given as DynamoDB JSON. Returns how many.
    pub async fn put_items(&self, table: &str, items: Vec<Value>) -> Result<usize, PutItemsError> {
        match self {
            Tables::Embedded(dynamodb) => dynamodb.put_items(table, items).await,
            Tables::Remote(dynamodb) => dynamodb.put_items(table, items).await,
        }
    }
}
