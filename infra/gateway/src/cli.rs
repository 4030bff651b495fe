//! The command line.

mod stages;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use self::stages::{CanaryCommands, StageCommands};
use crate::credentials::Credentials;
use crate::export::Export;
use crate::response_cache::DEFAULT_CACHE_SCALE;
use crate::runner::{DEFAULT_PORT, Options};
use crate::stage_command::StageRequest;

/// Runs a SAM or CloudFormation serverless stack on this machine: API Gateway (REST, HTTP, WebSocket), Lambda and
/// DynamoDB in one process.
#[derive(Debug, Parser)]
#[command(name = "ferrogate", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    dev: Dev,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the functions, deploy the template, serve, and rebuild on change (the default)
    Dev(Dev),
    /// Serve without a template: everything is created through AWS's own API (boto3, AWS CLI, SDKs, Terraform)
    Serve(Run),
    /// Write what runs in a Ferrogate as a template, with the functions' code, to serve it again or deploy it on AWS
    Export(ExportArguments),
    /// Do something with a stage of a REST API that runs: flush its cache, change its settings
    #[command(subcommand)]
    Stage(StageCommands),
    /// Give a stage of a REST API that runs a canary, promote it, or end it
    #[command(subcommand)]
    Canary(CanaryCommands),
}

#[derive(Debug, Args)]
struct ExportArguments {
    /// The port of the Ferrogate that runs
    #[arg(long, short, default_value_t = DEFAULT_PORT)]
    port: u16,
    /// Its address, if it is not on this machine's port
    #[arg(long, value_name = "URL", conflicts_with = "port")]
    endpoint: Option<String>,
    /// The folder to write to
    #[arg(long, short, value_name = "DIR", default_value = "ferrogate-export")]
    output: PathBuf,
    /// Which kind of template
    #[arg(long, default_value = "sam", value_parser = ["sam", "cloudformation"])]
    format: String,
    /// The region to export, if it is not the one that the run began with
    #[arg(long)]
    region: Option<String>,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

/// What a command line asks for.
#[derive(Debug)]
pub enum Action {
    /// A stack, or an empty Ferrogate, to run.
    Run(Box<Options>),
    /// An export of what runs elsewhere.
    Export(Export),
    /// Something to be done with a stage of what runs elsewhere.
    Stage(StageRequest),
}

#[derive(Debug, Args)]
struct Dev {
    /// The SAM or CloudFormation template, YAML or JSON [default: the first of infra/template.yaml, template.yaml,
    /// template.yml, template.json]
    #[arg(long, short)]
    template: Option<PathBuf>,
    /// A value for a template parameter; may be repeated
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = key_value)]
    parameters: Vec<(String, String)>,
    /// AWS::StackName
    #[arg(long, default_value = "ferrogate")]
    stack_name: String,
    /// Build the functions with cargo's release profile
    #[arg(long)]
    release: bool,
    /// Do not rebuild or redeploy when files change
    #[arg(long)]
    no_watch: bool,
    #[command(flatten)]
    run: Run,
}

/// What every way of running has in common.
#[derive(Debug, Args)]
struct Run {
    /// Listen on this address of the machine too (0.0.0.0 for all): whoever reaches it can run programs here
    #[arg(long, value_name = "ADDRESS", default_value_t = Ipv4Addr::LOCALHOST.into())]
    host: IpAddr,
    /// The port; 0 picks a free one
    #[arg(long, short, default_value_t = DEFAULT_PORT)]
    port: u16,
    /// Where tables, functions and what was created through the API are kept
    #[arg(long, default_value = ".ferrogate")]
    data_dir: PathBuf,
    /// Keep everything in memory: every start begins anew
    #[arg(long)]
    ephemeral: bool,
    /// AWS::Region, and the region of requests that name none
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// Invoke functions through this address (cargo lambda watch, LocalStack) rather than run them here
    #[arg(long, value_name = "URL")]
    function_endpoint: Option<String>,
    /// Use the DynamoDB at this address (LocalStack, DynamoDB Local, moto) rather than the one inside
    #[arg(long, value_name = "URL")]
    dynamodb_endpoint: Option<String>,
    /// Credentials that may do everything, in the form of ~/.aws/credentials, in place of test/test; FERROGATE_CREDENTIALS
    /// has further ones as KEY:SECRET, parted by commas. IAM users, STS and functions have their own
    #[arg(long, value_name = "FILE")]
    credentials_file: Option<PathBuf>,
    /// Take any signature, or none that is good, for DynamoDB, Lambda, @connections and AWS's own API; methods and routes
    /// with AWS_IAM authorization check it all the same
    #[arg(long)]
    no_check_signatures: bool,
    /// What is done without --no-check-signatures
    #[arg(long, hide = true, conflicts_with = "no_check_signatures")]
    check_signatures: bool,
    /// Processes of one function at most; further calls wait
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1000))]
    max_environments: u16,
    /// Let API Gateway call a function only where the function's policy says so, as AWS does; without this, a function that
    /// has no policy at all may be called, and the log says what AWS would need
    #[arg(long)]
    enforce_permissions: bool,
    /// Do not throttle the account as AWS does (10,000 requests a second, 500 new WebSocket connections): for load tests
    #[arg(long)]
    no_account_throttle: bool,
    /// What part of a REST stage's cacheClusterSize its cache may fill here, up to 1: by default a hundredth, 5 MiB of the
    /// smallest cluster's 0.5 GB and 2.4 GiB of the largest's 237 GB
    #[arg(long, value_name = "PART", default_value_t = DEFAULT_CACHE_SCALE, value_parser = part)]
    cache_scale: f64,
    /// Let HTTP integrations reach link-local addresses (169.254.0.0/16, fe80::/10, fd00:ec2::/32), where cloud machines
    /// have their metadata and credentials
    #[arg(long, env = "FERROGATE_ALLOW_LINK_LOCAL", value_parser = clap::builder::FalseyValueParser::new())]
    allow_link_local: bool,
}

