//! The state as a model.

use super::registry::Registry;
use super::state::State;
use crate::model::Model;

impl State {
    /// Adds all REST APIs and their deployments.
    pub(crate) fn describe(&self, model: &mut Model) {
        model.rest_apis.extend(self.apis.iter().map(|(id, api)| (id.to_owned(), api.clone())));
        model.deployments.extend(self.deployments.iter().map(|(key, made)| (key.to_owned(), made.clone())));
    }
}

impl Registry {
    /// Adds API keys and usage plans.
    pub(crate) fn describe(&self, model: &mut Model) {
        model.api_keys.extend(self.api_keys.iter().map(|(id, key)| (id.to_owned(), key.clone())));
        model.usage_plans.extend(self.usage_plans.iter().map(|(id, plan)| (id.to_owned(), plan.clone())));
        model.usage_plan_keys.extend(self.usage_plan_keys.iter().map(|(id, key)| (id.to_owned(), key.clone())));
    }
}
