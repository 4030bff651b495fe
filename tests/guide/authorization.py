"""Authentication and Authorization."""

import botocore.session

from guide import *

echo = function("Echo", ECHO)

# API keys: the plan is the key's, and the stage's; a method that asks for a key gets none without.
api = Api()
api.method(apiKeyRequired=True)
api.integrate(echo)
api.deploy()
made = run("api_keys", **api.names())
(key,) = apigateway.get_usage_plan_keys(usagePlanId=made["usage_plan"]["id"])["items"]
expect((key["id"], key["name"], key["type"]), (made["api_key"]["id"], "PartnerKey", "API_KEY"))
plan = apigateway.get_usage_plan(usagePlanId=made["usage_plan"]["id"])
expect((plan["throttle"], plan["quota"]), ({"rateLimit": 100.0, "burstLimit": 200}, {"limit": 10000, "offset": 0, "period": "MONTH"}))
expect(plan["apiStages"], [{"apiId": api.id, "stage": "dev"}])
value = apigateway.get_api_key(apiKey=key["id"], includeValue=True)["value"]
assert "value" not in apigateway.get_api_key(apiKey=key["id"])
for headers in [{}, {"x-api-key": "wrong"}]:
    expect(curl(f"{api.url()}/users", **headers)[0], 403)
expect(curl(f"{api.url()}/users", x_api_key=value)[0], 200)

# Lambda authorizers.
function("Authorizer", text("lambda_authorizer").split("# Attach authorizer to API")[0])
event = {"type": "TOKEN", "authorizationToken": "Bearer abc123", "methodArn": "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/GET/users"}
lambda_client.update_function_configuration(FunctionName="Authorizer", Handler="main.lambda_authorizer")
lambda_client.get_waiter("function_updated_v2").wait(FunctionName="Authorizer")
said = json.load(lambda_client.invoke(FunctionName="Authorizer", Payload=json.dumps(event))["Payload"])
expect(said["policyDocument"]["Statement"][0]["Resource"], event["methodArn"])
api = Api()
made = run("lambda_authorizer", **api.names())
expect(apigateway.get_authorizer(restApiId=api.id, authorizerId=made["authorizer"]["id"])["authorizerResultTtlInSeconds"], 300)
expect(apigateway.get_method(**api.of_method)["authorizerId"], made["authorizer"]["id"])
api.integrate(echo)
api.deploy()
status, _, said = curl(f"{api.url()}/users", Authorization="Bearer abc123")
context = said["event"]["requestContext"]["authorizer"]
expect((status, context["principalId"], context["userId"], context["role"]), (200, "user-123", "user-123", "admin"))
for headers in [{}, {"Authorization": "Bearer wrong"}]:
    status, _, said = curl(f"{api.url()}/users", **headers)
    expect((status, said), (401, {"message": "Unauthorized"}))

# Cognito: no pool of ours has signed anything, so that nobody comes in.
api = Api()
made = run("cognito_authorizer", **api.names())
(authorizer,) = apigateway.get_authorizers(restApiId=api.id)["items"]
expect((authorizer["type"], authorizer["authType"]), ("COGNITO_USER_POOLS", "cognito_user_pools"))
expect(authorizer["providerARNs"], ["arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_ABC123"])
api.method(authorizationType="COGNITO_USER_POOLS", authorizerId=authorizer["id"])
api.integrate(echo)
api.deploy()
for headers in [{}, {"Authorization": "Bearer abc123"}]:
    expect(curl(f"{api.url()}/users", **headers)[0], 401)

# IAM: an unsigned request is refused.
api = Api()


def deploy():
    api.integrate(echo)
    api.deploy()


credentials = botocore.session.get_session().get_credentials()
invoke_url = f"{ENDPOINT}/_aws/execute-api/{api.id}/dev"
made = run("iam_authorization", access_key=credentials.access_key, secret_key=credentials.secret_key,
           deploy=deploy, invoke_url=invoke_url, **api.names())
status, _, said = curl(f"{invoke_url}/users")
expect((status, said), (403, {"message": "Missing Authentication Token"}))
expect(made["response"].status_code, 200)
