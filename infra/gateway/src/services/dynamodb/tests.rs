//! DynamoDB over its protocol, and what the gateway itself does with it.

mod streams;

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ApplyError, DynamoDb, OpenError, TableOutcome};
use crate::clock::Clock;
use crate::model::Table;
use crate::server::{ClientRequest, Headers, Reply};

const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=key/20261122/us-east-1/dynamodb/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=00";

const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

fn open(path: &std::path::Path) -> Result<DynamoDb, OpenError> {
    DynamoDb::open(Some(path), Clock::default(), ACCOUNT, REGION)
}

fn memory() -> (DynamoDb, Clock) {
    let clock = Clock::default();
    (DynamoDb::open(None, clock.clone(), ACCOUNT, REGION).unwrap(), clock)
}

fn request(target: &str, body: impl ToString) -> ClientRequest {
    let headers = [("X-Amz-Target", target), ("Authorization", SIGNED), ("X-Amz-Date", "20261122T000000Z")];
    ClientRequest {
        method: Method::POST,
        raw_path: "/".to_owned(),
        raw_query: String::new(),
        headers: Headers(headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()),
        body: body.to_string().into(),
        source_ip: [127, 0, 0, 1].into(),
        port: 4566,
        secure: false,
    }
}

async fn reply(db: &DynamoDb, operation: &str, body: Value) -> Reply {
    let service = if operation.contains("tream") || operation.contains("hard") || operation == "GetRecords" {
        "DynamoDBStreams_20120810"
    } else {
        "DynamoDB_20120810"
    };
    db.serve(&request(&format!("{service}.{operation}"), body)).await
}

async fn call(db: &DynamoDb, operation: &str, body: Value) -> Value {
    let reply = reply(db, operation, body).await;
    let answer: Value = serde_json::from_slice(reply.body()).unwrap();
    assert_eq!(reply.status(), StatusCode::OK, "{answer}");
    answer
}

/// The error's status, its type and its text.
async fn error(db: &DynamoDb, operation: &str, body: Value) -> (u16, String, String) {
    let reply = reply(db, operation, body).await;
    let answer: Value = serde_json::from_slice(reply.body()).unwrap();
    let text = answer.get("message").or(answer.get("Message")).and_then(Value::as_str).unwrap_or_default();
    (reply.status().as_u16(), answer["__type"].as_str().unwrap().to_owned(), text.to_owned())
}

fn table(change: impl FnOnce(&mut Value)) -> Table {
    let mut create_table = json!({
        "TableName": "messages",
        "KeySchema": [
            { "AttributeName": "roomId", "KeyType": "HASH" },
            { "AttributeName": "messageKey", "KeyType": "RANGE" },
        ],
        "AttributeDefinitions": [
            { "AttributeName": "roomId", "AttributeType": "S" },
            { "AttributeName": "messageKey", "AttributeType": "S" },
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
    });
    change(&mut create_table);
    Table {
        table_name: "messages".to_owned(),
        logical_id: None,
        create_table,
        time_to_live_attribute: Some("ttl".to_owned()),
    }
}

fn with_index(attribute: &str) -> impl FnOnce(&mut Value) {
    move |table| {
        table["AttributeDefinitions"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "AttributeName": attribute, "AttributeType": "S" }));
        table["GlobalSecondaryIndexes"] = json!([{
            "IndexName": "by-index",
            "KeySchema": [{ "AttributeName": attribute, "KeyType": "HASH" }],
            "Projection": { "ProjectionType": "ALL" },
        }]);
    }
}

fn item(key: &str) -> Value {
    json!({ "roomId": { "S": "lobby" }, "messageKey": { "S": key }, "userId": { "S": "alice" } })
}

async fn count(db: &DynamoDb) -> u64 {
    let scanned = call(db, "Scan", json!({ "TableName": "messages", "Select": "COUNT" })).await;
    scanned["Count"].as_u64().unwrap()
}

