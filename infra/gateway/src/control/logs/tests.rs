//! As clients call it.

use serde_json::{Value, json};

use super::super::Control;
use super::super::testing::{control, json as call};

async fn logs(control: &Control, operation: &str, body: Value) -> (u16, Value) {
    call(control, "logs", &format!("Logs_20140328.{operation}"), body).await
}

async fn ok(control: &Control, operation: &str, body: Value) -> Value {
    let (status, answer) = logs(control, operation, body).await;
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

async fn refused(control: &Control, operation: &str, body: Value) -> (String, String) {
    let (status, answer) = logs(control, operation, body).await;
    assert_eq!(status, 400, "{operation}: {answer}");
    let text = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
    (text("__type").rsplit('#').next().unwrap().to_owned(), text("message"))
}

fn now(control: &Control) -> i64 {
    control.clock().now()
}

fn messages(answer: &Value) -> Vec<&str> {
    answer["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn groups_are_made_described_tagged_and_deleted() {
    let control = control();
    for name in ["/b", "/a", "other"] {
        ok(&control, "CreateLogGroup", json!({"logGroupName": name, "tags": {"k": "v"}})).await;
    }
    assert_eq!(
        refused(&control, "CreateLogGroup", json!({"logGroupName": "/a"})).await,
        ("ResourceAlreadyExistsException".to_owned(), "The specified log group already exists".to_owned())
    );
    let page = ok(&control, "DescribeLogGroups", json!({"logGroupNamePrefix": "/", "limit": 1})).await;
    let group = &page["logGroups"][0];
    assert_eq!(group["arn"], "arn:aws:logs:us-east-1:000000000000:log-group:/a:*");
    assert_eq!(group["logGroupArn"], "arn:aws:logs:us-east-1:000000000000:log-group:/a");
    assert_eq!(
        (&group["storedBytes"], &group["metricFilterCount"], &group["logGroupClass"]),
        (&json!(0), &json!(0), &json!("STANDARD"))
    );
    assert!(group.get("retentionInDays").is_none());
    let next = json!({"logGroupNamePrefix": "/", "limit": 1, "nextToken": page["nextToken"]});
    let page = ok(&control, "DescribeLogGroups", next).await;
    assert_eq!((&page["logGroups"][0]["logGroupName"], page.get("nextToken")), (&json!("/b"), None));
    let found = ok(&control, "DescribeLogGroups", json!({"logGroupNamePattern": "THE"})).await;
    assert_eq!(found["logGroups"].as_array().unwrap().len(), 1);

    ok(&control, "PutRetentionPolicy", json!({"logGroupName": "/a", "retentionInDays": 7})).await;
    let found = ok(&control, "DescribeLogGroups", json!({"logGroupNamePrefix": "/a"})).await;
    assert_eq!(found["logGroups"][0]["retentionInDays"], 7);
    let (code, _) = refused(&control, "PutRetentionPolicy", json!({"logGroupName": "/a", "retentionInDays": 2})).await;
    assert_eq!(code, "InvalidParameterException");
    ok(&control, "DeleteRetentionPolicy", json!({"logGroupName": "/a"})).await;

    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:/a";
    ok(&control, "TagResource", json!({"resourceArn": arn, "tags": {"x": "y"}})).await;
    ok(&control, "UntagLogGroup", json!({"logGroupName": "/a", "tags": ["k"]})).await;
    assert_eq!(ok(&control, "ListTagsForResource", json!({"resourceArn": arn})).await, json!({"tags": {"x": "y"}}));

    ok(&control, "DeleteLogGroup", json!({"logGroupName": "/a"})).await;
    assert_eq!(
        refused(&control, "DeleteLogGroup", json!({"logGroupName": "/a"})).await,
        ("ResourceNotFoundException".to_owned(), "The specified log group does not exist.".to_owned())
    );
}

#[tokio::test]
async fn streams_are_told_by_name_or_by_their_last_event() {
    let control = control();
    ok(&control, "CreateLogGroup", json!({"logGroupName": "g"})).await;
    for name in ["a", "b", "c"] {
        ok(&control, "CreateLogStream", json!({"logGroupName": "g", "logStreamName": name})).await;
    }
    let at = now(&control);
    for (name, time) in [("a", at - 5), ("b", at - 1), ("c", at - 9)] {
        let events = json!([{"timestamp": time, "message": "m"}]);
        ok(&control, "PutLogEvents", json!({"logGroupName": "g", "logStreamName": name, "logEvents": events})).await;
    }
    let names = async |body: Value| {
        let answer = ok(&control, "DescribeLogStreams", body).await;
        let streams = answer["logStreams"].as_array().unwrap().clone();
        streams.iter().map(|stream| stream["logStreamName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(json!({"logGroupName": "g"})).await, ["a", "b", "c"]);
    let latest = json!({"logGroupName": "g", "orderBy": "LastEventTime", "descending": true});
    assert_eq!(names(latest).await, ["b", "a", "c"]);
    let by_arn =
        json!({"logGroupIdentifier": "arn:aws:logs:us-east-1:000000000000:log-group:g", "logStreamNamePrefix": "c"});
    let answer = ok(&control, "DescribeLogStreams", by_arn).await;
    let stream = &answer["logStreams"][0];
    assert_eq!((&stream["firstEventTimestamp"], &stream["lastEventTimestamp"]), (&json!(at - 9), &json!(at - 9)));
    assert_eq!(stream["arn"], "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:c");
    assert_eq!(
        refused(&control, "CreateLogStream", json!({"logGroupName": "g", "logStreamName": "a"})).await.1,
        "The specified log stream already exists"
    );
    ok(&control, "DeleteLogStream", json!({"logGroupName": "g", "logStreamName": "a"})).await;
    assert_eq!(
        refused(&control, "DeleteLogStream", json!({"logGroupName": "g", "logStreamName": "a"})).await.1,
        "The specified log stream does not exist."
    );
}

#[tokio::test]
async fn what_is_put_is_checked() {
    let control = control();
    ok(&control, "CreateLogGroup", json!({"logGroupName": "g"})).await;
    ok(&control, "CreateLogStream", json!({"logGroupName": "g", "logStreamName": "s"})).await;
    let put = async |events: Value| {
        logs(&control, "PutLogEvents", json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events})).await
    };
    let at = now(&control);
    let event = |time: i64| json!({"timestamp": time, "message": "m"});
    let (_, answer) = put(json!([event(at), event(at - 1)])).await;
    assert_eq!(answer["message"], "Log events in a single PutLogEvents request must be in chronological order.");
    let (_, answer) = put(json!([event(at - 90_000_000), event(at)])).await;
    assert!(answer["message"].as_str().unwrap().contains("cannot span more than 24 hours"));
    let (_, answer) = put(json!([{"timestamp": at, "message": "x".repeat(1_048_576)}])).await;
    assert_eq!(answer["message"], "Upload too large: 1048602 bytes exceeds limit of 1048576");
    const DAY: i64 = 86_400_000;
    let (_, answer) = put(json!([event(at - 14 * DAY - 10_000), event(at - 14 * DAY + 60_000)])).await;
    assert_eq!(answer["rejectedLogEventsInfo"], json!({"tooOldLogEventEndIndex": 1}));
    let (_, answer) = put(json!([event(at), event(at + 8_000_000)])).await;
    assert_eq!(answer["rejectedLogEventsInfo"], json!({"tooNewLogEventStartIndex": 1}));
    ok(&control, "PutRetentionPolicy", json!({"logGroupName": "g", "retentionInDays": 1})).await;
    let (_, answer) = put(json!([event(at - DAY - 10_000), event(at - 60_000)])).await;
    assert_eq!(answer["rejectedLogEventsInfo"], json!({"expiredLogEventEndIndex": 1}));
    assert_eq!(answer["nextSequenceToken"].as_str().unwrap().len(), 56);
    let (_, answer) = put(json!([event(at)])).await;
    assert!(answer.get("rejectedLogEventsInfo").is_none());
    let missing = json!({"logGroupName": "none", "logStreamName": "s", "logEvents": [event(at)]});
    assert_eq!(refused(&control, "PutLogEvents", missing).await.1, "The specified log group does not exist.");
}

#[tokio::test]
async fn a_stream_is_read_in_pages_in_both_directions() {
    let control = control();
    ok(&control, "CreateLogGroup", json!({"logGroupName": "g"})).await;
    ok(&control, "CreateLogStream", json!({"logGroupName": "g", "logStreamName": "s"})).await;
    let at = now(&control) - 1_000;
    let events: Vec<_> = (0..5).map(|n| json!({"timestamp": at + n / 2, "message": n.to_string()})).collect();
    ok(&control, "PutLogEvents", json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events})).await;
    let get = async |mut body: Value| {
        body["logGroupName"] = "g".into();
        body["logStreamName"] = "s".into();
        ok(&control, "GetLogEvents", body).await
    };
    let page = get(json!({"limit": 2, "startFromHead": true})).await;
    assert_eq!(messages(&page), ["0", "1"]);
    let page = get(json!({"limit": 2, "nextToken": page["nextForwardToken"]})).await;
    assert_eq!(messages(&page), ["2", "3"]);
    let back = get(json!({"limit": 2, "nextToken": page["nextBackwardToken"]})).await;
    assert_eq!(messages(&back), ["0", "1"]);
    let page = get(json!({"nextToken": page["nextForwardToken"]})).await;
    assert_eq!(messages(&page), ["4"]);
    let end = get(json!({"nextToken": page["nextForwardToken"]})).await;
    assert!(messages(&end).is_empty());
    assert_eq!(end["nextForwardToken"], page["nextForwardToken"], "the end is told by the same token");
    let last = get(json!({"limit": 2})).await;
    assert_eq!(messages(&last), ["3", "4"]);
    // What comes later is behind the same token.
    let later = json!([{"timestamp": at + 9, "message": "5"}]);
    ok(&control, "PutLogEvents", json!({"logGroupName": "g", "logStreamName": "s", "logEvents": later})).await;
    assert_eq!(messages(&get(json!({"nextToken": end["nextForwardToken"]})).await), ["5"]);
    assert_eq!(messages(&get(json!({"startTime": at + 1, "endTime": at + 2})).await), ["2", "3"]);
    let token = page["nextForwardToken"].as_str().unwrap();
    assert!(token.starts_with("f/") && page["nextBackwardToken"].as_str().unwrap().starts_with("b/"));
    let wrong = json!({"logGroupName": "g", "logStreamName": "s", "nextToken": "x"});
    assert_eq!(refused(&control, "GetLogEvents", wrong).await.1, "The specified nextToken is invalid.");
}

#[tokio::test]
async fn streams_are_searched_together() {
    let control = control();
    let world = control.default_world().unwrap();
    let at = now(&control) - 1_000;
    for (stream, time, line) in
        [("x/1", 0, "ERROR one"), ("x/2", 1, "fine"), ("y/1", 2, "ERROR two"), ("x/1", 3, r#"{"level":"ERROR","n":3}"#)]
    {
        world.gateway.telemetry.logs().append("/aws/lambda/f", stream, at + time, line);
    }
    let filter = async |mut body: Value| {
        body["logGroupName"] = "/aws/lambda/f".into();
        ok(&control, "FilterLogEvents", body).await
    };
    assert_eq!(messages(&filter(json!({})).await).len(), 4);
    let errors = filter(json!({"filterPattern": "ERROR", "limit": 2})).await;
    assert_eq!(messages(&errors), ["ERROR one", "ERROR two"]);
    assert_eq!(errors["events"][1]["logStreamName"], "y/1");
    assert_eq!(errors["events"][1]["eventId"].as_str().unwrap().len(), 56);
    let rest = filter(json!({"filterPattern": "ERROR", "limit": 2, "nextToken": errors["nextToken"]})).await;
    assert_eq!((messages(&rest).len(), rest.get("nextToken")), (1, None));
    assert_eq!(messages(&filter(json!({"filterPattern": "{ $.n = 3 }"})).await).len(), 1);
    assert_eq!(messages(&filter(json!({"logStreamNamePrefix": "x/"})).await).len(), 3);
    assert_eq!(messages(&filter(json!({"logStreamNames": ["y/1"]})).await), ["ERROR two"]);
    assert_eq!(messages(&filter(json!({"startTime": at + 1, "endTime": at + 2})).await), ["fine", "ERROR two"]);
    let (code, _) =
        refused(&control, "FilterLogEvents", json!({"logGroupName": "/aws/lambda/f", "filterPattern": "[a, b]"})).await;
    assert_eq!(code, "InvalidParameterException");
}
