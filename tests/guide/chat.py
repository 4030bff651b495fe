"""Q3: the chat with rooms. Its handlers hold a conversation."""

import ast

from guide import *
from websockets.sync.client import connect

RESOURCE = boto3.resource("dynamodb")


def table(name, key, **more):
    attributes = [{"AttributeName": each, "AttributeType": kind} for each, kind in key + more.pop("indexed", [])]
    schema = [{"AttributeName": each, "KeyType": kind} for (each, _), kind in zip(key, ("HASH", "RANGE"))]
    return RESOURCE.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", AttributeDefinitions=attributes, KeySchema=schema, **more)


index = {"IndexName": "roomId-index", "KeySchema": [{"AttributeName": "roomId", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}
connections = table("Connections", [("connectionId", "S")], indexed=[("roomId", "S")], GlobalSecondaryIndexes=[index])
messages = table("Messages", [("roomId", "S"), ("timestamp", "N")])

# The data model: its items are items of these tables.
for each, item in zip((connections, messages), ast.parse(text("chat_items")).body, strict=True):
    item = ast.literal_eval(item.value)
    each.put_item(Item=item)
    key = {name["AttributeName"]: item[name["AttributeName"]] for name in each.key_schema}
    expect(each.get_item(Key=key)["Item"], item)
    each.delete_item(Key=key)

api = apigatewayv2.create_api(Name="Chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")["ApiId"]
for route, handler in [("$connect", "on_connect"), ("$disconnect", "on_disconnect"), ("sendMessage", "send_message")]:
    uri = invocations(function(handler, text("chat_handlers"), f"main.{handler}"))
    integration = apigatewayv2.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=uri)
    apigatewayv2.create_route(ApiId=api, RouteKey=route, Target=f"integrations/{integration['IntegrationId']}")
apigatewayv2.create_stage(ApiId=api, StageName="production", AutoDeploy=True)
url = f"{ENDPOINT.replace('http', 'ws', 1)}/_aws/execute-api/{api}/production"


def join(user, room="room-789"):
    return connect(f"{url}?userId={user}&roomId={room}")


def hear(who, **should):
    said = json.loads(who.recv(timeout=60))
    if should["type"] == "message":
        assert isinstance(said.pop("timestamp"), int)
    expect(said, should)


def say(who, message):
    who.send(json.dumps({"action": "sendMessage", "message": message}))


with join("alice") as alice, join("carol", "another") as carol:
    with join("bob") as bob:
        hear(alice, type="user_joined", userId="bob")
        say(alice, "Hello, everyone!")
        for who in (alice, bob):
            hear(who, type="message", userId="alice", message="Hello, everyone!")
        say(bob, "Hello, Alice!")
        for who in (alice, bob):
            hear(who, type="message", userId="bob", message="Hello, Alice!")
    hear(alice, type="user_left", userId="bob")
    # Carol, in another room, has heard nothing of it but herself.
    say(carol, "Nobody here")
    hear(carol, type="message", userId="carol", message="Nobody here")
until("$disconnect", lambda: connections.scan()["Count"] == 0)
stored = messages.scan()["Items"]
expect(sorted(item["message"] for item in stored), ["Hello, Alice!", "Hello, everyone!", "Nobody here"])
