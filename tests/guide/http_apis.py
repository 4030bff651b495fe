"""HTTP APIs."""

from guide import *

# Creating HTTP API: the route is served, and browsers are answered without the function.
lambda_arn = function("GetUsers", ECHO)
made = run("http_api", lambda_arn=lambda_arn)
url = f"{ENDPOINT}/_aws/execute-api/{made['http_api_id']}/users"
status, headers, said = curl(url, Origin="https://example.com")
expect((status, said["event"]["version"], said["event"]["routeKey"]), (200, "2.0", "GET /users"))
expect(headers["Access-Control-Allow-Origin"], "https://example.com")
asks = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
status, headers, _ = curl(url, "OPTIONS", **asks)
expect((status, headers["Access-Control-Allow-Origin"], headers["Access-Control-Max-Age"]),
       (204, "https://example.com", "86400"))
expect(set(headers["Access-Control-Allow-Methods"].split(",")), {"GET", "POST", "PUT", "DELETE"})
expect(set(headers["Access-Control-Allow-Headers"].lower().split(",")), {"content-type", "authorization"})
expect(curl(url, Origin="https://example.org")[1]["Access-Control-Allow-Origin"], None)
expect(curl(url, "POST")[0], 404)
(integration,) = apigatewayv2.get_integrations(ApiId=made["http_api_id"])["Items"]
expect((integration["IntegrationId"], integration["PayloadFormatVersion"]), (made["integration_id"], "2.0"))

# Payload 2.0.
api = apigatewayv2.create_api(
    Name="users", ProtocolType="HTTP", RouteKey="GET /users/{userId}",
    Target=function("HttpGetUser", text("http_handler")),
)
status, headers, said = curl(f"{ENDPOINT}/_aws/execute-api/{api['ApiId']}/users/123?includeOrders=true")
expect((status, headers["Content-Type"], said), (200, "application/json", {"userId": "123"}))
