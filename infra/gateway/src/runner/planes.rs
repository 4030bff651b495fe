//! What a template declares of APIs becomes what serves them.

use super::deploy::DeployError;
use crate::compile::{self, CompileError};
use crate::gateway::Gateway;
use crate::model::{Model, ProtocolType};
use crate::server::{ApiPlane, HttpPlane, Plane, RestPlane, StageSnapshot, WebSocketPlane};

/// Compiles every stage of every API; with it, what is declared and not served, one line each.
pub(super) fn compile_all(model: &Model, gateway: &Gateway) -> Result<(Vec<Plane>, Vec<String>), DeployError> {
    let mut planes = Vec::with_capacity(model.rest_apis.len() + model.apis.len());
    for api in model.rest_apis.values() {
        let plane = RestPlane::new(&*api.id, gateway.clone());
        planes.push(stages(plane, api.stages.values(), |stage| compile::rest::compile(api, stage))?);
    }
    for api in model.apis.values() {
        let declared = api.stages.values();
        planes.push(match api.protocol_type {
            ProtocolType::Http => {
                let plane = HttpPlane::new(&*api.api_id, gateway.clone());
                stages(plane, declared, |stage| compile::http::compile(api, stage))?
            }
            ProtocolType::WebSocket => {
                let plane = WebSocketPlane::new(&*api.api_id, gateway.clone());
                stages(plane, declared, |stage| compile::websocket::Snapshot::compile(api, stage))?
            }
        });
    }
    let warnings = planes.iter().flat_map(Plane::warnings).collect();
    Ok((planes, warnings))
}

/// `plane` with all of these stages.
fn stages<D, S: StageSnapshot>(
    mut plane: ApiPlane<S>,
    declared: impl Iterator<Item = D>,
    compile: impl Fn(D) -> Result<S, CompileError>,
) -> Result<Plane, DeployError>
where
    Plane: From<ApiPlane<S>>,
{
    for stage in declared {
        let snapshot = compile(stage).map_err(|error| DeployError::Api(error.to_string()))?;
        plane = plane.with_stage(snapshot);
    }
    Ok(plane.into())
}
