//! The neighbours that functions call: DynamoDB.

pub mod dynamodb;
