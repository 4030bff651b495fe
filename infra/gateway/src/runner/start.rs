//! Starts a stack and ends it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::data_dir::{DataDir, DataDirError};
use super::deploy::{DeployError, Deployer};
use super::follow::{self, Follower};
use super::options::Options;
use super::seed::SeedError;
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::server::{Overview, Server, bind};
use crate::template::TemplateErrors;

/// How long requests and functions under way may take to finish when a run ends.
const DRAIN: Duration = Duration::from_secs(10);

/// The close code that WebSocket clients are told (RFC 6455, section 7.4.1).
const GOING_AWAY: u16 = 1001;

/// A stack to start: a template, or none, and how to run it.
///
/// ```no_run
/// # async fn example() -> Result<(), ferrogate::StartError> {
/// let stack = ferrogate::Ferrogate::from_template("infra/template.yaml").port(0).ephemeral().start().await?;
/// println!("http://127.0.0.1:{}/_ferrogate/health", stack.port());
/// stack.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Ferrogate {
    options: Options,
}

/// Why a stack does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The template cannot be used.
    #[error("{0}")]
    Template(#[from] TemplateErrors),
    /// The seed file cannot be used.
    #[error("{0}")]
    Seed(#[from] SeedError),
    /// The data folder cannot be used.
    #[error("{0}")]
    DataDir(#[from] DataDirError),
    /// The port cannot be bound.
    #[error("cannot listen on {host}:{port}: {error}; choose another with --port N (0 picks a free one)")]
    Port {
        /// The address.
        host: std::net::IpAddr,
        /// The port that was asked for.
        port: u16,
        /// What the system says.
        error: std::io::Error,
    },
    /// What the template declares cannot be deployed.
    #[error("{0}")]
    Deploy(String),
}

impl Ferrogate {
    /// A stack from this template, with the defaults of the command line.
    pub fn from_template(template: impl Into<PathBuf>) -> Self {
        Ferrogate { options: Options { template: Some(template.into()), ..Options::default() } }
    }

    /// A stack without a template, to be built through AWS's own API.
    pub fn empty() -> Self {
        Ferrogate { options: Options { watch: false, ..Options::default() } }
    }

    /// A stack with these options.
    pub fn with_options(options: Options) -> Self {
        Ferrogate { options }
    }

    /// The port on the loopback interface; 0 picks a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.options.port = port;
        self
    }

    /// Keeps the tables in memory.
    #[must_use]
    pub fn ephemeral(mut self) -> Self {
        self.options.ephemeral = true;
        self
    }

    /// Where tables and built functions are kept.
    #[must_use]
    pub fn data_dir(mut self, path: impl AsRef<Path>) -> Self {
        self.options.data_dir = path.as_ref().to_owned();
        self
    }

    /// A value for a template parameter.
    #[must_use]
    pub fn parameter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.parameters.insert(key.into(), value.into());
        self
    }

    /// `AWS::StackName`
    #[must_use]
    pub fn stack_name(mut self, name: impl Into<String>) -> Self {
        self.options.stack_name = name.into();
        self
    }

    /// Whether to rebuild and redeploy when files change.
    #[must_use]
    pub fn watch(mut self, watch: bool) -> Self {
        self.options.watch = watch;
        self
    }

    /// Invoke through this address rather than run the functions here.
    #[must_use]
    pub fn function_endpoint(mut self, url: impl Into<String>) -> Self {
        self.options.function_endpoint = Some(url.into());
        self
    }

    /// Hand DynamoDB's requests to this address.
    #[must_use]
    pub fn dynamodb_endpoint(mut self, url: impl Into<String>) -> Self {
        self.options.dynamodb_endpoint = Some(url.into());
        self
    }

    /// Whether requests to AWS's services must be signed with credentials known here.
    #[must_use]
    pub fn check_signatures(mut self, check: bool) -> Self {
        self.options.check_signatures = check;
        self
    }

    /// The credentials that may do everything, in place of `test` with `test`.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.options.credentials = credentials;
        self
    }

    /// Builds, deploys and serves; returns when requests are answered.
    ///
    /// # Errors
    ///
    /// When the template, the data folder, the port or what the template declares cannot be used; nothing listens then.
    pub async fn start(self) -> Result<Running, StartError> {
        start(self.options).await
    }
}

