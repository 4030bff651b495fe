import base64
import json

from .prices import total


def lambda_handler(event, context):
    body = event["body"]
    if event["isBase64Encoded"]:
        body = base64.b64decode(body)
    try:
        answer = {"total": total(json.loads(body)["lines"]), "function": context.function_name}
    except KeyError as error:
        return {"statusCode": 400, "body": json.dumps({"message": f"unknown: {error.args[0]}"})}
    return {"statusCode": 201, "headers": {"Content-Type": "application/json"}, "body": json.dumps(answer)}
