//! What answers a method, prepared once for each stage.

use std::time::Duration;

use indexmap::IndexMap;

use super::super::lambda_arn::{resolve, timeout};
use super::super::{FunctionRef, Unusable};
use super::mapping::{RequestMapping, ResponseMapping, Unselectable};
use super::parameters;
use super::service::ServiceTarget;
use crate::model::{Integration, IntegrationType, Method, Stage};

/// What answers a method.
#[derive(Debug)]
pub(crate) enum RestIntegration {
    /// `AWS_PROXY` to a function.
    LambdaProxy(LambdaProxy),
    /// `AWS` to a function.
    Lambda(Box<Mapped<FunctionRef>>),
    /// `AWS` to another service.
    Service(Box<Mapped<ServiceTarget>>),
    /// `MOCK`
    Mock(Box<Mapped<()>>),
    /// Nothing that is served here; the reason goes to the log of every request.
    Unsupported(String),
}

/// `AWS_PROXY` to a function.
#[derive(Debug)]
pub(crate) struct LambdaProxy {
    pub(crate) function: FunctionRef,
    /// `timeoutInMillis`
    pub(crate) timeout: Duration,
    /// As whom it is called.
    pub(crate) credentials: Credentials,
}

/// A non-proxy integration.
#[derive(Debug)]
pub(crate) struct Mapped<T> {
    /// Whom it calls.
    pub(crate) target: T,
    /// `httpMethod`; `None` is the client's own.
    pub(crate) http_method: Option<String>,
    /// `timeoutInMillis`
    pub(crate) timeout: Duration,
    /// As whom it calls.
    pub(crate) credentials: Credentials,
    pub(crate) request: RequestMapping,
    pub(crate) response: ResponseMapping,
}

/// `credentials`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// None: API Gateway calls for the method, and a function's policy must let it in.
    Method,
    /// A role's: its own policies would decide on AWS, and are not modelled here, as those of functions are not.
    Role,
    /// `arn:aws:iam::*:user/*`: whoever has signed the request.
    Caller,
}

impl Credentials {
    fn new(declared: Option<&str>) -> Credentials {
        match declared.filter(|declared| !declared.is_empty()) {
            None => Credentials::Method,
            Some("arn:aws:iam::*:user/*") => Credentials::Caller,
            Some(_) => Credentials::Role,
        }
    }
}

/// Why there is no usable integration: the outer kind of error is API Gateway's too, this one fails closed.
struct Closed(String);

impl RestIntegration {
    /// Err is what API Gateway would refuse too.
    pub(super) fn new(method: &Method, stage: &Stage) -> Result<Self, String> {
        let Some(declared) = &method.integration else {
            return Ok(RestIntegration::Unsupported("the method has no integration".to_owned()));
        };
        let compiled = match declared.integration_type {
            IntegrationType::AwsProxy => lambda_proxy(declared, stage),
            IntegrationType::Aws => aws(method, declared, stage),
            IntegrationType::Mock => {
                mapped(method, declared, |_| Ok(Ok(()))).map(|mock| mock.map(RestIntegration::Mock))
            }
            other => Ok(Err(Closed(format!("integrations of type {}", other.as_str())))),
        };
        compiled.map(|compiled| compiled.unwrap_or_else(|Closed(reason)| RestIntegration::Unsupported(reason)))
    }
}

type Compiled<T> = Result<Result<T, Closed>, String>;

/// The parts that all types have in common.
fn common(declared: &Integration) -> Compiled<Duration> {
    let aws = matches!(declared.integration_type, IntegrationType::Aws | IntegrationType::AwsProxy);
    if declared.connection_type.as_deref() == Some("VPC_LINK") {
        let link = declared.connection_id.as_deref().unwrap_or("none");
        return Ok(Err(Closed(format!(
            "the VPC link {link}: there are no VPCs here; integrate the method with the backend's own address (connectionType \
             INTERNET)"
        ))));
    }
    if let Some(header) = parameters::illegal_header(declared.request_parameters.as_ref(), aws) {
        return Ok(Err(Closed(format!("requestParameters map the header {header}, which is not theirs to map"))));
    }
    timeout("timeoutInMillis", declared.timeout_in_millis).map(Ok)
}

fn uri(declared: &Integration) -> Result<&str, String> {
    let uri = declared.uri.as_deref().filter(|uri| !uri.is_empty());
    uri.ok_or_else(|| format!("an integration of type {} needs a uri", declared.integration_type.as_str()))
}

fn function(declared: &Integration, variables: &IndexMap<String, String>) -> Compiled<FunctionRef> {
    match resolve(uri(declared)?, variables) {
        Err(Unusable::Invalid(reason)) => Err(format!("integration uri {reason}")),
        Err(Unusable::Unsupported(reason)) => Ok(Err(Closed(reason))),
        // AWS deploys this too, and fails every request.
        Ok(_) if declared.http_method.as_deref() != Some("POST") => Ok(Err(Closed(format!(
            "a Lambda integration whose integrationHttpMethod is {}; it must be POST",
            declared.http_method.as_deref().unwrap_or("missing")
        )))),
        Ok(function) => Ok(Ok(function)),
    }
}

fn lambda_proxy(declared: &Integration, stage: &Stage) -> Compiled<RestIntegration> {
    let timeout = match common(declared)? {
        Ok(timeout) => timeout,
        Err(closed) => return Ok(Err(closed)),
    };
    let credentials = Credentials::new(declared.credentials.as_deref());
    let function = function(declared, &stage.variables)?;
    Ok(function.map(|function| RestIntegration::LambdaProxy(LambdaProxy { function, timeout, credentials })))
}

fn aws(method: &Method, declared: &Integration, stage: &Stage) -> Compiled<RestIntegration> {
    let uri = uri(declared)?;
    let invokes = uri.starts_with("arn:aws:lambda:")
        || uri.contains(":lambda:path/") && uri.contains("/functions/") && uri.ends_with("/invocations");
    if invokes {
        let target = |declared: &Integration| function(declared, &stage.variables);
        return mapped(method, declared, target).map(|integration| integration.map(RestIntegration::Lambda));
    }
    let target =
        |declared: &Integration| match ServiceTarget::new(uri, declared.credentials.as_deref(), &stage.variables) {
            Err(Unusable::Invalid(reason)) => Err(format!("integration uri {reason}")),
            Err(Unusable::Unsupported(reason)) => Ok(Err(Closed(reason))),
            Ok(target) => Ok(Ok(target)),
        };
    mapped(method, declared, target).map(|integration| integration.map(RestIntegration::Service))
}

fn mapped<T>(
    method: &Method,
    declared: &Integration,
    target: impl FnOnce(&Integration) -> Compiled<T>,
) -> Compiled<Box<Mapped<T>>> {
    // All of it is read before any of it closes the method: what AWS refuses is refused in any case.
    let (timeout, target) = (common(declared)?, target(declared)?);
    let request = RequestMapping::new(declared)?;
    let response = ResponseMapping::new(method, declared)?.map_err(|Unselectable(reason)| Closed(reason));
    let (timeout, target, response) = match (timeout, target, response) {
        (Ok(timeout), Ok(target), Ok(response)) => (timeout, target, response),
        (Err(closed), ..) | (_, Err(closed), _) | (.., Err(closed)) => return Ok(Err(closed)),
    };
    let http_method = declared.http_method.clone().filter(|verb| verb != "ANY" && !verb.is_empty());
    let credentials = Credentials::new(declared.credentials.as_deref());
    Ok(Ok(Box::new(Mapped { target, http_method, timeout, credentials, request, response })))
}
