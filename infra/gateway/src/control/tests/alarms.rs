//! A template's alarms on the gateway's own metrics, as time passes; and what its topics do with what they are told.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::Control;
use super::super::testing::json as call;
use crate::compile::rest::compile;
use crate::gateway::Gateway;
use crate::model::{Integration, IntegrationType, Method, Resource, RestApi, Stage};
use crate::proxy::testing::{Answer, Fake, lambda_uri, ok, request};
use crate::server::RestPlane;
use crate::template::{LoadOptions, load};

const TEMPLATE: &str = r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Alerts:
    Type: AWS::SNS::Topic
    Properties: { TopicName: alerts, Subscription: [{ Protocol: email, Endpoint: ops@example.com }] }
  Teller:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: teller
      InlineCode: 'def handler(event, context): pass'
      Handler: index.handler
      Runtime: python3.12
      Events: { Told: { Type: SNS, Properties: { Topic: !Ref Alerts } } }
  Failing:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: failing
      Namespace: AWS/ApiGateway
      MetricName: 5XXError
      Dimensions: [{ Name: ApiName, Value: users }]
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 2
      ComparisonOperator: GreaterThanOrEqualToThreshold
      TreatMissingData: notBreaching
      AlarmActions: [!Ref Alerts]
      OKActions: [!Ref Alerts]
  Refused:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: refused
      Metrics:
        - { Id: rate, Expression: 100*bad/all }
        - Id: bad
          ReturnData: false
          MetricStat: { Metric: { Namespace: AWS/ApiGateway, MetricName: 4XXError, Dimensions: [{ Name: ApiName, Value: users }] }, Period: 60, Stat: Sum }
        - Id: all
          ReturnData: false
          MetricStat: { Metric: { Namespace: AWS/ApiGateway, MetricName: Count, Dimensions: [{ Name: ApiName, Value: users }] }, Period: 60, Stat: Sum }
      EvaluationPeriods: 1
      Threshold: 50
      ComparisonOperator: GreaterThanThreshold
      AlarmActions: [!Ref Alerts]
  Kept:
    Type: AWS::Logs::LogGroup
    Properties: { LogGroupName: /kept, RetentionInDays: 7 }
";

fn api() -> RestApi {
    let integration = Integration {
        integration_type: IntegrationType::AwsProxy,
        uri: Some(lambda_uri("f")),
        http_method: Some("POST".to_owned()),
        timeout_in_millis: 29_000,
        ..Integration::default()
    };
    let method = Method {
        http_method: "GET".to_owned(),
        authorization_type: "NONE".to_owned(),
        integration: Some(integration),
        ..Method::default()
    };
    let methods = [("GET".to_owned(), method)].into();
    let root = Resource { id: "r".to_owned(), path: "/".to_owned(), methods, ..Resource::default() };
    RestApi { id: "users".to_owned(), name: "users".to_owned(), resources: vec![root.into()], ..RestApi::default() }
}

struct Running {
    control: Control,
    fake: Arc<Fake>,
    plane: RestPlane,
}

fn deploy(control: &Control, text: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, text).unwrap();
    let model = load(&path, &LoadOptions::default()).unwrap().model;
    control.declare_log_groups(&model.log_groups)?;
    control.declare_topics(&model)?;
    control.declare_alarms(&model.alarms)
}

fn start() -> Running {
    let fake = Fake::new([("f", ok()), ("teller", ok())]);
    let gateway: Gateway = fake.gateway();
    let control = Control::open(None, gateway.clone(), Arc::default()).unwrap();
    let stage = Stage { stage_name: "prod".to_owned(), ..Stage::default() };
    let plane = RestPlane::new("users", gateway).with_stage(compile(&api(), &stage).unwrap());
    Running { control, fake, plane }
}

impl Running {
    async fn get(&self, path: &str) -> u16 {
        crate::rest::serve(&self.plane, path, request("GET", path, &[])).await.status().as_u16()
    }

