//! The Invoke API, as the AWS CLI, the SDKs and `cargo lambda invoke` call it:
//! `POST /2015-03-31/functions/{name or ARN}/invocations`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::host::{MAX_ASYNC_PAYLOAD, MAX_SYNC_PAYLOAD};
use super::invocation::{Invocation, InvocationType, Invoke, InvokeError, InvokeRequest};
use crate::clock::Clock;
use crate::ids;
use crate::server::{ClientRequest, Reply};

const PREFIX: &str = "/2015-03-31/functions/";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The older way to invoke, which is always asynchronous.
const ASYNC_PREFIX: &str = "/2014-11-13/functions/";

/// Whether a path is one of this API's.
pub(crate) fn is_invoke(path: &str) -> bool {
    (path.starts_with(PREFIX) && path.ends_with("/invocations"))
        || (path.starts_with(ASYNC_PREFIX) && path.trim_end_matches('/').ends_with("/invoke-async"))
}

/// Answers one request whose path `is_invoke` knows.
pub async fn serve(lambda: &dyn Invoke, clock: &Clock, request: &ClientRequest) -> Reply {
    let trace_id = ids::trace_header(request.headers.get("X-Amzn-Trace-Id"), clock.now());
    let result = match parse(request, &trace_id) {
        Ok((function, invoke)) => {
            let invocation_type = invoke.invocation_type;
            match lambda.invoke(&function, invoke).await {
                Ok(invocation) => Ok((invocation_type, invocation)),
                Err(error) => Err(Problem::from_error(&function, invocation_type, error)),
            }
        }
        Err(problem) => Err(problem),
    };
    let mut reply = match result {
        Ok((invocation_type, invocation)) => success(invocation_type, invocation),
        Err(problem) => problem.reply(),
    };
    set(&mut reply, HeaderName::from_static("x-amzn-trace-id"), &trace_id);
    reply
}

fn parse(request: &ClientRequest, trace_id: &str) -> Result<(String, InvokeRequest), Problem> {
    let path = request.raw_path.as_str();
    let older =
        path.strip_prefix(ASYNC_PREFIX).and_then(|rest| rest.trim_end_matches('/').strip_suffix("/invoke-async"));
    let name = older.or_else(|| path.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix("/invocations")));
    let name = name.filter(|name| !name.is_empty() && !name.contains('/'));
    let Some(name) = name.filter(|_| request.method == Method::POST) else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "UnknownOperationException",
            "Lambda has no such operation here",
        ));
    };
    let function = percent_decode_str(name).decode_utf8().map_err(|_| Problem::value("functionName is not UTF-8"))?;
    let invocation_type = match request.headers.get("X-Amz-Invocation-Type") {
        _ if older.is_some() => InvocationType::Event,
        None | Some("RequestResponse") => InvocationType::RequestResponse,
        Some("Event") => InvocationType::Event,
        Some("DryRun") => InvocationType::DryRun,
        Some(_) => {
            return Err(Problem::value("X-Amz-Invocation-Type must be one of Event, RequestResponse, DryRun"));
        }
    };
    let tail_log = match request.headers.get("X-Amz-Log-Type") {
        None | Some("None") => false,
        Some("Tail") => true,
        Some(_) => return Err(Problem::value("X-Amz-Log-Type must be one of None, Tail")),
    };
    let qualifier = qualifier(&request.raw_query)?;
    let payload = if request.body.is_empty() { Bytes::from_static(b"{}") } else { request.body.clone() };
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        let error = InvokeError::InvalidRequestContent(error.to_string());
        return Err(Problem::from_error(&function, invocation_type, error));
    }
    let invoke = InvokeRequest {
        payload,
        invocation_type,
        tail_log,
        trace_id: Some(trace_id.to_owned()),
        client_context: request.headers.get("X-Amz-Client-Context").map(str::to_owned),
        qualifier,
        caller: None,
        response_stream: None,
    };
    Ok((function.into_owned(), invoke))
}

fn qualifier(query: &str) -> Result<Option<String>, Problem> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("Qualifier="));
    value
        .map(|value| percent_decode_str(value).decode_utf8().map(|value| value.into_owned()))
        .transpose()
        .map_err(|_| Problem::value("Qualifier is not UTF-8"))
}

