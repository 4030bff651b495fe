//! Functions that somebody else runs: `cargo lambda watch`, LocalStack, or anything that speaks Lambda's Invoke API
//! over plain HTTP (`--function-endpoint URL`).

use std::collections::HashMap;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use indexmap::IndexMap;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::host::{MAX_SYNC_PAYLOAD, names};
use super::invocation::{Invocation, InvocationType, Invoke, InvokeError, InvokeRequest};
use crate::ids;
use crate::model::{Function, FunctionCode};
use crate::remote::{self, HttpClient};

/// Lambda's longest timeout; the endpoint knows the function's own.
const LONGEST_CALL: Duration = Duration::from_secs(900);
/// 6 MB and a little: Lambda's bound for a response.
const MAX_RESPONSE: usize = MAX_SYNC_PAYLOAD + 100;

/// Calls functions through another Invoke API.
pub struct RemoteLambda {
    endpoint: String,
    client: HttpClient,
    names: ArcSwap<Names>,
}

#[derive(Default)]
struct Names {
    /// The endpoint's name by function name.
    remote: HashMap<String, String>,
    aliases: HashMap<String, String>,
}

impl RemoteLambda {
    /// Calls go to `endpoint` (`http://host:port`, perhaps with a path). The text of an error says what is wrong with it.
    pub fn new(endpoint: &str) -> Result<Self, String> {
        let (_, client) = remote::connect(endpoint)?;
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Ok(RemoteLambda { endpoint, client, names: ArcSwap::default() })
    }

    /// Tells which functions there are. A Cargo function goes by its binary's name there, as `cargo lambda` has it.
    pub fn deploy(&self, functions: &IndexMap<String, Function>) {
        let remote = functions.values().map(|function| {
            let name = match &function.code {
                FunctionCode::Cargo { binary, .. } => binary,
                _ => &function.function_name,
            };
            (function.function_name.clone(), name.clone())
        });
        self.names.store(Names { remote: remote.collect(), aliases: names::aliases(functions) }.into());
    }

    async fn call(&self, function: &str, request: InvokeRequest) -> Result<Invocation, InvokeError> {
        let unknown = || InvokeError::NotFound(function.to_owned());
        let (name, inline) = names::parse(function).ok_or_else(unknown)?;
        let target = {
            let names = self.names.load();
            let known = names.remote.get(name).or_else(|| names.remote.get(names.aliases.get(name)?));
            known.cloned().ok_or_else(unknown)?
        };
        if request.payload.len() > MAX_SYNC_PAYLOAD {
            return Err(InvokeError::RequestTooLarge(request.payload.len()));
        }
        let invocation_type = request.invocation_type;
        let qualifier = request.qualifier.as_deref().or(inline).map(str::to_owned);
        let http = self.request(&target, qualifier.as_deref(), request)?;
        let failed = |what: &str| InvokeError::Service(format!("{} {what}", self.endpoint));
        let answer = remote::exchange(&self.client, http, MAX_RESPONSE, LONGEST_CALL).await;
        let (head, payload) = answer.map_err(|what| failed(&what))?.into_parts();
        understand(&target, invocation_type, head.status, &head.headers, payload)
    }

    fn request(
        &self,
        remote: &str,
        qualifier: Option<&str>,
        request: InvokeRequest,
    ) -> Result<Request<Full<Bytes>>, InvokeError> {
        let name = utf8_percent_encode(remote, NON_ALPHANUMERIC).to_string().replace("%2D", "-").replace("%5F", "_");
        let mut uri = format!("{}/2015-03-31/functions/{name}/invocations", self.endpoint);
        if let Some(qualifier) = qualifier {
            uri = format!("{uri}?Qualifier={}", utf8_percent_encode(qualifier, NON_ALPHANUMERIC));
        }
        let invocation_type = match request.invocation_type {
            InvocationType::RequestResponse => "RequestResponse",
            InvocationType::Event => "Event",
            InvocationType::DryRun => "DryRun",
        };
        let mut http = Request::post(uri)
            .header("content-type", "application/json")
            .header("x-amz-invocation-type", invocation_type);
        if request.tail_log {
            http = http.header("x-amz-log-type", "Tail");
        }
        if let Some(trace_id) = &request.trace_id {
            http = http.header("x-amzn-trace-id", trace_id);
        }
        if let Some(context) = &request.client_context {
            http = http.header("x-amz-client-context", context);
        }
        http.body(Full::new(request.payload)).map_err(|error| InvokeError::Service(error.to_string()))
    }
}

