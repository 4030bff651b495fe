//! The APIs as they are served: what is published under an API id, stage by stage.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::compile::http::HttpSnapshot;
use crate::compile::rest::RestSnapshot;
use crate::compile::websocket;
use crate::gateway::Gateway;

/// An API of one kind: whose it is, and the snapshot that each of its stages serves.
///
/// Immutable; a change of a stage is a new plane, made of the other stages' snapshots and the new one, so that those keep
/// what they have cached.
pub struct ApiPlane<S> {
    /// The API id.
    pub api_id: String,
    /// The clock and the functions, and the account and region that the API belongs to.
    pub gateway: Gateway,
    /// The deployed stages by name, `$default` included.
    pub stages: HashMap<String, Arc<S>>,
}

/// A REST API.
pub type RestPlane = ApiPlane<RestSnapshot>;
/// An HTTP API.
pub type HttpPlane = ApiPlane<HttpSnapshot>;
/// A WebSocket API.
pub type WebSocketPlane = ApiPlane<websocket::Snapshot>;

/// What the snapshots of all kinds of API tell.
pub trait StageSnapshot {
    /// The stage that it is of.
    fn stage_name(&self) -> &str;
    /// What is declared in it and not served, one line each.
    fn warnings(&self) -> &[String];
    /// Finds what outlives a snapshot of the stage, now that it becomes one of this API.
    fn join(&self, _gateway: &Gateway, _api_id: &str) {}
}

macro_rules! stage_snapshot {
    ($($snapshot:ty $(, $join:item)?);*) => {$(
        impl StageSnapshot for $snapshot {
            fn stage_name(&self) -> &str {
                &self.stage_name
            }

            fn warnings(&self) -> &[String] {
                &self.warnings
            }

            $($join)?
        }
    )*};
}
stage_snapshot!(
    RestSnapshot,
    fn join(&self, gateway: &Gateway, api_id: &str) {
        self.open_caches(gateway, api_id);
    };
    HttpSnapshot;
    websocket::Snapshot
);

impl<S: StageSnapshot> ApiPlane<S> {
    /// An API without stages.
    pub fn new(api_id: impl Into<String>, gateway: Gateway) -> Self {
        ApiPlane { api_id: api_id.into(), gateway, stages: HashMap::new() }
    }

    /// With this snapshot as its stage's; the former one of that stage goes.
    #[must_use]
    pub fn with_stage(mut self, snapshot: impl Into<Arc<S>>) -> Self {
        let snapshot = snapshot.into();
        snapshot.join(&self.gateway, &self.api_id);
        self.stages.insert(snapshot.stage_name().to_owned(), snapshot);
        self
    }

    /// Without this stage.
    #[must_use]
    pub fn without_stage(mut self, stage: &str) -> Self {
        self.stages.remove(stage);
        self.gateway.caches.forget(&self.api_id, stage);
        self
    }

    /// The warnings of all stages, in the order of the stages' names.
    pub fn warnings(&self) -> Vec<String> {
        let mut stages: Vec<_> = self.stages.values().collect();
        stages.sort_unstable_by_key(|stage| stage.stage_name());
        stages.into_iter().flat_map(|stage| stage.warnings().iter().cloned()).collect()
    }
}

// Not derived: a derive would ask for `S: Clone`.
impl<S> Clone for ApiPlane<S> {
    fn clone(&self) -> Self {
        ApiPlane { api_id: self.api_id.clone(), gateway: self.gateway.clone(), stages: self.stages.clone() }
    }
}

impl<S> fmt::Debug for ApiPlane<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stages: Vec<_> = self.stages.keys().collect();
        f.debug_struct("ApiPlane").field("api_id", &self.api_id).field("stages", &stages).finish_non_exhaustive()
    }
}

/// An API as it is served. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Plane {
    /// A REST API.
    Rest(Arc<RestPlane>),
    /// An HTTP API.
    Http(Arc<HttpPlane>),
    /// A WebSocket API.
    WebSocket(Arc<WebSocketPlane>),
}

impl Plane {
    /// The API id.
    pub fn api_id(&self) -> &str {
        match self {
            Plane::Rest(api) => &api.api_id,
            Plane::Http(api) => &api.api_id,
            Plane::WebSocket(api) => &api.api_id,
        }
    }

    /// What is declared and not served, one line each.
    pub fn warnings(&self) -> Vec<String> {
        match self {
            Plane::Rest(api) => api.warnings(),
            Plane::Http(api) => api.warnings(),
            Plane::WebSocket(api) => api.warnings(),
        }
    }
}

impl From<RestPlane> for Plane {
    fn from(api: RestPlane) -> Self {
        Plane::Rest(Arc::new(api))
    }
}

impl From<HttpPlane> for Plane {
    fn from(api: HttpPlane) -> Self {
        Plane::Http(Arc::new(api))
    }
}

impl From<WebSocketPlane> for Plane {
    fn from(api: WebSocketPlane) -> Self {
        Plane::WebSocket(Arc::new(api))
    }
}
