//! Topics with their subscriptions, alarms and log groups.

use serde_json::json;

use super::*;

const TEMPLATE: &str = r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Alerts:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: Alerts
      Subscription:
        - { Protocol: email, Endpoint: ops@example.com }
        - { Protocol: sqs, Endpoint: 'arn:aws:sqs:us-east-1:000000000000:q' }
      Colour: blue
  Named:
    Type: AWS::SNS::Topic
    Properties: { TopicName: orders, Tags: [{ Key: k, Value: v }] }
  Hook:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Named
      Protocol: http
      Endpoint: http://localhost:9/hook
      FilterPolicy: { kind: [a] }
      RawMessageDelivery: true
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Named]
      PolicyDocument: { Version: '2012-10-17', Statement: [] }
  Foreign:
    Type: AWS::SNS::Subscription
    Properties: { TopicArn: 'arn:aws:sns:us-east-1:000000000000:elsewhere', Protocol: email, Endpoint: a@b.c }
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: teller
      CodeUri: fn
      Handler: bootstrap
      Runtime: provided.al2023
      Events:
        Told: { Type: SNS, Properties: { Topic: !Ref Named, FilterPolicy: { kind: [b] } } }
        Queued: { Type: SNS, Properties: { Topic: !Ref Named, SqsSubscription: true } }
  Failing:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmDescription: too many errors
      Namespace: AWS/ApiGateway
      MetricName: 5XXError
      Dimensions: [{ Name: ApiName, Value: users }, { Name: Stage, Value: prod }]
      ExtendedStatistic: p99
      Period: '60'
      EvaluationPeriods: 3
      DatapointsToAlarm: '2'
      Threshold: 1.5
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: notBreaching
      AlarmActions: [!Ref Alerts]
      OKActions: [!Ref Alerts]
  Rate:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: rate
      Metrics:
        - { Id: e, Expression: m*100 }
        - Id: m
          ReturnData: 'false'
          MetricStat: { Metric: { Namespace: N, MetricName: x }, Period: '60', Stat: Sum }
      EvaluationPeriods: 1
      Threshold: 5
      ComparisonOperator: GreaterThanThreshold
  Both:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties: { AlarmName: both, AlarmRule: 'ALARM(rate)' }
  Board:
    Type: AWS::CloudWatch::Dashboard
    Properties: { DashboardBody: '{}' }
  AccessLogs:
    Type: AWS::Logs::LogGroup
    Properties: { LogGroupName: /api/access, RetentionInDays: 14 }
Outputs:
  Topic: { Value: !Ref Alerts }
  TopicName: { Value: !GetAtt Named.TopicName }
  Subscription: { Value: !Ref Hook }
  Alarm: { Value: !Ref Failing }
  AlarmArn: { Value: !GetAtt Failing.Arn }
  Group: { Value: !GetAtt AccessLogs.Arn }
";

#[test]
fn topics_have_their_subscriptions_and_policies() {
    let loaded = Stack::new().load(TEMPLATE);
    let model = &loaded.model;
    let (alerts, orders) =
        ("arn:aws:sns:us-east-1:000000000000:stack-Alerts", "arn:aws:sns:us-east-1:000000000000:orders");
    assert_eq!((output(&loaded, "Topic"), output(&loaded, "TopicName")), (alerts, "orders"));
    assert_eq!(model.topics[alerts].attributes["DisplayName"], "Alerts");
    assert_eq!(model.topics[orders].tags["k"], "v");
    assert_eq!(
        model.topics[orders].attributes["Policy"],
        json!({"Version": "2012-10-17", "Statement": []}).to_string()
    );
    let of = |topic: &str| -> Vec<_> {
        let of_it = model.subscriptions.values().filter(|subscription| subscription.topic_arn == topic);
        of_it.map(|subscription| (subscription.protocol.as_str(), subscription.endpoint.as_str())).collect()
    };
    assert_eq!(of(alerts), [("email", "ops@example.com")]);
    let function = "arn:aws:lambda:us-east-1:000000000000:function:teller";
    assert_eq!(of(orders), [("http", "http://localhost:9/hook"), ("lambda", function)]);
    let hook = &model.subscriptions[output(&loaded, "Subscription")];
    assert_eq!(
        serde_json::to_value(&hook.attributes).unwrap(),
        json!({"FilterPolicy": "{\"kind\":[\"a\"]}", "RawMessageDelivery": "true"})
    );
    assert_eq!(
        unsupported(&loaded),
        [
            "Alerts Subscription.1 line 10",
            "Alerts Colour line 11",
            "Foreign TopicArn line 30",
            "Fn Events.Queued.Properties line 40",
            "Both line 69",
        ]
    );
}

#[test]
fn alarms_and_log_groups_are_as_they_are_written() {
    let loaded = Stack::new().load(TEMPLATE);
    let alarm = &loaded.model.alarms[output(&loaded, "Alarm")];
    assert_eq!(output(&loaded, "AlarmArn"), alarm.alarm_arn);
    assert_eq!(alarm.alarm_arn, "arn:aws:cloudwatch:us-east-1:000000000000:alarm:stack-Failing");
    assert_eq!(
        (alarm.extended_statistic.as_deref(), alarm.period, alarm.threshold),
        (Some("p99"), Some(60), Some(1.5))
    );
    assert_eq!((alarm.evaluation_periods, alarm.datapoints_to_alarm, alarm.actions_enabled), (3, Some(2), true));
    assert_eq!(alarm.alarm_actions, ["arn:aws:sns:us-east-1:000000000000:stack-Alerts"]);
    assert_eq!(alarm.dimensions.iter().map(|d| d.value.as_str()).collect::<Vec<_>>(), ["users", "prod"]);
    let rate = &loaded.model.alarms["rate"];
    assert_eq!(rate.metrics[1]["MetricStat"]["Period"], 60);
    assert_eq!(rate.metrics[1]["ReturnData"], false);
    let group = &loaded.model.log_groups["/api/access"];
    assert_eq!(group.retention_in_days, Some(14));
    assert_eq!(output(&loaded, "Group"), "arn:aws:logs:us-east-1:000000000000:log-group:/api/access:*");
}

#[test]
fn an_endpoint_must_fit_its_protocol() {
    let errors = Stack::new().errors(
        r"
Resources:
  T: { Type: AWS::SNS::Topic }
  A: { Type: AWS::SNS::Subscription, Properties: { TopicArn: !Ref T, Protocol: https, Endpoint: 'http://localhost' } }
  B: { Type: AWS::SNS::Subscription, Properties: { TopicArn: !Ref T, Protocol: pigeon, Endpoint: x } }
",
    );
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("A.Endpoint is 'http://localhost', which is no endpoint for https"), "{}", errors[0]);
    assert!(errors[1].contains("B.Protocol must be one of"), "{}", errors[1]);
}
