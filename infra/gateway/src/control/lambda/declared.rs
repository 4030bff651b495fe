//! A template's functions, as the API shows them.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use sha2::{Digest as _, Sha256};

use super::super::Control;
use super::super::world::lock;
use super::new_revision;
use crate::lambda::Code;
use crate::model::{
    Architecture, Environment, EphemeralStorage, Function, FunctionRecord, FunctionUrl, FunctionVersion, LATEST,
    LoggingConfig, SnapStart, TracingConfig,
};

/// A template names no role that is looked at here, and AWS always shows one.
const ROLE: &str = "ferrogate-template";
/// The length of the id of a function URL that `CreateFunctionUrlConfig` makes; a template's is shorter.
const API_URL_ID: usize = 32;

impl Control {
    /// Lets the API know the functions that the template declares, in place of those that it declared before, with the code
    /// of each as far as it was built here. What the API has added to one (aliases, permissions, limits, URLs, tags) stays.
    ///
    /// # Errors
    /// When the store of what was created through the API cannot be written; the text says why.
    pub fn declare_functions(
        &self,
        functions: &IndexMap<String, Function>,
        code: &HashMap<String, Code>,
    ) -> Result<(), String> {
        let world = self.default_world().map_err(|error| error.message)?;
        let now = self.clock().now();
        let mut state = lock(&world.lambda);
        for function in functions.values() {
            let name = &function.function_name;
            let role = format!("arn:aws:iam::{}:role/{ROLE}", world.id.account);
            let mut version = version(function, code.get(name), role, now);
            let former = state.functions.get(name).filter(|_| state.functions.is_declared(name));
            let record = match former {
                Some(former) => {
                    let mut record = former.clone();
                    let unchanged = former.latest().is_some_and(|latest| {
                        let moved = FunctionVersion {
                            last_modified: latest.last_modified,
                            revision_id: latest.revision_id.clone(),
                            ..version.clone()
                        };
                        moved == *latest
                    });
                    if let (true, Some(latest)) = (unchanged, former.latest()) {
                        version = latest.clone();
                    }
                    record.versions.insert(LATEST.to_owned(), version);
                    record
                }
                None => record(function, version),
            };
            state.functions.declare(name, record).map_err(|error| error.message)?;
        }
        state.functions.retain_declared(|name| functions.values().any(|function| function.function_name == name));
        Ok(())
    }
}

impl Control {
    /// Puts the template's function URLs in the place of those that it declared before. A function that has no policy lets
    /// everybody use one that asks for no signature, as it lets gateways in.
    ///
    /// # Errors
    /// When the store of what was created through the API cannot be written; the text says why.
    pub fn declare_function_urls(&self, urls: &IndexMap<String, FunctionUrl>) -> Result<(), String> {
        let world = self.default_world().map_err(|error| error.message)?;
        let now = self.clock().now();
        let mut state = lock(&world.lambda);
        let declared: Vec<_> = state
            .functions
            .iter()
            .filter(|(name, _)| state.functions.is_declared(name))
            .map(|(name, _)| name)
            .collect();
        let declared: Vec<_> = declared.into_iter().map(str::to_owned).collect();
        for name in declared {
            let Some(mut record) = state.functions.get(&name).cloned() else { continue };
            // The template has changed none of those that the API has made: their ids are longer.
            let former = record.urls.get("").filter(|url| url.url_id.len() < API_URL_ID);
            let since = former.map_or(now, |former| former.creation_time);
            match urls.get(&name) {
                Some(url) => {
                    let url = FunctionUrl { creation_time: since, last_modified_time: now, ..url.clone() };
                    record.urls.insert(String::new(), url);
                }
                None if former.is_some() => {
                    record.urls.shift_remove("");
                }
                None => continue,
            }
            state.functions.declare(name, record).map_err(|error| error.message)?;
        }
        Ok(())
    }
}

fn record(function: &Function, version: FunctionVersion) -> FunctionRecord {
    FunctionRecord {
        function_name: function.function_name.clone(),
        versions: IndexMap::from([(LATEST.to_owned(), version)]),
        last_version: 0,
        aliases: IndexMap::new(),
        policies: IndexMap::new(),
        reserved_concurrent_executions: function.reserved_concurrent_executions,
        provisioned_concurrency: IndexMap::new(),
        event_invoke_configs: IndexMap::new(),
        urls: IndexMap::new(),
        tags: IndexMap::new(),
        recursive_loop: None,
        runtime_management: IndexMap::new(),
    }
}

fn version(function: &Function, code: Option<&Code>, role: String, now: i64) -> FunctionVersion {
    let (code_sha256, code_size) = digest(code);
    let environment = Environment { variables: function.environment.clone() };
    let architecture = match function.architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "arm64",
    };
    FunctionVersion {
        version: LATEST.to_owned(),
        description: String::new(),
        runtime: function.runtime.clone(),
        role,
        handler: function.handler.clone(),
        timeout: function.timeout,
        memory_size: function.memory_size,
        environment: Some(environment).filter(|environment| !environment.variables.is_empty()),
        architectures: vec![architecture.to_owned()],
        code_sha256,
        code_size,
        last_modified: now,
        revision_id: new_revision(),
        tracing_config: TracingConfig { mode: "PassThrough".to_owned() },
        ephemeral_storage: EphemeralStorage { size: 512 },
        snap_start: SnapStart { apply_on: "None".to_owned() },
        logging_config: LoggingConfig { log_group: function.log_group.clone(), ..LoggingConfig::default() },
        vpc_config: None,
        dead_letter_config: None,
        kms_key_arn: None,
        file_system_configs: None,
    }
}

/// A hash and a size that change with the code. There is no package whose hash it could be.
fn digest(code: Option<&Code>) -> (String, u64) {
    let Some(Code::Ready { task_root, revision }) = code else { return (STANDARD.encode(Sha256::digest([])), 0) };
    let size = std::fs::metadata(task_root.join("bootstrap")).map(|metadata| metadata.len()).unwrap_or_default();
    let text = format!("{} {revision} {size}", task_root.display());
    (STANDARD.encode(Sha256::digest(text.as_bytes())), size)
}