    /// Moves the clock to the next minute and waits for the alarm's state.
    async fn becomes(&self, name: &str, value: &str) {
        self.control.clock().advance(Duration::from_secs(60));
        loop {
            let target = "GraniteServiceVersion20100801.DescribeAlarms";
            let (_, found) = call(&self.control, "monitoring", target, json!({"AlarmNames": [name]})).await;
            if found["MetricAlarms"][0]["StateValue"] == value {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn publications(&self) -> Vec<Value> {
        self.control.sns_outbox()["publications"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn requests_that_fail_make_an_alarm_that_mails_and_calls() {
    let running = start();
    deploy(&running.control, TEMPLATE).unwrap();
    running.fake.answer("f", Answer::Fails("broken"));
    for _ in 0..3 {
        assert_eq!(running.get("/prod/").await, 502);
    }
    running.becomes("failing", "ALARM").await;
    let told = &running.publications()[0];
    assert_eq!(told["subject"], "ALARM: \"failing\" in US East (N. Virginia)");
    let message: Value = serde_json::from_str(told["message"].as_str().unwrap()).unwrap();
    assert_eq!((&message["NewStateValue"], &message["Trigger"]["MetricName"]), (&json!("ALARM"), &json!("5XXError")));
    let mail = &told["deliveries"][0];
    assert_eq!(
        (&mail["protocol"], &mail["endpoint"], &mail["outcome"]),
        (&json!("email"), &json!("ops@example.com"), &json!("kept"))
    );
    while running.fake.count("teller") == 0 {
        tokio::task::yield_now().await;
    }
    let event = running.fake.event("teller");
    assert_eq!(event["Records"][0]["EventSource"], "aws:sns");
    assert_eq!(event["Records"][0]["Sns"]["Message"], told["message"]);

    // Two minutes in which nothing comes are not yet enough: the last value is still the newest that there is.
    running.control.clock().advance(Duration::from_secs(120));
    running.becomes("failing", "OK").await;
    assert_eq!(running.publications()[0]["subject"], "OK: \"failing\" in US East (N. Virginia)");

    // Two of three refused: an expression of two metrics.
    running.fake.answer("f", ok());
    for (path, status) in [("/prod/", 200), ("/prod/none", 403), ("/prod/none", 403)] {
        assert_eq!(running.get(path).await, status);
    }
    running.becomes("refused", "ALARM").await;
}

#[tokio::test]
async fn what_a_template_declares_no_more_goes_and_what_it_keeps_stays_as_it_is() {
    let running = start();
    deploy(&running.control, TEMPLATE).unwrap();
    running.fake.answer("f", Answer::Fails("broken"));
    running.get("/prod/").await;
    running.get("/prod/").await;
    running.becomes("failing", "ALARM").await;
    deploy(&running.control, TEMPLATE).unwrap();
    let described = async || {
        let target = "GraniteServiceVersion20100801.DescribeAlarms";
        call(&running.control, "monitoring", target, json!({})).await.1["MetricAlarms"].clone()
    };
    let alarms = described().await;
    assert_eq!(alarms.as_array().unwrap().len(), 2);
    assert_eq!(alarms[0]["StateValue"], "ALARM", "a reload evaluates nothing anew");
    let groups = async || {
        call(&running.control, "logs", "Logs_20140328.DescribeLogGroups", json!({})).await.1["logGroups"].clone()
    };
    assert_eq!(groups().await[0]["retentionInDays"], 7);
    deploy(&running.control, &TEMPLATE.replace("RetentionInDays: 7", "RetentionInDays: 30")).unwrap();
    assert_eq!(groups().await[0]["retentionInDays"], 30);
    deploy(&running.control, "Resources: { Other: { Type: AWS::SNS::Topic } }").unwrap();
    assert_eq!((described().await, groups().await), (json!([]), json!([])));
    let error = deploy(&running.control, &TEMPLATE.replace("RetentionInDays: 7", "RetentionInDays: 8")).unwrap_err();
    assert!(error.starts_with("log group /kept: RetentionInDays is 8, not one of 1, 3"), "{error}");
    let error = deploy(&running.control, &TEMPLATE.replace("Statistic: Sum", "Unit: Count")).unwrap_err();
    assert_eq!(error, "alarm failing: Must specify either Statistic or ExtendedStatistic");
}
