//! Making a declared table exist as declared.

use std::collections::BTreeMap;

use dynoxide::DynoxideError;
use serde_json::{Value, json};

use super::dispatch::{Operation, dispatch};
use super::engine::Engine;
use super::protocol::Refusal;
use crate::model::Table;

/// What it took to make a table exist as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableOutcome {
    /// It did not exist.
    Created,
    /// It was as declared.
    Unchanged,
    /// It was changed, its items kept; one line for each change.
    Updated(Vec<String>),
}

/// Why a table could not be made as declared. Its items are untouched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Keys and local indexes cannot be changed once a table exists.
    #[error(
        "table {table}: its kept data has {kept}, the template declares {declared}, and DynamoDB cannot change that; \
         rename the table, delete it, or delete the data directory"
    )]
    Fixed {
        /// The table.
        table: String,
        /// What the existing table has.
        kept: String,
        /// What is declared.
        declared: String,
    },
    /// DynamoDB refused the declaration.
    #[error("table {table}: {reason}")]
    Database {
        /// The table.
        table: String,
        /// Its words.
        reason: String,
    },
}

/// Creates or changes a table.
pub(super) fn apply(engine: &Engine, table: &Table) -> Result<TableOutcome, ApplyError> {
    let target = Target { engine, table };
    let Some(kept) = target.describe()? else {
        target.call(Operation::CreateTable, &table.create_table)?;
        target.apply_time_to_live()?;
        return Ok(TableOutcome::Created);
    };
    target.check_fixed(&kept)?;
    let mut changes = target.apply_settings(&kept)?;
    changes.extend(target.apply_indexes(&kept)?);
    changes.extend(target.apply_stream(&kept)?);
    changes.extend(target.apply_time_to_live()?);
    Ok(if changes.is_empty() { TableOutcome::Unchanged } else { TableOutcome::Updated(changes) })
}

struct Target<'a> {
    engine: &'a Engine,
    table: &'a Table,
}

