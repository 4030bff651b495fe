//! The Lambda service: every deployed function, one process per execution environment.
//!
//! A call goes `invoke → names → pool → (idle environment | queue) → Runtime API → process` and back. `supervisor`
//! looks after each process; `process` sees to it that none outlives the service.

mod environment;
mod events;
mod failure;
mod limits;
mod logs;
pub(crate) mod names;
mod pool;
pub(crate) mod process;
mod runtime_api;
mod settings;
mod shared;
mod supervisor;
mod table;
#[cfg(test)]
mod tests;
mod version;
mod work;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use indexmap::IndexMap;
use tokio::runtime::Handle;

use self::events::{Accepted, Events};
use self::limits::Limits;
use self::pool::Pool;
use self::process::Spawner;
use self::shared::Shared;
use self::table::{Entry, Functions, Resolved, Rules};
use self::version::Version;
use self::work::Event;
use super::invocation::{Invocation, InvocationType, Invoke, InvokeError, InvokeRequest};
use super::package::{self, CheckError};
use super::runtimes::{self, Program};
use crate::ids;
use crate::model::{Function, FunctionCode, FunctionRecord, LATEST, PolicyStatement};

pub use self::logs::{LineKind, LogLine, LogSink, LogStream, StderrSink};
pub use self::settings::{HostSettings, Trust, TrustSource};
pub use self::version::Code;
pub(crate) use self::version::{reserved_variable, wrong_machine};

/// Lambda's bound for the payload of a synchronous call.
pub(crate) const MAX_SYNC_PAYLOAD: usize = 6 * 1024 * 1024;
/// Lambda's bound for the payload of an asynchronous call.
pub(crate) const MAX_ASYNC_PAYLOAD: usize = 256 * 1024;
/// Lambda's bound for `X-Amz-Client-Context`, in base64.
const MAX_CLIENT_CONTEXT: usize = 3583;

/// The functions of one account and region, and the processes that run them.
///
/// Dropping it kills every process; [`shutdown`](Self::shutdown) lets running invocations finish first.
pub struct LambdaService {
    shared: Arc<Shared>,
    functions: ArcSwap<Functions>,
    /// Held while the table of functions is being replaced.
    deploying: Mutex<()>,
    /// Functions that are no longer deployed but may still be at work.
    removed: Mutex<Vec<Weak<Pool>>>,
    events: Events,
}

/// What a function's policies say of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Allowed,
    Denied,
    /// There is none.
    NoPolicy,
}

/// What a deployment has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployed {
    /// Functions whose code or configuration was replaced, or that are new, by name.
    pub changed: Vec<String>,
    /// What the user should know: functions that cannot be run and settings that are left out, with the reason.
    pub warnings: Vec<String>,
}

impl LambdaService {
    /// A service without functions. Call within a Tokio runtime, which must live as long as the service is used.
    pub fn new(settings: HostSettings) -> io::Result<Self> {
        let events = Events::new(settings.max_event_bytes);
        let shared = Arc::new(Shared::new(settings, Spawner::new()?, Handle::current()));
        Ok(LambdaService {
            shared,
            functions: ArcSwap::default(),
            deploying: Mutex::default(),
            removed: Mutex::default(),
            events,
        })
    }

    /// Replaces all functions that were deployed by `functions`, with the code of each by function name. Those that were
    /// [put](Self::put) stay.
    ///
    /// No request is lost: running invocations finish on the code they began with, everything after that, also what
    /// waits already, is done by the new one. Functions that have not changed keep their environments. A function
    /// whose new code is broken keeps its old code, if it has any.
    pub fn deploy(&self, functions: &IndexMap<String, Function>, code: &HashMap<String, Code>) -> Deployed {
        let mut deployed = Deployed::default();
        self.change(|table| {
            let gone = |(name, entry): (&String, &Arc<Entry>)| {
                (entry.declared && !functions.values().any(|function| function.function_name == *name))
                    .then(|| name.clone())
            };
            let gone: Vec<_> = table.entries.iter().filter_map(gone).collect();
            gone.iter().for_each(|name| {
                table.entries.remove(name);
            });
            for function in functions.values() {
                let name = &function.function_name;
                let former = table.entries.get(name);
                let mut entry = former.map_or_else(|| Entry::new(function, true), |former| Entry::clone(former));
                entry.arn.clone_from(&function.function_arn);
                entry.declared = true;
                entry.limits.reserve(function.reserved_concurrent_executions);
                let former = former.and_then(|former| former.versions.get(LATEST));
                let pool = self.place(function, LATEST, code.get(name), former, &entry.limits, &mut deployed);
                if let Err(reason) = &pool {
                    deployed.warnings.push(format!("{name}: {reason}"));
                }
                for key in version::reserved_variables(function) {
                    deployed.warnings.push(format!("{name}: the variable {key} is reserved by Lambda and left out"));
                }
                entry.versions.insert(LATEST.to_owned(), pool);
                table.entries.insert(name.clone(), Arc::new(entry));
            }
            table.aliases = names::aliases(functions);
            table.declared.clone_from(functions);
        });
        deployed
    }

