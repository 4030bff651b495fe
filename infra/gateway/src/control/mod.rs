//! AWS's own control plane: what boto3, the AWS CLI, the SDKs and Terraform call to build, list, change and delete.
//!
//! A request goes `signature → service → protocol → operation → decode → validate → handler → encode`. One folder per
//! service holds the handlers and the state; `service_model` (data from botocore) drives everything around them, so that a
//! service's code is its behaviour and nothing else. The state is `model/`'s own types, kept by `documents`.

mod apigateway;
mod apigatewaymanagementapi;
mod apigatewayv2;
mod call;
mod callers;
mod cloudwatch;
mod cognito_idp;
pub(crate) mod coverage;
mod documents;
mod iam;
mod lambda;
mod logs;
mod model;
mod protocol;
mod service_model;
mod services;
mod sns;
mod sts;
mod validate;
mod world;
mod yaml;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use indexmap::IndexMap;

pub use self::documents::DocumentsError;
pub use self::lambda::FunctionRooms;
pub(crate) use self::lambda::UrlTarget;
pub use self::world::WorldId;

use self::call::{ApiError, Call, Handler};
use self::documents::Documents;
use self::iam::Directory;
use self::protocol::{Named, Protocol, QueryAnswers};
pub use self::services::Service;
use self::world::World;
use crate::clock::Clock;
use crate::credentials::{Credentials, Issuer};
use crate::gateway::Gateway;
use crate::ids;
use crate::lambda::Invoke;
use crate::model::{Api, Model, RestApi};
use crate::server::{ClientRequest, Published, Reply};
use crate::signature::{self, Signed};

/// Accounts and regions that one run may have: each holds its own tables and functions.
const MAX_WORLDS: usize = 64;
/// The region of what AWS keeps once for an account.
const GLOBAL: &str = "global";
/// Operations that are not here and were logged; beyond this further ones are not.
const MAX_UNKNOWN: usize = 1_000;

/// The control plane.
pub struct Control {
    documents: Documents,
    /// The default account and region, and what every world's gateway is made of.
    gateway: Gateway,
    /// The APIs that are served, of all worlds.
    published: Arc<Published>,
    worlds: Arc<RwLock<HashMap<WorldId, Arc<World>>>>,
    /// Who has which access key.
    directory: Arc<Directory>,
    /// Operations that were asked for and are not here: each is logged once.
    unknown: Mutex<HashSet<String>>,
    /// What runs functions, once [`run_functions`](Self::run_functions) has said so.
    functions: Option<FunctionRooms>,
    /// What a template says and the services' states have no place for.
    declared: Mutex<model::Declared>,
}

