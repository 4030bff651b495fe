//! Streams as SDKs want them, from their beginning to a day after their end.

use super::*;

async fn shard(db: &DynamoDb, arn: &Value) -> Value {
    let mut described = call(db, "DescribeStream", json!({ "StreamArn": arn })).await;
    described["StreamDescription"]["Shards"][0]["ShardId"].take()
}

async fn streams(db: &DynamoDb) -> Vec<Value> {
    let mut listed = call(db, "ListStreams", json!({ "TableName": "messages" })).await;
    listed["Streams"].as_array_mut().unwrap().iter_mut().map(|stream| stream["StreamArn"].take()).collect()
}

async fn iterator(db: &DynamoDb, arn: &Value, kind: &str, sequence: Option<&Value>) -> Value {
    let mut from = json!({ "StreamArn": arn, "ShardId": shard(db, arn).await, "ShardIteratorType": kind });
    if let Some(sequence) = sequence {
        from["SequenceNumber"] = sequence.clone();
    }
    call(db, "GetShardIterator", from).await["ShardIterator"].take()
}

/// The records' keys, and the answer.
async fn read(db: &DynamoDb, iterator: &Value) -> (Vec<String>, Value) {
    let answer = call(db, "GetRecords", json!({ "ShardIterator": iterator })).await;
    let records = answer["Records"].as_array().unwrap().iter();
    let keys = records.map(|record| record["dynamodb"]["Keys"]["messageKey"]["S"].as_str().unwrap().to_owned());
    (keys.collect(), answer)
}

#[tokio::test]
async fn ids_and_numbers_have_the_shapes_that_sdks_check() {
    let (db, clock) = memory();
    db.apply_table(&table(|_| {})).await.unwrap();
    db.put_items("messages", vec![item("1")]).await.unwrap();
    let arn = &streams(&db).await[0];
    assert_eq!(db.latest_stream_arn("messages").await.as_deref(), arn.as_str());
    let (prefix, label) = arn.as_str().unwrap().split_once("/stream/").unwrap();
    assert_eq!(prefix, "arn:aws:dynamodb:us-east-1:000000000000:table/messages");
    assert!(label.len() == 23 && label.starts_with("20") && label.as_bytes()[10] == b'T', "{label}");

    let described = call(&db, "DescribeStream", json!({ "StreamArn": arn })).await;
    let stream = &described["StreamDescription"];
    assert_eq!((&stream["StreamStatus"], &stream["StreamLabel"]), (&json!("ENABLED"), &json!(label)));
    assert_eq!(stream["KeySchema"][0]["AttributeName"], "roomId");
    let shard_id = stream["Shards"][0]["ShardId"].as_str().unwrap();
    assert!(shard_id.len() == 37 && shard_id.starts_with("shardId-0000000"), "{shard_id}");
    let range = &stream["Shards"][0]["SequenceNumberRange"];
    assert_eq!(range["StartingSequenceNumber"].as_str().unwrap().len(), 21);
    assert!(range.get("EndingSequenceNumber").is_none(), "an open shard has no end");
    let after = json!({ "StreamArn": arn, "ExclusiveStartShardId": shard_id });
    assert_eq!(call(&db, "DescribeStream", after).await["StreamDescription"]["Shards"], json!([]));

    let (_, answer) = read(&db, &iterator(&db, arn, "TRIM_HORIZON", None).await).await;
    let record = &answer["Records"][0];
    assert_eq!(record["awsRegion"], "us-east-1");
    assert!(clock.now() / 1_000 - record["dynamodb"]["ApproximateCreationDateTime"].as_i64().unwrap() < 60);
    assert_eq!(record["eventID"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn every_kind_of_iterator_starts_where_it_says() {
    let (db, _) = memory();
    db.apply_table(&table(|_| {})).await.unwrap();
    let arn = &streams(&db).await[0];
    let latest = iterator(&db, arn, "LATEST", None).await;
    for key in ["1", "2", "3"] {
        db.put_items("messages", vec![item(key)]).await.unwrap();
    }
    let (keys, answer) = read(&db, &latest).await;
    assert_eq!(keys, ["1", "2", "3"]);
    let numbers: Vec<&str> = answer["Records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["dynamodb"]["SequenceNumber"].as_str().unwrap())
        .collect();
    assert!(numbers.is_sorted() && numbers.iter().all(|number| number.len() == 21), "{numbers:?}");
    let second = json!(numbers[1]);
    assert_eq!(read(&db, &iterator(&db, arn, "AT_SEQUENCE_NUMBER", Some(&second)).await).await.0, ["2", "3"]);
    assert_eq!(read(&db, &iterator(&db, arn, "AFTER_SEQUENCE_NUMBER", Some(&second)).await).await.0, ["3"]);
    assert!(read(&db, &iterator(&db, arn, "LATEST", None).await).await.0.is_empty());

    let first = iterator(&db, arn, "TRIM_HORIZON", None).await;
    let page = call(&db, "GetRecords", json!({ "ShardIterator": first, "Limit": 2 })).await;
    assert_eq!(page["Records"].as_array().unwrap().len(), 2);
    assert_eq!(read(&db, &page["NextShardIterator"]).await.0, ["3"]);
}

#[tokio::test]
async fn what_is_no_place_in_a_stream_is_refused_in_awss_words() {
    let (db, clock) = memory();
    db.apply_table(&table(|_| {})).await.unwrap();
    let arn = &streams(&db).await[0];
    let shard = shard(&db, arn).await;
    let kind = |error: (u16, String, String)| error.1.split_once('#').unwrap().1.to_owned();
    let nowhere = "arn:aws:dynamodb:us-east-1:000000000000:table/messages/stream/2015-05-11T21:21:33.291";
    for (operation, request, expected) in [
        ("DescribeStream", json!({ "StreamArn": nowhere }), "ResourceNotFoundException"),
        ("DescribeStream", json!({}), "ValidationException"),
        ("DescribeStream", json!({ "StreamArn": 1 }), "SerializationException"),
        ("DescribeStream", json!({ "StreamArn": arn, "Limit": 0 }), "ValidationException"),
        ("ListStreams", json!({ "Limit": 101 }), "ValidationException"),
        (
            "GetShardIterator",
            json!({ "StreamArn": arn, "ShardId": "shardId-00000000000000000000-00000000", "ShardIteratorType": "LATEST" }),
            "ResourceNotFoundException",
        ),
        (
            "GetShardIterator",
            json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "SOMEWHERE" }),
            "ValidationException",
        ),
        (
            "GetShardIterator",
            json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "AT_SEQUENCE_NUMBER" }),
            "ValidationException",
        ),
        ("GetRecords", json!({ "ShardIterator": "nonsense" }), "ValidationException"),
        ("GetRecords", json!({}), "ValidationException"),
    ] {
        assert_eq!(kind(error(&db, operation, request.clone()).await), expected, "{operation} {request}");
    }
    let latest = iterator(&db, arn, "LATEST", None).await;
    clock.advance(Duration::from_secs(15 * 60 + 1));
    let old = error(&db, "GetRecords", json!({ "ShardIterator": latest })).await;
    assert_eq!((old.0, &*kind(old)), (400, "ExpiredIteratorException"));
}

