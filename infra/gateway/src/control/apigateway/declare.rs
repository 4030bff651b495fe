//! What a template declares becomes part of the state, as if it had been created through the API.

use indexmap::IndexMap;

use super::super::call::ApiError;
use super::deployments::snapshot;
use super::state::{State, deployment_key};
use super::{models, rest_apis};
use crate::clock::EpochMillis;
use crate::model::{Deployment, RestApi, Stage};

impl State {
    /// Puts a template's REST APIs into the state in place of those that it declared before, each with a deployment for
    /// every one that its stages name. What was declared once and is declared no longer goes.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn declare_template(
        &mut self,
        apis: &IndexMap<String, RestApi>,
        now: EpochMillis,
    ) -> Result<(), ApiError> {
        for api in apis.values() {
            let mut api = api.clone();
            let former = self.apis.get(&api.id);
            if api.created_date == 0 {
                api.created_date = former.map_or(now, |former| former.created_date);
            }
            if !api.resources.iter().any(|resource| resource.parent_id.is_none()) {
                api.resources.insert(0, rest_apis::root().into());
            }
            for (name, model) in models::defaults() {
                api.models.entry(name).or_insert(model);
            }
            let frozen = snapshot(&api);
            for stage in api.stages.values_mut() {
                for date in [&mut stage.created_date, &mut stage.last_updated_date] {
                    if *date == 0 {
                        *date = now;
                    }
                }
                super::stages::settle(stage);
                for id in deployments(stage) {
                    let (id, snapshot) = (id.to_owned(), frozen.clone());
                    let deployment = Deployment { id, description: None, created_date: now, snapshot };
                    self.deployments.declare(deployment_key(&api.id, &deployment.id), deployment)?;
                }
            }
            self.apis.declare(api.id.clone(), api)?;
        }
        self.apis.retain_declared(|id| apis.contains_key(id));
        let used = |key: &str| {
            let declared = key.split_once('/').and_then(|(api, id)| Some((apis.get(api)?, id)));
            declared.is_some_and(|(api, id)| api.stages.values().flat_map(deployments).any(|used| used == id))
        };
        self.deployments.retain_declared(used);
        Ok(())
    }
}

/// What a stage serves: its deployment, and its canary's.
fn deployments(stage: &Stage) -> impl Iterator<Item = &str> {
    let canary = stage.canary_settings.as_ref().and_then(|canary| canary.deployment_id.as_deref());
    std::iter::once(stage.deployment_id.as_str()).chain(canary)
}
