//! As clients call it, with functions that note what they get and an endpoint on a port of its own.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;

use super::super::Control;
use super::super::testing::{control_with, query};
use crate::lambda::{Invocation, InvocationType, Invoke, InvokeError, InvokeRequest};

/// Notes its events; fails where it is told to.
#[derive(Default)]
struct Functions {
    calls: Mutex<Vec<(String, InvokeRequest)>>,
    called: Notify,
}

impl Invoke for Functions {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        request: InvokeRequest,
    ) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        async move {
            if function.ends_with(":closed") {
                return Err(InvokeError::AccessDenied("no statement allows it".to_owned()));
            }
            self.calls.lock().unwrap().push((function.to_owned(), request));
            self.called.notify_one();
            Ok(Invocation::default())
        }
        .boxed()
    }
}

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:t";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

async fn sns(control: &Control, form: &str) -> (u16, String) {
    query(control, "sns", &format!("{form}&Version=2010-03-31")).await
}

async fn ok(control: &Control, form: &str) -> String {
    let (status, xml) = sns(control, form).await;
    assert_eq!(status, 200, "{form}: {xml}");
    xml
}

fn element<'x>(xml: &'x str, name: &str) -> &'x str {
    let behind = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}")).1;
    behind.split_once("</").unwrap().0
}

