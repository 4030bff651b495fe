"""Caching and Performance: what is set on a stage is read back as set, and holds in traffic."""

from guide import *

lambda_uri = invocations(function("GetUsers", ECHO))
api = Api()
api.method(requestParameters={"method.request.querystring.userId": False})
api.integrate(lambda_uri.split("functions/")[1].removesuffix("/invocations"))
api.deploy("production")


def stage():
    return apigateway.get_stage(restApiId=api.id, stageName="production")


run("response_caching", **api.names())
expect((stage()["cacheClusterEnabled"], stage()["cacheClusterSize"]), (True, "0.5"))
assert stage()["cacheClusterStatus"] in ("CREATE_IN_PROGRESS", "AVAILABLE"), stage()

run("cache_settings", lambda_uri=lambda_uri, **api.names())
integration = apigateway.get_integration(**api.of_method)
expect((integration["cacheKeyParameters"], integration["cacheNamespace"]),
       (["method.request.querystring.userId"], "users-cache"))
expect(stage()["methodSettings"]["~1users/GET"]["cacheTtlInSeconds"], 300)

run("cache_invalidation", **api.names())

run("throttling", **api.names())
settings = stage()["methodSettings"]
expect((settings["*/*"]["throttlingRateLimit"], settings["*/*"]["throttlingBurstLimit"]), (1000.0, 2000))
expect(settings["~1users/GET"]["throttlingRateLimit"], 500.0)
expect(settings["~1users/GET"]["cacheTtlInSeconds"], 300)

api.deploy("production")
status, _, said = curl(f"{api.url('production')}/users?userId=1")
expect((status, said["event"]["queryStringParameters"]), (200, {"userId": "1"}))

# What is cached is told by the requestId of the event that the function was sent: one for all who ask for the same.
if not stage()["methodSettings"]["~1users/GET"]["cachingEnabled"]:
    change = {"op": "replace", "path": "/~1users/GET/caching/enabled", "value": "true"}
    apigateway.update_stage(restApiId=api.id, stageName="production", patchOperations=[change])


def asked(query):
    status, _, said = curl(f"{api.url('production')}/users?{query}")
    expect(status, 200)
    return said["event"]["requestContext"]["requestId"]


first = asked("userId=7")
expect([asked("userId=7"), asked("userId=7&other=x")], [first, first])
assert asked("userId=8") != first
apigateway.flush_stage_cache(restApiId=api.id, stageName="production")
assert asked("userId=7") != first
