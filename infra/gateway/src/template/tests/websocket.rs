//! A WebSocket chat in the style of AWS's own samples: SAM for the functions, plain `AWS::ApiGatewayV2` for the API.

use crate::model::{FunctionCode, IntegrationType, ProtocolType};

use super::*;

const CHAT: &str = r#"
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Description: A chat
Parameters:
  TableName:
    Type: String
    Default: 'rooms'
    Description: (Required) The name of the new table.
    MinLength: 3
    MaxLength: 50
    AllowedPattern: ^[A-Za-z_]+$
    ConstraintDescription: 'Required. Letters and underscores only.'
Resources:
  ChatSocket:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: ChatSocket
      ProtocolType: WEBSOCKET
      RouteSelectionExpression: "$request.body.action"
  ConnectRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref ChatSocket
      RouteKey: $connect
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Gatekeeper
      OperationName: ConnectRoute
      Target: !Join
        - '/'
        - - 'integrations'
          - !Ref ConnectInteg
  ConnectInteg:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref ChatSocket
      Description: Connect Integration
      IntegrationType: AWS_PROXY
      IntegrationUri:
        Fn::Sub:
          arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${OnConnect.Arn}/invocations
  Gatekeeper:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref ChatSocket
      Name: gatekeeper
      AuthorizerType: REQUEST
      AuthorizerUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${OnConnect.Arn}/invocations
      IdentitySource: [route.request.querystring.token]
  PostRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref ChatSocket
      RouteKey: post
      Target: !Sub integrations/${PostInteg}
      RouteResponseSelectionExpression: $default
  PostInteg:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref ChatSocket
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${OnPost.Arn}/invocations
  PostResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties:
      ApiId: !Ref ChatSocket
      RouteId: !Ref PostRoute
      RouteResponseKey: $default
  Deployment:
    Type: AWS::ApiGatewayV2::Deployment
    DependsOn:
    - ConnectRoute
    - PostRoute
    Properties:
      ApiId: !Ref ChatSocket
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      StageName: Prod
      Description: Prod Stage
      DeploymentId: !Ref Deployment
      ApiId: !Ref ChatSocket
      StageVariables: { color: blue }
  RoomsTable:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions:
      - AttributeName: "connectionId"
        AttributeType: "S"
      KeySchema:
      - AttributeName: "connectionId"
        KeyType: "HASH"
      ProvisionedThroughput:
        ReadCapacityUnits: 5
        WriteCapacityUnits: "5"
      SSESpecification:
        SSEEnabled: True
      TableName: !Ref TableName
  OnConnect:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: fn/
      Handler: app.handler
      MemorySize: 256
      Runtime: provided.al2023
      Environment:
        Variables:
          TABLE_NAME: !Ref TableName
      Policies:
      - DynamoDBCrudPolicy:
          TableName: !Ref TableName
  OnPost:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: on-post } }
    Properties:
      CodeUri: on-post
      Runtime: provided.al2023
      Handler: bootstrap
      Architectures: [arm64]
      Environment:
        Variables:
          TABLE_NAME: !Ref RoomsTable
          ENDPOINT: !Sub "https://${ChatSocket}.execute-api.${AWS::Region}.${AWS::URLSuffix}/Prod"
      Policies:
      - Statement:
        - Effect: Allow
          Action: ['execute-api:ManageConnections']
          Resource: !Sub 'arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${ChatSocket}/*'
  OnConnectPermission:
    Type: AWS::Lambda::Permission
    DependsOn: [ChatSocket]
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref OnConnect
      Principal: apigateway.amazonaws.com
Outputs:
  OnConnectArn:
    Value: !GetAtt OnConnect.Arn
  Address:
    Description: "The WSS URI to connect to"
    Value: !Join [ '', [ 'wss://', !Ref ChatSocket, '.execute-api.', !Ref 'AWS::Region', '.amazonaws.com/', !Ref 'Stage'] ]
  RoleArn:
    Value: !GetAtt OnConnectRole.Arn
"#;

