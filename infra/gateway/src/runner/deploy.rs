//! Makes what a template declares be served: builds functions, creates tables, compiles APIs, swaps them in.
//!
//! Everything that can fail is done before the swap: a deployment that fails leaves the last one serving.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use indexmap::IndexMap;

use super::data_dir::DataDir;
use super::options::Options;
use super::seed::{Seed, SeedError};
use super::{banner, overview, planes, urls};
use crate::authorize::Iam;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::control::{Control, FunctionRooms, WorldId};
use crate::gateway::Gateway;
use crate::lambda::package::PackageStore;
use crate::lambda::{
    BuildError, Builder, Checkpoints, EventSources, FileCheckpoints, HostSettings, Invoke, LambdaService, LogSink,
    MemoryCheckpoints, RemoteLambda, StderrSink, Trust, TrustSource, Worlds,
};
use crate::model::{Function, Model};
use crate::response_cache::Caches;
use crate::rest::Backends;
use crate::server::{Overview, Published, Services, TableEntry, Tls};
use crate::services::dynamodb::TableOutcome;
use crate::services::{RemoteDynamoDb, TableWorlds};
use crate::telemetry::{CountedFunctions, FunctionLogs, Telemetry};
use crate::template::{self, LoadOptions, Loaded, TemplateErrors};
use crate::throttle::Limits;

