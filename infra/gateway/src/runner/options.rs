//! What a run can be told.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use crate::credentials::Credentials;
use crate::response_cache::DEFAULT_CACHE_SCALE;

/// The port that AWS-local tools use.
pub const DEFAULT_PORT: u16 = 4566;

/// What a run can be told; the defaults are those of the command line.
#[derive(Clone, Debug)]
pub struct Options {
    /// The template; without one everything is created through AWS's own API.
    pub template: Option<PathBuf>,
    /// Where to listen beside the loopback interface; the loopback address for nowhere else.
    pub host: IpAddr,
    /// The port; 0 picks a free one.
    pub port: u16,
    /// Where tables and built functions are kept.
    pub data_dir: PathBuf,
    /// Keep the tables in memory; built functions go to a temporary folder.
    pub ephemeral: bool,
    /// Values for the template's parameters.
    pub parameters: BTreeMap<String, String>,
    /// `AWS::StackName`
    pub stack_name: String,
    /// `AWS::Region`
    pub region: String,
    /// `AWS::AccountId`
    pub account_id: String,
    /// Invoke through this address (`cargo lambda watch`, LocalStack, AWS) rather than run the functions here.
    pub function_endpoint: Option<String>,
    /// Hand DynamoDB's requests to this address rather than serve them here.
    pub dynamodb_endpoint: Option<String>,
    /// Refuse requests to AWS's services that are not signed with credentials known here. Methods and routes with AWS_IAM
    /// authorization do so in any case.
    pub check_signatures: bool,
    /// The credentials that may do everything: `test` with `test` unless others are given.
    pub credentials: Credentials,
    /// Build the functions with cargo's release profile.
    pub release: bool,
    /// Rebuild and redeploy when sources or the template change.
    pub watch: bool,
    /// Whether a function without any policy is closed to API Gateway, as on AWS.
    pub enforce_permissions: bool,
    /// Environments (processes) of one function at most.
    pub max_environments: usize,
    /// Whether an account's requests are throttled as on AWS: 10,000 a second in a region, and 500 new WebSocket connections.
    pub account_throttle: bool,
    /// What part of its `cacheClusterSize` a stage's cache may fill: above 0, and 1 for all of it.
    pub cache_scale: f64,
    /// Whether HTTP integrations may reach link-local addresses, where machines have their metadata and credentials.
    pub allow_link_local: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            template: None,
            host: Ipv4Addr::LOCALHOST.into(),
            port: DEFAULT_PORT,
            data_dir: PathBuf::from(".ferrogate"),
            ephemeral: false,
            parameters: BTreeMap::new(),
            stack_name: "ferrogate".to_owned(),
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            function_endpoint: None,
            dynamodb_endpoint: None,
            check_signatures: true,
            credentials: Credentials::default(),
            release: false,
            watch: true,
            enforce_permissions: false,
            max_environments: 32,
            account_throttle: true,
            cache_scale: DEFAULT_CACHE_SCALE,
            allow_link_local: false,
        }
    }
}
