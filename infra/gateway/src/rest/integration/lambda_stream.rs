//! `AWS_PROXY` with `response-streaming-invocations`: the client reads while the function writes.
//!
//! What the function writes begins with JSON that says status and headers; eight zero bytes part it from the payload.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html>

use ::http::header::{CONTENT_TYPE, HeaderName, SET_COOKIE};
use ::http::{HeaderValue, Response};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::authorize::AuthorizedRequest;
use super::super::error::GatewayError;
use super::super::pipeline::Call;
use super::lambda_proxy::{event_for, refused};
use super::{Facts, failed};
use crate::compile::FunctionRef;
use crate::compile::rest::LambdaProxy;
use crate::lambda::{Invocation, InvokeError, InvokeRequest};
use crate::proxy::{
    CallError, HeaderValues, Integrated, Malformed, answered, header_pairs, is_object, name_for_client, on_behalf, run,
    status_code,
};
use crate::server::{self, BodyStream, Reply};
use crate::telemetry::Trail;
use crate::throttle::SentKey;

const DELIMITER: [u8; 8] = [0; 8];
/// Within which the delimiter must begin.
const MAX_METADATA: usize = 16 * 1024;
/// Pieces that a function may be ahead of its client.
const AHEAD: usize = 16;

/// Calls the function and makes the response of what it begins with; the rest follows.
pub(super) async fn answer(
    call: &Call<'_>,
    authorized: &AuthorizedRequest<'_>,
    api_key: Option<&SentKey<'_>>,
    declared: &LambdaProxy,
    facts: &mut Facts<'_>,
    trail: &mut Trail<'_>,
) -> Result<Reply, GatewayError> {
    let (event, source) = event_for(call, authorized, api_key, declared, &mut trail.log)?;
    let request = InvokeRequest { trace_id: Some(call.trace.clone()), ..InvokeRequest::sync(event) };
    let request = on_behalf(call.gateway, &declared.function, source, request);
    facts.call();
    let mut output = Output::begin(call, declared, request);
    let begun = output.metadata().await;
    let millis = facts.answered();
    let (metadata, first) = begun.map_err(|error| refused(authorized, &error, &mut trail.log))?;
    trail.endpoint_status = Some(200);
    trail.log.function_answered(millis, &metadata);
    let mut reply = first.as_ref().ok_or_else(no_delimiter).and_then(|_| read(&metadata)).map_err(|malformed| {
        failed(&authorized.route, &format!("malformed response: {}", malformed.0));
        trail.log.failed("Execution failed due to configuration error: Malformed Lambda proxy response");
        // Not 502, as of functions whose response is whole.
        GatewayError::IntegrationFailure
    })?;
    output.ahead = first.unwrap_or_default();
    server::stream(&mut reply, output.into_body());
    Ok(reply)
}

/// What a function writes, as it comes.
struct Output {
    /// What has been read and not been given yet.
    ahead: Bytes,
    pieces: mpsc::Receiver<Bytes>,
    /// Until it is known how the call has ended.
    call: Option<JoinHandle<Result<Invocation, CallError>>>,
    function: FunctionRef,
}

impl Output {
    fn begin(call: &Call<'_>, declared: &LambdaProxy, request: InvokeRequest) -> Output {
        let (sender, pieces) = mpsc::channel(AHEAD);
        let request = InvokeRequest { response_stream: Some(sender), ..request };
        let (gateway, function, timeout) = (call.gateway.clone(), declared.function.clone(), declared.timeout);
        // Of its own, since it outlives the reply's beginning; a client that leaves does not end the function.
        let call = tokio::spawn(async move { run(&gateway, &function, request, timeout).await });
        Output { ahead: Bytes::new(), pieces, call: Some(call), function: declared.function.clone() }
    }

    /// The next piece; none at the end of a function that has not failed.
    async fn next(&mut self) -> Result<Option<Bytes>, CallError> {
        if !self.ahead.is_empty() {
            return Ok(Some(std::mem::take(&mut self.ahead)));
        }
        let Some(call) = &mut self.call else {
            // The call is over: everything that was written is in the channel.
            return Ok(self.pieces.try_recv().ok());
        };
        let ended = tokio::select! {
            biased;
            Some(piece) = self.pieces.recv() => return Ok(Some(piece)),
            ended = call => ended,
        };
        self.call = None;
        let ended = ended.unwrap_or_else(|error| {
            let source = InvokeError::Service(error.to_string());
            Err(CallError::Invoke { function: self.function.function.clone(), source })
        })?;
        // Whoever cannot stream, or a function that does not, gives all of it now.
        let payload = answered(&self.function, ended)?.payload;
        match self.pieces.try_recv() {
            Ok(piece) => {
                self.ahead = payload;
                Ok(Some(piece))
            }
            Err(_) => Ok(Some(payload).filter(|payload| !payload.is_empty())),
        }
    }

    /// What comes before the delimiter, and the first of what comes behind it; none where there is no delimiter.
    async fn metadata(&mut self) -> Result<(Bytes, Option<Bytes>), CallError> {
        let mut read = BytesMut::new();
        loop {
            let found = read.windows(DELIMITER.len()).position(|window| window == DELIMITER);
            match found {
                Some(at) if at <= MAX_METADATA => {
                    let metadata = read.split_to(at).freeze();
                    return Ok((metadata, Some(read.freeze().slice(DELIMITER.len()..))));
                }
                _ if read.len() >= MAX_METADATA + DELIMITER.len() => return Ok((read.freeze(), None)),
                _ => {}
            }
            match self.next().await? {
                Some(piece) => read.extend_from_slice(&piece),
                None => return Ok((read.freeze(), None)),
            }
        }
    }

    fn into_body(self) -> BodyStream {
        let pieces = stream::try_unfold(self, |mut output| async move {
            let piece = output.next().await.map_err(|error| {
                tracing::warn!("a streamed response was cut short: {error}");
                std::io::Error::other(error)
            })?;
            Ok(piece.map(|piece| (Frame::data(piece), output)))
        });
        StreamBody::new(pieces).boxed_unsync()
    }
}

fn no_delimiter() -> Malformed {
    Malformed(format!("no {} zero bytes within the first {MAX_METADATA} bytes", DELIMITER.len()))
}

/// What a function may say before its payload: these keys and no others.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Metadata {
    status_code: Option<Value>,
    headers: Option<HeaderValues>,
    multi_value_headers: Option<HeaderValues>,
    cookies: Option<Vec<String>>,
}

fn read(metadata: &[u8]) -> Result<Reply, Malformed> {
    if !is_object(metadata) {
        return Err(Malformed("the metadata is not a JSON object".to_owned()));
    }
    let metadata: Metadata = serde_json::from_slice(metadata).map_err(|_| {
        Malformed("the metadata has other keys than statusCode, headers, multiValueHeaders and cookies".to_owned())
    })?;
    let mut reply = Response::new(Bytes::new());
    *reply.status_mut() = status_code(metadata.status_code.as_ref())?;
    let mut append = |name: HeaderName, value: HeaderValue| {
        if let Some(name) = name_for_client(Integrated::LambdaProxy, name) {
            reply.headers_mut().append(name, value);
        }
    };
    for (name, value) in header_pairs(metadata.headers, metadata.multi_value_headers, false)? {
        append(name, value);
    }
    for cookie in metadata.cookies.into_iter().flatten() {
        let cookie = HeaderValue::try_from(cookie).map_err(|_| Malformed("a cookie cannot be sent".to_owned()))?;
        append(SET_COOKIE, cookie);
    }
    reply.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    Ok(reply)
}
