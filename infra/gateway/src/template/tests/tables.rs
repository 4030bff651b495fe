//! Tables, as `CreateTable` wants them.

use serde_json::json;

use super::*;

const TABLE: &str = r"
Resources:
  Messages:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - { AttributeName: room, AttributeType: S }
        - { AttributeName: at, AttributeType: N }
        - { AttributeName: user, AttributeType: S }
      KeySchema:
        - { AttributeName: room, KeyType: HASH }
        - { AttributeName: at, KeyType: RANGE }
      GlobalSecondaryIndexes:
        - IndexName: by-user
          KeySchema: [{ AttributeName: user, KeyType: HASH }]
          Projection: { ProjectionType: INCLUDE, NonKeyAttributes: [at] }
      LocalSecondaryIndexes:
        - IndexName: local
          KeySchema: [{ AttributeName: room, KeyType: HASH }, { AttributeName: user, KeyType: RANGE }]
          Projection: { ProjectionType: KEYS_ONLY }
      StreamSpecification: { StreamViewType: NEW_IMAGE }
      TimeToLiveSpecification: { AttributeName: ttl, Enabled: 'true' }
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }
      KinesisStreamSpecification: { StreamArn: arn:x }
      Tagz: []
Outputs:
  Arn: { Value: !GetAtt Messages.Arn }
";

#[test]
fn a_table_with_indexes_a_stream_and_a_ttl() {
    let loaded = Stack::new().load(TABLE);
    let table = &loaded.model.tables["stack-Messages"];
    assert_eq!(table.time_to_live_attribute.as_deref(), Some("ttl"));
    assert_eq!(
        table.create_table,
        json!({
            "TableName": "stack-Messages",
            "AttributeDefinitions": [
                {"AttributeName": "room", "AttributeType": "S"},
                {"AttributeName": "at", "AttributeType": "N"},
                {"AttributeName": "user", "AttributeType": "S"},
            ],
            "KeySchema": [{"AttributeName": "room", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [{
                "IndexName": "by-user",
                "KeySchema": [{"AttributeName": "user", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["at"]},
            }],
            "LocalSecondaryIndexes": [{
                "IndexName": "local",
                "KeySchema": [{"AttributeName": "room", "KeyType": "HASH"}, {"AttributeName": "user", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        })
    );
    assert_eq!(unsupported(&loaded), ["Messages KinesisStreamSpecification line 25", "Messages Tagz line 26"]);
    assert_eq!(output(&loaded, "Arn"), "arn:aws:dynamodb:us-east-1:000000000000:table/stack-Messages");
}

#[test]
fn a_simple_table() {
    let loaded = Stack::new().load(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Plain: { Type: AWS::Serverless::SimpleTable }\n  Keyed:\n    \
         Type: AWS::Serverless::SimpleTable\n    Properties: { TableName: keyed, PrimaryKey: { Name: n, Type: Number } }\n",
    );
    assert_eq!(
        loaded.model.tables["stack-Plain"].create_table,
        json!({"TableName": "stack-Plain", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"})
    );
    assert_eq!(loaded.model.tables["keyed"].create_table["AttributeDefinitions"][0]["AttributeType"], "N");
}

#[test]
fn broken_tables_say_why() {
    for (from, to, expected) in [
        (
            "KeyType: RANGE }\n      Global",
            "KeyType: SORT }\n      Global",
            "template.yaml:13:41: Messages.KeySchema.1.KeyType must be one of HASH, RANGE, not 'SORT'",
        ),
        (
            "        - { AttributeName: at, AttributeType: N }\n",
            "",
            "template.yaml:8:9: Messages: the key attribute 'at' is not in AttributeDefinitions",
        ),
        (
            "user, AttributeType: S }",
            "extra, AttributeType: S }",
            "template.yaml:10:11: Messages: the attribute 'extra' is defined and is no key of the table or an index",
        ),
        (
            "      BillingMode: PAY_PER_REQUEST\n",
            "",
            "template.yaml:6:7: Messages: needs `ProvisionedThroughput`, or `BillingMode: PAY_PER_REQUEST` on the table",
        ),
        (
            "KeySchema:\n        - { AttributeName: room",
            "KeySchemas:\n        - { AttributeName: room",
            "template.yaml:6:7: Messages needs `KeySchema`; it has 'KeySchemas'",
        ),
    ] {
        let errors = Stack::new().errors(&TABLE.replace(from, to));
        assert!(errors.contains(&expected.to_owned()), "{from}: {errors:#?}");
    }
}
