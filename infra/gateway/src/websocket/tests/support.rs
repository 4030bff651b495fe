//! A server with one WebSocket API, and a client for it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::clock::Clock;
use crate::compile::websocket::Snapshot;
use crate::gateway::Gateway;
use crate::lambda::{Caller, Invocation, Invoke, InvokeError, InvokeRequest};
use crate::model::{Api, ApiIntegration, ApiStage, IntegrationType, ProtocolType, Route};
use crate::server::{ClientRequest, Headers, WebSocketPlane};
use crate::telemetry::Telemetry;
use crate::websocket::{Connections, connect, connections_api};

pub(super) type Outcome = Result<Invocation, InvokeError>;
pub(super) type Function = Arc<dyn Fn(Value) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// `SigV4` as far as anybody looks at it yet.
pub(super) const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=key/20261122/us-east-1/execute-api/aws4_request, \
                                 SignedHeaders=host;x-amz-date, Signature=00";

/// Functions by route key, and every event they got.
pub(super) struct Functions {
    by_key: Mutex<HashMap<String, Function>>,
    events: mpsc::UnboundedSender<Value>,
    callers: Mutex<Vec<Caller>>,
}

impl Functions {
    pub(super) fn set<F>(&self, key: &str, function: impl Fn(Value) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        self.by_key.lock().unwrap().insert(key.to_owned(), Arc::new(move |event| function(event).boxed()));
    }

    /// Who has called, in order.
    pub(super) fn callers(&self) -> Vec<Caller> {
        self.callers.lock().unwrap().clone()
    }
}

impl Invoke for Functions {
    fn invoke<'a>(&'a self, function: &'a str, request: InvokeRequest) -> BoxFuture<'a, Outcome> {
        let key = function.rsplit(':').next().unwrap();
        let event: Value = serde_json::from_slice(&request.payload).unwrap();
        let _ = self.events.send(event.clone());
        self.callers.lock().unwrap().extend(request.caller);
        let function = self.by_key.lock().unwrap().get(key).cloned();
        match function {
            Some(function) => function(event),
            None => async { answer(json!({ "statusCode": 200 })) }.boxed(),
        }
    }
}

pub(super) fn answer(result: Value) -> Outcome {
    Ok(Invocation { payload: result.to_string().into(), ..Invocation::default() })
}

/// A running server with the API `chatapi`, stage `production`.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) clock: Clock,
    pub(super) functions: Arc<Functions>,
    pub(super) connections: Arc<Connections>,
    pub(super) gateway: Gateway,
    pub(super) events: mpsc::UnboundedReceiver<Value>,
}

/// The API: `$connect`, `$disconnect`, `send` (one-way), `ask` (two-way), `web` (not Lambda), and what `change` makes of it.
pub(super) fn api(change: impl FnOnce(&mut Api)) -> Api {
    let route = |key: &str| Route {
        route_id: key.to_owned(),
        route_key: key.to_owned(),
        integration_id: Some(key.to_owned()),
        authorization_type: "NONE".to_owned(),
        route_response: key == "ask",
        ..Route::default()
    };
    let integration = |key: &str| ApiIntegration {
        integration_id: key.to_owned(),
        integration_type: if key == "web" { IntegrationType::HttpProxy } else { IntegrationType::AwsProxy },
        integration_uri: Some(format!("arn:aws:lambda:us-east-1:000000000000:function:{key}")),
        payload_format_version: "1.0".to_owned(),
        timeout_in_millis: 29_000,
        ..ApiIntegration::default()
    };
    let keys = ["$connect", "$disconnect", "send", "ask", "web"];
    let stage = ApiStage { stage_name: "production".to_owned(), ..ApiStage::default() };
    let mut api = Api {
        api_id: "chatapi".to_owned(),
        logical_id: None,
        name: "chat".to_owned(),
        protocol_type: ProtocolType::WebSocket,
        route_selection_expression: "$request.body.action".to_owned(),
        cors_configuration: None,
        routes: keys.iter().map(|key| ((*key).to_owned(), route(key))).collect(),
        integrations: keys.iter().map(|key| ((*key).to_owned(), integration(key))).collect(),
        authorizers: indexmap::IndexMap::new(),
        stages: [(stage.stage_name.clone(), stage)].into(),
        ..Api::default()
    };
    change(&mut api);
    api
}

/// All stages of an API, each compiled from this declaration.
pub(super) fn plane(api: &Api, gateway: &Gateway) -> Arc<WebSocketPlane> {
    let plane = WebSocketPlane::new(&*api.api_id, gateway.clone());
    let stages = api.stages.values();
    Arc::new(stages.fold(plane, |plane, stage| plane.with_stage(Snapshot::compile(api, stage).unwrap())))
}