#[test]
fn a_sample_chat_loads_whole() {
    let loaded = Stack::new().file("on-post/Cargo.toml", "[package]\nname = \"x\"\n").load(CHAT);
    assert_eq!(unsupported(&loaded), [""; 0]);
    let api = &loaded.model.apis["chatsocket"];
    assert_eq!(api.protocol_type, ProtocolType::WebSocket);
    assert_eq!(api.route_selection_expression, "$request.body.action");
    let connect = &api.routes["connectroute"];
    assert_eq!(connect.route_key, "$connect");
    assert_eq!(connect.authorizer_id.as_deref(), Some("gatekeeper"));
    assert!(!connect.route_response);
    assert!(api.routes["postroute"].route_response, "response and selection expression make it two-way");
    let integration = &api.integrations["connectinteg"];
    assert_eq!(integration.integration_type, IntegrationType::AwsProxy);
    assert_eq!((integration.timeout_in_millis, integration.payload_format_version.as_str()), (29_000, "1.0"));
    assert_eq!(
        integration.integration_uri.as_deref(),
        Some(
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
             arn:aws:lambda:us-east-1:000000000000:function:OnConnect/invocations"
        )
    );
    let authorizer = &api.authorizers["gatekeeper"];
    assert_eq!(authorizer.identity_source, ["route.request.querystring.token"]);
    assert_eq!(authorizer.authorizer_result_ttl_in_seconds, 0, "WebSocket authorizers are not cached");
    assert_eq!(api.stages["Prod"].stage_variables["color"], "blue");

    let post = &loaded.model.functions["OnPost"];
    assert_eq!(post.environment["TABLE_NAME"], "rooms");
    assert_eq!(post.environment["ENDPOINT"], "https://chatsocket.execute-api.us-east-1.amazonaws.com/Prod");
    assert!(matches!(&post.code, FunctionCode::Cargo { binary, .. } if binary == "on-post"));
    assert_eq!(loaded.model.functions["OnConnect"].handler, "app.handler");
    assert_eq!(
        loaded.model.tables["rooms"].create_table["ProvisionedThroughput"],
        serde_json::json!({"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}),
        "numbers, however they are written"
    );
    assert_eq!(output(&loaded, "Address"), "wss://chatsocket.execute-api.us-east-1.amazonaws.com/Prod");
    assert_eq!(output(&loaded, "RoleArn"), "arn:aws:iam::000000000000:role/stack-OnConnectRole");
    assert_eq!(loaded.outputs[1].description.as_deref(), Some("The WSS URI to connect to"));
}

#[test]
fn half_a_two_way_route_is_one_way_and_said_so() {
    let text = CHAT.replace("      RouteResponseSelectionExpression: $default\n", "");
    let loaded = Stack::new().file("on-post/Cargo.toml", "[package]\nname = \"x\"\n").load(&text);
    assert!(!loaded.model.apis["chatsocket"].routes["postroute"].route_response);
    assert_eq!(unsupported(&loaded), ["PostRoute RouteResponseSelectionExpression line 50"]);
}

#[test]
fn routes_and_targets_must_fit() {
    let text =
        CHAT.replace("RouteKey: post", "RouteKey: $connect").replace("integrations/${PostInteg}", "integrations/x");
    let errors = Stack::new().file("on-post/Cargo.toml", "[package]\nname = \"x\"\n").errors(&text);
    assert_eq!(
        errors,
        [
            "template.yaml:50:3: the route '$connect' is declared a second time (first in line 21)",
            "template.yaml:55:15: PostRoute.Target names the integration 'x', which this API does not have",
        ]
    );
}

#[test]
fn a_template_with_any_line_missing_or_cut_is_answered() {
    let stack = Stack::new().file("on-post/Cargo.toml", "[package]\nname = \"x\"\n");
    let lines: Vec<&str> = CHAT.lines().collect();
    for gone in 0..lines.len() {
        let without: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, line)| *line).collect();
        for text in [without.join("\n"), lines[..gone].join("\n")] {
            fs::write(stack.path("template.yaml"), &text).unwrap();
            if let Err(errors) = load(&stack.path("template.yaml"), &stack.options) {
                assert!(!errors.0.is_empty(), "{text}");
                assert!(errors.0.iter().all(|error| error.line >= 1 && error.column >= 1), "{errors}");
            }
        }
    }
}
