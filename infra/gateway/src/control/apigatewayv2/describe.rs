//! The state as a model.

use super::state::State;
use crate::model::Model;

impl State {
    /// Adds all HTTP and WebSocket APIs and their deployments.
    pub(crate) fn describe(&self, model: &mut Model) {
        model.apis.extend(self.apis.iter().map(|(id, api)| (id.to_owned(), api.clone())));
        model.api_deployments.extend(self.deployments.iter().map(|(key, made)| (key.to_owned(), made.clone())));
    }
}
