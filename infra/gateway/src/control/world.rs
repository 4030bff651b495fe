//! An account and a region: everything that the services of one know, and nothing of any other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::documents::{Documents, DocumentsError};
use super::{apigateway, apigatewayv2, cloudwatch, cognito_idp, iam, lambda, logs, sns};
use crate::gateway::Gateway;

/// Which account and region.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorldId {
    /// Twelve digits.
    pub account: String,
    /// `us-east-1`; `global` for what AWS keeps once for an account (IAM).
    pub region: String,
}

impl WorldId {
    /// An account and a region.
    pub fn new(account: impl Into<String>, region: impl Into<String>) -> WorldId {
        WorldId { account: account.into(), region: region.into() }
    }

    /// `000000000000/us-east-1`
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.account, self.region)
    }

    pub(crate) fn from_key(key: &str) -> Option<WorldId> {
        let (account, region) = key.split_once('/')?;
        Some(WorldId::new(account, region))
    }
}

/// What the services of one account and region know.
pub(crate) struct World {
    pub(crate) id: WorldId,
    /// The clock, this account and region, and its functions.
    pub(crate) gateway: Gateway,
    pub(crate) apigateway: Mutex<apigateway::State>,
    /// What API Gateway v1 keeps beside its REST APIs.
    pub(crate) registry: Mutex<apigateway::Registry>,
    pub(crate) apigatewayv2: Mutex<apigatewayv2::State>,
    pub(crate) lambda: Mutex<lambda::State>,
    /// Shared with the directory that the data planes ask.
    pub(crate) iam: Arc<Mutex<iam::State>>,
    pub(crate) sns: Mutex<sns::State>,
    pub(crate) cloudwatch: Mutex<cloudwatch::State>,
    pub(crate) logs: Mutex<logs::State>,
    pub(crate) cognito_idp: Mutex<cognito_idp::State>,
}

impl World {
    pub(super) fn open(id: WorldId, gateway: Gateway, documents: &Documents) -> Result<World, DocumentsError> {
        let scope = documents.scope(&id);
        let registry = apigateway::Registry::open(&scope, &gateway.limits)?;
        Ok(World {
            id,
            gateway,
            apigateway: Mutex::new(apigateway::State::open(&scope)?),
            registry: Mutex::new(registry),
            apigatewayv2: Mutex::new(apigatewayv2::State::open(&scope)?),
            lambda: Mutex::new(lambda::State::open(&scope)?),
            iam: Arc::new(Mutex::new(iam::State::open(&scope)?)),
            sns: Mutex::new(sns::State::open(&scope)?),
            cloudwatch: Mutex::new(cloudwatch::State::open(&scope)?),
            logs: Mutex::new(logs::State::open(&scope)?),
            cognito_idp: Mutex::new(cognito_idp::State::open(&scope)?),
        })
    }

    /// Forgets everything. The store must have forgotten it before, or it comes back.
    pub(super) fn reset(&self, documents: &Documents) -> Result<(), DocumentsError> {
        let scope = documents.scope(&self.id);
        *lock(&self.apigateway) = apigateway::State::open(&scope)?;
        *lock(&self.registry) = apigateway::Registry::open(&scope, &self.gateway.limits)?;
        self.gateway.limits.clear();
        *lock(&self.apigatewayv2) = apigatewayv2::State::open(&scope)?;
        *lock(&self.lambda) = lambda::State::open(&scope)?;
        *lock(&self.iam) = iam::State::open(&scope)?;
        *lock(&self.sns) = sns::State::open(&scope)?;
        *lock(&self.cloudwatch) = cloudwatch::State::open(&scope)?;
        *lock(&self.logs) = logs::State::open(&scope)?;
        *lock(&self.cognito_idp) = cognito_idp::State::open(&scope)?;
        Ok(())
    }

    /// `arn:aws:{service}:{region}:{account}:{resource}`
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.id.region, self.id.account)
    }
}

/// Locks a service's state. A panic while it is held leaves it whole, since every change is made on a copy first.
pub(crate) fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
