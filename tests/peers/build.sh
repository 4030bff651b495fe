#!/usr/bin/env bash
# The AWS CLI builds, calls and deletes a function behind a REST, an HTTP and a WebSocket API: `build`, `delete`.
set -euo pipefail
rest() { aws apigateway "$@" --output text; }
v2() { aws apigatewayv2 "$@" --output text; }

build() {
  local arn uri api root resource method http socket integration route said
  arn=$(aws lambda create-function --function-name hello --runtime python3.12 --handler main.handler \
    --zip-file "fileb://$FUNCTION_ZIP" --role arn:aws:iam::000000000000:role/hello --query FunctionArn --output text)
  aws lambda wait function-active-v2 --function-name hello
  said=$(mktemp)
  aws lambda invoke --function-name hello --payload '{}' "$said" >&2
  grep -q '"hello"' "$said"
  rm "$said"
  uri=arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/$arn/invocations

  api=$(rest create-rest-api --name rest --query id)
  root=$(rest get-resources --rest-api-id "$api" --query 'items[0].id')
  resource=$(rest create-resource --rest-api-id "$api" --parent-id "$root" --path-part hello --query id)
  method=(--rest-api-id "$api" --resource-id "$resource" --http-method GET)
  rest put-method "${method[@]}" --authorization-type NONE >&2
  rest put-integration "${method[@]}" --type AWS_PROXY --integration-http-method POST --uri "$uri" >&2
  rest create-deployment --rest-api-id "$api" --stage-name dev >&2

  http=$(v2 create-api --name http --protocol-type HTTP --query ApiId)
  integration=$(v2 create-integration --api-id "$http" --integration-type AWS_PROXY --integration-uri "$arn" \
    --payload-format-version 2.0 --query IntegrationId)
  v2 create-route --api-id "$http" --route-key 'GET /hello' --target "integrations/$integration" >&2
  v2 create-stage --api-id "$http" --stage-name '$default' --auto-deploy >&2

  socket=$(v2 create-api --name socket --protocol-type WEBSOCKET \
    --route-selection-expression '$request.body.action' --query ApiId)
  integration=$(v2 create-integration --api-id "$socket" --integration-type AWS_PROXY --integration-uri "$uri" \
    --query IntegrationId)
  route=$(v2 create-route --api-id "$socket" --route-key '$default' --target "integrations/$integration" \
    --route-response-selection-expression '$default' --query RouteId)
  v2 create-route-response --api-id "$socket" --route-id "$route" --route-response-key '$default' >&2
  v2 create-stage --api-id "$socket" --stage-name dev --auto-deploy >&2
  printf '{"rest":"%s","http":"%s","socket":"%s"}\n' "$api" "$http" "$socket"
}

delete() {
  local api rest=$1
  shift
  aws apigateway delete-rest-api --rest-api-id "$rest"
  for api in "$@"; do aws apigatewayv2 delete-api --api-id "$api"; done
  aws lambda delete-function --function-name hello >&2
  gone NotFoundException apigateway get-rest-api --rest-api-id "$rest"
  gone ResourceNotFoundException lambda get-function --function-name hello
}

gone() {
  local error=$1 said
  shift
  if said=$(aws "$@" 2>&1) || [[ $said != *"($error)"* ]]; then
    printf 'aws %s: %s\n' "$*" "$said" >&2
    return 1
  fi
}

case $1 in
  build) build ;;
  delete)
    # The ids, in the order in which `build` prints them.
    mapfile -t ids < <(grep -o '"[a-z0-9]*"[,}]' <<<"$2" | tr -d '",}')
    delete "${ids[@]}"
    ;;
esac
