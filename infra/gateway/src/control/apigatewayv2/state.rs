//! What one account and region has of the service.

use super::super::call::ApiError;
use super::super::documents::{Collection, DocumentsError, Scope};
use super::errors::not_found;
use crate::ids::short_id;
use crate::model::{Api, ApiDeployment, ApiDomainName, ApiMapping, ApiVpcLink, ProtocolType};

/// What one account and region has of the service.
pub(crate) struct State {
    pub(super) apis: Collection<Api>,
    /// By [`deployment_key`].
    pub(super) deployments: Collection<ApiDeployment>,
    pub(super) domain_names: Collection<ApiDomainName>,
    /// By the mapping's id.
    pub(super) mappings: Collection<ApiMapping>,
    pub(super) vpc_links: Collection<ApiVpcLink>,
}

impl State {
    pub(crate) fn open(scope: &Scope) -> Result<State, DocumentsError> {
        Ok(State {
            apis: scope.collection("apigatewayv2/apis")?,
            deployments: scope.collection("apigatewayv2/deployments")?,
            domain_names: scope.collection("apigatewayv2/domainnames")?,
            mappings: scope.collection("apigatewayv2/apimappings")?,
            vpc_links: scope.collection("apigatewayv2/vpclinks")?,
        })
    }

    /// # Errors
    /// `NotFoundException`
    pub(super) fn api(&self, id: &str) -> Result<&Api, ApiError> {
        self.apis.get(id).ok_or_else(|| not_found("API", id))
    }

    /// Whether a WebSocket API, which may have API keys, has this stage; `None` if there is no such API.
    pub(crate) fn has_stage(&self, api_id: &str, stage: &str) -> Option<bool> {
        let api = self.apis.get(api_id).filter(|api| api.protocol_type == ProtocolType::WebSocket)?;
        Some(api.stages.contains_key(stage))
    }

    /// The deployments of an API, in the order in which they were made.
    pub(super) fn deployments_of<'s>(&'s self, api_id: &'s str) -> impl Iterator<Item = &'s ApiDeployment> {
        let prefix = deployment_key(api_id, "");
        self.deployments.iter().filter(move |(key, _)| key.starts_with(&prefix)).map(|(_, deployment)| deployment)
    }

    /// The name of an API and its stages', in the order of their declaration.
    pub(crate) fn named(&self, api_id: &str) -> Option<(String, Vec<String>)> {
        let api = self.apis.get(api_id)?;
        Some((api.name.clone(), api.stages.keys().cloned().collect()))
    }

    /// The API as a stage serves it; `None` if there is no such stage. What a template declares is served as it is.
    pub(crate) fn serving(&self, api_id: &str, stage: &str) -> Option<Api> {
        let api = self.apis.get(api_id)?;
        let id = api.stages.get(stage)?.deployment_id.as_ref();
        let deployment = id.and_then(|id| self.deployments.get(&deployment_key(api_id, id)));
        Some(deployment.map_or_else(|| api.clone(), |made| Api::clone(&made.snapshot)))
    }

    /// Keeps a deployment: with its API's own lifetime, so one of a template's API is not written down.
    pub(super) fn keep_deployment(&mut self, api_id: &str, deployment: ApiDeployment) -> Result<(), ApiError> {
        let key = deployment_key(api_id, &deployment.deployment_id);
        match self.apis.is_declared(api_id) {
            true => self.deployments.declare(key, deployment),
            false => self.deployments.insert(key, deployment),
        }
    }
}

/// `{apiId}/{deploymentId}`
pub(super) fn deployment_key(api_id: &str, deployment_id: &str) -> String {
    format!("{api_id}/{deployment_id}")
}

/// An id of `length` characters that is not `taken`.
pub(super) fn fresh_id(length: usize, taken: impl Fn(&str) -> bool) -> String {
    loop {
        let id = short_id(length);
        if !taken(&id) {
            return id;
        }
    }
}
