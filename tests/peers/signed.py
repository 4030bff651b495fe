"""botocore signs for AWS_IAM methods, routes, connects and @connections, in headers and in addresses, with odd encodings."""

import asyncio
import json
import urllib.error
import urllib.request

import boto3
import websockets
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from client import ENDPOINT, create, refused

ECHO = """
import json
def handler(event, context):
    return {'statusCode': 200, 'body': json.dumps(event)}
"""
REGION = "us-east-1"
OWNER = Credentials("test", "test")

rest, v2 = boto3.client("apigateway"), boto3.client("apigatewayv2")
iam, sts, functions = boto3.client("iam"), boto3.client("sts"), boto3.client("lambda")


def build():
    arn = create(functions, "echo", files={"main.py": ECHO})["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName="echo")
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    api = rest.create_rest_api(name="rest")["id"]
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    proxy = rest.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    method = {"restApiId": api, "resourceId": proxy, "httpMethod": "ANY"}
    rest.put_method(**method, authorizationType="AWS_IAM")
    rest.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    rest.create_deployment(restApiId=api, stageName="dev")

    web = v2.create_api(Name="web", ProtocolType="HTTP")["ApiId"]
    target = v2.create_integration(ApiId=web, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0")
    target = f"integrations/{target['IntegrationId']}"
    v2.create_route(ApiId=web, RouteKey="$default", AuthorizationType="AWS_IAM", Target=target)
    v2.create_stage(ApiId=web, StageName="$default", AutoDeploy=True)

    socket = v2.create_api(Name="socket", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")["ApiId"]
    target = v2.create_integration(ApiId=socket, IntegrationType="AWS_PROXY", IntegrationUri=uri)["IntegrationId"]
    for key, kind in [("$connect", "AWS_IAM"), ("$default", "NONE")]:
        more = {"RouteResponseSelectionExpression": "$default"} if key == "$default" else {}
        route = v2.create_route(ApiId=socket, RouteKey=key, AuthorizationType=kind, Target=f"integrations/{target}", **more)
    v2.create_route_response(ApiId=socket, RouteId=route["RouteId"], RouteResponseKey="$default")
    v2.create_stage(ApiId=socket, StageName="dev", AutoDeploy=True)
    return api, web, socket


def signed(path, method="GET", body=b"", headers={}, who=OWNER, presigned=None, service="execute-api", region=REGION):
    """A request to an API: its address and its headers."""
    request = AWSRequest(method, f"{ENDPOINT}/_aws/execute-api/{path}", headers=dict(headers), data=body)
    if presigned is None:
        SigV4Auth(who, service, region).add_auth(request)
    else:
        SigV4QueryAuth(who, service, region, expires=presigned).add_auth(request)
    return request.url, dict(request.headers.items())


def send(url, headers, method="GET", body=b""):
    request = urllib.request.Request(url, headers=headers, method=method, data=body or None)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read()), answer.headers
    except urllib.error.HTTPError as answer:
        return answer.code, json.loads(answer.read() or b"null"), answer.headers


def expect(found, wanted):
    assert found == wanted, f"{found!r} is not {wanted!r}"


# As they stand in an address; botocore signs them so.
PATHS = [
    "users",
    "users/",
    "a%2Fb/c%20d",
    "a+b/~c.d-e_f",
    "double%252Fencoded%25",
    "caf%C3%A9/%e2%82%ac",
    "(a)!*;:@&=$,",
    "users?a=1&b=2",
    "users?b=2&a=2&a=1&a=10",
    "users?empty=&none&=value",
    "users?a=1+2&b=1%202&c=1%2B2",
    "users?slash=/%2F%2f&tilde=~",
    "users?a-b=1&a=2&aB=3&A=4",
    "users?x=%C3%A9&y=%F0%9F%A6%80",
]


def methods_and_routes(api, web):
    for prefix, identity in [
        (f"{api}/dev", lambda event: event["requestContext"]["identity"]["userArn"]),
        (web, lambda event: event["requestContext"]["authorizer"]["iam"]["userArn"]),
    ]:
        for path in PATHS:
            for presigned in [None, 60]:
                status, event, _ = send(*signed(f"{prefix}/{path}", presigned=presigned))
                assert status == 200, (path, presigned, status, event)
                expect(identity(event), "arn:aws:iam::000000000000:root")
                assert "authorization" not in {name.lower() for name in event["headers"]}
        body = json.dumps({"text": "ünïcode"}).encode()
        kinds = {"Content-Type": "application/json"}
        for headers in [kinds, {**kinds, "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, {**kinds, "X-Odd": " a   b "}]:
            for method in ["POST", "PUT", "DELETE"]:
                url, all_headers = signed(f"{prefix}/x?q=%2F", method, body, headers)
                expect(send(url, all_headers, method, body)[0], 200)

        # What is altered on its way is refused.
        url, headers = signed(f"{prefix}/x?a=%2B&b=", "POST", body, kinds)
        expect(send(url, headers, "POST", body)[0], 200)
        for altered in [
            (url, headers, "PUT", body),
            (url, headers, "POST", body + b" "),
            (url.replace("%2B", "+"), headers, "POST", body),
            (url.replace("b=", "b=1"), headers, "POST", body),
            (url + "&c", headers, "POST", body),
            (url.replace("/x?", "/y?"), headers, "POST", body),
            (url, {**headers, "Content-Type": "text/plain"}, "POST", body),
            (url, {**headers, "X-Amz-Meta": "added"}, "POST", body),
            (url, {**headers, "X-HTTP-Method-Override": "DELETE"}, "POST", body),
        ]:
            expect(send(*altered)[0], 403)
        url, headers = signed(f"{prefix}/x?a=1", presigned=60)
        expect(send(url, headers)[0], 200)
        expect(send(url.replace("a=1", "a=2"), headers)[0], 403)
        expect(send(url.replace("Expires=60", "Expires=600"), headers)[0], 403)
        expect(send(url, headers, "DELETE")[0], 403)


def refusals(api, web):
    def said(**how):
        status, body, headers = send(*signed(f"{api}/dev/x", **how))
        expect(status, 403)
        expect(send(*signed(f"{web}/x", **how))[:2], (403, {"message": "Forbidden"}))
        return headers["x-amzn-ErrorType"], body.get("message")

    kind, message = said(who=Credentials("nobody", "test"))
    expect((kind, message), ("UnrecognizedClientException", "The security token included in the request is invalid."))
    kind, message = said(who=Credentials("test", "wrong"))
    assert kind == "InvalidSignatureException" and "The Canonical String for this request" in message, message
    kind, message = said(region="eu-west-1")
    expect((kind, message), ("InvalidSignatureException", "Credential should be scoped to a valid region, not 'eu-west-1'. "))
    kind, message = said(service="s3")
    expect(kind, "InvalidSignatureException")
    expect(send(f"{ENDPOINT}/_aws/execute-api/{api}/dev/x", {})[:2], (403, {"message": "Missing Authentication Token"}))
    expect(send(f"{ENDPOINT}/_aws/execute-api/{web}/x", {})[:2], (403, {"message": "Forbidden"}))


def callers(api, web):
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    ada = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    status, body, _ = send(*signed(f"{api}/dev/x", who=ada))
    expect(status, 403)
    masked = f"arn:aws:execute-api:{REGION}:********0000:{api}/dev/GET/x"
    user = "User: arn:aws:iam::000000000000:user/ada is not authorized to perform: execute-api:Invoke on resource:"
    why = "because no identity-based policy allows the execute-api:Invoke action"
    expect(body, {"Message": f"{user} {masked} {why}"})
    allow = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"arn:aws:execute-api:{REGION}:*:{api}/dev/GET/*"}
    policy = {"Version": "2012-10-17", "Statement": [allow]}
    iam.put_user_policy(UserName="ada", PolicyName="invoke", PolicyDocument=json.dumps(policy))
    status, event, _ = send(*signed(f"{api}/dev/x", who=ada))
    identity = event["requestContext"]["identity"]
    expect((status, identity["userArn"], identity["accessKey"]), (200, "arn:aws:iam::000000000000:user/ada", ada.access_key))
    expect(send(*signed(f"{web}/x", who=ada))[0], 403)
    used = iam.get_access_key_last_used(AccessKeyId=ada.access_key)
    expect((used["UserName"], used["AccessKeyLastUsed"]["ServiceName"]), ("ada", "execute-api"))

    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}}
    role = iam.create_role(RoleName="guest", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="guest", PolicyArn="arn:aws:iam::aws:policy/AmazonAPIGatewayInvokeFullAccess")
    given = sts.assume_role(RoleArn=role, RoleSessionName="today", DurationSeconds=900)["Credentials"]
    guest = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    for presigned in [None, 60]:
        status, event, _ = send(*signed(f"{web}/x", who=guest, presigned=presigned))
        caller = event["requestContext"]["authorizer"]["iam"]
        expect((status, caller["userArn"]), (200, "arn:aws:sts::000000000000:assumed-role/guest/today"))
        expect(send(*signed(f"{api}/dev/x", who=guest, presigned=presigned))[0], 200)
    expect(send(*signed(f"{api}/dev/x", who=Credentials(guest.access_key, guest.secret_key)))[0], 403)
    expect(send(*signed(f"{api}/dev/x", who=Credentials(guest.access_key, guest.secret_key, "other")))[0], 403)

    # Time: what was good is so no longer once the gateway's clock has gone on; what is signed for its time is.
    url, headers = signed(f"{api}/dev/x")
    expect(send(url, headers)[0], 200)
    advance(400)
    status, body, found = send(url, headers)
    expect((status, found["x-amzn-ErrorType"]), (403, "InvalidSignatureException"))
    assert body["message"].startswith("Signature expired: "), body
    # The machine's time is still good for whatever is no method of an API.
    sts.get_caller_identity()


def advance(seconds):
    body = json.dumps({"advanceSeconds": seconds}).encode()
    expect(send(f"{ENDPOINT}/_ferrogate/clock", {"Content-Type": "application/json"}, "POST", body)[0], 200)


async def sockets(socket):
    management = boto3.client("apigatewaymanagementapi", endpoint_url=f"{ENDPOINT}/_aws/execute-api/{socket}/dev")
    for path in [f"{socket}/dev", f"{socket}/dev?room=a%2Fb&room=&plus=1+2&none"]:
        for presigned in [None, 300]:
            url, headers = signed(path, presigned=presigned)
            url = url.replace("http://", "ws://", 1)
            async with websockets.connect(url, additional_headers=headers, proxy=None) as client:
                await client.send("{}")
                context = json.loads(await client.recv())["requestContext"]
                expect(context["identity"]["userArn"], "arn:aws:iam::000000000000:root")
                call = {"ConnectionId": context["connectionId"]}
                management.post_to_connection(**call, Data=b"hello")
                expect(await client.recv(), "hello")
                assert management.get_connection(**call)["ConnectedAt"]
                wrong = boto3.client(
                    "apigatewaymanagementapi",
                    endpoint_url=f"{ENDPOINT}/_aws/execute-api/{socket}/dev",
                    aws_secret_access_key="wrong",
                    aws_access_key_id="test",
                )
                refused("InvalidSignatureException", "does not match", wrong.post_to_connection, **call, Data=b"x")
                management.delete_connection(**call)
    url, headers = signed(f"{socket}/dev?user=ada", presigned=300)
    for address, all_headers in [
        (f"{ENDPOINT}/_aws/execute-api/{socket}/dev", {}),
        (url.replace("ada", "eve"), headers),
        signed(f"{socket}/dev", who=Credentials("test", "wrong")),
        signed(f"{socket}/dev", service="lambda"),
    ]:
        try:
            async with websockets.connect(
                address.replace("http://", "ws://", 1), additional_headers=all_headers, proxy=None
            ):
                raise SystemExit(f"{address} was let in")
        except websockets.InvalidStatus as refusal:
            expect(refusal.response.status_code, 403)


def other_keys():
    """Any other key is refused, and the error says how to mend it."""
    for key, secret, code in [("foo", "bar", "UnrecognizedClientException"), ("test", "bar", "InvalidSignatureException")]:
        keys = {"aws_access_key_id": key, "aws_secret_access_key": secret}
        refused(code, "AWS_ACCESS_KEY_ID=test", boto3.client("apigateway", **keys).get_rest_apis)
        refused(code, "--no-check-signatures", boto3.client("dynamodb", **keys).list_tables)
    presigned = boto3.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    request = urllib.request.Request(presigned)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        assert b":root</Arn>" in answer.read()


api, web, socket = build()
methods_and_routes(api, web)
refusals(api, web)
asyncio.run(sockets(socket))
other_keys()
callers(api, web)
