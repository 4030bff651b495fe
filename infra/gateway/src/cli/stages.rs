//! The arguments of `ferrogate stage` and `ferrogate canary`.

use clap::{Args, Subcommand};

use super::key_value;
use crate::runner::DEFAULT_PORT;
use crate::stage_command::{StageAct, StageCommand, StageRequest};

#[derive(Debug, Subcommand)]
pub(super) enum StageCommands {
    /// What a stage keeps of its methods' responses
    #[command(subcommand)]
    Cache(CacheCommands),
    /// Change settings of a stage that runs
    ///
    /// PATH=VALUE has the paths of AWS's update-stage, their first slash left out or not: variables/alias=live,
    /// cacheClusterEnabled=true, '*/*/throttling/rateLimit=10', /~1users/GET/caching/enabled=true. Shorter:
    /// throttling/rateLimit=10 is of all methods, and 'GET /users caching/enabled=true' of one. An empty value removes a
    /// variable or a method's settings: variables/alias=
    ///
    /// What a template declares counts again when the template is deployed again: on a change of its files, or a restart.
    Set {
        /// The REST API: its id, name or logical id
        api: String,
        /// The stage
        stage: String,
        /// What to set
        #[arg(value_name = "PATH=VALUE", required = true)]
        settings: Vec<String>,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CacheCommands {
    /// Forget every response that is kept, those of canaries too: the next requests reach their integrations
    Flush {
        /// The REST API: its id, name or logical id
        api: String,
        /// The stage [default: all of the API's]
        stage: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CanaryCommands {
    /// Send a share of a stage's requests to a canary, which is made if there is none
    ///
    /// A new canary has the stage's own deployment, until --deployment or CreateDeployment with canarySettings gives it
    /// another, and the stage's variables with those of --variable laid over them.
    Set {
        /// The REST API: its id, name or logical id
        api: String,
        /// The stage
        stage: String,
        /// From 0 to 100, fractions too
        #[arg(long, value_name = "N", required_unless_present_any = ["variables", "deployment"])]
        percent: Option<f64>,
        /// A variable that the canary has in place of the stage's; may be repeated
        #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = key_value)]
        variables: Vec<(String, String)>,
        /// The id of the deployment that it serves
        #[arg(long, value_name = "ID")]
        deployment: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Give the stage what its canary has: AWS's recipe
    ///
    /// The canary's share becomes 0, its variables are laid over the stage's, and its deployment becomes the stage's. The
    /// canary itself stays, without a share, as it does on AWS; --remove ends it.
    Promote {
        /// The REST API: its id, name or logical id
        api: String,
        /// The stage [default: the only one that has a canary]
        stage: Option<String>,
        /// End the canary, too
        #[arg(long)]
        remove: bool,
        #[command(flatten)]
        place: Place,
    },
    /// End a canary without promoting it: all requests get the stage's own deployment and variables
    Remove {
        /// The REST API: its id, name or logical id
        api: String,
        /// The stage [default: the only one that has a canary]
        stage: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

/// Which Ferrogate.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The port of the Ferrogate that runs
    #[arg(long, short, default_value_t = DEFAULT_PORT)]
    port: u16,
    /// Its address, if it is not on this machine's port
    #[arg(long, value_name = "URL", conflicts_with = "port")]
    endpoint: Option<String>,
    /// The API's region, if it is not the one that the run began with
    #[arg(long)]
    region: Option<String>,
}

impl Place {
    fn request(self, api: String, stage: Option<String>, act: StageAct) -> StageRequest {
        let endpoint = self.endpoint.unwrap_or_else(|| format!("http://127.0.0.1:{}", self.port));
        StageRequest { endpoint, command: StageCommand { api, stage, region: self.region, act } }
    }
}

impl StageCommands {
    pub(super) fn request(self) -> StageRequest {
        match self {
            StageCommands::Cache(CacheCommands::Flush { api, stage, place }) => {
                place.request(api, stage, StageAct::FlushCache)
            }
            StageCommands::Set { api, stage, settings, place } => {
                place.request(api, Some(stage), StageAct::Set(settings))
            }
        }
    }
}

impl CanaryCommands {
    pub(super) fn request(self) -> StageRequest {
        match self {
            CanaryCommands::Set { api, stage, percent, variables, deployment, place } => {
                place.request(api, Some(stage), StageAct::SetCanary { percent, variables, deployment })
            }
            CanaryCommands::Promote { api, stage, remove, place } => {
                place.request(api, stage, StageAct::PromoteCanary { remove })
            }
            CanaryCommands::Remove { api, stage, place } => place.request(api, stage, StageAct::RemoveCanary),
        }
    }
}
