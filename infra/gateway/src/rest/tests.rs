//! The plane as a whole, against a stand-in for Lambda.

mod authorizers;
mod events;
mod execution_log;
mod gateway_responses;
mod http;
mod http_failures;
mod iam;
mod integrations;
mod limits;
mod responses;
mod routing;
mod stages;
mod streaming;
mod telemetry;
mod user_pools;

use std::sync::Arc;

use serde_json::{Value, json};

use super::serve;
use crate::compile::rest::compile;
use crate::gateway::Gateway;
use crate::model::{Authorizer, AuthorizerType, Integration, IntegrationType, Method, Resource, RestApi, Stage};
use crate::proxy::testing::{Answer, Fake, header, lambda_uri, ok, request, text};
use crate::server::{ClientRequest, Reply, RestPlane};

/// `("GET /users/{userId}", "function")` …, on the stage `prod`.
pub(super) fn api(methods: &[(&str, &str)]) -> RestApi {
    let mut api = RestApi { id: "userapi".to_owned(), ..RestApi::default() };
    for (key, function) in methods {
        let (verb, path) = key.split_once(' ').unwrap();
        if !api.resources.iter().any(|resource| resource.path == path) {
            let id = format!("r{}", api.resources.len());
            api.resources.push(Resource { id, path: path.to_owned(), ..Resource::default() }.into());
        }
        let resource = api.resources.iter_mut().find(|resource| resource.path == path).unwrap();
        let integration = Integration {
            integration_type: IntegrationType::AwsProxy,
            uri: Some(lambda_uri(function)),
            http_method: Some("POST".to_owned()),
            timeout_in_millis: 29_000,
            ..Integration::default()
        };
        let method = Method {
            http_method: verb.to_owned(),
            authorization_type: "NONE".to_owned(),
            integration: Some(integration),
            ..Method::default()
        };
        resource.methods.insert(verb.to_owned(), method);
    }
    let stage = |name: &str| Stage { stage_name: name.to_owned(), deployment_id: "d1".to_owned(), ..Stage::default() };
    api.stages = [("prod".to_owned(), stage("prod")), ("dev".to_owned(), stage("dev"))].into();
    api
}

/// The method of a key like those of [`api`].
pub(super) fn method<'a>(api: &'a mut RestApi, key: &str) -> &'a mut Method {
    let (verb, path) = key.split_once(' ').unwrap();
    let resource = api.resources.iter_mut().find(|resource| resource.path == path).unwrap();
    &mut resource.methods[verb]
}

/// Puts an authorizer in front of all methods.
pub(super) fn guard(api: &mut RestApi, authorizer_type: AuthorizerType, identity_source: &str, ttl: u32) {
    let authorizer = Authorizer {
        id: "a1".to_owned(),
        name: "Tokens".to_owned(),
        authorizer_type,
        authorizer_uri: Some(lambda_uri("auth")),
        identity_source: Some(identity_source.to_owned()),
        identity_validation_expression: None,
        authorizer_result_ttl_in_seconds: ttl,
        ..Authorizer::default()
    };
    api.authorizers.insert("a1".to_owned(), authorizer);
    for method in api.resources.iter_mut().flat_map(|resource| resource.methods.values_mut()) {
        (method.authorization_type, method.authorizer_id) = ("CUSTOM".to_owned(), Some("a1".to_owned()));
    }
}

/// An API with its functions, ready to be called.
pub(super) struct Plane {
    pub(super) fake: Arc<Fake>,
    pub(super) gateway: Gateway,
    pub(super) plane: RestPlane,
}

impl Plane {
    pub(super) fn new(api: &RestApi, answers: impl IntoIterator<Item = (&'static str, Answer)>) -> Self {
        let fake = Fake::new(answers);
        let gateway = fake.gateway();
        Plane { plane: published(api, &gateway), gateway, fake }
    }

    /// One function `f` behind `ANY /` and `ANY /{proxy+}`, which answers this.
    pub(super) fn answering(answer: Answer) -> Self {
        Self::new(&api(&[("ANY /", "f"), ("ANY /{proxy+}", "f")]), [("f", answer)])
    }

    pub(super) async fn send(&self, request: ClientRequest) -> Reply {
        let path = request.raw_path.clone();
        serve(&self.plane, &path, request).await
    }

    pub(super) async fn get(&self, target: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(request("GET", target, headers)).await
    }
}

/// All stages of an API, each compiled from this declaration.
pub(super) fn published(api: &RestApi, gateway: &Gateway) -> RestPlane {
    let plane = RestPlane::new(&*api.id, gateway.clone());
    api.stages.values().fold(plane, |plane, stage| plane.with_stage(compile(api, stage).unwrap()))
}

/// A gateway response: its status, exact body and error type, and the headers that every reply has.
#[track_caller]
pub(super) fn assert_error(reply: &Reply, status: u16, body: &str, error_type: &str) {
    assert_eq!((reply.status().as_u16(), text(reply)), (status, body));
    assert_eq!(header(reply, "x-amzn-errortype"), Some(error_type));
    assert_eq!(header(reply, "content-type"), Some("application/json"));
    assert_eq!(header(reply, "x-amzn-requestid").map(str::len), Some(36));
    assert_eq!(header(reply, "x-amz-apigw-id").map(str::len), Some(16));
    assert_eq!(reply.headers().len(), 4, "{:?}", reply.headers());
}

/// `value` without these keys, which differ from run to run.
pub(super) fn without(mut value: Value, keys: &[&str]) -> Value {
    for key in keys {
        value.as_object_mut().unwrap().remove(*key).unwrap_or_else(|| panic!("{key} is missing"));
    }
    value
}