impl Server {
    pub(super) async fn start() -> Server {
        Server::with(api(|_| {}), Connections::default()).await
    }

    pub(super) async fn with(api: Api, connections: Connections) -> Server {
        Server::beside(api, Arc::new(connections)).await
    }

    /// A server whose connections are in the same registry as others'.
    pub(super) async fn beside(api: Api, connections: Arc<Connections>) -> Server {
        let (sender, events) = mpsc::unbounded_channel();
        let functions = Arc::new(Functions { by_key: Mutex::default(), events: sender, callers: Mutex::default() });
        let clock = Clock::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let gateway = Gateway {
            iam: crate::authorize::Iam::default(),
            clock: clock.clone(),
            lambda: functions.clone(),
            region: "us-east-1".into(),
            account_id: "000000000000".into(),
            port: address.port(),
            telemetry: Telemetry::in_memory(&clock),
            limits: crate::throttle::Limits::default(),
            issuers: Default::default(),
            caches: Default::default(),
            chance: Default::default(),
            hosted: Default::default(),
        };
        let plane = plane(&api, &gateway);
        connections.publish(plane.clone());
        tokio::spawn(accept(listener, plane, connections.clone()));
        Server { address, clock, functions, connections, gateway, events }
    }

    /// Publishes a new deployment to the open connections.
    pub(super) fn publish(&self, api: &Api) {
        self.connections.publish(plane(api, &self.gateway));
    }

    pub(super) fn url(&self, rest: &str) -> String {
        format!("ws://{}{rest}", self.address)
    }

    pub(super) async fn connect(&self) -> Client {
        Client(connect_async(self.url("/production?userId=alice")).await.unwrap().0)
    }

    /// A refused connect: its status and body.
    pub(super) async fn refused(&self, rest: &str, headers: &[(&'static str, &str)]) -> (u16, String) {
        let mut request = self.url(rest).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Err(Error::Http(reply)) => {
                (reply.status().as_u16(), String::from_utf8(reply.into_body().unwrap_or_default()).unwrap())
            }
            other => panic!("{other:?}"),
        }
    }

    /// The next event of this type; others before it are let go.
    pub(super) async fn event(&mut self, event_type: &str) -> Value {
        let next = async {
            loop {
                let event = self.events.recv().await.unwrap();
                if event["requestContext"]["eventType"] == event_type {
                    return event;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), next).await.expect(event_type)
    }

    /// A plain HTTP request.
    pub(super) async fn http(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> http::Response<Bytes> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = http::Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = sender.send_request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
        let (parts, body) = reply.into_parts();
        http::Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }

    /// A signed call of the `@connections` API.
    pub(super) async fn call(&self, method: &str, id: &str, body: impl Into<Bytes>) -> http::Response<Bytes> {
        let path = format!("/production/@connections/{}", id.replace('=', "%3D").replace('/', "%2F"));
        self.http(method, &path, &[("authorization", SIGNED)], body).await
    }
}

async fn accept(listener: TcpListener, api: Arc<WebSocketPlane>, connections: Arc<Connections>) {
    loop {
        let (stream, peer) = listener.accept().await.unwrap();
        let (api, connections) = (api.clone(), connections.clone());
        let service = service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
            let (api, connections) = (api.clone(), connections.clone());
            async move {
                let upgrade = hyper::upgrade::on(&mut request);
                let (path, request) = client_request(request, peer.ip(), api.gateway.port).await;
                let reply = if path.contains("@connections") {
                    connections_api(&api, &connections, &path, request).await
                } else {
                    connect(&api, &connections, &path, request, upgrade).await
                };
                Ok::<_, Infallible>(reply.map(Full::new))
            }
        });
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection.with_upgrades());
    }
}

async fn client_request(
    request: http::Request<hyper::body::Incoming>,
    source_ip: IpAddr,
    port: u16,
) -> (String, ClientRequest) {
    let (parts, body) = request.into_parts();
    let headers =
        parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()));
    let request = ClientRequest {
        method: parts.method,
        raw_path: parts.uri.path().to_owned(),
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: Headers(headers.collect()),
        body: body.collect().await.unwrap().to_bytes(),
        source_ip,
        port,
        secure: false,
    };
    (request.raw_path.clone(), request)
}

/// A connected client.
pub(super) struct Client(pub(super) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    pub(super) async fn send(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    /// The next frame that is no control frame, or the close frame.
    pub(super) async fn next(&mut self) -> Message {
        tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.expect("a frame").unwrap().unwrap()
    }

    pub(super) async fn text(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// The code and reason of the close frame that ends this connection.
    pub(super) async fn closed(&mut self) -> (u16, String) {
        match self.next().await {
            Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("{other:?}"),
        }
    }
}