/// Why what a template declares cannot be deployed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeployError {
    /// A template or its seed file, on a redeployment.
    #[error("{0}")]
    Template(#[from] TemplateErrors),
    #[error("{0}")]
    Seed(#[from] SeedError),
    /// An API that cannot be served.
    #[error("{0}")]
    Api(String),
    /// A table that cannot be created or changed.
    #[error("{0}")]
    Table(String),
    /// The functions' host.
    #[error("cannot run functions: {0}")]
    Lambda(String),
    /// The tables' file or address.
    #[error("cannot open DynamoDB: {0}")]
    DynamoDb(String),
    /// The control plane's file.
    #[error("cannot open {0}")]
    Control(String),
    /// What goes with APIs and functions and cannot be made: topics, alarms, log groups.
    #[error("{0}")]
    Declared(String),
    #[error("cannot build the functions: {0}")]
    Build(#[from] BuildError),
}

/// Whoever runs the template's functions.
enum Host {
    Local { service: Arc<LambdaService>, builder: Arc<Builder> },
    Remote(Arc<RemoteLambda>),
}

/// Deploys, again and again.
pub(super) struct Deployer {
    options: Options,
    host: Host,
    /// The functions of every account and region.
    worlds: Arc<Worlds>,
    services: Arc<Services>,
    state: Mutex<State>,
    /// One deployment at a time.
    turn: tokio::sync::Mutex<()>,
}

/// What the newest deployment was made of.
#[derive(Default)]
struct State {
    /// Table names by logical id.
    tables: HashMap<String, String>,
    outputs: Vec<(String, String)>,
    seeded: Vec<String>,
    sources: Vec<PathBuf>,
    /// The ids of its APIs.
    apis: Vec<String>,
    /// The UUIDs of the template's event source mappings.
    event_sources: Vec<String>,
}

/// Reads the template that the options name; nothing is declared where they name none.
pub(super) fn load(options: &Options) -> Result<Loaded, TemplateErrors> {
    let load = LoadOptions {
        parameters: options.parameters.clone(),
        region: options.region.clone(),
        account_id: options.account_id.clone(),
        stack_name: options.stack_name.clone(),
    };
    match &options.template {
        Some(template) => template::load(template, &load),
        None => Ok(Loaded::default()),
    }
}

impl Deployer {
    /// Opens what deployments need; nothing is deployed yet.
    pub(super) async fn new(options: Options, port: u16, data_dir: &DataDir) -> Result<Deployer, DeployError> {
        let clock = Clock::default();
        let dynamodb = |error: &dyn std::fmt::Display| DeployError::DynamoDb(error.to_string());
        let tables = match &options.dynamodb_endpoint {
            Some(url) => {
                RemoteDynamoDb::new(url, &options.region).map(TableWorlds::remote).map_err(|error| dynamodb(&error))?
            }
            None => TableWorlds::open(data_dir.tables(), clock.clone(), &options.account_id, &options.region)
                .map_err(|error| dynamodb(&error))?,
        };
        let telemetry =
            Telemetry::open(data_dir.logs().as_deref(), clock.clone(), &options.account_id, &options.region)
                .map_err(|error| DeployError::Control(error.to_string()))?;
        let tls = Arc::new(Tls::new(data_dir.tls()));
        let lambda = |error: &dyn std::fmt::Display| DeployError::Lambda(error.to_string());
        let sink: Arc<dyn LogSink> = Arc::new(StderrSink::new().map_err(|error| lambda(&error))?);
        let logs: Arc<dyn LogSink> = Arc::new(FunctionLogs::new(telemetry.clone(), Arc::clone(&sink)));
        let mut settings = HostSettings::new(clock.clone(), logs, port);
        settings.region.clone_from(&options.region);
        settings.account_id.clone_from(&options.account_id);
        settings.max_environments = options.max_environments;
        settings.enforce_permissions = options.enforce_permissions;
        settings.trust = Some(trust(&tls));
        settings.runtime_clients = Some(data_dir.path().join("runtimes"));
        let issuer = settings.issuer.clone();
        let (host, worlds) = match &options.function_endpoint {
            Some(url) => {
                let remote = Arc::new(RemoteLambda::new(url).map_err(|error| lambda(&error))?);
                let elsewhere: Arc<dyn Invoke> = remote.clone();
                (Host::Remote(remote), Worlds::new(settings, Some(elsewhere)))
            }
            None => {
                let builder = Builder::new(data_dir.path(), options.release, sink)?;
                let worlds = Worlds::new(settings, None);
                let service = worlds.home().map_err(|error| lambda(&error))?;
                (Host::Local { service, builder: Arc::new(builder) }, worlds)
            }
        };
        let invoke = worlds.invoker(&options.account_id, &options.region);
        let (account, region) = (&*options.account_id, &*options.region);
        let invoke: Arc<dyn Invoke> =
            Arc::new(CountedFunctions::new(telemetry.clone(), clock.clone(), account, region, invoke));
        let checkpoints: Arc<dyn Checkpoints> = match data_dir.checkpoints() {
            Some(path) => Arc::new(FileCheckpoints::open(path)),
            None => Arc::new(MemoryCheckpoints::default()),
        };
        let event_sources = Arc::new(EventSources::new(clock.clone(), invoke.clone(), tables.clone(), checkpoints));
        let gateway = Gateway {
            iam: Iam::default(),
            clock,
            lambda: invoke,
            region: options.region.as_str().into(),
            account_id: options.account_id.as_str().into(),
            port,
            telemetry,
            limits: Limits::new(&options.region, options.account_throttle),
            issuers: Default::default(),
            caches: Caches::new(options.cache_scale),
            chance: Chance::default(),
            backends: Backends::new(options.allow_link_local, Arc::clone(&tls)),
            hosted: Default::default(),
        };
        let published = Arc::new(Published::default());
        let control = Control::open(data_dir.control().as_deref(), gateway.clone(), Arc::clone(&published));
        let control = control.map_err(|error| DeployError::Control(error.to_string()))?;
        let mut control = control.with_credentials(issuer, options.credentials.clone(), options.check_signatures);
        gateway.issuers.set_own(control.own_issuers());
        let packages = PackageStore::new(&data_dir.path().join("code")).map_err(|error| lambda(&error))?;
        control.run_functions(FunctionRooms::new(worlds.clone(), packages, event_sources.clone())).await;
        let services = Arc::new(Services {
            control,
            gateway,
            published,
            tables,
            event_sources,
            reset: OnceLock::new(),
            exposed: !options.host.is_loopback(),
            describe: OnceLock::new(),
            tls,
        });
        services.host_integrations();
        Ok(Deployer { options, host, worlds, services, state: Mutex::default(), turn: tokio::sync::Mutex::default() })
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// The files of the template; a change of one of them is a reason to deploy again.
    pub(super) fn sources(&self) -> Vec<PathBuf> {
        self.state().sources.clone()
    }

    /// Who runs and builds the functions, if that is done here.
    pub(super) fn local_functions(&self) -> Option<(Arc<LambdaService>, Arc<Builder>)> {
        match &self.host {
            Host::Local { service, builder } => Some((service.clone(), builder.clone())),
            Host::Remote(_) => None,
        }
    }

    /// What runs in the run's own account and region, whoever has made it, with the template's tables.
    pub(super) fn overview(&self) -> Overview {
        let home = WorldId::new(&*self.options.account_id, &*self.options.region);
        let model = self.services.control.model(&home).unwrap_or_default();
        let mut overview = overview::overview(&model, self.services.gateway.port);
        let mut tables: Vec<_> = self.state().tables.values().map(|name| TableEntry { name: name.clone() }).collect();
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        overview.tables = tables;
        overview
    }

    pub(super) fn banner(&self) -> String {
        let overview = self.overview();
        let state = self.state();
        banner::render(
            &overview,
            self.services.gateway.port,
            self.options.credentials.are_default(),
            &state.seeded,
            &state.outputs,
        )
    }

    pub(super) fn table_name(&self, logical_id: &str) -> Option<String> {
        self.state().tables.get(logical_id).cloned()
    }

    /// Reads the template again and deploys it.
    pub(super) async fn redeploy(&self) -> Result<(), DeployError> {
        let loaded = load(&self.options)?;
        let seed = loaded.seed.as_deref().map(super::seed::read).transpose()?;
        self.deploy(loaded, seed).await
    }

    /// Empties everything that is here, then deploys the template, if there is one, anew.
    pub(super) async fn reset(&self) -> Result<(), DeployError> {
        // Read first: a template that has been broken meanwhile must not leave nothing at all.
        let loaded = load(&self.options)?;
        let seed = loaded.seed.as_deref().map(super::seed::read).transpose()?;
        {
            let _turn = self.turn.lock().await;
            for state in self.services.event_sources.states() {
                self.services.event_sources.remove(&state.mapping.uuid).await;
            }
            self.services.control.reset().map_err(|error| DeployError::Control(error.to_string()))?;
            self.deploy_functions(&IndexMap::new()).await?;
            self.services.tables.reset().await.map_err(DeployError::DynamoDb)?;
            *self.state() = State::default();
        }
        self.deploy(loaded, seed).await
    }

    /// Deploys a loaded template.
    pub(super) async fn deploy(&self, loaded: Loaded, seed: Option<Seed>) -> Result<(), DeployError> {
        let _turn = self.turn.lock().await;
        for unsupported in &loaded.unsupported {
            tracing::warn!("not supported yet: {unsupported}");
        }
        let mut model = loaded.model;
        let port = self.services.gateway.port;
        let own: Vec<_> = model.rest_apis.keys().chain(model.apis.keys()).cloned().collect();
        let function_urls: Vec<_> = model.function_urls.values().map(|url| url.url_id.clone()).collect();
        let user_pools: Vec<_> = model.user_pools.pools.keys().cloned().collect();
        let own_urls = urls::Own { apis: &own, function_urls: &function_urls, user_pools: &user_pools };
        for function in model.functions.values_mut() {
            for value in function.environment.values_mut() {
                *value = urls::rewrite(value, port, &own_urls);
            }
        }
        let (planes, warnings) = planes::compile_all(&model, &self.services.gateway)?;
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        let declared = self.services.control.declare_user_pools(&model.user_pools).await;
        declared.map_err(DeployError::Control)?;
        // Alarms last: they tell topics.
        let control = &self.services.control;
        control.declare_log_groups(&model.log_groups).map_err(DeployError::Declared)?;
        control.declare_topics(&model).map_err(DeployError::Declared)?;
        control.declare_alarms(&model.alarms).map_err(DeployError::Declared)?;
        let seeded = self.apply_tables(&model, seed).await?;
        self.deploy_functions(&model.functions).await?;
        self.services.control.declare_function_urls(&model.function_urls).map_err(DeployError::Lambda)?;
        let event_sources = self.deploy_event_sources(&model).await;

        let declared = self.services.control.declare_plans(&model);
        declared.map_err(DeployError::Control)?;
        // Only what this template once declared goes: others publish APIs too.
        let former = std::mem::take(&mut self.state().apis);
        self.services.published.update(planes, &former);
        let declared = self.services.control.declare_rest_apis(&model.rest_apis);
        declared.map_err(DeployError::Control)?;
        let declared = self.services.control.declare_apis(&model.apis);
        declared.map_err(|error| DeployError::Control(error.message))?;
        self.services.control.remember_template(&model);

        let tables =
            model.tables.values().filter_map(|table| Some((table.logical_id.clone()?, table.table_name.clone())));
        let outputs =
            loaded.outputs.iter().map(|output| (output.name.clone(), urls::rewrite(&output.value, port, &own_urls)));
        let mut state = self.state();
        // What an earlier deployment of this run has seeded is there still.
        let mut all_seeded = std::mem::take(&mut state.seeded);
        all_seeded.extend(seeded);
        *state = State {
            tables: tables.collect(),
            outputs: outputs.collect(),
            seeded: all_seeded,
            sources: loaded.sources,
            apis: own.clone(),
            event_sources,
        };
        Ok(())
    }

    async fn deploy_functions(&self, functions: &IndexMap<String, Function>) -> Result<(), DeployError> {
        let mut code = HashMap::new();
        match &self.host {
            Host::Remote(remote) => remote.deploy(functions),
            Host::Local { service, builder } => {
                if !functions.is_empty() {
                    self.services.tls.warm_up();
                }
                let build = builder.build(functions).await?;
                for name in build.failures.keys() {
                    tracing::error!("{name} cannot be built: its calls fail until it can");
                }
                for warning in service.deploy(functions, &build.code).warnings {
                    tracing::warn!("{warning}");
                }
                code = build.code;
            }
        }
        self.services.control.declare_functions(functions, &code).map_err(DeployError::Lambda)
    }

    /// Makes the template's mappings be read, and ends those that it has no more; gives the UUIDs of all it has. One that
    /// cannot be is told of: the rest of the stack works without it.
    async fn deploy_event_sources(&self, model: &Model) -> Vec<String> {
        let event_sources = &self.services.event_sources;
        let former = self.state().event_sources.clone();
        for gone in former.iter().filter(|uuid| !model.event_source_mappings.contains_key(*uuid)) {
            event_sources.remove(gone).await;
        }
        for mapping in model.event_source_mappings.values() {
            if let Err(error) = event_sources.put(mapping.clone()).await {
                tracing::warn!(function = mapping.function, "an event source mapping is not read: {error}");
            }
        }
        model.event_source_mappings.keys().cloned().collect()
    }

    /// Creates the tables that are not there, and fills those with the seed; gives what to tell of it.
    async fn apply_tables(&self, model: &Model, seed: Option<Seed>) -> Result<Vec<String>, DeployError> {
        let seed = seed.unwrap_or_default();
        let mut any_seeded = false;
        for table in model.tables.values() {
            let failed =
                |error: &dyn std::fmt::Display| DeployError::Table(format!("table {}: {error}", table.table_name));
            let outcome = self.services.tables.home().apply_table(table).await.map_err(|error| failed(&error))?;
            let items = table.logical_id.as_ref().and_then(|id| seed.tables.get(id));
            match (outcome, items) {
                (TableOutcome::Created, Some(items)) => {
                    let written = self.services.tables.home().put_items(&table.table_name, items.clone()).await;
                    written.map_err(|error| failed(&format!("its seed: {error}")))?;
                    any_seeded = true;
                }
                (outcome, _) => tracing::debug!(table = table.table_name, ?outcome),
            }
        }
        let known = |id: &String| model.tables.values().any(|table| table.logical_id.as_ref() == Some(id));
        for unknown in seed.tables.keys().filter(|id| !known(id)) {
            tracing::warn!("the seed names {unknown}, which is no table of the template");
        }
        Ok(if any_seeded { seed.banner } else { Vec::new() })
    }

    /// Ends every process.
    pub(super) async fn shutdown(&self, patience: Duration) {
        // Before the functions, so that none is called while they end.
        self.services.event_sources.shutdown(patience).await;
        self.worlds.shutdown(patience).await;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic while it is held leaves it whole: every change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What functions are told to trust.
fn trust(tls: &Arc<Tls>) -> TrustSource {
    let tls = Arc::clone(tls);
    Arc::new(move || match tls.files() {
        Ok((ca, bundle)) => Some(Trust { ca, bundle }),
        Err(error) => {
            tracing::warn!("functions cannot use https on this machine: {error}");
            None
        }
    })
}
