//! The neighbours that functions call: DynamoDB.
