//! The plane as a whole, against a stand-in for Lambda.

mod authorizers;
mod cors;
mod events;
mod iam;
mod jwt;
mod limits;
mod responses;
mod routing;
mod stages;
mod telemetry;

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::serve;
use crate::compile::http::compile;
use crate::gateway::Gateway;
use crate::model::{Api, ApiIntegration, ApiStage, IntegrationType, ProtocolType, Route};
use crate::proxy::testing::{Answer, Fake, header, ok, request, text};
use crate::server::{ClientRequest, HttpPlane, Reply};

/// An API with these routes to the function `f`, payload 2.0, on the stages `$default` and `dev`.
pub(crate) fn api(route_keys: &[&str]) -> Api {
    let integration = ApiIntegration {
        integration_id: "i1".to_owned(),
        integration_type: IntegrationType::AwsProxy,
        integration_uri: Some("arn:aws:lambda:us-east-1:000000000000:function:f".to_owned()),
        payload_format_version: "2.0".to_owned(),
        timeout_in_millis: 30_000,
        ..ApiIntegration::default()
    };
    let route = |(i, key): (usize, &&str)| {
        let route = Route {
            route_id: format!("r{i}"),
            route_key: (*key).to_owned(),
            integration_id: Some("i1".to_owned()),
            authorization_type: "NONE".to_owned(),
            ..Route::default()
        };
        (route.route_id.clone(), route)
    };
    let stage = |name: &str| (name.to_owned(), ApiStage { stage_name: name.to_owned(), ..ApiStage::default() });
    Api {
        api_id: "api".to_owned(),
        logical_id: None,
        name: "api".to_owned(),
        protocol_type: ProtocolType::Http,
        route_selection_expression: "$request.method $request.path".to_owned(),
        cors_configuration: None,
        routes: route_keys.iter().enumerate().map(route).collect(),
        integrations: IndexMap::from([("i1".to_owned(), integration)]),
        authorizers: IndexMap::new(),
        stages: IndexMap::from([stage("$default"), stage("dev")]),
        ..Api::default()
    }
}

/// An API with its functions, ready to be called.
pub(super) struct Plane {
    pub(super) fake: Arc<Fake>,
    pub(super) gateway: Gateway,
    pub(super) plane: HttpPlane,
}

impl Plane {
    pub(super) fn new(api: &Api, answers: impl IntoIterator<Item = (&'static str, Answer)>) -> Self {
        let fake = Fake::new(answers);
        let gateway = fake.gateway();
        let plane = HttpPlane::new(&*api.api_id, gateway.clone());
        let plane = api.stages.values().fold(plane, |plane, stage| plane.with_stage(compile(api, stage).unwrap()));
        Plane { plane, gateway, fake }
    }

    pub(super) async fn send(&self, request: ClientRequest) -> Reply {
        let path = request.raw_path.clone();
        serve(&self.plane, &path, request).await
    }

    pub(super) async fn get(&self, target: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(request("GET", target, headers)).await
    }
}

/// A gateway response: its status and exact body, with the id and nothing of REST's.
#[track_caller]
pub(super) fn assert_error(reply: &Reply, status: u16, message: &str) {
    assert_eq!((reply.status().as_u16(), text(reply)), (status, json!({ "message": message }).to_string().as_str()));
    assert_eq!(header(reply, "content-type"), Some("application/json"));
    assert_eq!(header(reply, "apigw-requestid").map(str::len), Some(16));
    assert_eq!((header(reply, "x-amzn-errortype"), header(reply, "x-amzn-requestid")), (None, None));
}
