//! The Runtime API (`http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01`) for the process of one environment.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::environment::{Environment, Refusal};
use super::failure::{Failure, error_object};
use super::pool::Next;
use super::work::Delivery;

/// 6 MB and a little: Lambda's bound for a response.
const MAX_RESPONSE: usize = 6 * 1024 * 1024 + 100;
/// 200 MB: Lambda's bound for a response that is streamed.
const MAX_STREAMED: usize = 200 * 1024 * 1024;
/// How much of a response that is too large is read and thrown away, so that its sender gets to read the refusal.
const MAX_DISCARDED: usize = 64 * 1024 * 1024;
/// How long a process that has reported an init error may take to leave.
const LEAVE_MILLIS: i64 = 1000;

const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("lambda-runtime-client-context");
const FUNCTION_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const DEADLINE: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const ERROR_BODY: &str = "lambda-runtime-function-error-body";
const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

type Answer = Response<Full<Bytes>>;

/// Serves one connection of the environment's process until it closes.
pub(crate) async fn serve(stream: TcpStream, environment: Arc<Environment>) {
    // Without it small replies would wait for acknowledgements of earlier ones.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let environment = &environment;
        async move { Ok::<_, Infallible>(handle(environment, request).await) }
    });
    // How a connection ends says nothing: what matters is whether the process has answered.
    let _ = http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service).await;
}

async fn handle(environment: &Arc<Environment>, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let path = path.strip_prefix("/2018-06-01").unwrap_or(path);
    let is_post = head.method == Method::POST;
    if head.method == Method::GET {
        return match path {
            "/runtime/invocation/next" => next(environment).await,
            "/ping" => plain(StatusCode::OK, Bytes::from_static(b"pong")),
            _ => unknown(),
        };
    }
    if is_post && path == "/runtime/init/error" {
        return init_error(environment, body).await;
    }
    let call = path.strip_prefix("/runtime/invocation/").and_then(|rest| rest.split_once('/'));
    match call {
        Some((id, "response")) if is_post => response(environment, id, &head.headers, body).await,
        Some((id, "error")) if is_post => error(environment, id, &head.headers, body).await,
        _ => unknown(),
    }
}

async fn next(environment: &Arc<Environment>) -> Answer {
    match environment.pool.next(environment) {
        Next::Deliver(delivery) => event(delivery),
        Next::Wait(event_to_come) => match event_to_come.await {
            Ok(delivery) => event(delivery),
            Err(_) => std::future::pending().await,
        },
        // Its process is killed any moment now.
        Next::Retired => std::future::pending().await,
        Next::Refused(refusal) => refused(&refusal),
    }
}

fn event(Delivery { event, deadline }: Delivery) -> Answer {
    let mut answer = Response::new(Full::new(event.payload));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    if let Ok(request_id) = HeaderValue::try_from(event.request_id) {
        headers.insert(REQUEST_ID, request_id);
    }
    headers.insert(TRACE_ID, event.trace_id);
    headers.insert(FUNCTION_ARN, event.function_arn);
    headers.insert(DEADLINE, HeaderValue::from(deadline));
    if let Some(client_context) = event.client_context {
        headers.insert(CLIENT_CONTEXT, client_context);
    }
    answer
}