impl Control {
    /// Opens the store (in memory without a path), brings back what was created, and publishes what of it is deployed.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(path: Option<&Path>, gateway: Gateway, published: Arc<Published>) -> Result<Control, DocumentsError> {
        let documents = Documents::open(path)?;
        let account = Arc::clone(&gateway.account_id);
        let control = Control {
            documents,
            gateway,
            published,
            worlds: Arc::default(),
            // Nothing is checked before it is said what is good.
            directory: Arc::new(Directory::new(Issuer::default(), Credentials::default(), false, account)),
            unknown: Mutex::default(),
            functions: None,
            declared: Mutex::default(),
        };
        for id in control.documents.worlds()? {
            if let Some(world) = control.open_world(id)? {
                apigateway::publish_all(&control, &world);
                apigatewayv2::publish_all(&control, &world);
            }
        }
        Ok(control)
    }

    /// Forgets everything that was created, in every account and region, and serves no API any more.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn reset(&self) -> Result<(), DocumentsError> {
        self.documents.clear()?;
        let worlds: Vec<_> = self.worlds.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        worlds.iter().try_for_each(|world| world.reset(&self.documents))?;
        self.published.replace_all([]);
        self.forget_functions();
        self.directory.reset();
        self.gateway.telemetry.clear();
        Ok(())
    }

    /// The clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.gateway.clock
    }

    /// The APIs that are served.
    pub(crate) fn published(&self) -> &Published {
        &self.published
    }

    /// Every world that is open.
    pub(crate) fn open_worlds(&self) -> Vec<Arc<World>> {
        self.worlds.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Takes over the HTTP and WebSocket APIs that a template declares, so that they are listed and changed as those that
    /// were created are; serving them is the caller's.
    ///
    /// # Errors
    /// When the store of what was created cannot be written.
    pub(crate) fn declare_apis(&self, apis: &IndexMap<String, Api>) -> Result<(), ApiError> {
        let world = self.default_world()?;
        world::lock(&world.apigatewayv2).declare_template(apis, self.clock().now())
    }

    /// The world of the run itself: the template's.
    pub(crate) fn default_world(&self) -> Result<Arc<World>, ApiError> {
        self.world(&WorldId::new(&*self.gateway.account_id, &*self.gateway.region))
    }

    /// Makes a template's REST APIs part of the default world's state, in place of those that it declared before.
    ///
    /// # Errors
    /// When the store fails, with what it said.
    pub(crate) fn declare_rest_apis(&self, apis: &IndexMap<String, RestApi>) -> Result<(), String> {
        let world = self.default_world().map_err(|error| error.message)?;
        let mut state = world::lock(&world.apigateway);
        state.declare_template(apis, self.clock().now()).map_err(|error| error.message)
    }

    /// Makes a template's API keys and usage plans part of the default world's, in place of those that it declared before.
    ///
    /// # Errors
    /// When the store fails, with what it said.
    pub(crate) fn declare_plans(&self, model: &Model) -> Result<(), String> {
        let world = self.default_world().map_err(|error| error.message)?;
        let mut registry = world::lock(&world.registry);
        registry.declare_template(model, self.clock().now()).map_err(|error| error.message)
    }

    /// Writes what API keys have used: at the end of a run, whose last second is not written yet.
    pub(crate) fn keep_usage(&self) {
        for world in self.open_worlds() {
            apigateway::keep_usage(&world);
        }
    }

    /// What AWS keeps once for an account, whatever the region: IAM.
    pub(crate) fn global_world(&self, account: &str) -> Result<Arc<World>, ApiError> {
        self.world(&WorldId::new(account, GLOBAL))
    }

    /// The world of an account and region, made when it is first named.
    ///
    /// # Errors
    /// When there are too many.
    pub(crate) fn world(&self, id: &WorldId) -> Result<Arc<World>, ApiError> {
        if let Some(world) = self.worlds.read().unwrap_or_else(PoisonError::into_inner).get(id) {
            return Ok(Arc::clone(world));
        }
        self.open_world(id.clone()).map_err(ApiError::internal)?.ok_or_else(|| {
            let message = format!("{} accounts and regions are in use here, and there are no more", MAX_WORLDS);
            ApiError::new("LimitExceededException", message)
        })
    }

    fn open_world(&self, id: WorldId) -> Result<Option<Arc<World>>, DocumentsError> {
        let mut worlds = self.worlds.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(world) = worlds.get(&id) {
            return Ok(Some(Arc::clone(world)));
        }
        if worlds.len() >= MAX_WORLDS {
            return Ok(None);
        }
        let functions = self.gateway.lambda.for_world(&id.account, &id.region);
        let gateway = Gateway {
            lambda: functions.unwrap_or_else(|| Arc::clone(&self.gateway.lambda)),
            region: id.region.as_str().into(),
            account_id: id.account.as_str().into(),
            telemetry: self.gateway.telemetry.within(&id.account, &id.region),
            // The template's APIs are served with the run's own gateway: they and those of its world are one account's.
            limits: match id.account == *self.gateway.account_id && id.region == *self.gateway.region {
                true => self.gateway.limits.clone(),
                false => self.gateway.limits.elsewhere(&id.region),
            },
            ..self.gateway.clone()
        };
        let world = Arc::new(World::open(id.clone(), gateway, &self.documents)?);
        if id.region == GLOBAL {
            self.directory.add_account(&id.account, &world.iam);
        }
        worlds.insert(id, Arc::clone(&world));
        drop(worlds);
        cloudwatch::watch(&world);
        apigateway::serve_plans(&world);
        Ok(Some(world))
    }

    /// The service that a request is for, if it is one of the control plane's.
    pub(crate) fn service(request: &ClientRequest) -> Option<&'static Service> {
        services::of(request)
    }

    /// The account and region that a request's credentials name, or else the run's own.
    pub(crate) fn world_of(&self, request: &ClientRequest) -> WorldId {
        match signature::signed(request) {
            Signed::By(scope) => {
                let account = scope.account();
                WorldId::new(account.as_deref().unwrap_or(&self.gateway.account_id), scope.region.as_str())
            }
            _ => WorldId::new(&*self.gateway.account_id, &*self.gateway.region),
        }
    }

    /// Whoever calls functions on behalf of the one who has signed a request, or else of the run's own account.
    pub(crate) fn invoker_of(&self, request: &ClientRequest) -> Arc<dyn Invoke> {
        self.invoker_within(&self.world_of(request))
    }

    /// Whoever calls functions on behalf of this account and region, or else of the run's own.
    pub(crate) fn invoker_within(&self, world: &WorldId) -> Arc<dyn Invoke> {
        let world = self.world(world);
        world.map_or_else(|_| Arc::clone(&self.gateway.lambda), |world| Arc::clone(&world.gateway.lambda))
    }

    /// Whether everybody may send this request to `service`: it names an operation that AWS takes unsigned.
    pub(crate) fn is_public(service: &Service, request: &ClientRequest) -> bool {
        let named = Protocol::of(request).operation(service.model, request);
        let Named::Known(operation, _) = named else { return false };
        service.entry(&operation.name).is_some_and(|entry| entry.public)
    }

    /// Answers one request to `service`.
    pub(crate) async fn serve(&self, service: &'static Service, request: &ClientRequest) -> Reply {
        let request_id = ids::request_id();
        let protocol = Protocol::of(request);
        let answer = match self.caller_world(service, protocol, request) {
            Ok(world) => self.answer(service, protocol, world, request, &request_id).await,
            Err(error) => Err(error),
        };
        answer.unwrap_or_else(|error| protocol.encode_error(service.model, &error, &request_id))
    }

    /// Answers one request to `service` that comes from within, for this account and region: nobody has signed it.
    pub(crate) async fn serve_within(
        &self,
        service: &'static Service,
        world: &WorldId,
        request: &ClientRequest,
    ) -> Reply {
        let request_id = ids::request_id();
        let protocol = Protocol::of(request);
        let answer = match self.world_for(service, world) {
            Ok(world) => self.answer(service, protocol, world, request, &request_id).await,
            Err(error) => Err(error),
        };
        answer.unwrap_or_else(|error| protocol.encode_error(service.model, &error, &request_id))
    }

    /// The service whose endpoint is called so: `monitoring` is CloudWatch's.
    pub(crate) fn service_of_endpoint(name: &str) -> Option<&'static Service> {
        services::of_endpoint(name)
    }

    /// The account and region that a request is of, once its signature is checked.
    fn caller_world(
        &self,
        service: &'static Service,
        protocol: Protocol,
        request: &ClientRequest,
    ) -> Result<Arc<World>, ApiError> {
        match signature::signed(request) {
            Signed::By(scope) => {
                self.check_signature(request, None, matches!(protocol, Protocol::Query(_)))?;
                let account = scope.account();
                let account = account.as_deref().unwrap_or(&self.gateway.account_id);
                self.world_for(service, &WorldId::new(account, scope.region.as_str()))
            }
            // Whose it is, its parameters say: the handler looks there.
            Signed::Not if Control::is_public(service, request) => self.default_world(),
            Signed::Not => {
                let message = format!(
                    "Missing Authentication Token: sign the request; the region in its credential scope says which region is \
                     meant. {}",
                    self.directory.advice()
                );
                Err(ApiError::new(service.missing_token, message).with_status(403))
            }
            Signed::Malformed => {
                let message = "Authorization must be AWS4-HMAC-SHA256 \
                               Credential={access key}/{yyyymmdd}/{region}/{service}/aws4_request, SignedHeaders=…, Signature=…";
                Err(ApiError::new("IncompleteSignatureException", message))
            }
        }
    }

    /// Where a service keeps what it knows for an account and region.
    fn world_for(&self, service: &'static Service, id: &WorldId) -> Result<Arc<World>, ApiError> {
        if service.global { self.global_world(&id.account) } else { self.world(id) }
    }

    async fn answer(
        &self,
        service: &'static Service,
        protocol: Protocol,
        world: Arc<World>,
        request: &ClientRequest,
        request_id: &str,
    ) -> Result<Reply, ApiError> {
        let (operation, labels) = match protocol.operation(service.model, request) {
            Named::Known(operation, labels) => (operation, labels),
            Named::Unknown(name) => return Err(self.not_here(service.name, protocol, &name)),
        };
        let Some(entry) = service.entry(&operation.name) else {
            return Err(self.not_here(service.name, protocol, &operation.name));
        };
        let unpacked = protocol::unpacked(request)?;
        let input = protocol.decode(service.model, operation, &labels, unpacked.as_ref().unwrap_or(request))?;
        if let Some(shape) = operation.input.as_ref().map(|input| service.model.shape(input))
            && let Some(message) = validate::violations(service.model, shape, &input.members, !input.payload.is_empty())
        {
            return Err(service.invalid(message));
        }
        let call = Call { control: self, world: &world, operation, input, request };
        let output = match entry.handler {
            Handler::Sync(handler) => handler(&call)?,
            Handler::Async(handler) => handler(&call).await?,
            Handler::Elsewhere => return Err(self.not_here(service.name, protocol, &operation.name)),
        };
        Ok(protocol.encode(service.model, operation, output, request_id))
    }

    /// The answer to a request for a service of AWS's that is none of these, in the form that its client reads; `None` for
    /// what is no such request.
    pub(crate) fn refuse_other_service(&self, request: &ClientRequest) -> Option<Reply> {
        let target = request.headers.get("x-amz-target").and_then(|target| target.split('.').next());
        let service = match (signature::signed(request), target) {
            (Signed::By(scope), _) => scope.service,
            (_, target) => target?.to_owned(),
        };
        let protocol = Protocol::of(request);
        // An error that a model does not have is written alike with any: this one is the smallest.
        let model = sts::SERVICE.model;
        let operation = match protocol.operation(model, request) {
            Named::Unknown(operation) => operation,
            Named::Known(operation, _) => operation.name.clone(),
        };
        let error = self.not_here(&service, protocol, &operation);
        // These few read XML and cannot be told by their requests; Query's errors are in a form that they understand too.
        let xml = ["s3", "route53", "cloudfront"].contains(&&*service);
        let answer = if xml { Protocol::Query(QueryAnswers::Xml) } else { protocol };
        Some(answer.encode_error(model, &error, &ids::request_id()))
    }

    /// The error for an operation that is not here; the first time for each, the log says so too.
    fn not_here(&self, service: &str, protocol: Protocol, operation: &str) -> ApiError {
        let name = format!("{service} {operation}");
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        if unknown.len() < MAX_UNKNOWN && unknown.insert(name.clone()) {
            tracing::warn!(service, operation, "an operation that is not served here was called");
        }
        let message = format!("Ferrogate does not serve {name}; docs/coverage.md lists what it serves");
        let status = if protocol == Protocol::RestJson { 404 } else { 400 };
        ApiError::new("UnknownOperationException", message).with_status(status)
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
