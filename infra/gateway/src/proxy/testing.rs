//! A stand-in for Lambda, and requests, for the tests of both planes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::lambda::{Caller, Invocation, InvocationType, Invoke, InvokeError, InvokeRequest};
use crate::server::{ClientRequest, Headers, Reply};
use crate::telemetry::Telemetry;

/// What the stand-in answers.
#[derive(Clone)]
pub(crate) enum Answer {
    /// This JSON.
    Json(Value),
    /// These bytes.
    Raw(&'static [u8]),
    /// A function error with this message.
    Fails(&'static str),
    /// Lambda's own error.
    Refused(InvokeError),
    /// Nothing, for this long.
    Hangs(Duration),
    /// These pieces, to a caller that takes a stream; each next one when the test lets it go. At last an error, if told so.
    Streams(Arc<tokio::sync::Semaphore>, Vec<&'static [u8]>, bool),
}

/// Functions by name, and what they were called with.
#[derive(Default)]
pub(crate) struct Fake {
    answers: Mutex<HashMap<String, Answer>>,
    calls: Mutex<Vec<Called>>,
}

/// One call.
struct Called {
    /// What the plane named the function by.
    identifier: String,
    qualifier: Option<String>,
    caller: Option<Caller>,
    invocation_type: InvocationType,
    event: Value,
}

impl Called {
    fn name(&self) -> &str {
        name(&self.identifier)
    }
}

/// The name in a function's ARN, or the name.
fn name(identifier: &str) -> &str {
    identifier.rsplit(':').next().unwrap_or(identifier)
}

impl Fake {
    pub(crate) fn new(answers: impl IntoIterator<Item = (&'static str, Answer)>) -> Arc<Self> {
        let fake = Self::default();
        fake.answers.lock().unwrap().extend(answers.into_iter().map(|(name, answer)| (name.to_owned(), answer)));
        Arc::new(fake)
    }

    pub(crate) fn gateway(self: &Arc<Self>) -> Gateway {
        let clock = Clock::default();
        Gateway {
            iam: crate::authorize::Iam::default(),
            telemetry: Telemetry::in_memory(&clock),
            issuers: Default::default(),
            backends: Default::default(),
            hosted: Default::default(),
            clock,
            lambda: Arc::clone(self) as Arc<dyn Invoke>,
            region: "us-east-1".into(),
            account_id: "000000000000".into(),
            port: 4566,
            limits: crate::throttle::Limits::default(),
        }
    }

    pub(crate) fn answer(&self, name: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(name.to_owned(), answer);
    }

    /// What `get` finds in the last call of `name`.
    fn last<R>(&self, name: &str, get: impl FnOnce(&Called) -> R) -> R {
        let calls = self.calls.lock().unwrap();
        get(calls.iter().rev().find(|call| call.name() == name).unwrap())
    }

    /// The last event of `name`.
    pub(crate) fn event(&self, name: &str) -> Value {
        self.last(name, |call| call.event.clone())
    }

    pub(crate) fn qualifier(&self, name: &str) -> Option<String> {
        self.last(name, |call| call.qualifier.clone())
    }

    /// Who called `name` last.
    pub(crate) fn caller(&self, name: &str) -> Caller {
        self.caller_if_any(name).unwrap()
    }

    /// Likewise; `None` where no service called it.
    pub(crate) fn caller_if_any(&self, name: &str) -> Option<Caller> {
        self.last(name, |call| call.caller.clone())
    }

    /// How `name` was called last.
    pub(crate) fn invocation_type(&self, name: &str) -> InvocationType {
        self.last(name, |call| call.invocation_type)
    }

    /// What `name` was last called by: its ARN, or the name itself.
    pub(crate) fn identifier(&self, name: &str) -> String {
        self.last(name, |call| call.identifier.clone())
    }

    /// How often `name` was called.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|call| call.name() == name).count()
    }
}

impl Invoke for Fake {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        request: InvokeRequest,
    ) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        let event = serde_json::from_slice(&request.payload).unwrap();
        let InvokeRequest { qualifier, caller, invocation_type, response_stream: stream, .. } = request;
        let identifier = function.to_owned();
        self.calls.lock().unwrap().push(Called { identifier, qualifier, caller, invocation_type, event });
        let answer = self.answers.lock().unwrap().get(name(function)).cloned();
        Box::pin(async move {
            let ok = |payload: Vec<u8>| Ok(Invocation { payload: payload.into(), ..Invocation::default() });
            match answer {
                None => Err(InvokeError::NotFound(function.to_owned())),
                Some(Answer::Json(value)) => ok(serde_json::to_vec(&value).unwrap()),
                Some(Answer::Raw(bytes)) => ok(bytes.to_vec()),
                Some(Answer::Refused(error)) => Err(error),
                Some(Answer::Streams(gate, pieces, fails)) => {
                    let stream = stream.unwrap();
                    for piece in pieces {
                        gate.acquire().await.unwrap().forget();
                        let _ = stream.send(Bytes::from_static(piece)).await;
                    }
                    let function_error = fails.then(|| "Unhandled".to_owned());
                    Ok(Invocation { payload: Bytes::new(), function_error, ..Invocation::default() })
                }
                Some(Answer::Hangs(time)) => {
                    tokio::time::sleep(time).await;
                    ok(b"{}".to_vec())
                }
                Some(Answer::Fails(message)) => Ok(Invocation {
                    payload: serde_json::to_vec(&json!({"errorMessage": message, "errorType": "E"})).unwrap().into(),
                    function_error: Some("Unhandled".to_owned()),
                    ..Invocation::default()
                }),
            }
        })
    }
}

/// A request as the server hands it on; `target` may have a query.
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> ClientRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    ClientRequest {
        method: method.parse().unwrap(),
        raw_path: path.to_owned(),
        raw_query: query.to_owned(),
        headers: Headers(headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()),
        body: Bytes::new(),
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: 4566,
        secure: false,
    }
}

pub(crate) fn text(reply: &Reply) -> &str {
    std::str::from_utf8(reply.body()).unwrap()
}

pub(crate) fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers().get(name).map(|value| value.to_str().unwrap())
}

pub(crate) fn ok() -> Answer {
    Answer::Json(json!({"statusCode": 200, "body": "ok"}))
}

/// The REST form of a function's ARN.
pub(crate) fn lambda_uri(function: &str) -> String {
    format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:{function}/invocations"
    )
}

/// A policy answer for `resource`.
pub(crate) fn policy(effect: &str, resource: &str, context: Value) -> Value {
    json!({
        "principalId": "demo",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}],
        },
        "context": context,
    })
}