async fn response(environment: &Environment, id: &str, headers: &HeaderMap, body: Incoming) -> Answer {
    const TO: &str = "InvocationResponse";
    if let Err(refusal) = environment.may_answer(id, TO) {
        return refused(&refusal);
    }
    // A streamed response is collected and given as a whole, which is what Lambda does for callers who have not asked
    // for a stream; those who have get it piece by piece.
    let mode = headers.get(RESPONSE_MODE).map(HeaderValue::as_bytes);
    if mode.is_some_and(|mode| !mode.eq_ignore_ascii_case(b"streaming")) {
        let text = "Invalid response mode header: only 'streaming' is known";
        let payload = error_object("Runtime.InvalidResponseModeHeader", text);
        let answered = environment.answer(id, TO, payload, true);
        return answered.err().map_or_else(
            || failed(StatusCode::BAD_REQUEST, "InvalidFunctionResponseMode", text),
            |refusal| refused(&refusal),
        );
    }
    let text = format!("Exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).");
    let stream = mode.and_then(|_| environment.response_stream());
    let read = match stream {
        Some(stream) => forward(body, stream).await,
        None => collect(body).await,
    };
    let (payload, is_error, answer) = match read {
        Ok(Collected { body, trailers: None }) => (body, false, accepted()),
        Ok(Collected { body, trailers: Some(trailers) }) => match trailing_error(&trailers) {
            Some(error) => (error, true, accepted()),
            None => (body, false, accepted()),
        },
        Err(Unread::TooLarge) => {
            let message =
                format!("Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).");
            let payload = error_object_message_first("Function.ResponseSizeTooLarge", &message);
            (payload, true, failed(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &text))
        }
        Err(Unread::Truncated) => {
            let text = "the response ended before its announced end";
            let payload = error_object("Runtime.TruncatedResponse", text);
            (payload, true, failed(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", text))
        }
    };
    match environment.answer(id, TO, payload, is_error) {
        Ok(()) => answer,
        Err(refusal) => refused(&refusal),
    }
}

async fn error(environment: &Environment, id: &str, headers: &HeaderMap, body: Incoming) -> Answer {
    const TO: &str = "InvocationErrorResponse";
    if let Err(refusal) = environment.may_answer(id, TO) {
        return refused(&refusal);
    }
    let (payload, answer) = posted_error(headers, body).await;
    match environment.answer(id, TO, payload, true) {
        Ok(()) => answer,
        Err(refusal) => refused(&refusal),
    }
}

async fn init_error(environment: &Environment, body: Incoming) -> Answer {
    let (payload, answer) = posted_error(&HeaderMap::new(), body).await;
    let leave_by = environment.pool.shared().settings.clock.running() + LEAVE_MILLIS;
    match environment.init_failed(Failure::Posted(payload), leave_by) {
        Ok(()) => answer,
        Err(refusal) => refused(&refusal),
    }
}

/// The error object as posted; or one that says its type, if there is none.
async fn posted_error(headers: &HeaderMap, body: Incoming) -> (Bytes, Answer) {
    match collect(body).await {
        Ok(Collected { body, .. }) if !body.is_empty() => (body, accepted()),
        Ok(_) => (error_object(&error_type(headers), ""), accepted()),
        Err(Unread::TooLarge) => {
            let text = format!("Exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).");
            (
                error_object("Function.ResponseSizeTooLarge", &text),
                failed(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &text),
            )
        }
        Err(Unread::Truncated) => {
            let text = "the error ended before its announced end";
            (error_object(&error_type(headers), text), failed(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", text))
        }
    }
}

/// `Category.Reason` of the error type header; what has another shape becomes `Unknown`.
fn error_type(headers: &HeaderMap) -> String {
    let given = headers.get(ERROR_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (category, reason) = given.split_once('.').unwrap_or((given, ""));
    let starts_upper = reason.starts_with(|c: char| c.is_ascii_uppercase());
    let well_formed = starts_upper && reason.len() > 1 && reason.bytes().all(|byte| byte.is_ascii_alphabetic());
    match category {
        "Runtime" | "Function" if well_formed => given.to_owned(),
        "Function" => "Function.Unknown".to_owned(),
        _ => "Runtime.Unknown".to_owned(),
    }
}

/// The error that a function has met while it was streaming its response.
fn trailing_error(trailers: &HeaderMap) -> Option<Bytes> {
    use base64::Engine as _;
    trailers.get(ERROR_TYPE)?;
    let body = trailers.get(ERROR_BODY).map(HeaderValue::as_bytes).unwrap_or_default();
    match base64::engine::general_purpose::STANDARD.decode(body) {
        Ok(body) if !body.is_empty() => Some(body.into()),
        _ => Some(error_object(&error_type(trailers), "")),
    }
}

struct Collected {
    body: Bytes,
    trailers: Option<HeaderMap>,
}

enum Unread {
    TooLarge,
    Truncated,
}

/// Hands a body on piece by piece, up to Lambda's bound of streams; nothing is left of it. When nobody takes it any more, it
/// is read to its end all the same: the function has done nothing wrong.
async fn forward(mut body: Incoming, stream: mpsc::Sender<Bytes>) -> Result<Collected, Unread> {
    let (mut length, mut trailers) = (0_usize, None);
    while let Some(frame) = body.frame().await {
        match frame.map_err(|_| Unread::Truncated)?.into_data() {
            Ok(data) => {
                length = length.saturating_add(data.len());
                if length > MAX_STREAMED {
                    return Err(Unread::TooLarge);
                }
                let _ = stream.send(data).await;
            }
            Err(other) => trailers = other.into_trailers().ok(),
        }
    }
    Ok(Collected { body: Bytes::new(), trailers })
}

/// Reads a body up to the bound; one that comes in a single piece is not copied.
async fn collect(mut body: Incoming) -> Result<Collected, Unread> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    let mut trailers = None;
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(if length > MAX_RESPONSE { Unread::TooLarge } else { Unread::Truncated });
        };
        match frame.into_data() {
            Ok(data) => {
                length += data.len();
                if length > MAX_DISCARDED {
                    return Err(Unread::TooLarge);
                } else if length > MAX_RESPONSE {
                    whole = BytesMut::new();
                    first = Bytes::new();
                } else if length == data.len() {
                    first = data;
                } else {
                    if whole.is_empty() {
                        whole.reserve(expected.clamp(length, MAX_RESPONSE));
                        whole.extend_from_slice(&first);
                        first = Bytes::new();
                    }
                    whole.extend_from_slice(&data);
                }
            }
            Err(other) => trailers = other.into_trailers().ok(),
        }
    }
    if length > MAX_RESPONSE {
        return Err(Unread::TooLarge);
    }
    Ok(Collected { body: if whole.is_empty() { first } else { whole.freeze() }, trailers })
}

/// The key order in which Lambda writes this one.
fn error_object_message_first(error_type: &str, message: &str) -> Bytes {
    serde_json::json!({ "errorMessage": message, "errorType": error_type }).to_string().into()
}

fn accepted() -> Answer {
    json(StatusCode::ACCEPTED, Bytes::from_static(b"{\"status\":\"OK\"}\n"))
}

fn refused(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::RequestId => failed(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
        Refusal::State { from, to } => failed(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            &format!("State transition from {from} to {to} is not allowed"),
        ),
    }
}

fn failed(status: StatusCode, error_type: &str, message: &str) -> Answer {
    json(status, error_object_message_first(error_type, message))
}

fn unknown() -> Answer {
    failed(StatusCode::NOT_FOUND, "NotFound", "The Runtime API has no such operation (extensions are not supported)")
}

fn json(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = plain(status, body);
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

fn plain(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_types_are_mapped_as_by_lambda() {
        for (given, expected) in [
            ("Runtime.UserCodeSyntaxError", "Runtime.UserCodeSyntaxError"),
            ("Function.Oops", "Function.Oops"),
            ("Function.oops", "Function.Unknown"),
            ("Function.", "Function.Unknown"),
            ("MyError", "Runtime.Unknown"),
            ("", "Runtime.Unknown"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ERROR_TYPE, HeaderValue::from_static(given));
            assert_eq!(error_type(&headers), expected, "{given}");
        }
    }
}