#[tokio::test]
async fn items_go_in_and_come_out_with_the_headers_of_dynamodb() {
    let (db, _) = memory();
    assert_eq!(db.apply_table(&table(|_| {})).await, Ok(TableOutcome::Created));
    call(&db, "PutItem", json!({ "TableName": "messages", "Item": item("1") })).await;
    let key = json!({ "roomId": { "S": "lobby" }, "messageKey": { "S": "1" } });
    let got = reply(&db, "GetItem", json!({ "TableName": "messages", "Key": key })).await;
    assert_eq!(serde_json::from_slice::<Value>(got.body()).unwrap()["Item"], item("1"));
    assert_eq!(got.headers()["content-type"], "application/x-amz-json-1.0");
    assert_eq!(got.headers()["x-amz-crc32"], crc32fast::hash(got.body()).to_string());
    let id = got.headers()["x-amzn-requestid"].to_str().unwrap();
    assert!(id.len() == 52 && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{id}");
}

#[tokio::test]
async fn errors_have_dynamodbs_types() {
    let (db, _) = memory();
    db.apply_table(&table(|_| {})).await.unwrap();
    let missing = error(&db, "GetItem", json!({ "TableName": "nobody", "Key": {} })).await;
    assert_eq!((missing.0, &*missing.1), (400, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"));

    let put = json!({ "TableName": "messages", "Item": item("1"), "ConditionExpression": "attribute_exists(userId)" });
    let failed = error(&db, "PutItem", put).await;
    assert_eq!(failed.1, "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException");
    assert_eq!(failed.2, "The conditional request failed");

    let transaction = json!({ "TransactItems": [{ "ConditionCheck": {
        "TableName": "messages",
        "Key": { "roomId": { "S": "a" }, "messageKey": { "S": "b" } },
        "ConditionExpression": "attribute_exists(roomId)",
    } }] });
    let reply = reply(&db, "TransactWriteItems", transaction).await;
    let canceled: Value = serde_json::from_slice(reply.body()).unwrap();
    assert_eq!(canceled["CancellationReasons"][0]["Code"], "ConditionalCheckFailed");

    let mistyped = error(&db, "PutItem", json!({ "TableName": 1, "Item": {} })).await;
    assert_eq!(mistyped.1, "com.amazon.coral.service#SerializationException");
    assert_eq!(mistyped.2, "NUMBER_VALUE cannot be converted to String");
    let null = json!({ "TableName": "messages", "Item": { "roomId": { "NULL": false } } });
    let enveloped = error(&db, "PutItem", null).await;
    assert_eq!(enveloped.1, "com.amazon.coral.validate#ValidationException");
    assert!(enveloped.2.starts_with("1 validation error detected: ") && !enveloped.2.contains("VALIDATION"));
    let mut deep = json!({ "S": "x" });
    for _ in 0..80 {
        deep = json!({ "M": { "a": deep } });
    }
    let deep = error(&db, "PutItem", json!({ "TableName": "messages", "Item": { "deep": deep } })).await;
    assert!(deep.2.starts_with("Nesting Levels have exceeded"), "{deep:?}");
}

#[tokio::test]
async fn requests_that_are_no_requests() {
    let (db, _) = memory();
    let unknown = error(&db, "CreateBackup", json!({})).await;
    assert_eq!((unknown.0, &*unknown.1), (400, "com.amazon.coral.service#UnknownOperationException"));
    assert!(unknown.2.starts_with("CreateBackup is not"), "{}", unknown.2);
    let other = db.serve(&request("Cognito.Foo", "{}")).await;
    assert!(String::from_utf8_lossy(other.body()).contains("`Cognito.Foo`"));

    for body in ["", "{", "not json"] {
        let reply = db.serve(&request("DynamoDB_20120810.ListTables", body)).await;
        assert_eq!(reply.status(), 400);
        assert_eq!(&reply.body()[..], br#"{"__type":"com.amazon.coral.service#SerializationException"}"#, "{body}");
    }

    let mut unsigned = request("DynamoDB_20120810.ListTables", "{}");
    unsigned.headers.0.retain(|(name, _)| name != "Authorization");
    let reply = db.serve(&unsigned).await;
    assert_eq!(reply.status(), 400);
    assert!(String::from_utf8_lossy(reply.body()).contains("#MissingAuthenticationTokenException"));

    let large = request("DynamoDB_20120810.PutItem", "x".repeat(16 * 1024 * 1024 + 1));
    assert_eq!(db.serve(&large).await.status(), 413);
}

#[tokio::test]
async fn applying_a_table_again_changes_what_can_be_changed() {
    let (db, _) = memory();
    let (plain, indexed) = (table(|_| {}), table(with_index("userId")));
    assert_eq!(db.apply_table(&plain).await, Ok(TableOutcome::Created));
    assert_eq!(db.apply_table(&plain).await, Ok(TableOutcome::Unchanged));
    db.put_items("messages", vec![item("1")]).await.unwrap();

    let updated = |changes: &[&str]| Ok(TableOutcome::Updated(changes.iter().map(|c| (*c).to_owned()).collect()));
    assert_eq!(db.apply_table(&indexed).await, updated(&["index by-index added"]));
    assert_eq!(db.apply_table(&indexed).await, Ok(TableOutcome::Unchanged));
    let query = json!({
        "TableName": "messages",
        "IndexName": "by-index",
        "KeyConditionExpression": "userId = :u",
        "ExpressionAttributeValues": { ":u": { "S": "alice" } },
    });
    assert_eq!(call(&db, "Query", query).await["Count"], 1, "the kept item is in the new index");

    assert_eq!(db.apply_table(&table(with_index("author"))).await, updated(&["index by-index rebuilt"]));
    assert_eq!(db.apply_table(&plain).await, updated(&["index by-index removed"]));

    let mut changed = table(|table| {
        table["StreamSpecification"]["StreamViewType"] = json!("NEW_AND_OLD_IMAGES");
        table["BillingMode"] = json!("PROVISIONED");
        table["ProvisionedThroughput"] = json!({ "ReadCapacityUnits": 5, "WriteCapacityUnits": 5 });
        table["DeletionProtectionEnabled"] = json!(true);
    });
    changed.time_to_live_attribute = Some("expires".to_owned());
    let changes = [
        "billing mode PAY_PER_REQUEST to PROVISIONED",
        "deletion protection on",
        "stream NEW_AND_OLD_IMAGES",
        "time to live by expires",
    ];
    assert_eq!(db.apply_table(&changed).await, updated(&changes));
    assert_eq!(db.apply_table(&changed).await, Ok(TableOutcome::Unchanged));
    changed.create_table["ProvisionedThroughput"]["ReadCapacityUnits"] = json!(6);
    changed.create_table.as_object_mut().unwrap().remove("StreamSpecification");
    changed.time_to_live_attribute = None;
    assert_eq!(db.apply_table(&changed).await, updated(&["capacity", "stream off", "time to live off"]));
    assert_eq!(db.apply_table(&changed).await, Ok(TableOutcome::Unchanged));
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn what_cannot_be_changed_is_refused_and_says_how_to_mend_it() {
    let (db, _) = memory();
    db.apply_table(&table(|_| {})).await.unwrap();
    let other_type = table(|table| table["AttributeDefinitions"][1]["AttributeType"] = json!("N"));
    let error = db.apply_table(&other_type).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "table messages: its kept data has keys roomId (S, HASH) and messageKey (S, RANGE), the template declares keys \
         roomId (S, HASH) and messageKey (N, RANGE), and DynamoDB cannot change that; rename the table, delete it, or \
         delete the data directory"
    );
    let local = table(|table| {
        table["AttributeDefinitions"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "AttributeName": "at", "AttributeType": "N" }));
        table["LocalSecondaryIndexes"] = json!([{
            "IndexName": "local",
            "KeySchema": [
                { "AttributeName": "roomId", "KeyType": "HASH" },
                { "AttributeName": "at", "KeyType": "RANGE" },
            ],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }]);
    });
    assert!(matches!(db.apply_table(&local).await, Err(ApplyError::Fixed { .. })));
    let broken = table(|table| table["KeySchema"] = json!([]));
    let (db, _) = memory();
    let error = db.apply_table(&broken).await.unwrap_err().to_string();
    assert!(error.starts_with("table messages: ") && !error.contains("VALIDATION"), "{error}");
}

#[tokio::test]
async fn items_are_put_in_batches_and_the_first_that_fails_is_named() {
    let (db, _) = memory();
    db.apply_table(&table(|_| {})).await.unwrap();
    let items: Vec<Value> = (0..60).map(|n| item(&format!("{n:03}"))).collect();
    assert_eq!(db.put_items("messages", items.clone()).await.unwrap(), 60);
    assert_eq!(db.put_items("messages", items).await.unwrap(), 60, "again, replacing");
    assert_eq!(count(&db).await, 60);

    let mut bad: Vec<Value> = (0..30).map(|n| item(&format!("x{n}"))).collect();
    bad[27] = json!({ "roomId": { "S": "lobby" } });
    let error = db.put_items("messages", bad).await.unwrap_err();
    assert_eq!((error.index, &*error.table), (25, "messages"));
    assert!(db.put_items("nobody", vec![item("1")]).await.unwrap_err().reason.contains("not found"));
    assert_eq!(db.put_items("messages", Vec::new()).await.unwrap(), 0);
}

#[tokio::test]
async fn time_to_live_follows_the_gateways_clock() {
    let (db, clock) = memory();
    db.apply_table(&table(|_| {})).await.unwrap();
    let mut expiring = item("1");
    expiring["ttl"] = json!({ "N": (clock.now() / 1_000 + 3_600).to_string() });
    db.put_items("messages", vec![expiring, item("2")]).await.unwrap();
    assert_eq!(db.sweep_ttl().await, 0);
    let sweeping = tokio::spawn(db.clone().keep_sweeping());
    clock.advance(Duration::from_secs(2 * 3_600));
    let swept = async {
        while count(&db).await > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), swept).await.unwrap();
    sweeping.abort();
}

#[tokio::test]
async fn streams_tell_what_was_written() {
    let (db, _) = memory();
    db.apply_table(&table(|_| {})).await.unwrap();
    db.put_items("messages", vec![item("1")]).await.unwrap();
    let streams = call(&db, "ListStreams", json!({ "TableName": "messages" })).await;
    let arn = &streams["Streams"][0]["StreamArn"];
    let stream = call(&db, "DescribeStream", json!({ "StreamArn": arn })).await;
    let shard = &stream["StreamDescription"]["Shards"][0]["ShardId"];
    let from = json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
    let iterator = call(&db, "GetShardIterator", from).await["ShardIterator"].clone();
    let records = call(&db, "GetRecords", json!({ "ShardIterator": iterator })).await;
    assert_eq!(records["Records"][0]["eventName"], "INSERT");
    assert_eq!(records["Records"][0]["dynamodb"]["NewImage"], item("1"));
}

#[tokio::test]
async fn a_file_keeps_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dynamodb.sqlite");
    let db = open(&path).unwrap();
    db.apply_table(&table(|_| {})).await.unwrap();
    db.put_items("messages", vec![item("1")]).await.unwrap();
    drop(db);

    let db = open(&path).unwrap();
    assert_eq!(db.apply_table(&table(|_| {})).await, Ok(TableOutcome::Unchanged));
    assert_eq!(count(&db).await, 1);
    drop(db);

    let broken = folder.path().join("broken.sqlite");
    std::fs::write(&broken, "this is no database, however long the text in it may be").unwrap();
    assert!(matches!(open(&broken), Err(OpenError::Database { .. })));
    let nowhere = folder.path().join("no/folder.sqlite");
    assert!(matches!(open(&nowhere), Err(OpenError::Database { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_writers_take_a_place_once() {
    let (db, _) = memory();
    db.apply_table(&table(|_| {})).await.unwrap();
    let writers: Vec<_> = (0..50)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut item = item("the only one");
                item["userId"] = json!({ "S": n.to_string() });
                let put = json!({
                    "TableName": "messages",
                    "Item": item,
                    "ConditionExpression": "attribute_not_exists(roomId)",
                });
                reply(&db, "PutItem", put).await.status().as_u16()
            })
        })
        .collect();
    let mut won = 0;
    for writer in writers {
        won += usize::from(writer.await.unwrap() == 200);
    }
    assert_eq!(won, 1);
}
