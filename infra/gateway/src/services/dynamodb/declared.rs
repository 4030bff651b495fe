//! Tables as their declarations would be: `CreateTable`'s request out of `DescribeTable`'s answer.

use serde_json::{Map, Value, json};

use super::dispatch::{Operation, dispatch};
use super::engine::Engine;
use crate::model::Table;

/// All tables. The text of an error is DynamoDB's.
pub(super) fn all(engine: &Engine) -> Result<Vec<Table>, String> {
    let mut tables = Vec::new();
    let mut page = json!({});
    loop {
        let answer = call(engine, Operation::ListTables, &page)?;
        for name in answer["TableNames"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            tables.push(table(engine, name)?);
        }
        match answer.get("LastEvaluatedTableName").and_then(Value::as_str) {
            Some(last) => page = json!({ "ExclusiveStartTableName": last }),
            None => return Ok(tables),
        }
    }
}

fn call(engine: &Engine, operation: Operation, request: &Value) -> Result<Value, String> {
    let answer = dispatch(engine, operation, request.to_string().as_bytes()).map_err(|error| error.to_string())?;
    serde_json::from_slice(&answer).map_err(|error| error.to_string())
}

fn table(engine: &Engine, name: &str) -> Result<Table, String> {
    let answer = call(engine, Operation::DescribeTable, &json!({ "TableName": name }))?;
    let mut create_table = request(&answer["Table"]);
    let arn = answer["Table"]["TableArn"].as_str().unwrap_or_default();
    let tags = call(engine, Operation::ListTagsOfResource, &json!({ "ResourceArn": arn }))?;
    if let (Some(body), Some(tags)) = (create_table.as_object_mut(), tags["Tags"].as_array())
        && !tags.is_empty()
    {
        body.insert("Tags".to_owned(), json!(tags));
    }
    let ttl = call(engine, Operation::DescribeTimeToLive, &json!({ "TableName": name }))?;
    let ttl = &ttl["TimeToLiveDescription"];
    let enabled = ttl["TimeToLiveStatus"].as_str().is_some_and(|status| status.starts_with("ENABL"));
    let attribute = ttl["AttributeName"].as_str().filter(|_| enabled);
    Ok(Table {
        table_name: name.to_owned(),
        logical_id: None,
        create_table,
        time_to_live_attribute: attribute.map(str::to_owned),
    })
}

/// The request that would make the table that a description is of.
fn request(table: &Value) -> Value {
    let mut body = Map::new();
    for key in ["TableName", "AttributeDefinitions", "KeySchema"] {
        body.insert(key.to_owned(), table[key].clone());
    }
    let mode = table["BillingModeSummary"]["BillingMode"].as_str().unwrap_or("PROVISIONED");
    body.insert("BillingMode".to_owned(), json!(mode));
    let provisioned = mode == "PROVISIONED";
    if provisioned {
        body.insert("ProvisionedThroughput".to_owned(), throughput(&table["ProvisionedThroughput"]));
    }
    for key in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        let indexes: Vec<Value> = table[key]
            .as_array()
            .into_iter()
            .flatten()
            .map(|described| {
                let mut index = Map::new();
                for key in ["IndexName", "KeySchema", "Projection"] {
                    index.insert(key.to_owned(), described[key].clone());
                }
                if provisioned && key == "GlobalSecondaryIndexes" {
                    index.insert("ProvisionedThroughput".to_owned(), throughput(&described["ProvisionedThroughput"]));
                }
                Value::Object(index)
            })
            .collect();
        if !indexes.is_empty() {
            body.insert(key.to_owned(), Value::Array(indexes));
        }
    }
    if table["StreamSpecification"]["StreamEnabled"] == true {
        body.insert("StreamSpecification".to_owned(), table["StreamSpecification"].clone());
    }
    if let Some(class) = table["TableClassSummary"]["TableClass"].as_str() {
        body.insert("TableClass".to_owned(), json!(class));
    }
    if table["DeletionProtectionEnabled"] == true {
        body.insert("DeletionProtectionEnabled".to_owned(), json!(true));
    }
    Value::Object(body)
}

fn throughput(described: &Value) -> Value {
    let units = |key: &str| described[key].as_u64().filter(|units| *units > 0).unwrap_or(1);
    json!({ "ReadCapacityUnits": units("ReadCapacityUnits"), "WriteCapacityUnits": units("WriteCapacityUnits") })
}
