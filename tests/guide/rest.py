"""REST API Deep Dive."""

import http.server
import threading

from guide import *

USERS = """
import json

def lambda_handler(event, context):
    return {'statusCode': 200, 'body': json.dumps([{'id': '1', 'name': 'Alice'}, {'id': '2', 'name': 'Bob'}])}
"""

# Creating a REST API: the API is served, under the guide's own kind of address too.
function("GetUsers", USERS)
made = run("rest_api")
people = [{"id": "1", "name": "Alice"}, {"id": "2", "name": "Bob"}]
for address in [f"restapis/{made['api_id']}/dev/_user_request_", f"_aws/execute-api/{made['api_id']}/dev"]:
    status, _, said = curl(f"{ENDPOINT}/{address}/users")
    expect((status, said), (200, people))
assert made["invoke_url"].startswith(f"https://{made['api_id']}.execute-api.us-east-1."), made["invoke_url"]
assert apigateway.get_deployment(restApiId=made["api_id"], deploymentId=made["deployment"]["id"])

# Lambda proxy integration.
api = Api("users/{userId}")
api.method(requestParameters={"method.request.path.userId": True})
api.integrate(function("GetUser", text("proxy_handler")))
api.deploy()
status, headers, said = curl(f"{api.url()}/users/123?includeOrders=true", Authorization="Bearer token")
expect((status, said), (200, {"userId": "123", "name": "Alice"}))
expect((headers["Content-Type"], headers["Access-Control-Allow-Origin"]), ("application/json", "*"))

# Lambda custom integration: the function gets what the first template says, the client what the second makes of it.
api = Api("users/{userId}")
api.method(requestParameters={"method.request.path.userId": True})
api.response()
lambda_uri = invocations(function("Custom", "def lambda_handler(event, context):\n    return {'got': event}\n"))
run("custom_integration", lambda_uri=lambda_uri, **api.names())
api.deploy()
status, _, said = curl(f"{api.url()}/users/123")
expect((status, said), (200, {"user": {"got": {"userId": "123", "action": "get"}}}))


# HTTP integration.
class Backend(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"backend has {self.path}".encode())

    def log_message(self, *_):
        pass


backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
threading.Thread(target=backend.serve_forever, daemon=True).start()
api = Api("users/{userId}")
api.method(requestParameters={"method.request.path.userId": True})
api.response()
run("http_integration", **api.names())
expect(apigateway.get_integration(**api.of_method)["uri"], "https://api.example.com/users/{userId}")
apigateway.put_integration_response(**api.of_method, statusCode="200")
here = f"http://127.0.0.1:{backend.server_port}/users/{{userId}}"
apigateway.update_integration(**api.of_method, patchOperations=[{"op": "replace", "path": "/uri", "value": here}])
api.deploy()
status, _, said = curl(f"{api.url()}/users/123")
expect((status, said), (200, "backend has /users/123"))
backend.shutdown()

# Mock integration.
api = Api("status")
api.method()
api.response()
run("mock_integration", **api.names())
api.deploy()
status, _, said = curl(f"{api.url()}/status")
expect((status, said), (200, {"message": "API under maintenance"}))

# Request validation: what is invalid does not come as far as the function.
api = Api("users")
made = run("request_validation", **api.names())
expect(apigateway.get_request_validator(restApiId=api.id, requestValidatorId=made["validator"]["id"])["name"],
       "ValidateBodyAndParams")
expect(json.loads(apigateway.get_model(restApiId=api.id, modelName="UserModel")["schema"])["required"],
       ["username", "email"])
api.integrate(function("CreateUser", ECHO), "POST")
api.deploy()
valid = {"username": "alice", "email": "alice@example.com", "age": 18}
VALIDATED = [
    ({}, {"Authorization": "x"}, 200),
    ({"age": 17}, {"Authorization": "x"}, 400),
    ({"username": "al"}, {"Authorization": "x"}, 400),
    ({"username": None}, {"Authorization": "x"}, 400),
    ({}, {}, 400),
]
for change, headers, should in VALIDATED:
    body = json.dumps({**valid, **change})
    status, _, said = curl(f"{api.url()}/users", "POST", body, **headers, **{"Content-Type": "application/json"})
    expect(status, should)
    if should == 400 and change:
        expect(said["message"], "Invalid request body")
    elif should == 400:
        expect(said["message"], "Missing required request parameters: [Authorization]")
