"""Caching and Performance: what is set on a stage is read back as set, and traffic goes on."""

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
