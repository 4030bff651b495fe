//! What every data plane may use: the clock, the account's identity and the functions.

use std::sync::Arc;

use crate::authorize::{Iam, Issuers};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::hosted::Hosted;
use crate::lambda::Invoke;
use crate::response_cache::Caches;
use crate::telemetry::Telemetry;
use crate::throttle::Limits;

/// The services shared by the data planes. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    /// All time comes from here.
    pub clock: Clock,
    /// Whoever runs the functions.
    pub lambda: Arc<dyn Invoke>,
    /// `us-east-1` unless told otherwise.
    pub region: Arc<str>,
    /// `000000000000` unless told otherwise.
    pub account_id: Arc<str>,
    /// The port that the gateway listens on, for domain names and addresses.
    pub port: u16,
    /// Logs and metrics.
    pub telemetry: Telemetry,
    /// Who has which access key, and what its owner may do.
    pub iam: Iam,
    /// How often whom may call in this account and region.
    pub limits: Limits,
    /// Whose tokens can be verified.
    pub issuers: Issuers,
    /// What REST stages keep of responses.
    pub caches: Caches,
    /// Which requests a canary gets.
    pub chance: Chance,
    /// AWS's services in this process, for integrations that call them.
    pub hosted: Hosted,
}

impl Gateway {
    /// `domainName` of an API's events: `{apiId}.execute-api.localhost:{port}`.
    pub fn domain_name(&self, api_id: &str) -> String {
        format!("{api_id}.execute-api.localhost:{}", self.port)
    }

    /// `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{METHOD or route}{path}`.
    pub fn method_arn(&self, api_id: &str, stage: &str, method_and_path: &str) -> String {
        format!("arn:aws:execute-api:{}:{}:{api_id}/{stage}/{method_and_path}", self.region, self.account_id)
    }
}
