//! As clients call it; alarms follow the clock.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::Control;
use super::super::testing::{control, json as call, query, request};

async fn send(control: &Control, operation: &str, body: Value) -> (u16, Value) {
    call(control, "monitoring", &format!("GraniteServiceVersion20100801.{operation}"), body).await
}

async fn ok(control: &Control, operation: &str, body: Value) -> Value {
    let (status, answer) = send(control, operation, body).await;
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

async fn refused(control: &Control, operation: &str, body: Value) -> String {
    let (status, answer) = send(control, operation, body).await;
    assert_eq!(status, 400, "{operation}: {answer}");
    answer["message"].as_str().or(answer["Message"].as_str()).unwrap().to_owned()
}

/// The beginning of this minute, in seconds.
fn minute(control: &Control) -> i64 {
    control.clock().now() / 60_000 * 60
}

async fn put(control: &Control, name: &str, at: i64, value: f64) {
    let data = json!([{"MetricName": name, "Timestamp": at, "Value": value, "Unit": "Count"}]);
    ok(control, "PutMetricData", json!({"Namespace": "N", "MetricData": data})).await;
}

#[tokio::test]
async fn what_is_put_is_read() {
    let control = control();
    let at = minute(&control) - 300;
    let dimensions = json!([{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}]);
    let data = json!([
        {"MetricName": "m", "Dimensions": dimensions, "Timestamp": at, "Values": [1.0, 5.0], "Counts": [3.0, 1.0], "Unit": "Bytes"},
        {"MetricName": "m", "Dimensions": dimensions, "Timestamp": at + 60, "Value": 2.0, "Unit": "Bytes"},
        {"MetricName": "set", "Timestamp": at, "StatisticValues": {"SampleCount": 2.0, "Sum": 6.0, "Minimum": 1.0, "Maximum": 5.0}},
    ]);
    ok(&control, "PutMetricData", json!({"Namespace": "N", "MetricData": data})).await;
    let statistics = json!({
        "Namespace": "N", "MetricName": "m", "Dimensions": dimensions, "StartTime": at, "EndTime": at + 300, "Period": 60,
        "Statistics": ["Sum", "SampleCount", "Average", "Minimum", "Maximum"], "ExtendedStatistics": ["p50"],
    });
    let answer = ok(&control, "GetMetricStatistics", statistics).await;
    assert_eq!((&answer["Label"], answer["Datapoints"].as_array().unwrap().len()), (&json!("m"), 2));
    assert_eq!(
        answer["Datapoints"][0],
        json!({"Timestamp": at, "Sum": 8.0, "SampleCount": 4.0, "Average": 2.0, "Minimum": 1.0, "Maximum": 5.0,
            "ExtendedStatistics": {"p50": 1.0}, "Unit": "Bytes"})
    );
    let listed = ok(&control, "ListMetrics", json!({"Namespace": "N", "Dimensions": [{"Name": "a"}]})).await;
    assert_eq!(
        listed["Metrics"],
        json!([{"Namespace": "N", "MetricName": "m", "Dimensions": [{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}]}])
    );
}

#[tokio::test]
async fn queries_are_answered_with_arithmetic() {
    let control = control();
    let at = minute(&control) - 300;
    for (name, values) in [("errors", [1.0, 2.0]), ("count", [10.0, 8.0])] {
        for (n, value) in (0..).zip(values) {
            put(&control, name, at + n * 60, value).await;
        }
    }
    let metric = |id: &str, name: &str| {
        json!({"Id": id, "ReturnData": id == "m1",
            "MetricStat": {"Metric": {"Namespace": "N", "MetricName": name}, "Period": 60, "Stat": "Sum"}})
    };
    let mut request = json!({
        "StartTime": at, "EndTime": at + 300, "ScanBy": "TimestampAscending",
        "MetricDataQueries": [metric("m1", "errors"), metric("m2", "count"), {"Id": "rate", "Expression": "m1/m2*100", "Label": "Rate"}],
    });
    let answer = ok(&control, "GetMetricData", request.clone()).await;
    assert_eq!(
        answer["MetricDataResults"],
        json!([
            {"Id": "m1", "Label": "errors", "Timestamps": [at, at + 60], "Values": [1.0, 2.0], "StatusCode": "Complete"},
            {"Id": "rate", "Label": "Rate", "Timestamps": [at, at + 60], "Values": [10.0, 25.0], "StatusCode": "Complete"},
        ])
    );
    request["ScanBy"] = "TimestampDescending".into();
    request["MaxDatapoints"] = 2.into();
    let answer = ok(&control, "GetMetricData", request.clone()).await;
    assert_eq!(answer["MetricDataResults"][0]["Values"], json!([2.0]));
    request["NextToken"] = answer["NextToken"].clone();
    let answer = ok(&control, "GetMetricData", request.clone()).await;
    assert_eq!((&answer["MetricDataResults"][0]["Values"], answer.get("NextToken")), (&json!([1.0]), None));
    request["MetricDataQueries"][2]["Expression"] = "SEARCH('x', 'Sum', 60)".into();
    assert!(refused(&control, "GetMetricData", request.clone()).await.contains("Error in expression 'rate'"));
    request["MetricDataQueries"][2]["Expression"] = "rate + m1".into();
    assert!(refused(&control, "GetMetricData", request).await.contains("Circular"));
}

#[tokio::test]
async fn mistakes_are_told() {
    let control = control();
    let at = minute(&control);
    let data =
        async |datum: Value| refused(&control, "PutMetricData", json!({"Namespace": "N", "MetricData": [datum]})).await;
    assert_eq!(
        data(json!({"MetricName": "m", "Value": 1.0, "Values": [1.0]})).await,
        "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both."
    );
    assert_eq!(
        data(json!({"MetricName": "m", "Values": [1.0], "Counts": [1.0, 2.0]})).await,
        "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size."
    );
    assert!(
        data(json!({"MetricName": "m", "Value": 1.0, "Timestamp": at - 15 * 86_400}))
            .await
            .contains("within the last two weeks")
    );
    assert!(data(json!({"MetricName": "m"})).await.contains("At least one of the parameters"));
    let own = json!({"Namespace": "AWS/Lambda", "MetricData": [{"MetricName": "m", "Value": 1.0}]});
    assert_eq!(
        refused(&control, "PutMetricData", own).await,
        "The value AWS/Lambda for parameter Namespace is invalid."
    );
    let alarm = json!({"AlarmName": "a", "MetricName": "m", "Namespace": "N", "Statistic": "Sum", "Period": 61,
        "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"});
    assert!(refused(&control, "PutMetricAlarm", alarm).await.contains("Period must be"));
    let (status, xml) = query(
        &control,
        "monitoring",
        "Action=SetAlarmState&AlarmName=none&StateValue=OK&StateReason=r&Version=2010-08-01",
    )
    .await;
    assert_eq!(status, 404);
    assert!(xml.contains("<Code>ResourceNotFound</Code>"), "{xml}");
}

#[tokio::test]
async fn clients_know_errors_by_the_code_of_the_query_protocol() {
    let control = control();
    let headers = [
        ("X-Amz-Target", "GraniteServiceVersion20100801.PutMetricData"),
        ("Content-Type", "application/x-amz-json-1.0"),
    ];
    let body = json!({"Namespace": "AWS/Lambda", "MetricData": [{"MetricName": "m", "Value": 1.0}]}).to_string();
    let sent = request("monitoring", "us-east-1", "POST", "/", &headers, body);
    let reply = super::super::testing::send(&control, sent).await;
    assert_eq!(reply.headers()["x-amzn-query-error"], "InvalidParameterValue;Sender");
}

#[tokio::test]
async fn a_reset_ends_the_evaluation_and_a_new_alarm_begins_it_anew() {
    let control = control();
    ok(&control, "PutMetricAlarm", alarm("old")).await;
    control.reset().unwrap();
    ok(&control, "PutMetricAlarm", alarm("new")).await;
    put(&control, "m", minute(&control), 7.0).await;
    becomes(&control, "new", "ALARM").await;
}

fn alarm(name: &str) -> Value {
    json!({
        "AlarmName": name, "MetricName": "m", "Namespace": "N", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 2,
        "DatapointsToAlarm": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:alarms"], "OKActions": ["arn:aws:sns:us-east-1:000000000000:alarms"],
    })
}

async fn state(control: &Control, name: &str) -> Value {
    ok(control, "DescribeAlarms", json!({"AlarmNames": [name]})).await["MetricAlarms"][0].clone()
}

/// Moves the clock to the next minute and waits for the state.
async fn becomes(control: &Control, name: &str, value: &str) -> Value {
    control.clock().advance(Duration::from_secs(60));
    loop {
        let found = state(control, name).await;
        if found["StateValue"] == value {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_alarm_follows_its_metric_and_tells_its_topic() {
    let control = control();
    query(&control, "sns", "Action=CreateTopic&Name=alarms&Version=2010-03-31").await;
    ok(&control, "PutMetricAlarm", alarm("high")).await;
    let new = state(&control, "high").await;
    assert_eq!(new["StateReason"], "Unchecked: Initial alarm creation");
    assert_eq!((&new["StateValue"], &new["ActionsEnabled"]), (&json!("INSUFFICIENT_DATA"), &json!(true)));
    assert_eq!(new["AlarmArn"], "arn:aws:cloudwatch:us-east-1:000000000000:alarm:high");
    put(&control, "m", minute(&control), 7.0).await;
    let found = becomes(&control, "high", "ALARM").await;
    let reason = found["StateReason"].as_str().unwrap();
    assert!(reason.starts_with("Threshold Crossed: 1 out of the last 1 datapoint [7.0 ("), "{reason}");
    assert!(
        reason.ends_with(
            "was greater than or equal to the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition)."
        ),
        "{reason}"
    );
    let outbox = control.sns_outbox();
    let told = &outbox["publications"][0];
    assert_eq!(told["subject"], "ALARM: \"high\" in US East (N. Virginia)");
    let message: Value = serde_json::from_str(told["message"].as_str().unwrap()).unwrap();
    assert_eq!((&message["NewStateValue"], &message["OldStateValue"]), (&json!("ALARM"), &json!("INSUFFICIENT_DATA")));
    assert_eq!((&message["Trigger"]["Statistic"], &message["Trigger"]["Period"]), (&json!("SUM"), &json!(60)));
    for _ in 0..2 {
        put(&control, "m", minute(&control), 1.0).await;
        control.clock().advance(Duration::from_secs(60));
    }
    put(&control, "m", minute(&control), 1.0).await;
    becomes(&control, "high", "OK").await;
    control.clock().advance(Duration::from_secs(3_600));
    becomes(&control, "high", "INSUFFICIENT_DATA").await;
    let history =
        ok(&control, "DescribeAlarmHistory", json!({"AlarmName": "high", "HistoryItemType": "StateUpdate"})).await;
    let summaries: Vec<_> = history["AlarmHistoryItems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["HistorySummary"].as_str().unwrap())
        .collect();
    assert_eq!(
        summaries,
        [
            "Alarm updated from OK to INSUFFICIENT_DATA",
            "Alarm updated from ALARM to OK",
            "Alarm updated from INSUFFICIENT_DATA to ALARM"
        ]
    );
}

#[tokio::test]
async fn alarms_are_described_set_switched_tagged_and_deleted() {
    let control = control();
    query(&control, "sns", "Action=CreateTopic&Name=alarms&Version=2010-03-31").await;
    for name in ["b-1", "a-1", "a-2"] {
        ok(&control, "PutMetricAlarm", alarm(name)).await;
    }
    let names = async |body: Value| {
        let answer = ok(&control, "DescribeAlarms", body).await;
        let alarms = answer["MetricAlarms"].as_array().unwrap().clone();
        alarms.iter().map(|alarm| alarm["AlarmName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(json!({"AlarmNamePrefix": "a-"})).await, ["a-1", "a-2"]);
    ok(&control, "DisableAlarmActions", json!({"AlarmNames": ["a-1"]})).await;
    for name in ["a-1", "a-2"] {
        ok(&control, "SetAlarmState", json!({"AlarmName": name, "StateValue": "ALARM", "StateReason": "test"})).await;
    }
    assert_eq!(names(json!({"StateValue": "ALARM"})).await, ["a-1", "a-2"]);
    assert_eq!(control.sns_outbox()["publications"].as_array().unwrap().len(), 1, "one alarm's actions are off");
    let metric = json!({"MetricName": "m", "Namespace": "N"});
    assert_eq!(ok(&control, "DescribeAlarmsForMetric", metric).await["MetricAlarms"].as_array().unwrap().len(), 3);
    let arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a-1";
    ok(&control, "TagResource", json!({"ResourceARN": arn, "Tags": [{"Key": "k", "Value": "v"}]})).await;
    let tags = ok(&control, "ListTagsForResource", json!({"ResourceARN": arn})).await;
    assert_eq!(tags, json!({"Tags": [{"Key": "k", "Value": "v"}]}));
    ok(&control, "PutMetricAlarm", alarm("a-1")).await;
    let kept = state(&control, "a-1").await;
    assert_eq!((&kept["StateValue"], kept.get("_tags")), (&json!("ALARM"), None));
    assert_eq!(send(&control, "DeleteAlarms", json!({"AlarmNames": ["a-1", "none"]})).await.0, 404);
    ok(&control, "DeleteAlarms", json!({"AlarmNames": ["a-1", "a-2", "b-1"]})).await;
    assert!(names(json!({})).await.is_empty());
}

#[tokio::test]
async fn an_alarm_on_an_expression_is_evaluated() {
    let control = control();
    let metric = |id: &str, name: &str| {
        json!({"Id": id, "ReturnData": false,
            "MetricStat": {"Metric": {"Namespace": "N", "MetricName": name}, "Period": 60, "Stat": "Sum"}})
    };
    let body = json!({
        "AlarmName": "rate", "EvaluationPeriods": 1, "Threshold": 50.0, "ComparisonOperator": "GreaterThanThreshold",
        "Metrics": [metric("m1", "errors"), metric("m2", "count"), {"Id": "e1", "Expression": "m1/m2*100"}],
    });
    ok(&control, "PutMetricAlarm", body).await;
    put(&control, "errors", minute(&control), 3.0).await;
    put(&control, "count", minute(&control), 4.0).await;
    becomes(&control, "rate", "ALARM").await;
}
