//! The threads that the database runs on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::engine::Engine;

/// The database has one lock; a second thread reads and writes JSON while the first holds it.
const THREADS: usize = 2;
/// Requests that wait; more wait in their own tasks, which slows their senders down.
const MAX_QUEUED: usize = 256;

type Job = Box<dyn FnOnce(&Engine) + Send>;

/// A handle on the threads; they end when the last handle is dropped.
#[derive(Clone)]
pub(super) struct Workers {
    jobs: mpsc::Sender<Job>,
    engine: Arc<Engine>,
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers").field("world", &self.engine.world).finish_non_exhaustive()
    }
}

/// A job got no answer.
#[derive(Debug, thiserror::Error)]
#[error("the database's thread panicked or has stopped")]
pub(super) struct Stopped;

impl Workers {
    /// Starts the threads.
    pub(super) fn start(engine: Engine) -> std::io::Result<Workers> {
        let (jobs, queue) = mpsc::channel::<Job>(MAX_QUEUED);
        let queue = Arc::new(Mutex::new(queue));
        let engine = Arc::new(engine);
        for n in 0..THREADS {
            let (queue, engine) = (queue.clone(), engine.clone());
            std::thread::Builder::new().name(format!("dynamodb-{n}")).spawn(move || work(&queue, &engine))?;
        }
        Ok(Workers { jobs, engine })
    }

    /// What the threads work on: for what needs no lock of its storage.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Runs `job` on one of the threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, Stopped> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |engine| {
            // Whoever asked may have gone.
            let _ = answer.send(job(engine));
        });
        self.jobs.send(job).await.map_err(|_| Stopped)?;
        answered.await.map_err(|_| Stopped)
    }
}

fn work(queue: &Mutex<mpsc::Receiver<Job>>, engine: &Engine) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = job else { return };
        // A panic must cost its own request only. Its answer channel is dropped, which the caller sees; the database
        // guards itself with a lock that knows about panics.
        if catch_unwind(AssertUnwindSafe(|| job(engine))).is_err() {
            tracing::error!("a DynamoDB request panicked");
        }
    }
}
