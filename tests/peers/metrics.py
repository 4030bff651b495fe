"""What Prometheus's own client reads of GET /_ferrogate/metrics, after requests to an API that boto3 has built."""

import os
import urllib.error
import urllib.request

import boto3
from prometheus_client.parser import text_string_to_metric_families

endpoint = os.environ["AWS_ENDPOINT_URL"]
apigateway = boto3.client("apigateway")
api = apigateway.create_rest_api(name='the "users" API')["id"]
root = apigateway.get_resources(restApiId=api)["items"][0]["id"]
apigateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
apigateway.put_integration(
    restApiId=api, resourceId=root, httpMethod="GET", type="MOCK",
    requestTemplates={"application/json": '{"statusCode": 200}'},
)
apigateway.put_method_response(restApiId=api, resourceId=root, httpMethod="GET", statusCode="200")
apigateway.put_integration_response(restApiId=api, resourceId=root, httpMethod="GET", statusCode="200")
apigateway.create_deployment(restApiId=api, stageName="prod")


def get(path):
    try:
        return urllib.request.urlopen(f"{endpoint}/_aws/execute-api/{api}/prod{path}").status
    except urllib.error.HTTPError as error:
        return error.code


assert [get("/"), get("/"), get("/none")] == [200, 200, 403]

answer = urllib.request.urlopen(f"{endpoint}/_ferrogate/metrics")
assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8", answer.headers
families = {family.name: family for family in text_string_to_metric_families(answer.read().decode())}
labels = {"account": "000000000000", "region": "us-east-1", "api": 'the "users" API', "stage": "prod"}


def value(family, name, **more):
    samples = families[family].samples
    found = [sample.value for sample in samples if (sample.name, sample.labels) == (name, labels | more)]
    assert len(found) == 1, (name, samples)
    return found[0]


assert value("ferrogate_api_requests", "ferrogate_api_requests_total") == 3
assert value("ferrogate_api_client_errors", "ferrogate_api_client_errors_total") == 1
assert value("ferrogate_api_server_errors", "ferrogate_api_server_errors_total") == 0
latency = "ferrogate_api_latency_seconds"
assert value(latency, f"{latency}_count") == value(latency, f"{latency}_bucket", le="+Inf") == 3
assert families[latency].type == "histogram" and families["ferrogate_api_requests"].type == "counter"
assert all(family.documentation for family in families.values())
