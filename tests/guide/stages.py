"""API Stages and Deployment: one function, of which each stage calls the alias that its variables name."""

from guide import *

function("MyFunction", ECHO, aliases=["DEV", "PROD", "CANARY"])
other = function("Other", ECHO)
api = Api()
api.method()
api.integrate(other)
made = run("stage_variables", **api.names())


def variables(name):
    return apigateway.get_stage(restApiId=api.id, stageName=name)["variables"]


def called(name):
    status, _, said = curl(f"{api.url(name)}/users")
    expect(status, 200)
    return said


expect(variables("dev"), {"lambdaAlias": "DEV", "dbEndpoint": "dev-db.example.com", "cacheEnabled": "false"})
expect(variables("production"), {"lambdaAlias": "PROD", "dbEndpoint": "prod-db.example.com", "cacheEnabled": "true"})
# The integration was changed after both deployments: it shows with the next one only, as on AWS.
assert called("dev")["function"].endswith(":Other"), called("dev")
api.deploy("dev")
api.deploy("production")
for name, alias in [("dev", "DEV"), ("production", "PROD")]:
    said = called(name)
    assert said["function"].endswith(f":MyFunction:{alias}"), said["function"]
    expect((said["event"]["requestContext"]["stage"], said["event"]["stageVariables"]["lambdaAlias"]), (name, alias))
expect(made["lambda_handler"]({"requestContext": {"stage": "dev"}}, None), None)

# A canary is made beside the stage's deployment, and promoted.
before = apigateway.get_stage(restApiId=api.id, stageName="production")["deploymentId"]
settings = {}


class Watched:
    """Looks at the canary, and calls it, before it is promoted."""

    def __getattr__(self, name):
        if name == "update_stage":
            settings.update(apigateway.get_stage(restApiId=api.id, stageName="production"))
            share("100.0")
            assert called("production")["function"].endswith(":MyFunction:CANARY")
            share("10.0")
        return getattr(apigateway, name)


def share(percent):
    change = {"op": "replace", "path": "/canarySettings/percentTraffic", "value": percent}
    apigateway.update_stage(restApiId=api.id, stageName="production", patchOperations=[change])


made = run("canary", **{**api.names(), "apigateway": Watched()})
canary = settings["canarySettings"]
expect(canary, {"percentTraffic": 10.0, "deploymentId": made["deployment"]["id"], "useStageCache": False,
                "stageVariableOverrides": {"lambdaAlias": "CANARY"}})
expect(settings["deploymentId"], before)
after = apigateway.get_stage(restApiId=api.id, stageName="production")
expect((after["deploymentId"], "canarySettings" in after), (made["deployment"]["id"], False))
assert called("production")["function"].endswith(":MyFunction:PROD")