fn part(text: &str) -> Result<f64, String> {
    let part: f64 = text.parse().map_err(|_| "expected a number above 0, 1 at most".to_owned())?;
    if part > 0.0 && part <= 1.0 { Ok(part) } else { Err("expected a number above 0, 1 at most".to_owned()) }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

impl Cli {
    /// What to do, or why it cannot be told.
    pub fn action(self) -> Result<Action, String> {
        let options = match self.command {
            Some(Command::Dev(dev)) => dev.options()?,
            Some(Command::Serve(run)) => run.options()?,
            Some(Command::Export(export)) => return Ok(Action::Export(export.export())),
            Some(Command::Stage(stage)) => return Ok(Action::Stage(stage.request())),
            Some(Command::Canary(canary)) => return Ok(Action::Stage(canary.request())),
            None => self.dev.options()?,
        };
        Ok(Action::Run(Box::new(options)))
    }
}

impl ExportArguments {
    fn export(self) -> Export {
        Export {
            endpoint: self.endpoint.unwrap_or_else(|| format!("http://127.0.0.1:{}", self.port)),
            output: self.output,
            format: self.format,
            region: self.region,
            force: self.force,
        }
    }
}

impl Dev {
    fn options(self) -> Result<Options, String> {
        let template = match self.template {
            Some(template) => template,
            None => ["infra/template.yaml", "template.yaml", "template.yml", "template.json"]
                .iter()
                .map(PathBuf::from)
                .find(|path| path.is_file())
                .ok_or(
                    "there is no infra/template.yaml, template.yaml, template.yml or template.json here; name one with \
                     --template PATH, or start without one: ferrogate serve",
                )?,
        };
        Ok(Options {
            template: Some(template),
            parameters: self.parameters.into_iter().collect(),
            stack_name: self.stack_name,
            release: self.release,
            watch: !self.no_watch,
            ..self.run.options()?
        })
    }
}

impl Run {
    fn options(self) -> Result<Options, String> {
        let variable = std::env::var("FERROGATE_CREDENTIALS").ok();
        Ok(Options {
            credentials: Credentials::load(self.credentials_file.as_deref(), variable.as_deref())?,
            host: self.host,
            port: self.port,
            data_dir: self.data_dir,
            ephemeral: self.ephemeral,
            region: self.region,
            function_endpoint: self.function_endpoint,
            dynamodb_endpoint: self.dynamodb_endpoint,
            check_signatures: !self.no_check_signatures,
            max_environments: self.max_environments.into(),
            enforce_permissions: self.enforce_permissions,
            account_throttle: !self.no_account_throttle,
            cache_scale: self.cache_scale,
            allow_link_local: self.allow_link_local,
            watch: false,
            ..Options::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(arguments: &[&str]) -> Action {
        let arguments = ["ferrogate"].iter().chain(arguments);
        Cli::try_parse_from(arguments).unwrap().action().unwrap()
    }

    fn options(arguments: &[&str]) -> Options {
        match action(arguments) {
            Action::Run(options) => *options,
            other => panic!("{other:?}"),
        }
    }

    fn export(arguments: &[&str]) -> Export {
        match action(arguments) {
            Action::Export(export) => export,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn export_asks_this_machine_unless_told_otherwise() {
        let here = export(&["export", "--port", "4000", "--format", "cloudformation"]);
        assert_eq!((here.endpoint.as_str(), here.format.as_str()), ("http://127.0.0.1:4000", "cloudformation"));
        let there = export(&["export", "--endpoint", "http://a:1", "--output", "x", "--force"]);
        assert_eq!((there.endpoint.as_str(), there.output.to_str(), there.force), ("http://a:1", Some("x"), true));
        assert!(Cli::try_parse_from(["ferrogate", "export", "--format", "terraform"]).is_err());
    }

    fn stage(arguments: &[&str]) -> StageRequest {
        match action(arguments) {
            Action::Stage(request) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn stages_and_canaries_are_told_what_to_do() {
        use crate::stage_command::StageAct;
        let flush = stage(&["stage", "cache", "flush", "UserApi", "--port", "4000"]);
        assert_eq!((flush.endpoint.as_str(), flush.command.api.as_str()), ("http://127.0.0.1:4000", "UserApi"));
        assert_eq!((flush.command.stage, flush.command.act), (None, StageAct::FlushCache));
        let set = stage(&["stage", "set", "a", "prod", "variables/x=1", "/~1users/GET/caching/enabled=true"]);
        let settings = ["variables/x=1", "/~1users/GET/caching/enabled=true"].map(str::to_owned);
        assert_eq!(set.command.act, StageAct::Set(settings.into()));
        let canary = stage(&["canary", "set", "a", "prod", "--percent", "0.5", "--variable", "x=1"]);
        let expected =
            StageAct::SetCanary { percent: Some(0.5), variables: vec![("x".into(), "1".into())], deployment: None };
        assert_eq!(canary.command.act, expected);
        let promote = stage(&["canary", "promote", "a", "--remove", "--endpoint", "http://h:1", "--region", "r"]);
        assert_eq!(promote.command.act, StageAct::PromoteCanary { remove: true });
        assert_eq!((promote.endpoint.as_str(), promote.command.region.as_deref()), ("http://h:1", Some("r")));
        assert_eq!(stage(&["canary", "remove", "a", "prod"]).command.act, StageAct::RemoveCanary);
        for wrong in [&["stage", "set", "a", "prod"][..], &["canary", "set", "a", "prod"], &["stage", "cache", "flush"]]
        {
            assert!(Cli::try_parse_from(["ferrogate"].iter().chain(wrong)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_caches_scale_is_a_part() {
        assert_eq!(options(&["serve"]).cache_scale, DEFAULT_CACHE_SCALE);
        assert_eq!(options(&["serve", "--cache-scale", "1"]).cache_scale, 1.0);
        for wrong in ["0", "1.1", "-1", "x", "NaN"] {
            assert!(Cli::try_parse_from(["ferrogate", "serve", &format!("--cache-scale={wrong}")]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn dev_is_the_default_command() {
        let plain = options(&["--template", "t.yaml", "--port", "0", "--parameter", "A=b=c", "--ephemeral"]);
        assert_eq!((plain.port, plain.ephemeral, plain.parameters["A"].as_str()), (0, true, "b=c"));
        let named = options(&["dev", "--template", "t.yaml", "--no-watch"]);
        assert!(!named.watch);
    }

    #[test]
    fn serve_needs_no_template() {
        let options = options(&["serve", "--port", "0", "--region", "eu-west-1"]);
        assert_eq!((options.template, options.region.as_str(), options.watch), (None, "eu-west-1", false));
    }

    #[test]
    fn signatures_are_checked_unless_told_otherwise() {
        assert!(options(&["serve"]).check_signatures && options(&["serve", "--check-signatures"]).check_signatures);
        assert!(!options(&["serve", "--no-check-signatures"]).check_signatures);
        let file = ["ferrogate", "serve", "--credentials-file", "no/such/file"];
        assert!(Cli::try_parse_from(file).unwrap().action().unwrap_err().contains("no/such/file"));
    }

    #[test]
    fn integrations_stay_away_from_link_local_addresses_unless_told_otherwise() {
        assert!(options(&["serve", "--allow-link-local"]).allow_link_local);
        assert!(!Options::default().allow_link_local);
    }

    #[test]
    fn a_parameter_without_a_value_is_refused() {
        let refused = Cli::try_parse_from(["ferrogate", "--parameter", "A"]).unwrap_err();
        assert!(refused.to_string().contains("expected KEY=VALUE"));
    }
}
