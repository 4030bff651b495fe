//! Event source mappings, from CloudFormation's resource and from SAM's events.

use crate::model::{EventSourceMapping, Filter, FilterCriteria, StartingPosition};

use super::*;

const STACK: &str = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Messages:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: messages
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
      StreamSpecification: { StreamViewType: NEW_IMAGE }
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: fn
      Runtime: provided.al2023
      Events:
        Written:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Messages.StreamArn
            StartingPosition: TRIM_HORIZON
            BatchSize: 10
            MaximumRetryAttempts: 5
            FunctionResponseTypes: [ReportBatchItemFailures]
            FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT"]}' }] }
            DestinationConfig: { OnFailure: { Type: SNS, Destination: arn:aws:sns:us-east-1:000000000000:t } }
        Other: { Type: SQS, Properties: { Queue: arn:q } }
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Fn
      EventSourceArn: !GetAtt Messages.StreamArn
      StartingPosition: LATEST
      Enabled: false
      BisectBatchOnFunctionError: true
      MaximumRecordAgeInSeconds: 60
      Tags: []
  Queue:
    Type: AWS::Lambda::EventSourceMapping
    Properties: { FunctionName: !Ref Fn, EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:q' }
Outputs:
  Mapping: { Value: !Ref Mapping }
"#;

#[test]
fn mappings_have_what_the_template_says_and_awss_defaults() {
    let loaded = Stack::new().load(STACK);
    let mappings: Vec<&EventSourceMapping> = loaded.model.event_source_mappings.values().collect();
    let [written, mapping] = mappings.as_slice() else { panic!("{mappings:#?}") };
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/messages/stream/1970-01-01T00:00:00.000";
    let function = "arn:aws:lambda:us-east-1:000000000000:function:Fn";
    let mut expected = EventSourceMapping::new(&written.uuid, arn, function, StartingPosition::TrimHorizon);
    expected.batch_size = 10;
    expected.maximum_retry_attempts = 5;
    expected.function_response_types = vec!["ReportBatchItemFailures".to_owned()];
    let pattern = r#"{"eventName":["INSERT"]}"#.to_owned();
    expected.filter_criteria = Some(FilterCriteria { filters: vec![Filter { pattern }] });
    expected.destination_config.clone_from(&written.destination_config);
    assert_eq!(**written, expected);
    let destination = written.destination_config.clone().unwrap().on_failure.unwrap().destination;
    assert_eq!(destination.as_deref(), Some("arn:aws:sns:us-east-1:000000000000:t"));

    assert_eq!(mapping.uuid, output(&loaded, "Mapping"));
    assert_eq!((mapping.uuid.len(), mapping.function.as_str()), (36, "Fn"));
    assert_eq!((mapping.enabled, mapping.starting_position), (false, StartingPosition::Latest));
    assert!(mapping.bisect_batch_on_function_error && mapping.maximum_record_age_in_seconds == 60);
    assert_eq!(
        unsupported(&loaded),
        [
            "Fn Events.Written.Properties.DestinationConfig.OnFailure line 27",
            "Fn Events.Other line 28",
            "Queue line 41"
        ]
    );
}

#[test]
fn broken_mappings_say_why() {
    for (from, to, expected) in [
        ("Messages.StreamArn\n            Start", "Messages.Arn\n            Start", "must be the ARN of a stream"),
        ("StartingPosition: LATEST", "StartingPosition: AT_TIMESTAMP", "must be one of LATEST, TRIM_HORIZON"),
        ("StartingPosition: LATEST\n", "X: 1\n", "Mapping needs `StartingPosition`"),
        ("BatchSize: 10", "BatchSize: 0", "must be a whole number from 1 to 10000"),
        ("MaximumRetryAttempts: 5", "MaximumRetryAttempts: -2", "must be -1 or a whole number from 0 to 10000"),
        ("[ReportBatchItemFailures]", "[Everything]", "has ReportBatchItemFailures or nothing"),
        (r#"{"eventName":["INSERT"]}"#, r#"{"eventName":"INSERT"}"#, "is no filter pattern: eventName"),
    ] {
        let errors = Stack::new().errors(&STACK.replace(from, to));
        assert!(errors.iter().any(|error| error.contains(expected)), "{from}: {errors:#?}");
    }
}

#[test]
fn a_mapping_of_a_function_that_is_not_run_is_listed() {
    let loaded = Stack::new().load(&STACK.replace("CodeUri: fn", "CodeUri: s3://bucket/key"));
    assert!(loaded.model.event_source_mappings.is_empty());
    let said = loaded.unsupported.iter().filter(|u| u.to_string().contains("no records are read for it")).count();
    assert_eq!(said, 2);
}