    /// Makes `code` what runs for one version of one function, which may be new. Other functions and versions are not
    /// touched; running invocations finish on the code they began with. Gives what the user should know.
    pub fn put(&self, function: &Function, version: &str, code: &Code) -> Vec<String> {
        let mut deployed = Deployed::default();
        self.change(|table| {
            let former = table.entries.get(&function.function_name);
            let mut entry = former.map_or_else(|| Entry::new(function, false), |former| Entry::clone(former));
            let former = former.and_then(|former| former.versions.get(version));
            let pool = self.place(function, version, Some(code), former, &entry.limits, &mut deployed);
            entry.versions.insert(version.to_owned(), pool);
            table.entries.insert(function.function_name.clone(), Arc::new(entry));
        });
        deployed.warnings
    }

    /// Makes the aliases, policies, limits and retries of a record hold, from the next call on; nothing where there is no
    /// such function.
    pub fn configure(&self, record: &FunctionRecord) {
        self.change(|table| {
            if let Some(entry) = table.entries.get_mut(&record.function_name) {
                entry.limits.reserve(record.reserved_concurrent_executions);
                Arc::make_mut(entry).rules = Arc::new(Rules::of(record));
            }
        });
    }

    /// Ends one version of a function, once its running invocations have finished; all of the function without a version.
    pub fn remove(&self, function: &str, version: Option<&str>) {
        self.change(|table| match version {
            None => {
                table.entries.remove(function);
            }
            Some(version) => {
                if let Some(entry) = table.entries.get_mut(function) {
                    Arc::make_mut(entry).versions.remove(version);
                }
            }
        });
    }

    /// Ends every function, once its running invocations have finished.
    pub fn clear(&self) {
        self.change(|table| *table = Functions::default());
    }

    /// Whether there is a function of this name, ARN or partial ARN.
    pub fn knows(&self, identifier: &str) -> bool {
        names::parse(identifier).is_some_and(|(name, _)| self.functions.load().entry(name).is_some())
    }

    /// What the policies of a function say of calls with this qualifier.
    pub(crate) fn access(
        &self,
        function: &str,
        qualifier: Option<&str>,
        allows: impl Fn(&[PolicyStatement]) -> bool,
    ) -> Access {
        let functions = self.functions.load();
        let entry = functions.entries.get(function);
        entry.map_or(Access::NoPolicy, |entry| entry.rules.access(qualifier, allows))
    }

    /// Replaces the table by a changed one and ends what is no longer in it.
    fn change(&self, change: impl FnOnce(&mut Functions)) {
        let _one_at_a_time = self.deploying.lock().unwrap_or_else(PoisonError::into_inner);
        let former = self.functions.load_full();
        let mut table = Functions::clone(&former);
        change(&mut table);
        let gone = former.pools_missing_in(&table);
        self.functions.store(Arc::new(table));
        gone.iter().for_each(|pool| pool.close());
        let mut removed = self.removed.lock().unwrap_or_else(PoisonError::into_inner);
        removed.retain(|pool| pool.strong_count() > 0);
        removed.extend(gone.iter().map(Arc::downgrade));
    }

    /// The environments for one version of a function: those that it has, or new ones.
    fn place(
        &self,
        function: &Function,
        number: &str,
        code: Option<&Code>,
        former: Option<&Result<Arc<Pool>, String>>,
        limits: &Arc<Limits>,
        deployed: &mut Deployed,
    ) -> Result<Arc<Pool>, String> {
        let former = former.and_then(|former| former.as_ref().ok());
        // A rebuild knows nothing of a function that was deployed while it ran: that one keeps its code.
        let code = code.cloned().or_else(|| Some(former?.version().code.clone()));
        let mut code = code.ok_or("there is no code for it")?;
        if let Some(pool) = former {
            let current = pool.version();
            if matches!(code, Code::Broken { .. }) && matches!(current.code, Code::Ready { .. }) {
                code = current.code.clone();
            }
            if current.function == *function && current.code == code {
                return Ok(pool.clone());
            }
        }
        let program = match &code {
            Code::Ready { task_root, .. } => Some(self.program(function, task_root, &mut deployed.warnings)?),
            Code::Broken { .. } => None,
        };
        deployed.changed.push(function.function_name.clone());
        let version = Version { function: function.clone(), number: number.to_owned(), code, program };
        Ok(match former {
            Some(pool) => {
                pool.swap(version);
                pool.clone()
            }
            None => Pool::new(&function.function_name, self.shared.clone(), limits.clone(), version),
        })
    }

