//! Follows changes: a saved source rebuilds the functions, a saved template redeploys the stack.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::deploy::Deployer;
use crate::lambda::{FileWatch, SourceWatch, watch_files, watch_functions};

/// Follows changes until dropped.
pub(super) struct Follower {
    _sources: Option<SourceWatch>,
    template: Option<JoinHandle<()>>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(template) = &self.template {
            template.abort();
        }
    }
}

/// Begins to follow. What cannot be watched is said and left out: the stack serves all the same.
pub(super) fn start(deployer: &Arc<Deployer>) -> Follower {
    let unwatched = |what: &str, error: notify::Error| tracing::warn!("cannot watch {what} for changes: {error}");
    let sources = deployer.local_functions().and_then(|(service, builder)| {
        watch_functions(service, builder).map_err(|error| unwatched("the functions' sources", error)).ok()
    });
    let template = watch_files(deployer.sources()).map_err(|error| unwatched("the template", error)).ok();
    let template = template.map(|files| tokio::spawn(redeploy_on_change(Arc::clone(deployer), files)));
    Follower { _sources: sources, template }
}

async fn redeploy_on_change(deployer: Arc<Deployer>, mut files: FileWatch) {
    loop {
        files.changed().await;
        match deployer.redeploy().await {
            Ok(()) => tracing::info!("the template has changed and is deployed"),
            Err(error) => tracing::error!("the template has changed and is not deployed; the last one keeps serving:\n{error}"),
        }
        // The template may include other documents now.
        files.set_files(deployer.sources());
    }
}
