//! `AWS::DynamoDB::Table`, as the body of DynamoDB's `CreateTable`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::Table;

use super::super::error::Place;
use super::super::loader::Loader;
use super::super::properties::Properties;
use super::super::sections::Resource;

/// Loads a table.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    // Backups, encryption, protection, tags, capacity reports: one file on one disk has none of them.
    properties.harmless(&["ContributorInsightsSpecification", "DeletionProtectionEnabled", "OnDemandThroughput"]);
    properties.harmless(&["PointInTimeRecoverySpecification", "SSESpecification", "TableClass", "Tags"]);
    properties.harmless(&["WarmThroughput"]);
    properties.unsupported("ImportSourceSpecification", "nothing is imported: the table begins empty");
    properties.unsupported("KinesisStreamSpecification", "there are no Kinesis streams locally");
    properties.unsupported("ResourcePolicy", "policies on tables are not evaluated");

    let Ok(table_name) = loader.resolver.table_name(resource) else { return };
    properties.harmless(&["TableName"]);
    let mut body = Map::new();
    body.insert("TableName".to_owned(), json!(table_name));
    properties.require("KeySchema");
    properties.require("AttributeDefinitions");
    let mut used = BTreeSet::new();
    let attributes = attributes(&properties);
    body.insert(
        "AttributeDefinitions".to_owned(),
        Value::Array(attributes.iter().map(|(_, _, json)| json.clone()).collect()),
    );
    body.insert("KeySchema".to_owned(), key_schema(&properties, &mut used));
    let on_demand =
        properties.one_of("BillingMode", &["PROVISIONED", "PAY_PER_REQUEST"]).as_deref() == Some("PAY_PER_REQUEST");
    body.insert("BillingMode".to_owned(), json!(if on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" }));
    throughput(&properties, on_demand, &mut body);
    for key in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        let indexes: Vec<Value> = properties
            .objects(key)
            .iter()
            .map(|index| secondary_index(index, key == "GlobalSecondaryIndexes", on_demand, &mut used))
            .collect();
        if !indexes.is_empty() {
            body.insert(key.to_owned(), Value::Array(indexes));
        }
    }
    if let Some(stream) = properties.object("StreamSpecification") {
        stream.require("StreamViewType");
        stream.unsupported("ResourcePolicy", "policies on streams are not evaluated");
        let views = ["KEYS_ONLY", "NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE"];
        if let Some(view) = stream.one_of("StreamViewType", &views) {
            body.insert("StreamSpecification".to_owned(), json!({"StreamEnabled": true, "StreamViewType": view}));
        }
    }
    check_attributes(&properties, &attributes, &used);
    let time_to_live_attribute = properties.object("TimeToLiveSpecification").and_then(|ttl| {
        let attribute = ttl.string("AttributeName");
        let enabled = ttl.boolean("Enabled").unwrap_or(false);
        if enabled && attribute.is_none() {
            ttl.require("AttributeName");
        }
        attribute.filter(|_| enabled)
    });
    insert(loader, resource, table_name, Value::Object(body), time_to_live_attribute);
}

/// Adds a table to the model.
pub(in super::super) fn insert(
    loader: &mut Loader<'_>,
    resource: &Resource,
    table_name: String,
    create_table: Value,
    time_to_live_attribute: Option<String>,
) {
    if loader.claim("table", &table_name, resource.at) {
        let logical_id = Some(resource.logical_id.clone());
        let table = Table { table_name: table_name.clone(), logical_id, create_table, time_to_live_attribute };
        loader.model.tables.insert(table_name, table);
    }
}

/// Names, places and definitions of the attributes.
fn attributes(properties: &Properties<'_>) -> Vec<(String, Place, Value)> {
    properties
        .objects("AttributeDefinitions")
        .iter()
        .filter_map(|attribute| {
            let name = attribute.required_string("AttributeName");
            attribute.require("AttributeType");
            let kind = attribute.one_of("AttributeType", &["S", "N", "B"]);
            let (name, kind) = (name?, kind?);
            let definition = json!({"AttributeName": name, "AttributeType": kind});
            Some((name, attribute.at(), definition))
        })
        .collect()
}