#[tokio::test]
async fn records_are_kept_for_a_day() {
    let (db, clock) = memory();
    db.apply_table(&table(|_| {})).await.unwrap();
    let arn = &streams(&db).await[0];
    db.put_items("messages", vec![item("1"), item("2")]).await.unwrap();
    let (_, answer) = read(&db, &iterator(&db, arn, "TRIM_HORIZON", None).await).await;
    let first = answer["Records"][0]["dynamodb"]["SequenceNumber"].clone();
    clock.advance(Duration::from_secs(86_402));
    let horizon = iterator(&db, arn, "TRIM_HORIZON", None).await;
    db.put_items("messages", vec![item("3")]).await.unwrap();
    db.sweep_ttl().await;
    assert_eq!(read(&db, &iterator(&db, arn, "TRIM_HORIZON", None).await).await.0, ["3"]);
    let shard = shard(&db, arn).await;
    let from = json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": first });
    assert!(error(&db, "GetShardIterator", from).await.1.ends_with("#TrimmedDataAccessException"));
    let old = error(&db, "GetRecords", json!({ "ShardIterator": horizon })).await;
    assert!(old.1.ends_with("#TrimmedDataAccessException"), "the iterator was given before the records went: {old:?}");
}

#[tokio::test]
async fn a_stream_that_has_ended_is_read_to_its_end_and_a_new_one_begins_empty() {
    let (db, clock) = memory();
    db.apply_table(&table(|_| {})).await.unwrap();
    db.put_items("messages", vec![item("1")]).await.unwrap();
    let first = streams(&db).await.remove(0);
    call(&db, "DeleteTable", json!({ "TableName": "messages" })).await;
    clock.advance(Duration::from_secs(1));
    db.apply_table(&table(|_| {})).await.unwrap();
    db.put_items("messages", vec![item("2")]).await.unwrap();

    let all = streams(&db).await;
    assert_eq!((all.len(), &all[0]), (2, &first));
    let (keys, answer) = read(&db, &iterator(&db, &first, "TRIM_HORIZON", None).await).await;
    assert_eq!((keys, answer.get("NextShardIterator")), (vec!["1".to_owned()], None));
    let described = call(&db, "DescribeStream", json!({ "StreamArn": first })).await;
    assert_eq!(described["StreamDescription"]["StreamStatus"], "DISABLED");
    assert!(described["StreamDescription"]["Shards"][0]["SequenceNumberRange"]["EndingSequenceNumber"].is_string());
    let (keys, answer) = read(&db, &iterator(&db, &all[1], "TRIM_HORIZON", None).await).await;
    assert_eq!(keys, ["2"]);
    assert!(answer["NextShardIterator"].is_string());

    db.sweep_ttl().await;
    clock.advance(Duration::from_secs(86_402));
    db.sweep_ttl().await;
    assert_eq!(streams(&db).await, all[1..]);
}

