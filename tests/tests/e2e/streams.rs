//! DynamoDB's streams, as boto3 reads them and as functions get them.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Command;
use std::time::Duration;

use ferrogate::Ferrogate;
use ferrogate_tests::peers;
use ferrogate_tests::stack::Stack;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Port: { Type: String }
Resources:
  Things:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: things
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
      StreamSpecification: { StreamViewType: NEW_AND_OLD_IMAGES }
  Notify:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: notify
      Runtime: provided.al2023
      Timeout: 30
      Environment: { Variables: { PORT: !Ref Port } }
      Events:
        Written:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Things.StreamArn
            StartingPosition: TRIM_HORIZON
            FilterCriteria: { Filters: [{ Pattern: '{"eventName":["MODIFY"]}' }] }
"#;

/// A function that hands each event to the test.
const BOOTSTRAP: &str = r#"
import os, socket, urllib.request
runtime = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
while True:
    with direct.open(runtime + "next") as answer:
        request, event = answer.headers["Lambda-Runtime-Aws-Request-Id"], answer.read()
    with socket.create_connection(("127.0.0.1", int(os.environ["PORT"]))) as test:
        test.sendall(event)
    direct.open(runtime + request + "/response", data=b"null").close()
"#;

/// Uses the stream in every way that boto3 has, with its checks of parameters on, which is how it comes.
const CLIENT: &str = r#"
import json, sys
import boto3
from botocore.config import Config
settings = dict(endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="test",
                aws_secret_access_key="test", config=Config(proxies={}))
tables, streams = boto3.client("dynamodb", **settings), boto3.client("dynamodbstreams", **settings)
tables.put_item(TableName="things", Item={"id": {"S": "a"}, "n": {"N": "1"}})
tables.put_item(TableName="things", Item={"id": {"S": "a"}, "n": {"N": "2"}})
tables.delete_item(TableName="things", Key={"id": {"S": "a"}})

described = tables.describe_table(TableName="things")["Table"]
assert described["TableArn"] == "arn:aws:dynamodb:us-east-1:000000000000:table/things", described
listed = streams.list_streams(TableName="things")["Streams"]
assert [s["StreamArn"] for s in listed] == [described["LatestStreamArn"]], listed
arn = listed[0]["StreamArn"]
stream = streams.describe_stream(StreamArn=arn)["StreamDescription"]
assert stream["StreamStatus"] == "ENABLED" and stream["CreationRequestDateTime"].year > 2000, stream
(shard,) = stream["Shards"]

def read(**start):
    at = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], **start)["ShardIterator"]
    found = []
    while True:
        page = streams.get_records(ShardIterator=at, Limit=1)
        if not page["Records"]:
            return found
        found += page["Records"]
        at = page["NextShardIterator"]

records = read(ShardIteratorType="TRIM_HORIZON")
assert [r["eventName"] for r in records] == ["INSERT", "MODIFY", "REMOVE"], records
assert records[0]["dynamodb"]["ApproximateCreationDateTime"].year > 2000
numbers = [r["dynamodb"]["SequenceNumber"] for r in records]
assert numbers == sorted(numbers)
assert read(ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[1]) == records[2:]
assert read(ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=numbers[1]) == records[1:]
assert read(ShardIteratorType="LATEST") == []
streams.describe_stream(StreamArn=arn, ExclusiveStartShardId=shard["ShardId"], Limit=1)

try:
    streams.describe_stream(StreamArn=arn[:-23] + "2015-05-11T21:21:33.291")
    raise SystemExit("a stream that does not exist is described")
except streams.exceptions.ResourceNotFoundException:
    pass
try:
    tables.create_backup(TableName="things", BackupName="backup")
    raise SystemExit("a backup is made")
except tables.exceptions.ClientError as error:
    assert error.response["Error"]["Code"] == "UnknownOperationException", error.response
print(json.dumps(arn))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_a_stream_and_a_function_gets_its_records() {
    if std::env::var_os("FERROGATE_TEST_DYNAMODB").is_some() {
        // Streams elsewhere are read by whoever has them.
        return;
    }
    let Some(python) = peers::python_with("boto3", "pip install boto3") else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("notify")).unwrap();
    std::fs::write(folder.path().join("template.yaml"), TEMPLATE).unwrap();
    let mut bootstrap = std::fs::OpenOptions::new();
    bootstrap.write(true).create_new(true).mode(0o755);
    let mut bootstrap = bootstrap.open(folder.path().join("notify/bootstrap")).unwrap();
    write!(bootstrap, "#!{}\n{BOOTSTRAP}", python.display()).unwrap();
    drop(bootstrap);

    let events = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = events.local_addr().unwrap().port().to_string();
    let template = Ferrogate::from_template(folder.path().join("template.yaml"));
    let stack = Stack::with(template.port(0).ephemeral().watch(false).parameter("Port", port)).await;
    let endpoint = stack.endpoint();
    let client = tokio::task::spawn_blocking(move || Command::new(python).args(["-c", CLIENT, &endpoint]).output());
    let output = client.await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let arn: Value = serde_json::from_slice(&output.stdout).unwrap();

    let received = async {
        let (mut connection, _) = events.accept().await.unwrap();
        let mut event = Vec::new();
        connection.read_to_end(&mut event).await.unwrap();
        serde_json::from_slice::<Value>(&event).unwrap()
    };
    let event = tokio::time::timeout(Duration::from_secs(30), received).await.unwrap();
    let records = event["Records"].as_array().unwrap();
    assert_eq!(records.len(), 1, "the filter takes one: {event}");
    assert_eq!((&records[0]["eventName"], &records[0]["eventSourceARN"]), (&Value::from("MODIFY"), &arn));
    assert_eq!(records[0]["dynamodb"]["OldImage"]["n"]["N"], "1");
    stack.stop().await;
}