    /// What runs the function; what the user should know of it goes to `warnings`.
    fn program(&self, function: &Function, task_root: &Path, warnings: &mut Vec<String>) -> Result<Program, String> {
        let clients = self.shared.settings.runtime_clients.as_deref();
        let program = runtimes::program(&function.runtime, task_root, clients).map_err(|error| error.to_string())?;
        let name = &function.function_name;
        warnings.extend(program.warning.iter().map(|warning| format!("{name}: {warning}")));
        // Cargo has built it for this machine.
        if !matches!(function.code, FunctionCode::Cargo { .. }) {
            let found = match package::check(&function.runtime, &function.handler, task_root) {
                Err(error @ CheckError::WrongMachine(_)) => return Err(error.to_string()),
                // As on AWS, its invocations say so.
                Err(error) => vec![error.to_string()],
                Ok(found) => found,
            };
            warnings.extend(found.iter().map(|warning| format!("{name}: {warning}")));
        }
        Ok(program)
    }

    /// Replaces the code of the functions that there are.
    pub fn update_code(&self, code: &HashMap<String, Code>) -> Deployed {
        self.deploy(&self.functions(), code)
    }

    /// The deployed functions by name.
    pub fn functions(&self) -> IndexMap<String, Function> {
        self.functions.load().declared.clone()
    }

    /// How many execution environments (processes) a function has now; 0 for one that is not known.
    pub fn environments(&self, function: &str) -> usize {
        let functions = self.functions.load();
        functions.entries.get(function).map_or(0, |entry| entry.pools().map(|pool| pool.environments()).sum())
    }

    /// Refuses new calls, lets running ones finish for at most `patience`, then kills every process.
    ///
    /// Returns when no process is left.
    pub async fn shutdown(&self, patience: Duration) {
        self.shared.close();
        let pools = self.pools();
        let quiet = self.shared.wait_until(|| pools.iter().all(|pool| pool.is_quiet()));
        if tokio::time::timeout(patience, quiet).await.is_err() {
            tracing::warn!("invocations are still running and are cut off");
        }
        for pool in pools {
            pool.stop();
        }
        self.shared.spawner.kill_all();
        self.shared.all_gone().await;
    }

    /// Every pool that may have a process.
    fn pools(&self) -> Vec<Arc<Pool>> {
        let functions = self.functions.load();
        let removed = self.removed.lock().unwrap_or_else(PoisonError::into_inner);
        functions.pools().chain(removed.iter().filter_map(Weak::upgrade)).collect()
    }

    async fn call(&self, function: &str, request: InvokeRequest) -> Result<Invocation, InvokeError> {
        let settings = &self.shared.settings;
        let qualifier = request.qualifier.as_deref();
        let resolved = self.functions.load().resolve(function, qualifier, request.caller.as_ref(), settings)?;
        let Resolved { pool, version, invoked_arn: function_arn, events: policy } = resolved;
        let limit = match request.invocation_type {
            InvocationType::Event => MAX_ASYNC_PAYLOAD,
            _ => MAX_SYNC_PAYLOAD,
        };
        if request.payload.len() > limit {
            return Err(InvokeError::RequestTooLarge(request.payload.len()));
        }
        let client_context = request.client_context.as_deref().map(client_context).transpose()?;
        let now = self.shared.settings.clock.now();
        let trace_id = request.trace_id.and_then(|trace| HeaderValue::try_from(trace).ok()).unwrap_or_else(|| {
            // Made of hexadecimal digits and punctuation.
            HeaderValue::try_from(ids::trace_header(None, now)).unwrap_or(HeaderValue::from_static(""))
        });
        let request_id = ids::request_id();
        let mut invocation =
            Invocation { executed_version: version, request_id: request_id.clone(), ..Invocation::default() };
        let payload = request.payload;
        match request.invocation_type {
            InvocationType::DryRun => {}
            InvocationType::Event => {
                let accepted = Accepted { pool, request_id, payload, function_arn, trace_id, client_context, policy };
                self.events.accept(accepted)?;
            }
            InvocationType::RequestResponse => {
                let event = Event { request_id, payload, function_arn, trace_id, client_context };
                let completed = pool.run(event, request.tail_log, request.response_stream).await?;
                invocation.payload = completed.payload;
                invocation.function_error = completed.function_error.then(|| "Unhandled".to_owned());
                invocation.log_tail = completed.log_tail;
            }
        }
        Ok(invocation)
    }
}

impl Invoke for LambdaService {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        request: InvokeRequest,
    ) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        self.call(function, request).boxed()
    }
}

impl Drop for LambdaService {
    fn drop(&mut self) {
        self.shared.close();
        for pool in self.pools() {
            pool.stop();
        }
        self.shared.spawner.kill_all();
    }
}

/// Decodes `X-Amz-Client-Context`, which the function gets as JSON.
fn client_context(encoded: &str) -> Result<HeaderValue, InvokeError> {
    let invalid = |why: &str| InvokeError::InvalidRequestContent(format!("Client context {why}"));
    if encoded.len() > MAX_CLIENT_CONTEXT {
        return Err(invalid("must be at most 3583 bytes of base64"));
    }
    let decoded = STANDARD.decode(encoded).map_err(|_| invalid("must be a valid Base64-encoded JSON object"))?;
    HeaderValue::from_bytes(&decoded).map_err(|_| invalid("must not have control characters"))
}