fn key_schema(properties: &Properties<'_>, used: &mut BTreeSet<String>) -> Value {
    let keys: Vec<(String, String)> = properties
        .objects("KeySchema")
        .iter()
        .filter_map(|key| {
            let name = key.required_string("AttributeName");
            key.require("KeyType");
            let kind = key.one_of("KeyType", &["HASH", "RANGE"]);
            Some((name?, kind?))
        })
        .collect();
    let kinds: Vec<&str> = keys.iter().map(|(_, kind)| kind.as_str()).collect();
    if properties.has("KeySchema") && !matches!(kinds.as_slice(), ["HASH"] | ["HASH", "RANGE"]) {
        properties.error("KeySchema", "must have one HASH key and at most one RANGE key after it");
    }
    used.extend(keys.iter().map(|(name, _)| name.clone()));
    keys.iter().map(|(name, kind)| json!({"AttributeName": name, "KeyType": kind})).collect()
}

fn secondary_index(index: &Properties<'_>, is_global: bool, on_demand: bool, used: &mut BTreeSet<String>) -> Value {
    let mut body = Map::new();
    index.harmless(&["ContributorInsightsSpecification", "OnDemandThroughput", "WarmThroughput"]);
    body.insert("IndexName".to_owned(), json!(index.required_string("IndexName").unwrap_or_default()));
    index.require("KeySchema");
    body.insert("KeySchema".to_owned(), key_schema(index, used));
    index.require("Projection");
    if let Some(projection) = index.object("Projection") {
        let mut shape = Map::new();
        let kind = projection.one_of("ProjectionType", &["ALL", "INCLUDE", "KEYS_ONLY"]);
        shape.insert("ProjectionType".to_owned(), json!(kind.unwrap_or_else(|| "ALL".to_owned())));
        let others = projection.strings("NonKeyAttributes");
        if !others.is_empty() {
            shape.insert("NonKeyAttributes".to_owned(), json!(others));
        }
        body.insert("Projection".to_owned(), Value::Object(shape));
    }
    if is_global {
        throughput(index, on_demand, &mut body);
    }
    Value::Object(body)
}

/// `ProvisionedThroughput`, whose numbers are numbers in the API whatever they are in the template.
fn throughput(properties: &Properties<'_>, on_demand: bool, body: &mut Map<String, Value>) {
    let given = properties.object("ProvisionedThroughput").map(|throughput| {
        let units = |key: &str| throughput.integer(key, 1..=10_000_000);
        (units("ReadCapacityUnits"), units("WriteCapacityUnits"))
    });
    match given {
        Some((Some(read), Some(write))) if !on_demand => {
            let value = json!({"ReadCapacityUnits": read, "WriteCapacityUnits": write});
            body.insert("ProvisionedThroughput".to_owned(), value);
        }
        None if !on_demand && !properties.has("ProvisionedThroughput") => properties.report().error(
            properties.at(),
            format!(
                "{}: needs `ProvisionedThroughput`, or `BillingMode: PAY_PER_REQUEST` on the table",
                properties.owner().logical_id
            ),
        ),
        _ => {}
    }
}

/// DynamoDB wants every key attribute defined, and no other.
fn check_attributes(properties: &Properties<'_>, defined: &[(String, Place, Value)], used: &BTreeSet<String>) {
    let id = properties.owner().logical_id;
    for name in used.iter().filter(|name| !defined.iter().any(|(known, _, _)| known == *name)) {
        let message = format!("{id}: the key attribute '{name}' is not in AttributeDefinitions");
        properties.report().error(properties.place("AttributeDefinitions"), message);
    }
    for (name, at, _) in defined.iter().filter(|(name, _, _)| !used.contains(name)) {
        let message = format!("{id}: the attribute '{name}' is defined and is no key of the table or an index");
        properties.report().error(*at, message);
    }
}
