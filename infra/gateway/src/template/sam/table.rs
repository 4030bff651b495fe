//! `AWS::Serverless::SimpleTable`

use serde_json::{Map, json};

use super::super::cfn::dynamodb;
use super::super::loader::Loader;
use super::super::sections::Resource;

/// Loads a table with one key; without throughput it is on demand, as SAM makes it.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["PointInTimeRecoverySpecification", "SSESpecification", "TableName", "Tags"]);
    let Ok(table_name) = loader.resolver.table_name(resource) else { return };
    let (mut name, mut kind) = ("id".to_owned(), "S");
    if let Some(key) = properties.object("PrimaryKey") {
        name = key.string("Name").unwrap_or(name);
        kind = match key.one_of("Type", &["String", "Number", "Binary"]).as_deref() {
            Some("Number") => "N",
            Some("Binary") => "B",
            _ => "S",
        };
    }
    let mut body = Map::new();
    body.insert("TableName".to_owned(), json!(table_name));
    body.insert("AttributeDefinitions".to_owned(), json!([{"AttributeName": name, "AttributeType": kind}]));
    body.insert("KeySchema".to_owned(), json!([{"AttributeName": name, "KeyType": "HASH"}]));
    match properties.object("ProvisionedThroughput") {
        None => {
            body.insert("BillingMode".to_owned(), json!("PAY_PER_REQUEST"));
        }
        Some(throughput) => {
            let units = |key: &str| throughput.integer(key, 1..=10_000_000).unwrap_or(1);
            let value = json!({
                "ReadCapacityUnits": units("ReadCapacityUnits"), "WriteCapacityUnits": units("WriteCapacityUnits")
            });
            body.insert("BillingMode".to_owned(), json!("PROVISIONED"));
            body.insert("ProvisionedThroughput".to_owned(), value);
        }
    }
    dynamodb::insert(loader, resource, table_name, body.into(), None);
}
