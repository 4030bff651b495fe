//! The Lambda service: every deployed function, one process per execution environment.
//!
//! A call goes `invoke → names → pool → (idle environment | queue) → Runtime API → process` and back. `supervisor`
//! looks after each process; `process` sees to it that none outlives the service.

mod environment;
mod events;
mod failure;
mod logs;
pub(crate) mod names;
mod pool;
pub(crate) mod process;
mod runtime_api;
mod settings;
mod shared;
mod supervisor;
#[cfg(test)]
mod tests;
mod version;
mod work;

use std::collections::{HashMap, HashSet};
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
use self::pool::Pool;
use self::process::Spawner;
use self::shared::Shared;
use self::version::Version;
use self::work::Event;
use super::invocation::{Invocation, InvocationType, Invoke, InvokeError, InvokeRequest};
use super::package::{self, CheckError};
use super::runtimes::{self, Program};
use crate::ids;
use crate::model::{Function, FunctionCode};

pub use self::logs::{LogSink, StderrSink};
pub use self::settings::{HostSettings, Trust, TrustSource};
pub use self::version::Code;
pub(crate) use self::version::wrong_machine;

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

/// The table of functions.
#[derive(Default)]
struct Functions {
    entries: HashMap<String, Entry>,
    aliases: HashMap<String, String>,
    model: IndexMap<String, Function>,
}

struct Entry {
    arn: String,
    arn_header: HeaderValue,
    /// The environments, or why there can be none.
    pool: Result<Arc<Pool>, String>,
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

    /// Replaces all functions by `functions`, with the code of each by function name.
    ///
    /// No request is lost: running invocations finish on the code they began with, everything after that, also what
    /// waits already, is done by the new one. Functions that have not changed keep their environments. A function
    /// whose new code is broken keeps its old code, if it has any.
    pub fn deploy(&self, functions: &IndexMap<String, Function>, code: &HashMap<String, Code>) -> Deployed {
        let _one_at_a_time = self.deploying.lock().unwrap_or_else(PoisonError::into_inner);
        let former = self.functions.load_full();
        let mut deployed = Deployed::default();
        let mut entries = HashMap::new();
        for function in functions.values() {
            let name = &function.function_name;
            let pool = self.deploy_one(function, code.get(name), former.entries.get(name), &mut deployed);
            if let Err(reason) = &pool {
                deployed.warnings.push(format!("{name}: {reason}"));
            }
            for key in version::reserved_variables(function) {
                deployed.warnings.push(format!("{name}: the variable {key} is reserved by Lambda and left out"));
            }
            let arn_header = HeaderValue::from_str(&function.function_arn).unwrap_or(HeaderValue::from_static(""));
            entries.insert(name.clone(), Entry { arn: function.function_arn.clone(), arn_header, pool });
        }
        let kept: HashSet<_> = entries.values().filter_map(|entry| entry.pool.as_ref().ok().map(Arc::as_ptr)).collect();
        let gone: Vec<_> = (former.entries.values().filter_map(|entry| entry.pool.as_ref().ok()))
            .filter(|pool| !kept.contains(&Arc::as_ptr(pool)))
            .cloned()
            .collect();
        let aliases = names::aliases(functions);
        self.functions.store(Arc::new(Functions { entries, aliases, model: functions.clone() }));
        gone.iter().for_each(|pool| pool.close());
        let mut removed = self.removed.lock().unwrap_or_else(PoisonError::into_inner);
        removed.retain(|pool| pool.strong_count() > 0);
        removed.extend(gone.iter().map(Arc::downgrade));
        drop(removed);
        deployed
    }

    fn deploy_one(
        &self,
        function: &Function,
        code: Option<&Code>,
        former: Option<&Entry>,
        deployed: &mut Deployed,
    ) -> Result<Arc<Pool>, String> {
        let former = former.and_then(|former| former.pool.as_ref().ok());
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
        let version = Version { function: function.clone(), code, program };
        Ok(match former {
            Some(pool) => {
                pool.swap(version);
                pool.clone()
            }
            None => Pool::new(&function.function_name, self.shared.clone(), version),
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
        self.functions.load().model.clone()
    }

    /// How many execution environments (processes) a function has now; 0 for one that is not known.
    pub fn environments(&self, function: &str) -> usize {
        let functions = self.functions.load();
        let pool = functions.entries.get(function).and_then(|entry| entry.pool.as_ref().ok());
        pool.map_or(0, |pool| pool.environments())
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
        let deployed = functions.entries.values().filter_map(|entry| entry.pool.clone().ok());
        deployed.chain(removed.iter().filter_map(Weak::upgrade)).collect()
    }

    fn resolve(&self, identifier: &str, qualifier: Option<&str>) -> Result<(Arc<Pool>, HeaderValue), InvokeError> {
        let unknown = |arn: String| InvokeError::NotFound(arn);
        let (name, inline) = names::parse(identifier).ok_or_else(|| unknown(identifier.to_owned()))?;
        let qualifier = qualifier.or(inline);
        let functions = self.functions.load();
        let entry = functions.entries.get(name).or_else(|| functions.entries.get(functions.aliases.get(name)?));
        let Some(entry) = entry else {
            let settings = &self.shared.settings;
            let (region, account) = (&settings.region, &settings.account_id);
            let qualifier = qualifier.unwrap_or("$LATEST");
            return Err(unknown(format!("arn:aws:lambda:{region}:{account}:function:{name}:{qualifier}")));
        };
        let pool = entry.pool.clone().map_err(InvokeError::Service)?;
        // There is one version of each function here, so every version and alias means that one.
        let arn = match qualifier {
            None => entry.arn_header.clone(),
            Some(qualifier) => {
                let qualified = format!("{}:{qualifier}", entry.arn);
                let valid = qualifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$-_".contains(&byte));
                HeaderValue::from_str(&qualified).ok().filter(|_| valid).ok_or_else(|| unknown(qualified))?
            }
        };
        Ok((pool, arn))
    }

    async fn call(&self, function: &str, request: InvokeRequest) -> Result<Invocation, InvokeError> {
        let (pool, function_arn) = self.resolve(function, request.qualifier.as_deref())?;
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
        let mut invocation = Invocation {
            executed_version: "$LATEST".to_owned(),
            request_id: request_id.clone(),
            ..Invocation::default()
        };
        let payload = request.payload;
        match request.invocation_type {
            InvocationType::DryRun => {}
            InvocationType::Event => {
                self.events.accept(Accepted { pool, request_id, payload, function_arn, trace_id, client_context })?;
            }
            InvocationType::RequestResponse => {
                let event = Event { request_id, payload, function_arn, trace_id, client_context };
                let completed = pool.run(event, request.tail_log).await?;
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
