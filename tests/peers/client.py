"""What the scripts beside this one share."""

import io
import json
import os
import urllib.error
import urllib.request
import zipfile

import boto3
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
ROLE = "arn:aws:iam::000000000000:role/example"
HELLO = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'hello'}\n"


def package(files):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        for name, text in files.items():
            writer.writestr(name, text)
    return archive.getvalue()


def refused(error, said, call, **arguments):
    """The call is refused with this error class, whose message holds this."""
    name = error if isinstance(error, str) else error.__name__
    try:
        call(**arguments)
    except ClientError as caught:
        code, message = caught.response["Error"]["Code"], caught.response["Error"]["Message"]
        kind = isinstance(caught, error) if not isinstance(error, str) else code == error
        assert kind and said in message, f"{call.__name__}: {type(caught).__name__} {code}: {message}"
        return caught.response
    raise AssertionError(f"{call.__name__} was not refused: {name}")


def create(functions, name, files={"main.py": HELLO}, **more):
    settings = {"Runtime": "python3.12", "Handler": "main.handler", "Role": ROLE, **more}
    return functions.create_function(FunctionName=name, Code={"ZipFile": package(files)}, **settings)


def get(path, **headers):
    request = urllib.request.Request(ENDPOINT + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, dict(answer.headers), answer.read().decode()


def rest_api(rest, function_arn, name="api", stage="dev"):
    """A REST API with GET /hello on a function."""
    api = rest.create_rest_api(name=name)["id"]
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    resource = rest.create_resource(restApiId=api, parentId=root, pathPart="hello")["id"]
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    rest.put_method(**method, authorizationType="NONE")
    uri = f"arn:aws:apigateway:{rest.meta.region_name}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
    rest.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    rest.create_deployment(restApiId=api, stageName=stage)
    return api