fn success(invocation_type: InvocationType, invocation: Invocation) -> Reply {
    let (status, body) = match invocation_type {
        InvocationType::RequestResponse => (StatusCode::OK, invocation.payload),
        InvocationType::Event => (StatusCode::ACCEPTED, Bytes::new()),
        InvocationType::DryRun => (StatusCode::NO_CONTENT, Bytes::new()),
    };
    let mut reply = Reply::new(body);
    *reply.status_mut() = status;
    if invocation_type == InvocationType::RequestResponse {
        set(&mut reply, CONTENT_TYPE, "application/json");
    }
    set(&mut reply, HeaderName::from_static("x-amzn-remapped-content-length"), "0");
    set(&mut reply, HeaderName::from_static("x-amz-executed-version"), &invocation.executed_version);
    set(&mut reply, REQUEST_ID, &invocation.request_id);
    if let Some(error) = &invocation.function_error {
        set(&mut reply, HeaderName::from_static("x-amz-function-error"), error);
    }
    if let Some(log) = &invocation.log_tail {
        set(&mut reply, HeaderName::from_static("x-amz-log-result"), &STANDARD.encode(log));
    }
    reply
}

/// What a deployment package gets that is too large to be read.
pub(crate) fn package_too_large(message: &str) -> Reply {
    let problem = Problem {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: "RequestEntityTooLargeException",
        body: json!({ "Type": "User", "message": message }),
    };
    problem.reply()
}

/// An error of the Invoke API.
#[derive(Debug)]
struct Problem {
    status: StatusCode,
    code: &'static str,
    body: serde_json::Value,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: &str) -> Self {
        Problem { status, code, body: json!({ "Type": "User", "message": message }) }
    }

    fn value(message: &str) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message)
    }

    fn from_error(function: &str, invocation_type: InvocationType, error: InvokeError) -> Self {
        let text = error.to_string();
        match error {
            InvokeError::NotFound(_) => Problem {
                status: StatusCode::NOT_FOUND,
                code: "ResourceNotFoundException",
                body: json!({ "Type": "User", "Message": text }),
            },
            InvokeError::InvalidParameter(_) => Problem::value(&text),
            InvokeError::InvalidRequestContent(_) => {
                Problem::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", &text)
            }
            InvokeError::RequestTooLarge(size) => {
                let (name, limit) = match invocation_type {
                    InvocationType::Event => ("Event", MAX_ASYNC_PAYLOAD),
                    _ => ("RequestResponse", MAX_SYNC_PAYLOAD),
                };
                let text =
                    format!("{size} byte payload is too large for the {name} invocation type (limit {limit} bytes)");
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &text)
            }
            InvokeError::TooManyRequests { reason } => Problem {
                status: StatusCode::TOO_MANY_REQUESTS,
                code: "TooManyRequestsException",
                body: json!({ "Reason": reason, "Type": "User", "message": text }),
            },
            InvokeError::AccessDenied(_) => Problem {
                status: StatusCode::FORBIDDEN,
                code: "AccessDeniedException",
                body: json!({ "Message": text }),
            },
            // Whoever calls Lambda itself runs the functions: it may know why they do not run.
            InvokeError::Service(_) => {
                tracing::error!(function, error = text, "cannot invoke");
                Problem {
                    status: StatusCode::INTERNAL_SERVER_ERROR,
                    code: "ServiceException",
                    body: json!({ "Type": "Service", "Message": text }),
                }
            }
        }
    }

    fn reply(self) -> Reply {
        let mut reply = Reply::new(self.body.to_string().into());
        *reply.status_mut() = self.status;
        set(&mut reply, CONTENT_TYPE, "application/json");
        set(&mut reply, ERROR_TYPE, self.code);
        set(&mut reply, REQUEST_ID, &ids::request_id());
        reply
    }
}

