"""What the scripts beside this one share: the guide's blocks, the functions that its ARNs name, a client.

A script is told by its environment where the blocks are (GUIDE_BLOCKS) and where Ferrogate is (AWS_ENDPOINT_URL).
"""

import io
import json
import os
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import boto3

BLOCKS = Path(os.environ["GUIDE_BLOCKS"])
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
ROLE = "arn:aws:iam::123456789012:role/example"

apigateway = boto3.client("apigateway")
apigatewayv2 = boto3.client("apigatewayv2")
lambda_client = boto3.client("lambda")
dynamodb = boto3.client("dynamodb")

ECHO = """
import json

def lambda_handler(event, context):
    said = {'event': event, 'function': context.invoked_function_arn}
    return {'statusCode': 200, 'headers': {'Content-Type': 'application/json'}, 'body': json.dumps(said)}
"""


def text(name):
    """A block's text, behind what it presumes: a file of its own."""
    return (BLOCKS / f"{name}.presumes.py").read_text() + (BLOCKS / f"{name}.py").read_text()


def run(name, **names):
    """Runs a block with the names that it takes from what stands before it, and returns all the names it leaves."""
    scope = {"boto3": boto3, "json": json, "apigateway": apigateway, **names}
    exec(compile((BLOCKS / f"{name}.py").read_text(), f"{name}.py", "exec"), scope)
    return scope


def function(name, code, handler="main.lambda_handler", aliases=()):
    """Creates a Python function, as the guide's own examples do, and returns its ARN."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("main.py", code)
    created = lambda_client.create_function(
        FunctionName=name, Runtime="python3.12", Role=ROLE, Handler=handler, Timeout=20,
        Code={"ZipFile": package.getvalue()},
    )
    lambda_client.get_waiter("function_active_v2").wait(FunctionName=name)
    for alias in aliases:
        version = lambda_client.publish_version(FunctionName=name, Description=alias)["Version"]
        lambda_client.create_alias(FunctionName=name, Name=alias, FunctionVersion=version)
    return created["FunctionArn"]


def invocations(function_arn):
    """The URI of an integration with a function."""
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function_arn}/invocations"


class Api:
    """A REST API with one resource, for the blocks that take `api_id` and `resource_id` from their context."""

    def __init__(self, path="users"):
        self.id = apigateway.create_rest_api(name=f"of {path}", endpointConfiguration={"types": ["REGIONAL"]})["id"]
        parent = apigateway.get_resources(restApiId=self.id)["items"][0]["id"]
        for part in path.split("/"):
            parent = apigateway.create_resource(restApiId=self.id, parentId=parent, pathPart=part)["id"]
        self.resource = parent
        self.of_method = {"restApiId": self.id, "resourceId": self.resource, "httpMethod": "GET"}

    def method(self, **more):
        apigateway.put_method(**{**self.of_method, "authorizationType": "NONE", **more})

    def response(self, status="200"):
        apigateway.put_method_response(**self.of_method, statusCode=status)

    def integrate(self, function_arn, method="GET"):
        apigateway.put_integration(
            **{**self.of_method, "httpMethod": method}, type="AWS_PROXY", integrationHttpMethod="POST",
            uri=invocations(function_arn),
        )

    def deploy(self, stage="dev", **more):
        return apigateway.create_deployment(restApiId=self.id, stageName=stage, **more)["id"]

    def names(self):
        return {"api_id": self.id, "resource_id": self.resource}

    def url(self, stage="dev"):
        return f"{ENDPOINT}/restapis/{self.id}/{stage}/_user_request_"


def curl(url, method="GET", body=None, **headers):
    """Sends a request: status, headers, body (read as JSON where it is). `x_api_key` is the header `x-api-key`."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, method=method, headers=headers, data=body and body.encode())
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        said = answer.read().decode()
    try:
        said = json.loads(said)
    except ValueError:
        pass
    return answer.status, answer.headers, said


def expect(was, should):
    assert was == should, f"\n  was    {was!r}\n  should {should!r}"


def until(what, condition):
    """Waits for an effect that comes by itself, such as a `$disconnect`."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.02)
