"""WebSocket APIs: the guide's program makes the API, its handlers hold a conversation."""

from guide import *
from websockets.sync.client import connect

dynamodb.create_table(
    TableName="WebSocketConnections", BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "connectionId", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "connectionId", "KeyType": "HASH"}],
)
for name, handler in [("OnConnect", "on_connect"), ("OnDisconnect", "on_disconnect"), ("SendMessage", "send_message")]:
    function(name, text("connection_management"), f"main.{handler}")
function("OnDefault", "def lambda_handler(event, context):\n    return {'statusCode': 200}\n")

made = run("websocket_api")
api = made["ws_api_id"]
expect(made["ws_url"], f"wss://{api}.execute-api.us-east-1.amazonaws.com/production")
expect({route["RouteKey"] for route in apigatewayv2.get_routes(ApiId=api)["Items"]}, set(made["routes"]))
url = f"{ENDPOINT.replace('http', 'ws', 1)}/_aws/execute-api/{api}/production"


def connections():
    return [item["connectionId"]["S"] for item in dynamodb.scan(TableName="WebSocketConnections")["Items"]]


def say(who, message):
    who.send(json.dumps({"action": "sendMessage", "message": message}))


def hear(who):
    return json.loads(who.recv(timeout=60))


with connect(url) as first:
    (first_id,) = connections()
    with connect(url) as second:
        (second_id,) = set(connections()) - {first_id}
        say(first, "Hello, everyone!")
        for who in (first, second):
            expect(hear(who), {"from": first_id, "message": "Hello, everyone!"})
        say(second, "Hello!")
        for who in (first, second):
            expect(hear(who), {"from": second_id, "message": "Hello!"})
        second.send("no json")
    until("$disconnect", lambda: connections() == [first_id])
    # A connection that ended without a word is found by the broadcast, which goes on and forgets it.
    dynamodb.put_item(TableName="WebSocketConnections", Item={"connectionId": {"S": second_id}})
    say(first, "Anybody there?")
    expect(hear(first), {"from": first_id, "message": "Anybody there?"})
    until("GoneException", lambda: connections() == [first_id])
until("$disconnect", lambda: connections() == [])
