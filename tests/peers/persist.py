"""`build` makes an API and a function; `call` uses them after a restart; `storm` creates until it is cut off; `count`
says whether all that was acknowledged is there."""

import sys

from client import *

rest, v2, functions = boto3.client("apigateway"), boto3.client("apigatewayv2"), boto3.client("lambda")


def build():
    arn = create(functions, "hello")["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName="hello")
    api = rest_api(rest, arn)
    http = v2.create_api(Name="http", ProtocolType="HTTP", Target=arn)["ApiId"]
    assert get(f"/_aws/execute-api/{api}/dev/hello")[::2] == (200, "hello")
    boto3.client("dynamodb").create_table(
        TableName="things", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    boto3.client("iam").create_role(RoleName="kept", AssumeRolePolicyDocument=policy)
    print(f"{api} {http}")


def call(api, http):
    assert rest.get_rest_api(restApiId=api)["name"] == "api"
    assert get(f"/_aws/execute-api/{api}/dev/hello")[::2] == (200, "hello")
    assert get(f"/_aws/execute-api/{http}/")[::2] == (200, "hello")
    assert functions.get_function(FunctionName="hello")["Configuration"]["State"] == "Active"
    assert boto3.client("dynamodb").list_tables()["TableNames"] == ["things"]
    assert boto3.client("iam").get_role(RoleName="kept")


def storm():
    arn = functions.get_function(FunctionName="hello")["Configuration"]["FunctionArn"]
    for number in range(10_000):
        print(f"api {rest_api(rest, arn, name=str(number))}", flush=True)
        if number % 4 == 0:
            create(functions, f"function-{number}")
            print(f"function function-{number}", flush=True)


def count():
    for line in sys.stdin:
        kind, name = line.split()
        if kind == "api":
            assert get(f"/_aws/execute-api/{name}/dev/hello")[::2] == (200, "hello"), name
        else:
            answer = functions.invoke(FunctionName=name)
            assert json.load(answer["Payload"]) == {"statusCode": 200, "body": "hello"}, name


globals()[sys.argv[1]](*sys.argv[2:])
