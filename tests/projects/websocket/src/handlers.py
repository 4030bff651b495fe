import json


def connect(event, context):
    allowed = (event.get("queryStringParameters") or {}).get("key") == "let-me-in"
    return {"statusCode": 200 if allowed else 403}


def disconnect(event, context):
    return {"statusCode": 200}


def echo(event, context):
    return {"statusCode": 200, "body": json.dumps({"echo": json.loads(event["body"])["text"]})}
