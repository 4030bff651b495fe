//! What one account and region has of REST APIs.

use super::super::call::{ApiError, Call};
use super::super::documents::{Collection, DocumentsError, Scope};
use super::errors::{bad_request, no_api, no_such};
use super::kept;
use crate::model::{Deployment, Method, Resource, RestApi};

/// The REST APIs and their deployments.
pub(crate) struct State {
    /// By API id.
    pub(super) apis: Collection<RestApi>,
    /// By `{API id}/{deployment id}`.
    pub(super) deployments: Collection<Deployment>,
}

impl State {
    pub(crate) fn open(scope: &Scope) -> Result<State, DocumentsError> {
        Ok(State {
            apis: scope.collection_in_parts("apigateway/restapis", &kept::PARTS)?,
            deployments: scope.collection("apigateway/deployments")?,
        })
    }

    /// The REST API `restApiId`.
    ///
    /// # Errors
    /// `NotFoundException`
    pub(super) fn api(&self, call: &Call<'_>) -> Result<&RestApi, ApiError> {
        let id = call.text("restApiId");
        self.apis.get(id).ok_or_else(|| no_api(call, id))
    }

    /// Changes the REST API `restApiId`: all of `change`, or nothing where it fails.
    ///
    /// # Errors
    /// `NotFoundException`, and those of `change`.
    pub(super) fn change<R>(
        &mut self,
        call: &Call<'_>,
        change: impl FnOnce(&mut RestApi) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        let id = call.text("restApiId");
        self.apis.update(id, change).unwrap_or_else(|| Err(no_api(call, id)))
    }

    /// Like [`State::change`], where AWS says of an unknown API that the thing in it is unknown.
    ///
    /// # Errors
    /// `missing`, and those of `change`.
    pub(super) fn change_or<R>(
        &mut self,
        call: &Call<'_>,
        missing: impl FnOnce() -> ApiError,
        change: impl FnOnce(&mut RestApi) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        self.apis.update(call.text("restApiId"), change).unwrap_or_else(|| Err(missing()))
    }

    /// The resource `resourceId` of the REST API `restApiId`. An unknown API is an unknown resource too.
    ///
    /// # Errors
    /// `NotFoundException`
    pub(super) fn resource(&self, call: &Call<'_>) -> Result<&Resource, ApiError> {
        let api = self.apis.get(call.text("restApiId"));
        let found = api.and_then(|api| api.resources.iter().find(|resource| resource.id == call.text("resourceId")));
        found.map(|resource| &**resource).ok_or_else(|| no_such("Resource"))
    }

    /// The method `httpMethod` of that resource.
    ///
    /// # Errors
    /// `NotFoundException`
    pub(super) fn method(&self, call: &Call<'_>) -> Result<&Method, ApiError> {
        self.resource(call)?.methods.get(call.text("httpMethod")).ok_or_else(|| no_such("Method"))
    }

    /// The deployments of an API with their ids.
    pub(super) fn deployments(&self, api_id: &str) -> impl Iterator<Item = (&str, &Deployment)> {
        let of_api = move |key: &str| key.split_once('/').is_some_and(|(api, _)| api == api_id);
        self.deployments.iter().filter(move |(key, _)| of_api(key)).map(|(_, made)| (made.id.as_str(), made))
    }

    /// The name of an API and its stages', in the order of their declaration.
    pub(crate) fn named(&self, api_id: &str) -> Option<(String, Vec<String>)> {
        let api = self.apis.get(api_id)?;
        Some((api.name.clone(), api.stages.keys().cloned().collect()))
    }

    /// A deployment, if it is there.
    pub(super) fn deployment(&self, api_id: &str, id: &str) -> Option<&Deployment> {
        self.deployments.get(&deployment_key(api_id, id))
    }

    /// The deployment that a stage is to be given.
    ///
    /// # Errors
    /// `BadRequestException`
    pub(super) fn deployment_for_stage(&self, api_id: &str, id: &str) -> Result<&Deployment, ApiError> {
        self.deployment(api_id, id).ok_or_else(|| bad_request("Deployment id does not exist"))
    }
}

/// Where a deployment is in [`State::deployments`].
pub(super) fn deployment_key(api_id: &str, id: &str) -> String {
    format!("{api_id}/{id}")
}