/// Sets a header; a value that cannot be one (a client's odd trace id) is left out.
fn set(reply: &mut Reply, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::server::Headers;

    /// Answers with what it was asked, or with an error that the function's name asks for.
    struct Fake;

    impl Invoke for Fake {
        fn invoke<'a>(
            &'a self,
            function: &'a str,
            request: InvokeRequest,
        ) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
            let result = match function {
                "missing" => Err(InvokeError::NotFound("arn:f:$LATEST".to_owned())),
                "busy" => {
                    Err(InvokeError::TooManyRequests { reason: "ReservedFunctionConcurrentInvocationLimitExceeded" })
                }
                "large" => Err(InvokeError::RequestTooLarge(7_000_000)),
                "closed" => Err(InvokeError::AccessDenied("no statement allows it".to_owned())),
                "broken" => Err(InvokeError::Service("the runtime python3.12 is not supported".to_owned())),
                "fails" => Ok(Invocation {
                    payload: r#"{"errorMessage":"no"}"#.into(),
                    function_error: Some("Unhandled".to_owned()),
                    ..Invocation::default()
                }),
                name => Ok(Invocation {
                    payload: format!("{name} {:?} {:?}", request.qualifier, request.payload).into(),
                    executed_version: "$LATEST".to_owned(),
                    request_id: "id".to_owned(),
                    log_tail: request.tail_log.then(|| "log".into()),
                    ..Invocation::default()
                }),
            };
            async move { result }.boxed()
        }
    }

    async fn post(path: &str, query: &str, headers: &[(&str, &str)], body: &'static str) -> Reply {
        let request = ClientRequest {
            method: Method::POST,
            raw_path: format!("/2015-03-31/functions/{path}/invocations"),
            raw_query: query.to_owned(),
            headers: Headers(headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()),
            body: body.into(),
            source_ip: [127, 0, 0, 1].into(),
            port: 4566,
            secure: false,
        };
        serve(&Fake, &Clock::default(), &request).await
    }

    fn text(reply: &Reply) -> &str {
        std::str::from_utf8(reply.body()).unwrap()
    }

    #[tokio::test]
    async fn a_call_carries_name_qualifier_payload_and_log() {
        let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af";
        let reply = post(arn, "Qualifier=live", &[("x-amz-log-type", "Tail")], r#"{"a":1}"#).await;
        assert_eq!(reply.status(), 200);
        let expected = r#"arn:aws:lambda:us-east-1:000000000000:function:f Some("live") b"{\"a\":1}""#;
        assert_eq!(text(&reply), expected);
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-amzn-requestid", "id"),
            ("x-amz-executed-version", "$LATEST"),
            ("x-amzn-remapped-content-length", "0"),
            ("x-amz-log-result", "bG9n"),
        ] {
            assert_eq!(reply.headers()[name], value, "{name}");
        }
        assert!(reply.headers()["x-amzn-trace-id"].to_str().unwrap().starts_with("Root=1-"));
        assert!(!reply.headers().contains_key("x-amz-function-error"));
        assert_eq!(text(&post("f", "", &[], "").await), r#"f None b"{}""#, "no payload is an empty object");
    }

    #[tokio::test]
    async fn each_invocation_type_has_its_status() {
        let event = post("f", "", &[("X-Amz-Invocation-Type", "Event")], "1").await;
        assert_eq!((event.status().as_u16(), event.body().len()), (202, 0));
        let dry = post("f", "", &[("X-Amz-Invocation-Type", "DryRun")], "1").await;
        assert_eq!((dry.status().as_u16(), dry.body().len()), (204, 0));
        assert_eq!(post("f", "", &[("X-Amz-Invocation-Type", "Sometimes")], "1").await.status(), 400);
        assert_eq!(post("fails", "", &[], "1").await.headers()["x-amz-function-error"], "Unhandled");
    }

    #[tokio::test]
    async fn errors_have_the_shapes_of_aws() {
        for (function, body, status, code, expected) in [
            (
                "missing",
                "1",
                404,
                "ResourceNotFoundException",
                r#"{"Type":"User","Message":"Function not found: arn:f:$LATEST"}"#,
            ),
            (
                "busy",
                "1",
                429,
                "TooManyRequestsException",
                r#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}"#,
            ),
            (
                "large",
                "1",
                413,
                "RequestTooLargeException",
                r#"{"Type":"User","message":"7000000 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"}"#,
            ),
            ("closed", "1", 403, "AccessDeniedException", r#"{"Message":"no statement allows it"}"#),
            (
                "broken",
                "1",
                500,
                "ServiceException",
                r#"{"Type":"Service","Message":"the runtime python3.12 is not supported"}"#,
            ),
            (
                "f",
                "{oops",
                400,
                "InvalidRequestContentException",
                r#"{"Type":"User","message":"Could not parse request body into json: key must be a string at line 1 column 2"}"#,
            ),
        ] {
            let reply = post(function, "", &[], body).await;
            assert_eq!(reply.status().as_u16(), status, "{function}");
            assert_eq!(reply.headers()["x-amzn-errortype"], code);
            assert_eq!(text(&reply), expected);
        }
        assert_eq!(post("a/b", "", &[], "1").await.headers()["x-amzn-errortype"], "UnknownOperationException");
    }
}