/// Waits for `outcome` of the newest publication's first delivery.
async fn outcome(control: &Control) -> Value {
    loop {
        let outbox = control.sns_outbox();
        let delivery = &outbox["publications"][0]["deliveries"][0];
        if delivery["outcome"] != "pending" {
            return delivery.clone();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn topics_are_made_once_and_told() {
    let control = control_with(Arc::new(Functions::default()));
    let xml = ok(&control, "Action=CreateTopic&Name=t&Tags.member.1.Key=k&Tags.member.1.Value=v").await;
    assert_eq!(element(&xml, "TopicArn"), TOPIC);
    ok(&control, "Action=CreateTopic&Name=t").await;
    let different = "Action=CreateTopic&Name=t&Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=x";
    let (status, xml) = sns(&control, different).await;
    assert_eq!(status, 400);
    assert!(xml.contains("<Code>InvalidParameter</Code><Message>Invalid parameter: Attributes Reason: Topic already exists with different attributes</Message>"), "{xml}");
    let (_, xml) = sns(&control, "Action=CreateTopic&Name=a+b").await;
    assert!(xml.contains("Invalid parameter: Topic Name"), "{xml}");
    let (_, xml) = sns(&control, "Action=CreateTopic&Name=t.fifo").await;
    assert!(xml.contains("Ferrogate has no FIFO topics"), "{xml}");
    let set = format!("Action=SetTopicAttributes&TopicArn={TOPIC}&AttributeName=DisplayName&AttributeValue=News");
    ok(&control, &set).await;
    let xml = ok(&control, &format!("Action=GetTopicAttributes&TopicArn={TOPIC}")).await;
    assert!(xml.contains("<key>DisplayName</key><value>News</value>"), "{xml}");
    assert!(xml.contains("<key>SubscriptionsConfirmed</key><value>0</value>"), "{xml}");
    let xml = ok(&control, &format!("Action=ListTagsForResource&ResourceArn={TOPIC}")).await;
    assert!(xml.contains("<Key>k</Key><Value>v</Value>"), "{xml}");
    assert!(ok(&control, "Action=ListTopics").await.contains(TOPIC));
    ok(&control, &format!("Action=DeleteTopic&TopicArn={TOPIC}")).await;
    let (status, xml) = sns(&control, &format!("Action=GetTopicAttributes&TopicArn={TOPIC}")).await;
    assert_eq!(status, 404);
    assert!(xml.contains("<Code>NotFound</Code><Message>Topic does not exist</Message>"), "{xml}");
}

#[tokio::test]
async fn functions_get_the_event_of_aws() {
    let functions = Arc::new(Functions::default());
    let control = control_with(functions.clone());
    ok(&control, "Action=CreateTopic&Name=t").await;
    let subscribe = format!("Action=Subscribe&TopicArn={TOPIC}&Protocol=lambda&Endpoint={FUNCTION}");
    let arn = element(&ok(&control, &subscribe).await, "SubscriptionArn").to_owned();
    assert_eq!(element(&ok(&control, &subscribe).await, "SubscriptionArn"), arn, "the same is not subscribed twice");
    let publish = format!(
        "Action=Publish&TopicArn={TOPIC}&Message=hello&Subject=s&MessageAttributes.entry.1.Name=kind\
         &MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=a"
    );
    let id = element(&ok(&control, &publish).await, "MessageId").to_owned();
    functions.called.notified().await;
    let (function, request) = functions.calls.lock().unwrap()[0].clone();
    assert_eq!((function.as_str(), request.invocation_type), (FUNCTION, InvocationType::Event));
    let caller = request.caller.unwrap();
    assert_eq!((caller.principal, &*caller.source_arn), ("sns.amazonaws.com", TOPIC));
    let event: Value = serde_json::from_slice(&request.payload).unwrap();
    let record = &event["Records"][0];
    assert_eq!((&record["EventSource"], &record["EventSubscriptionArn"]), (&"aws:sns".into(), &Value::from(arn)));
    let sns = &record["Sns"];
    assert_eq!((&sns["MessageId"], &sns["Message"], &sns["Subject"]), (&id.into(), &"hello".into(), &"s".into()));
    assert_eq!(sns["MessageAttributes"], serde_json::json!({"kind": {"Type": "String", "Value": "a"}}));
    assert_eq!(outcome(&control).await["outcome"], "delivered");
}

#[tokio::test]
async fn a_filter_policy_decides_and_the_outbox_tells() {
    let control = control_with(Arc::new(Functions::default()));
    ok(&control, "Action=CreateTopic&Name=t").await;
    let policy = "%7B%22kind%22%3A%5B%22a%22%5D%7D";
    let subscribe = format!(
        "Action=Subscribe&TopicArn={TOPIC}&Protocol=lambda&Endpoint={FUNCTION}&Attributes.entry.1.key=FilterPolicy\
         &Attributes.entry.1.value={policy}"
    );
    ok(&control, &subscribe).await;
    ok(&control, &format!("Action=Publish&TopicArn={TOPIC}&Message=x")).await;
    assert_eq!(outcome(&control).await["outcome"], "filtered");
    let attribute = "MessageAttributes.entry.1.Name=kind&MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=a";
    ok(&control, &format!("Action=Publish&TopicArn={TOPIC}&Message=x&{attribute}")).await;
    assert_eq!(outcome(&control).await["outcome"], "delivered");
    let closed = format!("Action=Subscribe&TopicArn={TOPIC}&Protocol=lambda&Endpoint={FUNCTION}:closed");
    ok(&control, &closed).await;
    ok(&control, &format!("Action=Publish&TopicArn={TOPIC}&Message=x")).await;
    let found = loop {
        let delivery = control.sns_outbox()["publications"][0]["deliveries"][1].clone();
        if delivery["outcome"] != "pending" {
            break delivery;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((&found["outcome"], &found["reason"]), (&"failed".into(), &"no statement allows it".into()));
}

#[tokio::test]
async fn people_are_not_written_to() {
    let control = control_with(Arc::new(Functions::default()));
    ok(&control, "Action=CreateTopic&Name=t").await;
    let xml = ok(&control, &format!("Action=Subscribe&TopicArn={TOPIC}&Protocol=email&Endpoint=a%40example.com")).await;
    assert_eq!(element(&xml, "SubscriptionArn"), "pending confirmation");
    assert!(ok(&control, "Action=ListSubscriptions").await.contains("PendingConfirmation"));
    let outbox = control.sns_outbox();
    let asked = &outbox["publications"][0];
    assert_eq!(asked["type"], "SubscriptionConfirmation");
    let message: Value = serde_json::from_str(asked["message"].as_str().unwrap()).unwrap();
    let (_, xml) = sns(&control, &format!("Action=ConfirmSubscription&TopicArn={TOPIC}&Token=wrong")).await;
    assert!(xml.contains("Invalid parameter: Token"), "{xml}");
    let link = message["SubscribeURL"].as_str().unwrap().split_once('?').unwrap().1;
    let arn = control.sns_link("confirm", link).unwrap()["subscriptionArn"].as_str().unwrap().to_owned();
    let attributes = ok(&control, &format!("Action=GetSubscriptionAttributes&SubscriptionArn={arn}")).await;
    assert!(attributes.contains("<key>PendingConfirmation</key><value>false</value>"), "{attributes}");
    let structured = "%7B%22default%22%3A%22d%22%2C%22email%22%3A%22e%22%7D";
    ok(&control, &format!("Action=Publish&TopicArn={TOPIC}&Message={structured}&MessageStructure=json&Subject=s"))
        .await;
    let outbox = control.sns_outbox();
    let newest = &outbox["publications"][0];
    assert_eq!((&newest["message"], &newest["subject"]), (&"d".into(), &"s".into()));
    assert_eq!(newest["deliveries"][0]["outcome"], "kept");
    ok(&control, "Action=Publish&PhoneNumber=%2B15550100&Message=text").await;
    assert_eq!(control.sns_outbox()["publications"][0]["phoneNumber"], "+15550100");
    ok(&control, &format!("Action=Unsubscribe&SubscriptionArn={arn}")).await;
    let attributes = ok(&control, &format!("Action=GetTopicAttributes&TopicArn={TOPIC}")).await;
    assert!(attributes.contains("<key>SubscriptionsDeleted</key><value>1</value>"), "{attributes}");
}

#[tokio::test]
async fn endpoints_of_this_machine_are_called_and_no_others() {
    let control = control_with(Arc::new(Functions::default()));
    ok(&control, "Action=CreateTopic&Name=t").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http%3A%2F%2F{}%2Fhook", listener.local_addr().unwrap());
    let receive = async || {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut text = Vec::new();
        loop {
            let mut chunk = [0; 4096];
            let read = stream.read(&mut chunk).await.unwrap();
            text.extend_from_slice(&chunk[..read]);
            let text = String::from_utf8_lossy(&text);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                if body.len() == length.parse::<usize>().unwrap() {
                    break;
                }
            }
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
        String::from_utf8(text).unwrap()
    };
    ok(&control, &format!("Action=Subscribe&TopicArn={TOPIC}&Protocol=http&Endpoint={endpoint}")).await;
    let asked = receive().await;
    assert!(asked.contains("x-amz-sns-message-type: SubscriptionConfirmation"), "{asked}");
    let body: Value = serde_json::from_str(asked.split_once("\r\n\r\n").unwrap().1).unwrap();
    let token = body["Token"].as_str().unwrap();
    let xml = ok(&control, &format!("Action=ConfirmSubscription&TopicArn={TOPIC}&Token={token}")).await;
    let arn = element(&xml, "SubscriptionArn").to_owned();
    ok(&control, &format!("Action=Publish&TopicArn={TOPIC}&Message=hello")).await;
    let notified = receive().await;
    assert!(notified.contains(&format!("x-amz-sns-subscription-arn: {arn}")), "{notified}");
    let body: Value = serde_json::from_str(notified.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!((&body["Type"], &body["Message"]), (&"Notification".into(), &"hello".into()));
    let raw = format!(
        "Action=SetSubscriptionAttributes&SubscriptionArn={arn}&AttributeName=RawMessageDelivery&AttributeValue=true"
    );
    ok(&control, &raw).await;
    ok(&control, &format!("Action=Publish&TopicArn={TOPIC}&Message=plain")).await;
    let notified = receive().await;
    assert!(notified.contains("x-amz-sns-rawdelivery: true") && notified.ends_with("\r\n\r\nplain"), "{notified}");

    ok(&control, &format!("Action=Subscribe&TopicArn={TOPIC}&Protocol=http&Endpoint=http%3A%2F%2Fexample.com%2F"))
        .await;
    let refused = outcome(&control).await;
    assert_eq!(refused["outcome"], "failed");
    assert!(refused["reason"].as_str().unwrap().contains("example.com is not this machine"), "{refused}");
}

#[tokio::test]
async fn mistakes_are_told_in_the_words_of_aws() {
    let control = control_with(Arc::new(Functions::default()));
    ok(&control, "Action=CreateTopic&Name=t").await;
    for (form, message) in [
        (format!("Action=Publish&TopicArn={TOPIC}&Message="), "Invalid parameter: Empty message"),
        (
            "Action=Publish&Message=x".to_owned(),
            "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter",
        ),
        (
            "Action=Publish&TopicArn=x&Message=x".to_owned(),
            "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
        ),
        (format!("Action=Publish&TopicArn={TOPIC}x&Message=x"), "Topic does not exist"),
        (
            format!("Action=Publish&TopicArn={TOPIC}&Message=x&MessageStructure=json"),
            "Invalid parameter: Message Structure - JSON message body failed to parse",
        ),
        (
            format!("Action=Publish&TopicArn={TOPIC}&Message=%7B%7D&MessageStructure=json"),
            "Invalid parameter: Message Structure - No default entry in JSON message body",
        ),
        (
            format!("Action=Publish&TopicArn={TOPIC}&Message={}", "x".repeat(262_145)),
            "Invalid parameter: Message too long",
        ),
        (format!("Action=Subscribe&TopicArn={TOPIC}&Protocol=sqs&Endpoint=x"), "Ferrogate delivers to lambda, http"),
        (
            format!("Action=Subscribe&TopicArn={TOPIC}&Protocol=pigeon&Endpoint=x"),
            "Invalid parameter: Amazon SNS does not support this protocol string: pigeon",
        ),
        (
            format!("Action=Subscribe&TopicArn={TOPIC}&Protocol=http&Endpoint=x"),
            "Invalid parameter: Endpoint must match the specified protocol",
        ),
        ("Action=GetSubscriptionAttributes&SubscriptionArn=x".to_owned(), "Subscription does not exist"),
    ] {
        let (status, xml) = sns(&control, &form).await;
        assert!(status >= 400 && xml.contains(message), "{form}: {xml}");
    }
    let batch = |ids: &[&str]| {
        let entry = |(n, id): (usize, &&str)| {
            let prefix = format!("&PublishBatchRequestEntries.member.{}", n + 1);
            format!("{prefix}.Id={id}{prefix}.Message=m")
        };
        let entries: String = ids.iter().enumerate().map(entry).collect();
        format!("Action=PublishBatch&TopicArn={TOPIC}{entries}")
    };
    let xml = ok(&control, &batch(&["a", "b"])).await;
    assert_eq!(xml.matches("<MessageId>").count(), 2);
    let (_, xml) = sns(&control, &batch(&["a", "a"])).await;
    assert!(xml.contains("<Code>BatchEntryIdsNotDistinct</Code>"), "{xml}");
    let (_, xml) = sns(&control, &batch(&["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"])).await;
    assert!(xml.contains("<Code>TooManyEntriesInBatchRequest</Code>"), "{xml}");
}
