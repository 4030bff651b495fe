//! Hands what is deployed over to the data planes.

use std::sync::Arc;

use super::super::Control;
use super::super::world::{World, lock};
use super::state::deployment_key;
use crate::compile;
use crate::compile::http::HttpSnapshot;
use crate::compile::websocket::Snapshot as WebSocketSnapshot;
use crate::model::{Api, ApiStage, ProtocolType};
use crate::server::{ApiPlane, Plane, StageSnapshot};

/// A stage as its data plane serves it.
pub(super) enum Compiled {
    Http(Arc<HttpSnapshot>),
    WebSocket(Arc<WebSocketSnapshot>),
}

/// Compiles `api`, as it was when the stage's deployment was made, for `stage`.
///
/// # Errors
/// Why it cannot be served, in one sentence.
pub(super) fn compile(api: &Api, stage: &ApiStage) -> Result<Compiled, String> {
    let compiled = match api.protocol_type {
        ProtocolType::Http => compile::http::compile(api, stage).map(|snapshot| Compiled::Http(snapshot.into())),
        ProtocolType::WebSocket => {
            WebSocketSnapshot::compile(api, stage).map(|snapshot| Compiled::WebSocket(snapshot.into()))
        }
    };
    compiled.map_err(|error| error.to_string())
}

/// Publishes `compiled` in the place of what the same stages served; the other stages of `api` keep what they serve, with
/// what they have cached, and stages that it has no longer are withdrawn. An API without stages is published too: AWS has
/// an answer there.
pub(super) fn publish(control: &Control, world: &World, api: &Api, compiled: Vec<Compiled>) {
    let (mut http, mut web_socket) = (Vec::new(), Vec::new());
    for compiled in compiled {
        match compiled {
            Compiled::Http(snapshot) => http.push(snapshot),
            Compiled::WebSocket(snapshot) => web_socket.push(snapshot),
        }
    }
    let former = control.published().get(&api.api_id);
    let plane = match api.protocol_type {
        ProtocolType::Http => {
            let former = former.and_then(|plane| if let Plane::Http(plane) = plane { Some(plane) } else { None });
            next(world, api, former, http).into()
        }
        ProtocolType::WebSocket => {
            let former = former.and_then(|plane| if let Plane::WebSocket(plane) = plane { Some(plane) } else { None });
            next(world, api, former, web_socket).into()
        }
    };
    control.published().publish(plane);
}

fn next<S: StageSnapshot>(
    world: &World,
    api: &Api,
    former: Option<Arc<ApiPlane<S>>>,
    compiled: Vec<Arc<S>>,
) -> ApiPlane<S> {
    let mut plane = ApiPlane::new(api.api_id.as_str(), world.gateway.clone());
    if let Some(former) = former {
        plane.stages = former.stages.clone();
        plane.stages.retain(|name, _| api.stages.get(name).is_some_and(|stage| stage.deployment_id.is_some()));
    }
    for snapshot in compiled {
        for warning in snapshot.warnings() {
            tracing::warn!("{warning}");
        }
        plane = plane.with_stage(snapshot);
    }
    plane
}

/// Publishes everything that is deployed in a world: after a restart.
pub(crate) fn publish_all(control: &Control, world: &World) {
    let state = lock(&world.apigatewayv2);
    for api in state.apis.values() {
        let mut compiled = Vec::new();
        for stage in api.stages.values() {
            let Some(id) = &stage.deployment_id else { continue };
            let Some(deployment) = state.deployments.get(&deployment_key(&api.api_id, id)) else { continue };
            match compile(&deployment.snapshot, stage) {
                Ok(snapshot) => compiled.push(snapshot),
                Err(error) => tracing::error!(error, stage = stage.stage_name, "a kept stage cannot be served"),
            }
        }
        publish(control, world, api, compiled);
    }
}