/// A running stack. Dropping it ends the functions' processes; [`Running::shutdown`] lets them finish first.
pub struct Running {
    port: u16,
    server: Server,
    deployer: Arc<Deployer>,
    follower: Option<Follower>,
    // Declared last: the folder is given back when nothing uses it any more.
    _data_dir: DataDir,
}

impl Running {
    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What runs where.
    pub fn overview(&self) -> Overview {
        self.deployer.overview()
    }

    /// The banner: [`Running::overview`] for a person, with what was seeded and the template's outputs.
    pub fn banner(&self) -> String {
        self.deployer.banner()
    }

    /// The name of the table that the template calls `logical_id`.
    pub fn table_name(&self, logical_id: &str) -> Option<String> {
        self.deployer.table_name(logical_id)
    }

    /// The clock of the stack, to be moved.
    pub fn clock(&self) -> &Clock {
        &self.deployer.services().gateway.clock
    }

    /// Lets requests finish, tells WebSocket clients, runs their `$disconnect`, ends every process.
    pub async fn shutdown(self) {
        drop(self.follower);
        let services = Arc::clone(self.deployer.services());
        services.published.connections().close_all(GOING_AWAY, DRAIN).await;
        // The functions before the port: until they have finished they need the tables and the connections behind it.
        self.deployer.shutdown(DRAIN).await;
        self.server.stop(DRAIN).await;
        services.control.keep_usage();
    }
}

async fn start(options: Options) -> Result<Running, StartError> {
    // Nothing is opened before the template is known to be sound.
    let loaded = super::deploy::load(&options)?;
    let seed = loaded.seed.as_deref().map(super::seed::read).transpose()?;
    let data_dir = DataDir::open(&options.data_dir, options.ephemeral)?;
    // Bound before the long build, so that a port in use is told at once.
    let (host, asked) = (options.host, options.port);
    let unbound = |error| StartError::Port { host, port: asked, error };
    let listeners = bind(host, asked).await.map_err(unbound)?;
    // There is one at least.
    let port =
        listeners.first().map_or(Ok(asked), |first| first.local_addr().map(|bound| bound.port())).map_err(unbound)?;
    if !host.is_loopback() {
        tracing::warn!(
            "listening on {host}: whoever reaches it can create functions, which is to run programs on this machine"
        );
    }
    let failed = |error: DeployError| StartError::Deploy(error.to_string());
    let deployer = Deployer::new(options, port, &data_dir).await.map_err(failed)?;
    let deployer = Arc::new(deployer);
    deployer.deploy(loaded, seed).await.map_err(failed)?;
    // Weak: the services belong to the deployer.
    let weak = Arc::downgrade(&deployer);
    let reset = move || -> BoxFuture<'static, Result<(), String>> {
        let deployer = weak.upgrade();
        async move {
            let deployer = deployer.ok_or("ending")?;
            // Of its own, so that a client that does not wait for the end cannot leave half of it undone.
            let whole = tokio::spawn(async move { deployer.reset().await.map_err(|error| error.to_string()) });
            whole.await.unwrap_or_else(|error| Err(error.to_string()))
        }
        .boxed()
    };
    let weak = Arc::downgrade(&deployer);
    let describe = move || weak.upgrade().map(|deployer| deployer.overview()).unwrap_or_default();
    // Both are set nowhere else.
    let _ = deployer.services().describe.set(Box::new(describe));
    let _ = deployer.services().reset.set(Box::new(reset));
    let follower = deployer.options().watch.then(|| follow::start(&deployer));
    let server = Server::start(listeners, deployer.services());
    Ok(Running { port, server, deployer, follower, _data_dir: data_dir })
}
