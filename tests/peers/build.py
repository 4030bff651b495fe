"""boto3 builds, calls and deletes a function behind a REST, an HTTP and a WebSocket API: `build`, `delete`."""

import json
import os
import sys

import boto3

rest, v2, functions = boto3.client("apigateway"), boto3.client("apigatewayv2"), boto3.client("lambda")


def build():
    code = open(os.environ["FUNCTION_ZIP"], "rb").read()
    arn = functions.create_function(
        FunctionName="hello", Runtime="python3.12", Handler="main.handler", Code={"ZipFile": code},
        Role="arn:aws:iam::000000000000:role/hello",
    )["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName="hello")
    assert json.load(functions.invoke(FunctionName="hello", Payload="{}")["Payload"])["body"] == "hello"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"

    api = rest.create_rest_api(name="rest")["id"]
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    resource = rest.create_resource(restApiId=api, parentId=root, pathPart="hello")["id"]
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    rest.put_method(**method, authorizationType="NONE")
    rest.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    rest.create_deployment(restApiId=api, stageName="dev")

    http = v2.create_api(Name="http", ProtocolType="HTTP")["ApiId"]
    integration = v2.create_integration(
        ApiId=http, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    v2.create_route(ApiId=http, RouteKey="GET /hello", Target=f"integrations/{integration}")
    v2.create_stage(ApiId=http, StageName="$default", AutoDeploy=True)

    socket = v2.create_api(
        Name="socket", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    integration = v2.create_integration(ApiId=socket, IntegrationType="AWS_PROXY", IntegrationUri=uri)["IntegrationId"]
    route = v2.create_route(
        ApiId=socket, RouteKey="$default", Target=f"integrations/{integration}",
        RouteResponseSelectionExpression="$default",
    )["RouteId"]
    v2.create_route_response(ApiId=socket, RouteId=route, RouteResponseKey="$default")
    v2.create_stage(ApiId=socket, StageName="dev", AutoDeploy=True)
    print(json.dumps({"rest": api, "http": http, "socket": socket}))


def delete(ids):
    rest.delete_rest_api(restApiId=ids["rest"])
    for api in ("http", "socket"):
        v2.delete_api(ApiId=ids[api])
    functions.delete_function(FunctionName="hello")
    try:
        rest.get_rest_api(restApiId=ids["rest"])
        raise SystemExit("the REST API is still there")
    except rest.exceptions.NotFoundException:
        pass
    try:
        functions.get_function(FunctionName="hello")
        raise SystemExit("the function is still there")
    except functions.exceptions.ResourceNotFoundException:
        pass


if sys.argv[1] == "build":
    build()
else:
    delete(json.loads(sys.argv[2]))
