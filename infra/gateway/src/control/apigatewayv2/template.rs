//! What a template declares, as resources of this service.

use indexmap::IndexMap;

use super::super::call::ApiError;
use super::change::new_deployment;
use super::state::{State, deployment_key};
use super::{integrations, stages};
use crate::clock::EpochMillis;
use crate::model::{Api, RouteResponse};

impl State {
    /// Takes over a template's HTTP and WebSocket APIs, each stage with a deployment of the API as it is declared, and
    /// takes away those that an earlier template declared. What was done to the former ones by calls goes with them.
    pub(crate) fn declare_template(&mut self, apis: &IndexMap<String, Api>, now: EpochMillis) -> Result<(), ApiError> {
        self.apis.retain_declared(|id| apis.contains_key(id));
        self.deployments.retain_declared(|_| false);
        for declared in apis.values() {
            let mut api = declared.clone();
            let former = self.apis.get(&api.api_id);
            api.created_date = former.map_or(now, |former| former.created_date);
            complete(&mut api, now);
            let deployment = new_deployment(self, &api, now);
            for stage in api.stages.values_mut() {
                stage.deployment_id = Some(deployment.deployment_id.clone());
            }
            if !api.stages.is_empty() {
                self.deployments.declare(deployment_key(&api.api_id, &deployment.deployment_id), deployment)?;
            }
            self.apis.declare(api.api_id.clone(), api)?;
        }
        Ok(())
    }
}

/// Adds what the operations of this service would have put there.
fn complete(api: &mut Api, now: EpochMillis) {
    api.api_key_selection_expression.get_or_insert_with(|| "$request.header.x-api-key".to_owned());
    api.ip_address_type.get_or_insert_with(|| "ipv4".to_owned());
    let protocol = api.protocol_type;
    for integration in api.integrations.values_mut() {
        integration.connection_type.get_or_insert_with(|| "INTERNET".to_owned());
        integrations::complete(protocol, integration);
    }
    for route in api.routes.values_mut().filter(|route| route.route_response && route.route_responses.is_empty()) {
        let response = RouteResponse {
            route_response_id: route.route_id.clone(),
            route_response_key: "$default".to_owned(),
            ..RouteResponse::default()
        };
        route.route_responses.insert(response.route_response_id.clone(), response);
    }
    for stage in api.stages.values_mut() {
        stage.default_route_settings.get_or_insert_with(|| stages::default_settings(protocol));
        (stage.created_date, stage.last_updated_date) = (now, now);
    }
}
