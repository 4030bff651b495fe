//! DynamoDB tables.

use serde_json::{Value, json};

use super::document::{Document, Resource};
use crate::model::Table;

/// Adds the tables.
pub(super) fn add(document: &mut Document<'_>) {
    let tables: Vec<_> = document.model.tables.values().collect();
    for table in tables {
        let id = document.ids.declared_or(table.logical_id.as_deref(), &table.table_name, "Table");
        document.references.table(&table.table_name, &id);
        document.add(&id, resource(table));
    }
}

fn resource(table: &Table) -> Resource {
    let body = &table.create_table;
    let member = |key: &str| body.get(key).cloned().unwrap_or_default();
    let mut resource = Resource::new("AWS::DynamoDB::Table").with("TableName", table.table_name.as_str());
    for key in [
        "BillingMode",
        "AttributeDefinitions",
        "KeySchema",
        "ProvisionedThroughput",
        "OnDemandThroughput",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "TableClass",
        "DeletionProtectionEnabled",
        "Tags",
    ] {
        resource = resource.with(key, member(key));
    }
    let stream = &body["StreamSpecification"];
    if stream["StreamEnabled"] == true {
        resource = resource.with("StreamSpecification", json!({ "StreamViewType": stream["StreamViewType"] }));
    }
    if let Value::Object(encryption) = &body["SSESpecification"] {
        // The API says Enabled where CloudFormation says SSEEnabled.
        let renamed = encryption.iter().map(|(key, value)| match key.as_str() {
            "Enabled" => ("SSEEnabled".to_owned(), value.clone()),
            _ => (key.clone(), value.clone()),
        });
        resource = resource.with("SSESpecification", Value::Object(renamed.collect()));
    }
    match &table.time_to_live_attribute {
        Some(name) => resource.with("TimeToLiveSpecification", json!({ "AttributeName": name, "Enabled": true })),
        None => resource,
    }
}
