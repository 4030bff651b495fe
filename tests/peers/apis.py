"""Bad input to API Gateway's two control planes: boto3 sees AWS's errors, by class and message."""

from botocore import UNSIGNED
from botocore.config import Config

from client import *

rest, v2 = boto3.client("apigateway"), boto3.client("apigatewayv2")
errors = rest.exceptions

# Unknown ids, conflicts, what cannot be.
refused(errors.NotFoundException, "Invalid API identifier specified 000000000000:nosuchapi", rest.get_rest_api, restApiId="nosuchapi")
api = rest.create_rest_api(name="api")["id"]
root = rest.get_resources(restApiId=api)["items"][0]["id"]
users = rest.create_resource(restApiId=api, parentId=root, pathPart="users")["id"]
refused(errors.ConflictException, "Another resource with the same parent already has this name: users",
        rest.create_resource, restApiId=api, parentId=root, pathPart="users")
refused(errors.BadRequestException, "", rest.create_resource, restApiId=api, parentId=root, pathPart="a b")
refused(errors.NotFoundException, "Invalid Resource identifier specified", rest.put_method,
        restApiId=api, resourceId="nosuch", httpMethod="GET", authorizationType="NONE")
method = {"restApiId": api, "resourceId": users, "httpMethod": "GET"}
rest.put_method(**method, authorizationType="NONE")
refused(errors.ConflictException, "Method already exists for this resource", rest.put_method, **method, authorizationType="NONE")
refused(errors.BadRequestException, "No integration defined for method", rest.create_deployment, restApiId=api, stageName="dev")
uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations"
refused(errors.BadRequestException, "", rest.put_integration, **method, type="AWS_PROXY", uri=uri)
rest.put_integration(**method, type="MOCK")
rest.create_deployment(restApiId=api, stageName="dev")
refused(errors.NotFoundException, "Invalid Stage identifier specified", rest.get_stage, restApiId=api, stageName="none")
refused(errors.BadRequestException, "Invalid method setting path: /throttle/rateLimit", rest.update_stage, restApiId=api, stageName="dev",
        patchOperations=[{"op": "replace", "path": "/throttle/rateLimit", "value": "1"}])
deployment = rest.get_stage(restApiId=api, stageName="dev")["deploymentId"]
refused(errors.BadRequestException, "Active stages pointing to this deployment must be moved or deleted",
        rest.delete_deployment, restApiId=api, deploymentId=deployment)
refused(v2.exceptions.NotFoundException, "Invalid API identifier specified nosuchapi", v2.get_api, ApiId="nosuchapi")
socket = v2.create_api(Name="s", ProtocolType="HTTP")["ApiId"]
v2.create_route(ApiId=socket, RouteKey="GET /a")
refused(v2.exceptions.ConflictException, "already exists", v2.create_route, ApiId=socket, RouteKey="GET /a")

# Pagination: every one of them, once.
for number in range(7):
    rest.create_rest_api(name=f"page {number}")
pages = list(rest.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 3}))
names = [item["name"] for page in pages for item in page["items"]]
assert len(pages) == 3 and sorted(names) == ["api"] + [f"page {number}" for number in range(7)], (len(pages), names)

# Regions are apart.
elsewhere = boto3.client("apigateway", region_name="eu-west-1")
assert elsewhere.get_rest_apis()["items"] == []
refused(elsewhere.exceptions.NotFoundException, "", elsewhere.get_rest_api, restApiId=api)

# What is not here says so by name; what is not signed is not let in.
for service, operation, named in [
    ("glue", "get_databases", "glue GetDatabases"),
    ("sqs", "list_queues", "sqs ListQueues"),
    ("ec2", "describe_instances", "ec2 DescribeInstances"),
    ("autoscaling", "describe_policies", "autoscaling DescribePolicies"),
    ("iot", "list_things", "iot GET /things"),
    ("s3", "list_buckets", "s3 GET /"),
]:
    refused("UnknownOperationException", named, getattr(boto3.client(service), operation))
unsigned = boto3.client("apigateway", config=Config(signature_version=UNSIGNED))
refused("MissingAuthenticationTokenException", "Missing Authentication Token", unsigned.get_rest_apis)
status, headers, said = get("/restapis")
assert status == 403 and "Missing Authentication Token" in said, (status, said)
