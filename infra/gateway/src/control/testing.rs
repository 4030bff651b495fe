//! A control plane in memory, called as clients call it, for the services' tests.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::Control;
use crate::clock::Clock;
use crate::credentials::{Credentials, Issuer};
use crate::gateway::Gateway;
use crate::lambda::{Invocation, Invoke, InvokeError, InvokeRequest};
use crate::server::{ClientRequest, Headers, Reply};
use crate::telemetry::Telemetry;

/// No function is here.
struct NoFunctions;

impl Invoke for NoFunctions {
    fn invoke<'a>(&'a self, function: &'a str, _: InvokeRequest) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        async move { Err(InvokeError::NotFound(function.to_owned())) }.boxed()
    }
}

/// A control plane without a file and without functions.
pub(crate) fn control() -> Control {
    control_with(Arc::new(NoFunctions))
}

/// A control plane without a file, with these functions.
pub(crate) fn control_with(functions: Arc<dyn Invoke>) -> Control {
    let clock = Clock::default();
    let gateway = Gateway {
        iam: crate::authorize::Iam::default(),
        telemetry: Telemetry::in_memory(&clock),
        issuers: Default::default(),
        hosted: Default::default(),
        clock,
        lambda: functions,
        region: "us-east-1".into(),
        account_id: "000000000000".into(),
        port: 4566,
        limits: crate::throttle::Limits::default(),
        caches: Default::default(),
        chance: Default::default(),
    };
    Control::open(None, gateway, Arc::default()).unwrap()
}

/// A control plane whose directory knows callers, and takes every signature itself.
pub(crate) fn control_with_directory() -> Control {
    control().with_credentials(Issuer::default(), Credentials::default(), false)
}

/// The access key and its secret of a new user, whose own policy, if there is one, is this.
pub(crate) async fn user(control: &Control, name: &str, policy: Option<&Value>) -> (String, String) {
    let (status, xml) = query(control, "iam", &format!("Action=CreateUser&UserName={name}")).await;
    assert_eq!(status, 200, "{xml}");
    if let Some(policy) = policy {
        put_user_policy(control, name, policy).await;
    }
    let (_, xml) = query(control, "iam", &format!("Action=CreateAccessKey&UserName={name}")).await;
    (tag(&xml, "AccessKeyId"), tag(&xml, "SecretAccessKey"))
}

/// Gives a user a policy of its own.
pub(crate) async fn put_user_policy(control: &Control, name: &str, policy: &Value) {
    let policy =
        percent_encoding::utf8_percent_encode(&policy.to_string(), percent_encoding::NON_ALPHANUMERIC).to_string();
    let form = format!("Action=PutUserPolicy&UserName={name}&PolicyName=p&PolicyDocument={policy}");
    let (status, xml) = query(control, "iam", &form).await;
    assert_eq!(status, 200, "{xml}");
}

/// The text of the first element of this name.
pub(crate) fn tag(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    rest.split('<').next().unwrap_or_default().to_owned()
}

/// A signed request. `path` may have a query; `headers` come after `Host` and `Authorization`.
pub(crate) fn request(
    service: &str,
    region: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<bytes::Bytes>,
) -> ClientRequest {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=test/20261122/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let mut all = vec![("Host".to_owned(), "localhost:4566".to_owned()), ("Authorization".to_owned(), authorization)];
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    ClientRequest {
        method: method.parse().unwrap(),
        raw_path: path.to_owned(),
        raw_query: query.to_owned(),
        headers: Headers(all),
        body: body.into(),
        source_ip: [127, 0, 0, 1].into(),
        port: 4566,
        secure: false,
    }
}

/// Sends a request to whom it is for.
pub(crate) async fn send(control: &Control, request: ClientRequest) -> Reply {
    let service = Control::service(&request).expect("a service of the control plane");
    control.serve(service, &request).await
}

/// A REST-JSON call: the status and the body's JSON (null for an empty one).
pub(crate) async fn rest(control: &Control, service: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let reply = send(control, request(service, "us-east-1", method, path, &[], body)).await;
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or(Value::Null))
}

/// A call in AWS JSON 1.1 with this `X-Amz-Target`.
pub(crate) async fn json(control: &Control, service: &str, target: &str, body: Value) -> (u16, Value) {
    let headers = [("X-Amz-Target", target), ("Content-Type", "application/x-amz-json-1.1")];
    let reply = send(control, request(service, "us-east-1", "POST", "/", &headers, body.to_string())).await;
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or(Value::Null))
}

/// A call in the Query protocol: the status and the XML.
pub(crate) async fn query(control: &Control, service: &str, form: &str) -> (u16, String) {
    let headers = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
    let reply = send(control, request(service, "us-east-1", "POST", "/", &headers, form.to_owned())).await;
    (reply.status().as_u16(), String::from_utf8(reply.body().to_vec()).unwrap())
}
