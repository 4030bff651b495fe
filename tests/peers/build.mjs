// The JavaScript SDK builds, calls and deletes a function behind a REST, an HTTP and a WebSocket API: `build`, `delete`.

import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// Installed beside the other peers, not in this folder.
const load = createRequire(`${process.env.PEERS_NODE}/package.json`);
const { APIGateway } = load("@aws-sdk/client-api-gateway");
const { ApiGatewayV2 } = load("@aws-sdk/client-apigatewayv2");
const { Lambda, waitUntilFunctionActiveV2 } = load("@aws-sdk/client-lambda");
const [rest, v2, functions] = [new APIGateway(), new ApiGatewayV2(), new Lambda()];

async function build() {
  const { FunctionArn: arn } = await functions.createFunction({
    FunctionName: "hello", Runtime: "python3.12", Handler: "main.handler",
    Code: { ZipFile: readFileSync(process.env.FUNCTION_ZIP) }, Role: "arn:aws:iam::000000000000:role/hello",
  });
  await waitUntilFunctionActiveV2({ client: functions, maxWaitTime: 60 }, { FunctionName: "hello" });
  const { Payload } = await functions.invoke({ FunctionName: "hello", Payload: "{}" });
  assert.equal(JSON.parse(Payload.transformToString()).body, "hello");
  const uri = `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn}/invocations`;

  const { id: restApiId } = await rest.createRestApi({ name: "rest" });
  const { items: [{ id: parentId }] } = await rest.getResources({ restApiId });
  const { id: resourceId } = await rest.createResource({ restApiId, parentId, pathPart: "hello" });
  const method = { restApiId, resourceId, httpMethod: "GET" };
  await rest.putMethod({ ...method, authorizationType: "NONE" });
  await rest.putIntegration({ ...method, type: "AWS_PROXY", integrationHttpMethod: "POST", uri });
  await rest.createDeployment({ restApiId, stageName: "dev" });

  const { ApiId: http } = await v2.createApi({ Name: "http", ProtocolType: "HTTP" });
  const { IntegrationId } = await v2.createIntegration({
    ApiId: http, IntegrationType: "AWS_PROXY", IntegrationUri: arn, PayloadFormatVersion: "2.0",
  });
  await v2.createRoute({ ApiId: http, RouteKey: "GET /hello", Target: `integrations/${IntegrationId}` });
  await v2.createStage({ ApiId: http, StageName: "$default", AutoDeploy: true });

  const { ApiId: socket } = await v2.createApi({
    Name: "socket", ProtocolType: "WEBSOCKET", RouteSelectionExpression: "$request.body.action",
  });
  const integration = await v2.createIntegration({
    ApiId: socket, IntegrationType: "AWS_PROXY", IntegrationUri: uri,
  });
  const { RouteId } = await v2.createRoute({
    ApiId: socket, RouteKey: "$default", Target: `integrations/${integration.IntegrationId}`,
    RouteResponseSelectionExpression: "$default",
  });
  await v2.createRouteResponse({ ApiId: socket, RouteId, RouteResponseKey: "$default" });
  await v2.createStage({ ApiId: socket, StageName: "dev", AutoDeploy: true });
  console.log(JSON.stringify({ rest: restApiId, http, socket }));
}

async function remove(ids) {
  await rest.deleteRestApi({ restApiId: ids.rest });
  for (const ApiId of [ids.http, ids.socket]) await v2.deleteApi({ ApiId });
  await functions.deleteFunction({ FunctionName: "hello" });
  await assert.rejects(rest.getRestApi({ restApiId: ids.rest }), { name: "NotFoundException" });
  await assert.rejects(functions.getFunction({ FunctionName: "hello" }), { name: "ResourceNotFoundException" });
}

const [step, ids] = process.argv.slice(2);
await (step === "build" ? build() : remove(JSON.parse(ids)));
