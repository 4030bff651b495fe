//! A whole stack whose function is the test's, for the tests of what is before every API.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::{Ferrogate, Running};

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: fn/
      Events:
        Get:
          Type: Api
          Properties: {Path: /hello, Method: get}
        Any:
          Type: Api
          Properties: {Path: '/any/{proxy+}', Method: any}
  Chat:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: Chat, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Target:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Chat
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Chat, RouteKey: $connect, Target: !Sub 'integrations/${Target}'}
  Default:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Chat
      RouteKey: $default
      Target: !Sub 'integrations/${Target}'
      RouteResponseSelectionExpression: $default
  DefaultAnswer:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Chat, RouteId: !Ref Default, RouteResponseKey: $default}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Chat, StageName: dev, AutoDeploy: true}
"#;

/// A stack with a REST API (`serverlessrestapi`, stage `Prod`) and a WebSocket API (`chat`, stage `dev`).
pub(super) struct Stack {
    pub(super) running: Running,
    pub(super) events: mpsc::UnboundedReceiver<Value>,
    _folder: tempfile::TempDir,
}

impl Stack {
    /// Its function is this test's: events are shown, and answered with what they say.
    pub(super) async fn start() -> Stack {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("fn")).unwrap();
        std::fs::write(folder.path().join("fn/bootstrap"), "#!/bin/sh\n").unwrap();
        std::fs::write(folder.path().join("template.yaml"), TEMPLATE).unwrap();
        let (seen, events) = mpsc::unbounded_channel();
        let functions = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", functions.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (stream, _) = functions.accept().await.unwrap();
                let seen = seen.clone();
                let service = service_fn(move |request: http::Request<Incoming>| {
                    let seen = seen.clone();
                    async move {
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        seen.send(serde_json::from_slice(&body).unwrap()).unwrap();
                        let answer = json!({"statusCode": 200, "body": "from the function"}).to_string();
                        Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(Bytes::from(answer))))
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        let stack = Ferrogate::from_template(folder.path().join("template.yaml"));
        let stack = stack.port(0).ephemeral().watch(false).function_endpoint(endpoint);
        Stack { running: stack.start().await.unwrap(), events, _folder: folder }
    }

    pub(super) async fn tcp(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.running.port())).await.unwrap()
    }
}