#[tokio::test]
async fn streams_of_a_database_from_before_get_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dynamodb.sqlite");
    // What an earlier version has written: the crate's own.
    let name = path.to_str().unwrap();
    let old = dynoxide::Database::new(name).unwrap();
    old.create_table(serde_json::from_value(table(|_| {}).create_table).unwrap()).unwrap();
    let put = json!({ "TableName": "messages", "Item": item("1") });
    old.put_item(serde_json::from_value(put).unwrap()).unwrap();
    drop(old);

    for _ in 0..2 {
        let db = open(&path).unwrap();
        let all = streams(&db).await;
        assert_eq!(all.len(), 1);
        assert_eq!(read(&db, &iterator(&db, &all[0], "TRIM_HORIZON", None).await).await.0, ["1"]);
        let described = call(&db, "DescribeTable", json!({ "TableName": "messages" })).await;
        assert_eq!(described["Table"]["LatestStreamArn"], all[0]);
    }
}

#[tokio::test]
async fn what_has_expired_goes_with_the_moved_clock_from_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::default();
    let db = DynamoDb::open(Some(&folder.path().join("dynamodb.sqlite")), clock.clone(), ACCOUNT, REGION).unwrap();
    let with_images = table(|table| table["StreamSpecification"]["StreamViewType"] = json!("NEW_AND_OLD_IMAGES"));
    db.apply_table(&with_images).await.unwrap();
    let expiring = |key: &str, at: i64| {
        let mut item = item(key);
        item["ttl"] = json!({ "N": at.to_string() });
        item
    };
    let now = clock.now() / 1_000;
    let items = vec![
        expiring("gone", now - 1),
        expiring("soon", now + 20),
        expiring("ancient", 1),
        expiring("later", now + 3_600),
        item("never"),
    ];
    db.put_items("messages", items).await.unwrap();
    let many: Vec<Value> = (0..250).map(|n| expiring(&format!("many-{n}"), now + 20)).collect();
    db.put_items("messages", many).await.unwrap();
    let mut changes = db.changes();
    let sweeping = tokio::spawn(db.clone().keep_sweeping());
    tokio::time::timeout(Duration::from_secs(10), changes.changed()).await.unwrap().unwrap();
    assert_eq!(count(&db).await, 254, "the first sweep has found one");
    // Less than the sweep's minute: a moved clock is looked at when it moves.
    clock.advance(Duration::from_secs(30));
    tokio::time::timeout(Duration::from_secs(10), changes.changed()).await.unwrap().unwrap();
    sweeping.abort();
    assert_eq!(count(&db).await, 3);

    let arn = &streams(&db).await[0];
    let (_, answer) = read(&db, &iterator(&db, arn, "TRIM_HORIZON", None).await).await;
    let removed: Vec<&Value> =
        answer["Records"].as_array().unwrap().iter().filter(|record| record["eventName"] == "REMOVE").collect();
    assert_eq!(removed.len(), 252);
    let by_service = json!({ "PrincipalId": "dynamodb.amazonaws.com", "Type": "Service" });
    assert!(removed.iter().all(|record| record["userIdentity"] == by_service));
    assert!(removed[1..].iter().all(|r| r["dynamodb"]["ApproximateCreationDateTime"].as_i64().unwrap() >= now + 30));
    assert!(answer["Records"][0].get("userIdentity").is_none());
}

#[tokio::test]
async fn a_transaction_is_run_once_for_its_token() {
    let (db, _) = memory();
    db.apply_table(&table(|_| {})).await.unwrap();
    let write = |capacity: &str| {
        json!({
            "ClientRequestToken": "once",
            "ReturnConsumedCapacity": capacity,
            "TransactItems": [{ "Update": {
                "TableName": "messages",
                "Key": { "roomId": { "S": "a" }, "messageKey": { "S": "b" } },
                "UpdateExpression": "ADD hits :one",
                "ExpressionAttributeValues": { ":one": { "N": "1" } },
            } }],
        })
    };
    assert_eq!(call(&db, "TransactWriteItems", write("NONE")).await, json!({}));
    let again = call(&db, "TransactWriteItems", write("TOTAL")).await;
    assert_eq!(again["ConsumedCapacity"][0]["ReadCapacityUnits"], 2.0);
    let mut other = write("NONE");
    other["TransactItems"][0]["Update"]["ExpressionAttributeValues"][":one"]["N"] = json!("2");
    assert!(error(&db, "TransactWriteItems", other).await.1.ends_with("#IdempotentParameterMismatchException"));
    let key = json!({ "roomId": { "S": "a" }, "messageKey": { "S": "b" } });
    let got = call(&db, "GetItem", json!({ "TableName": "messages", "Key": key })).await;
    assert_eq!(got["Item"]["hits"], json!({ "N": "1" }));
    let mistyped = error(&db, "TransactWriteItems", json!({ "TransactItems": 1 })).await;
    assert_eq!(mistyped.1, "com.amazon.coral.service#SerializationException");
}
