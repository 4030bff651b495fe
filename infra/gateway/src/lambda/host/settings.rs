//! What the host needs to know, and its bounds.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::logs::LogSink;
use crate::clock::Clock;
use crate::credentials::Issuer;

/// The files that let a function trust this machine's `https` and `wss`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The certificate of the gateway's own authority, for runtimes that add to what they trust (Node.js).
    pub ca: PathBuf,
    /// The same with all that the machine trusts, for those that replace it (OpenSSL, Python, the SDKs).
    pub bundle: PathBuf,
}

/// Asked at each start of a process, so that the files need not be there before; `None` if there are none.
pub type TrustSource = Arc<dyn Fn() -> Option<Trust> + Send + Sync>;

/// The host's surroundings and bounds.
#[derive(Clone)]
pub struct HostSettings {
    /// All deadlines come from here.
    pub clock: Clock,
    /// Where functions' log lines go.
    pub sink: Arc<dyn LogSink>,
    /// `AWS_REGION` of every function.
    pub region: String,
    /// The account in the functions' ARNs.
    pub account_id: String,
    /// Who issues the functions' credentials.
    pub issuer: Issuer,
    /// The gateway's port: functions find AWS's services there (`AWS_ENDPOINT_URL`).
    pub port: u16,
    /// Execution environments (processes) that one function may have at a time.
    pub max_environments: usize,
    /// Callers of one function that may wait for an environment; further ones are throttled (429).
    pub max_waiting: usize,
    /// How long a call waits for a busy environment to become free before another one is started. A start costs about
    /// 10 ms of processor time, so calls that are faster than that are better served by waiting. Six times as long where
    /// there are two environments for each processor already.
    pub scale_out_after: Duration,
    /// How long an environment without work is kept.
    pub keep_idle: Duration,
    /// Bytes of queued asynchronous events.
    pub max_event_bytes: usize,
    /// What functions are told to trust, unless their own configuration says otherwise; `None` tells them nothing.
    pub trust: Option<TrustSource>,
    /// Where the runtime clients of interpreted functions are kept; `None` for a folder among the temporary ones.
    pub runtime_clients: Option<PathBuf>,
    /// Invocations of all functions that may run at a time; further ones are throttled (429). AWS's default is 1,000.
    pub account_concurrency: usize,
    /// Whether a function without any policy is closed to other services, as on AWS.
    pub enforce_permissions: bool,
    /// Gives numbers from 0 to 1, by which an alias with weights chooses.
    pub random: Arc<dyn Fn() -> f64 + Send + Sync>,
}

impl HostSettings {
    /// The defaults, for functions that find AWS's services on `port`.
    pub fn new(clock: Clock, sink: Arc<dyn LogSink>, port: u16) -> Self {
        HostSettings {
            clock,
            sink,
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            issuer: Issuer::default(),
            port,
            max_environments: 32,
            max_waiting: 10_000,
            scale_out_after: Duration::from_millis(4),
            keep_idle: Duration::from_secs(15 * 60),
            max_event_bytes: 64 * 1024 * 1024,
            trust: None,
            runtime_clients: None,
            account_concurrency: 1000,
            enforce_permissions: false,
            random: Arc::new(fastrand::f64),
        }
    }
}
