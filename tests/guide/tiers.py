"""Q2: rate limits for tiers of customers."""

from guide import *

echo = function("Echo", ECHO)
api = Api("data")
api.method(apiKeyRequired=True)
api.integrate(echo)
api.deploy("production")
made = run("tier_plans", **api.names())
plans = {plan["name"]: plan for plan in apigateway.get_usage_plans()["items"]}
expect({name: (plan["quota"]["limit"], plan["throttle"]["rateLimit"]) for name, plan in plans.items()},
       {"FreePlan": (100, 1.0), "BasicPlan": (10000, 10.0), "PremiumPlan": (1000000, 1000.0)})
for plan in plans.values():
    expect(plan["apiStages"], [{"apiId": api.id, "stage": "production"}])
keys = {key["name"]: key["value"] for key in apigateway.get_api_keys(includeValues=True)["items"]}
expect(set(keys), {"Customer-Free-001", "Customer-Basic-002", "Customer-Premium-003"})
# The guide gives only the first customer a plan.
expect(curl(f"{api.url('production')}/data", x_api_key=keys["Customer-Free-001"])[0], 200)
expect(curl(f"{api.url('production')}/data", x_api_key=keys["Customer-Basic-002"])[0], 403)

# The authorizer that counts in a table, called by itself and by an API.
dynamodb.create_table(
    TableName="CustomerTiers", BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "apiKey", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "apiKey", "KeyType": "HASH"}],
)
for key, used in [("key-1", 0), ("key-2", 99)]:
    item = {"apiKey": {"S": key}, "customerId": {"S": "c-1"}, "tier": {"S": "free"}, "requestsToday": {"N": str(used)}}
    dynamodb.put_item(TableName="CustomerTiers", Item=item)


def used(key):
    return int(dynamodb.get_item(TableName="CustomerTiers", Key={"apiKey": {"S": key}})["Item"]["requestsToday"]["N"])


authorizer = function("TierAuthorizer", text("tier_authorizer"), "main.lambda_authorizer")
handler = function("Data", text("tier_authorizer"), "main.api_handler")
event = {"type": "TOKEN", "authorizationToken": "key-1", "methodArn": "arn:aws:execute-api:us-east-1:123456789012:a/b/GET/data"}
answer = lambda_client.invoke(FunctionName="TierAuthorizer", Payload=json.dumps(event))
assert "FunctionError" not in answer, answer["Payload"].read()
said = json.load(answer["Payload"])
expect((said["principalId"], said["context"]), ("c-1", {"tier": "free", "remainingQuota": 99}))
expect(used("key-1"), 1)
answer = lambda_client.invoke(FunctionName="TierAuthorizer", Payload=json.dumps({**event, "authorizationToken": "no key"}))
expect((answer["FunctionError"], json.load(answer["Payload"])["errorMessage"]), ("Unhandled", "Invalid API key"))

api = Api("data")
id = apigateway.create_authorizer(
    restApiId=api.id, name="Tiers", type="TOKEN", authorizerUri=invocations(authorizer),
    identitySource="method.request.header.Authorization", authorizerResultTtlInSeconds=0,
)["id"]
api.method(authorizationType="CUSTOM", authorizerId=id)
api.integrate(handler)
api.deploy()
for key, remaining in [("key-1", "98"), ("key-1", "97"), ("key-2", "0")]:
    status, headers, said = curl(f"{api.url()}/data", Authorization=key)
    expect((status, headers["X-RateLimit-Tier"], headers["X-RateLimit-Remaining"], said), (200, "free", remaining, {"data": "..."}))
for key in ["key-2", "no key"]:
    expect(curl(f"{api.url()}/data", Authorization=key)[0], 500)
expect((used("key-1"), used("key-2")), (3, 100))

# The alarm.
cloudwatch = boto3.client("cloudwatch")
run("quota_alarm", cloudwatch=cloudwatch)
(alarm,) = cloudwatch.describe_alarms(AlarmNames=["HighQuotaUsage"])["MetricAlarms"]
expect((alarm["MetricName"], alarm["Namespace"], alarm["Threshold"], alarm["Period"]), ("Count", "AWS/ApiGateway", 90000.0, 86400))
expect(alarm["AlarmActions"], ["arn:aws:sns:us-east-1:123456789012:api-alerts"])
expect({each["Name"]: each["Value"] for each in alarm["Dimensions"]}, {"ApiName": "MyAPI", "Stage": "production"})