impl Target<'_> {
    fn name(&self) -> &str {
        &self.table.table_name
    }

    fn call(&self, operation: Operation, request: &Value) -> Result<Value, ApplyError> {
        let failed = |reason: String| ApplyError::Database { table: self.name().to_owned(), reason };
        let answer = dispatch(self.engine, operation, request.to_string().as_bytes())
            .map_err(|error| failed(error.to_string()))?;
        serde_json::from_slice(&answer).map_err(|error| failed(error.to_string()))
    }

    fn update(&self, change: Value) -> Result<(), ApplyError> {
        let mut request = json!({ "TableName": self.name() });
        if let (Some(request), Value::Object(change)) = (request.as_object_mut(), change) {
            request.extend(change);
        }
        self.call(Operation::UpdateTable, &request).map(drop)
    }

    fn describe(&self) -> Result<Option<Value>, ApplyError> {
        let request = json!({ "TableName": self.name() }).to_string();
        match dispatch(self.engine, Operation::DescribeTable, request.as_bytes()) {
            Err(Refusal::Database(DynoxideError::ResourceNotFoundException(_))) => Ok(None),
            Err(error) => Err(ApplyError::Database { table: self.name().to_owned(), reason: error.to_string() }),
            Ok(answer) => match serde_json::from_slice::<Value>(&answer) {
                Ok(mut answer) => Ok(Some(answer["Table"].take())),
                Err(error) => Err(ApplyError::Database { table: self.name().to_owned(), reason: error.to_string() }),
            },
        }
    }

    fn check_fixed(&self, kept: &Value) -> Result<(), ApplyError> {
        let declared = &self.table.create_table;
        let fixed = |kept: String, declared: String| {
            if kept == declared {
                return Ok(());
            }
            Err(ApplyError::Fixed { table: self.name().to_owned(), kept, declared })
        };
        fixed(keys(kept, kept), keys(declared, declared))?;
        fixed(local_indexes(kept), local_indexes(declared))
    }

    /// Billing, deletion protection and class.
    fn apply_settings(&self, kept: &Value) -> Result<Vec<String>, ApplyError> {
        let declared = &self.table.create_table;
        let mut changes = Vec::new();
        let mode = |value: &Value| value.as_str().unwrap_or("PROVISIONED").to_owned();
        let (from, to) = (mode(&kept["BillingModeSummary"]["BillingMode"]), mode(&declared["BillingMode"]));
        let units = |table: &Value| {
            let units = &table["ProvisionedThroughput"];
            (units["ReadCapacityUnits"].as_i64(), units["WriteCapacityUnits"].as_i64())
        };
        let other_units = to == "PROVISIONED" && units(kept) != units(declared);
        if from != to || other_units {
            let mut change = json!({ "BillingMode": to });
            if to == "PROVISIONED" {
                change["ProvisionedThroughput"] = declared["ProvisionedThroughput"].clone();
            }
            self.update(change)?;
            changes.push(if from == to { "capacity".to_owned() } else { format!("billing mode {from} to {to}") });
        }
        let protection = |table: &Value| table["DeletionProtectionEnabled"].as_bool().unwrap_or_default();
        if protection(kept) != protection(declared) {
            self.update(json!({ "DeletionProtectionEnabled": protection(declared) }))?;
            changes.push(format!("deletion protection {}", if protection(declared) { "on" } else { "off" }));
        }
        let class = |value: &Value| value.as_str().unwrap_or("STANDARD").to_owned();
        let (from, to) = (class(&kept["TableClassSummary"]["TableClass"]), class(&declared["TableClass"]));
        if from != to {
            self.update(json!({ "TableClass": to }))?;
            changes.push(format!("table class {from} to {to}"));
        }
        Ok(changes)
    }

    /// Global indexes: a changed one is built anew, from the table's own items.
    fn apply_indexes(&self, kept: &Value) -> Result<Vec<String>, ApplyError> {
        let declared = &self.table.create_table;
        let (have, want) = (global_indexes(kept), global_indexes(declared));
        let mut changes = Vec::new();
        for name in have.keys() {
            if want.get(name) != have.get(name) {
                self.update(json!({ "GlobalSecondaryIndexUpdates": [{ "Delete": { "IndexName": name } }] }))?;
                if !want.contains_key(name) {
                    changes.push(format!("index {name} removed"));
                }
            }
        }
        for index in list(&declared["GlobalSecondaryIndexes"]) {
            let name = index["IndexName"].as_str().unwrap_or_default();
            if have.get(name) == want.get(name) {
                continue;
            }
            self.update(json!({
                "AttributeDefinitions": declared["AttributeDefinitions"],
                "GlobalSecondaryIndexUpdates": [{ "Create": index }],
            }))?;
            changes.push(format!("index {name} {}", if have.contains_key(name) { "rebuilt" } else { "added" }));
        }
        Ok(changes)
    }

    fn apply_stream(&self, kept: &Value) -> Result<Option<String>, ApplyError> {
        let view = |table: &Value| {
            let stream = &table["StreamSpecification"];
            let enabled = stream["StreamEnabled"].as_bool().unwrap_or(stream["StreamViewType"].is_string());
            stream["StreamViewType"].as_str().filter(|_| enabled).map(str::to_owned)
        };
        let (from, to) = (view(kept), view(&self.table.create_table));
        if from == to {
            return Ok(None);
        }
        if from.is_some() {
            self.update(json!({ "StreamSpecification": { "StreamEnabled": false } }))?;
        }
        if let Some(view) = &to {
            self.update(json!({ "StreamSpecification": { "StreamEnabled": true, "StreamViewType": view } }))?;
        }
        Ok(Some(to.map_or("stream off".to_owned(), |view| format!("stream {view}"))))
    }

    fn apply_time_to_live(&self) -> Result<Option<String>, ApplyError> {
        let described = self.call(Operation::DescribeTimeToLive, &json!({ "TableName": self.name() }))?;
        let described = &described["TimeToLiveDescription"];
        let enabled = described["TimeToLiveStatus"] == "ENABLED";
        let from = described["AttributeName"].as_str().filter(|_| enabled);
        let to = self.table.time_to_live_attribute.as_deref();
        if from == to {
            return Ok(None);
        }
        for (attribute, enabled) in [(from, false), (to, true)] {
            if let Some(attribute) = attribute {
                let specification = json!({ "AttributeName": attribute, "Enabled": enabled });
                let request = json!({ "TableName": self.name(), "TimeToLiveSpecification": specification });
                self.call(Operation::UpdateTimeToLive, &request)?;
            }
        }
        Ok(Some(to.map_or("time to live off".to_owned(), |attribute| format!("time to live by {attribute}"))))
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// `keys userId (S, HASH)`: a key schema with its attributes' types, for people and for comparing.
fn keys(table: &Value, holder: &Value) -> String {
    let kind = |name: &str| {
        let definition = list(&table["AttributeDefinitions"]).iter().find(|a| a["AttributeName"] == name);
        definition.and_then(|a| a["AttributeType"].as_str()).unwrap_or("?")
    };
    let keys = list(&holder["KeySchema"]).iter().map(|key| {
        let name = key["AttributeName"].as_str().unwrap_or("?");
        format!("{name} ({}, {})", kind(name), key["KeyType"].as_str().unwrap_or("?"))
    });
    format!("keys {}", keys.collect::<Vec<_>>().join(" and "))
}

/// An index's keys and projection, for comparing.
fn index(table: &Value, index: &Value) -> String {
    let projection = &index["Projection"];
    let mut attributes: Vec<&str> = list(&projection["NonKeyAttributes"]).iter().filter_map(Value::as_str).collect();
    attributes.sort_unstable();
    let kind = projection["ProjectionType"].as_str().unwrap_or("?");
    format!("{}, projection {kind} {}", keys(table, index), attributes.join(" ")).trim_end().to_owned()
}

fn global_indexes(table: &Value) -> BTreeMap<String, String> {
    named(table, "GlobalSecondaryIndexes")
}

fn local_indexes(table: &Value) -> String {
    let indexes = named(table, "LocalSecondaryIndexes");
    if indexes.is_empty() {
        return "no local index".to_owned();
    }
    let described: Vec<String> = indexes.iter().map(|(name, index)| format!("{name} with {index}")).collect();
    format!("local index {}", described.join("; "))
}

fn named(table: &Value, member: &str) -> BTreeMap<String, String> {
    list(&table[member])
        .iter()
        .map(|entry| (entry["IndexName"].as_str().unwrap_or_default().to_owned(), index(table, entry)))
        .collect()
}
