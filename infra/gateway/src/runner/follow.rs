//! Follows changes: a saved source rebuilds the functions, a saved template redeploys the stack.

use std::sync::Arc;

use super::deploy::Deployer;
use crate::lambda::watch;

/// Follows changes until dropped.
pub(super) struct Follower {
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
