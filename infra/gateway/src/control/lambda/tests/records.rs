//! Tags, retries, mappings, and the settings that stand beside a function.

use super::*;

#[tokio::test]
async fn tags_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    let mut input = create_input("f");
    input["Tags"] = json!({ "team": "a" });
    ok(&control, "POST", FUNCTIONS, input).await;
    let path = "/2017-03-31/tags/arn:aws:lambda:us-east-1:000000000000:function:f";
    ok(&control, "POST", path, json!({ "Tags": { "stage": "x", "team": "b" } })).await;
    assert_eq!(ok(&control, "GET", path, Value::Null).await, json!({ "Tags": { "team": "b", "stage": "x" } }));
    ok(&control, "DELETE", &format!("{path}?tagKeys=team&tagKeys=none"), Value::Null).await;
    let got = ok(&control, "GET", &format!("{FUNCTIONS}/f"), Value::Null).await;
    assert_eq!(got["Tags"], json!({ "stage": "x" }));
    let many: serde_json::Map<_, _> = (0..51).map(|n| (format!("k{n}"), json!("v"))).collect();
    assert_eq!(refused(&control, "POST", path, json!({ "Tags": many })).await.0, 400);
    assert_eq!(refused(&control, "GET", &path.replace("function:f", "function:g"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn retries_are_configured_for_each_qualifier() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    let path = "/2019-09-25/functions/f/event-invoke-config";
    let (status, message) = refused(&control, "PUT", path, json!({ "MaximumRetryAttempts": 1 })).await;
    assert_eq!((status, message.as_str()), (404, "The function doesn't exist."));
    create(&control, "f").await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST";
    let (status, message) = refused(&control, "GET", path, Value::Null).await;
    assert_eq!((status, message), (404, format!("The function {arn} doesn't have an EventInvokeConfig")));
    let (status, message) = refused(&control, "PUT", path, json!({})).await;
    assert_eq!(status, 400);
    assert_eq!(message, "You must specify at least one of error handling or destination setting.");
    let put = ok(&control, "PUT", path, json!({ "MaximumRetryAttempts": 1 })).await;
    assert_eq!((&put["FunctionArn"], &put["MaximumRetryAttempts"]), (&json!(arn), &json!(1)));
    assert_eq!(put["DestinationConfig"], json!({ "OnSuccess": {}, "OnFailure": {} }));
    assert!(put["LastModified"].is_number());
    let updated = ok(&control, "POST", path, json!({ "MaximumEventAgeInSeconds": 60 })).await;
    assert_eq!((&updated["MaximumRetryAttempts"], &updated["MaximumEventAgeInSeconds"]), (&json!(1), &json!(60)));
    let listed = ok(&control, "GET", &format!("{path}/list"), Value::Null).await;
    assert_eq!(listed["FunctionEventInvokeConfigs"].as_array().unwrap().len(), 1);
    ok(&control, "DELETE", path, Value::Null).await;
    assert_eq!(refused(&control, "DELETE", path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn mappings_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    create(&control, "f").await;
    let path = "/2015-03-31/event-source-mappings";
    let stream = "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2026-11-22T00:00:00.000";
    let input = |function: &str, source: &str, position: Value| json!({ "FunctionName": function, "EventSourceArn": source, "StartingPosition": position });
    for (body, status, expected) in [
        (input("g", stream, json!("LATEST")), 400, "Function does not exist"),
        (input("f", stream, Value::Null), 400, "Value null at 'startingPosition'"),
        (input("f", stream, json!("AT_TIMESTAMP")), 400, "Unsupported starting position"),
        (input("f", "arn:aws:sqs:us-east-1:000000000000:q", json!("LATEST")), 400, "Unrecognized event source"),
        (input("f", stream, json!("LATEST")), 404, "Stream not found"),
    ] {
        let (code, message) = refused(&control, "POST", path, body.clone()).await;
        assert!(code == status && message.contains(expected), "{body}: {code} {message}");
    }
    assert_eq!(ok(&control, "GET", path, Value::Null).await, json!({ "EventSourceMappings": [] }));
    let missing = format!("{path}/00000000-0000-0000-0000-000000000000");
    for method in ["GET", "DELETE"] {
        let (status, message) = refused(&control, method, &missing, Value::Null).await;
        assert_eq!((status, message.as_str()), (404, "The resource you requested does not exist."));
    }
}

#[tokio::test]
async fn a_mapping_lives_from_creating_to_deleting() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    create(&control, "f").await;
    let stream = table_with_stream(&control).await;
    let path = "/2015-03-31/event-source-mappings";
    let input = json!({ "FunctionName": "f", "EventSourceArn": stream, "StartingPosition": "LATEST", "BatchSize": 5 });
    let (status, made) = call(&control, "POST", path, input.clone()).await;
    assert_eq!((status, &made["State"]), (202, &json!("Creating")), "{made}");
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    assert_eq!((&made["FunctionArn"], &made["BatchSize"]), (&json!(arn), &json!(5)));
    let (status, message) = refused(&control, "POST", path, input).await;
    assert!(status == 409 && message.contains("provided mapping already exists"), "{message}");
    let one = format!("{path}/{}", made["UUID"].as_str().unwrap());
    assert_eq!(ok(&control, "GET", &one, Value::Null).await["State"], "Enabled");
    let updated = ok(&control, "PUT", &one, json!({ "Enabled": false, "BatchSize": 7 })).await;
    assert_eq!(updated["State"], "Updating");
    let got = ok(&control, "GET", &one, Value::Null).await;
    assert_eq!((&got["State"], &got["BatchSize"]), (&json!("Disabled"), &json!(7)));
    let listed = ok(&control, "GET", &format!("{path}?FunctionName=f"), Value::Null).await;
    assert_eq!(listed["EventSourceMappings"].as_array().unwrap().len(), 1);
    let (status, deleted) = call(&control, "DELETE", &one, Value::Null).await;
    assert_eq!((status, &deleted["State"]), (202, &json!("Deleting")));
    assert_eq!(refused(&control, "GET", &one, Value::Null).await.0, 404);
}

/// A table whose stream can be read; gives the stream's ARN.
async fn table_with_stream(control: &Control) -> String {
    let target = |operation: &str, body: Value| {
        let headers = [
            ("X-Amz-Target", operation),
            ("Content-Type", "application/x-amz-json-1.0"),
            ("X-Amz-Date", "20261122T000000Z"),
        ];
        super::super::super::testing::request("dynamodb", "us-east-1", "POST", "/", &headers, body.to_string())
    };
    let tables = control.function_rooms().unwrap().event_sources.tables();
    let create = json!({
        "TableName": "Things", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
    });
    let request = target("DynamoDB_20120810.CreateTable", create);
    let reply = tables.serve("000000000000", "us-east-1", &request).await;
    let made: Value = serde_json::from_slice(reply.body()).unwrap();
    made["TableDescription"]["LatestStreamArn"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

#[tokio::test]
async fn settings_beside_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    create(&control, "f").await;
    let recursion = "/2024-08-31/functions/f/recursion-config";
    assert_eq!(ok(&control, "GET", recursion, Value::Null).await, json!({ "RecursiveLoop": "Terminate" }));
    ok(&control, "PUT", recursion, json!({ "RecursiveLoop": "Allow" })).await;
    assert_eq!(ok(&control, "GET", recursion, Value::Null).await, json!({ "RecursiveLoop": "Allow" }));
    let runtime = "/2021-07-20/functions/f/runtime-management-config";
    assert_eq!(ok(&control, "GET", runtime, Value::Null).await["UpdateRuntimeOn"], "Auto");
    let signing = "/2020-06-30/functions/f/code-signing-config";
    assert_eq!(ok(&control, "GET", signing, Value::Null).await, json!({ "FunctionName": "f" }));
    let (status, message) = refused(&control, "GET", "/2018-10-31/layers", Value::Null).await;
    assert!(status == 404 && message.contains("lambda ListLayers"), "{message}");
}