/// Reads an answer of an Invoke API. `cargo lambda watch` gives a function's error as a 500 without AWS's headers.
fn understand(
    function: &str,
    invocation_type: InvocationType,
    status: StatusCode,
    headers: &HeaderMap,
    payload: Bytes,
) -> Result<Invocation, InvokeError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let error_type = header("x-amzn-errortype");
    let text = || String::from_utf8_lossy(&payload[..payload.len().min(500)]).into_owned();
    let is_error_object = || {
        let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&payload);
        object.is_ok_and(|object| object.contains_key("errorType") || object.contains_key("errorMessage"))
    };
    let function_error = match status.as_u16() {
        200..=299 => header("x-amz-function-error"),
        500..=599 if error_type.is_none() && is_error_object() => Some("Unhandled".to_owned()),
        404 => return Err(InvokeError::NotFound(function.to_owned())),
        400 => return Err(InvokeError::InvalidRequestContent(text())),
        413 => return Err(InvokeError::RequestTooLarge(payload.len())),
        429 => return Err(InvokeError::TooManyRequests { reason: "ConcurrentInvocationLimitExceeded" }),
        _ => return Err(InvokeError::Service(format!("{function}: the endpoint answered {status}: {}", text()))),
    };
    Ok(Invocation {
        payload: if invocation_type == InvocationType::RequestResponse { payload } else { Bytes::new() },
        function_error,
        executed_version: header("x-amz-executed-version").unwrap_or_else(|| "$LATEST".to_owned()),
        request_id: header("x-amzn-requestid").unwrap_or_else(ids::request_id),
        log_tail: header("x-amz-log-result").and_then(|log| STANDARD.decode(log).ok()).map(Bytes::from),
    })
}

impl Invoke for RemoteLambda {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        request: InvokeRequest,
    ) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        self.call(function, request).boxed()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn read(
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &'static str,
    ) -> Result<Invocation, InvokeError> {
        let headers = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
        let status = StatusCode::from_u16(status).unwrap();
        understand("f", InvocationType::RequestResponse, status, &headers, body.into())
    }

    #[test]
    fn both_ways_of_reporting_a_function_error_are_understood() {
        let aws = read(200, &[("x-amz-function-error", "Unhandled")], r#"{"errorType":"E"}"#).unwrap();
        assert_eq!(aws.function_error.as_deref(), Some("Unhandled"));
        let watch = read(500, &[], r#"{"errorType":"E","errorMessage":"m"}"#).unwrap();
        assert_eq!(watch.function_error.as_deref(), Some("Unhandled"));
        let service = read(500, &[("x-amzn-errortype", "ServiceException")], r#"{"errorMessage":"m"}"#);
        assert!(matches!(service, Err(InvokeError::Service(_))));
        assert!(matches!(read(502, &[], "bad gateway"), Err(InvokeError::Service(_))));
        assert!(matches!(read(429, &[], "{}"), Err(InvokeError::TooManyRequests { .. })));
        assert!(read(200, &[], "1").unwrap().function_error.is_none());
    }

    /// Answers each function in its own way, over a real connection.
    async fn endpoint() -> String {
        use http::Response;
        use hyper::service::service_fn;
        use hyper_util::rt::TokioIo;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service_fn(async |request: Request<hyper::body::Incoming>| {
                    let uri = request.uri().to_string();
                    let kind = request.headers()["x-amz-invocation-type"].to_str().unwrap().to_owned();
                    let body = request.into_body().collect().await?.to_bytes();
                    let text = format!("{uri} {kind} {}", String::from_utf8_lossy(&body));
                    Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from(text))))
                });
                let connection = hyper::server::conn::http1::Builder::new();
                let _ = connection.serve_connection(TokioIo::new(stream), service).await;
            }
        });
        address
    }

    #[tokio::test]
    async fn calls_go_out_by_the_binary_name() {
        use crate::lambda::testing;
        let lambda = RemoteLambda::new(&endpoint().await).unwrap();
        let mut function = testing::function("stack-f");
        function.code = FunctionCode::Cargo { folder: "x".into(), binary: "create-user".to_owned() };
        lambda.deploy(&IndexMap::from([("stack-f".to_owned(), function)]));
        for name in ["stack-f", "create-user", "arn:aws:lambda:us-east-1:000000000000:function:stack-f"] {
            let request = InvokeRequest { qualifier: Some("$LATEST".to_owned()), ..InvokeRequest::sync("{}") };
            let invocation = lambda.invoke(name, request).await.unwrap();
            let expected = "/2015-03-31/functions/create-user/invocations?Qualifier=%24LATEST RequestResponse {}";
            assert_eq!(&invocation.payload[..], expected.as_bytes());
        }
        assert!(matches!(lambda.invoke("other", InvokeRequest::sync("{}")).await, Err(InvokeError::NotFound(_))));
        let nobody = RemoteLambda::new("http://127.0.0.1:1").unwrap();
        nobody.deploy(&IndexMap::from([("f".to_owned(), testing::function("f"))]));
        let refused = nobody.invoke("f", InvokeRequest::sync("{}")).await;
        assert!(matches!(refused, Err(InvokeError::Service(text)) if text.contains("cannot be reached")));
    }

    #[test]
    fn an_endpoint_must_be_plain_http() {
        assert!(RemoteLambda::new("https://aws").err().unwrap().contains("not https"));
        assert!(RemoteLambda::new("localhost:9000").is_err());
        assert!(RemoteLambda::new("http://localhost:9000/").is_ok());
    }
}
