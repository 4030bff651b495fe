//! What the pools of one service have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

use super::process::Spawner;
use super::settings::HostSettings;

/// The service's surroundings, as its pools and supervisors see them.
pub(crate) struct Shared {
    pub(crate) settings: HostSettings,
    pub(crate) spawner: Spawner,
    pub(crate) runtime: Handle,
    /// The machine's processors, for how many environments are worth having and starting at a time.
    pub(crate) processors: usize,
    last_environment: AtomicU64,
    alive: Arc<watch::Sender<usize>>,
    closing: AtomicBool,
    closed: watch::Sender<bool>,
    quieter: Notify,
    /// Invocations that run now.
    running: AtomicUsize,
}

/// Counts one supervised environment until it is dropped.
pub(crate) struct Alive(Arc<watch::Sender<usize>>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Shared {
    pub(crate) fn new(settings: HostSettings, spawner: Spawner, runtime: Handle) -> Self {
        Shared {
            settings,
            spawner,
            runtime,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            last_environment: AtomicU64::new(0),
            alive: Arc::default(),
            closing: AtomicBool::new(false),
            closed: watch::Sender::new(false),
            quieter: Notify::new(),
            running: AtomicUsize::new(0),
        }
    }

    pub(crate) fn environment_id(&self) -> u64 {
        self.last_environment.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn alive(&self) -> Alive {
        self.alive.send_modify(|count| *count += 1);
        Alive(self.alive.clone())
    }

    /// Waits until no environment is left.
    pub(crate) async fn all_gone(&self) {
        // The sender lives in `self`, so this cannot fail.
        let _ = self.alive.subscribe().wait_for(|count| *count == 0).await;
    }

    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.closed.send_replace(true);
    }

    /// Waits until the service is being closed.
    pub(crate) async fn closed(&self) {
        // The sender lives in `self`, so this cannot fail.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Whether the account has as many invocations running as it may.
    pub(crate) fn is_full(&self) -> bool {
        self.running.load(Ordering::Relaxed) >= self.settings.account_concurrency
    }

    pub(crate) fn work_began(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    /// An invocation that ran has ended.
    pub(crate) fn work_ended(&self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
        self.look_again();
    }

    /// Whoever waits for the last invocation may look.
    pub(crate) fn look_again(&self) {
        if self.is_closing() {
            self.quieter.notify_waiters();
        }
    }

    /// Waits until `quiet` holds, looking again whenever an invocation ends.
    pub(crate) async fn wait_until(&self, quiet: impl Fn() -> bool) {
        loop {
            let mut ended = std::pin::pin!(self.quieter.notified());
            // Registered before the look, so that no end is missed between the look and the wait.
            ended.as_mut().enable();
            if quiet() {
                return;
            }
            ended.await;
        }
    }
}
