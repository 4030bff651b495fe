//! The commands `ferrogate stage …` and `ferrogate canary …`: ask a running Ferrogate to do something with a stage, and
//! tell what it did.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde::{Deserialize, Serialize};

use crate::remote;

/// A report is of one API's stages.
const MAX_ANSWER: usize = 4 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// What is to be done with a stage, or with several of one API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StageCommand {
    /// A REST API's id, name or logical id.
    pub api: String,
    /// The stage; without one, the only one that it can be.
    #[serde(default)]
    pub stage: Option<String>,
    /// The region, if it is not the running Ferrogate's own.
    #[serde(default)]
    pub region: Option<String>,
    /// What to do.
    pub act: StageAct,
}

/// What can be done with a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum StageAct {
    /// Forget the responses that are kept; of all stages, where none is named.
    FlushCache,
    /// Change settings: `{path}={value}`, as `update-stage` has them or shorter.
    Set(Vec<String>),
    /// Make a canary, or change the one that there is.
    SetCanary {
        /// Its share.
        percent: Option<f64>,
        /// Variables that it has in place of the stage's.
        variables: Vec<(String, String)>,
        /// Its deployment.
        deployment: Option<String>,
    },
    /// Give the stage what its canary has.
    PromoteCanary {
        /// Whether the canary goes then.
        remove: bool,
    },
    /// End the canary.
    RemoveCanary,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageReport {
    /// `UserApi (userapi)`
    pub(crate) api: String,
    pub(crate) stages: Vec<StageDone>,
    /// What to know besides, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// What was done with one stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageDone {
    pub(crate) stage: String,
    /// `variables/alias: live → next`, a line each.
    pub(crate) lines: Vec<String>,
}

impl StageReport {
    /// For a person.
    fn text(&self) -> String {
        let mut text = String::new();
        for done in &self.stages {
            let _ = writeln!(text, "{}, stage {}:", self.api, done.stage);
            for line in &done.lines {
                let _ = writeln!(text, "  {line}");
            }
        }
        for note in &self.notes {
            let _ = writeln!(text, "{note}");
        }
        text
    }
}

/// A command, and the Ferrogate that it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct StageRequest {
    /// `http://127.0.0.1:4566`
    pub endpoint: String,
    /// The command.
    pub command: StageCommand,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum StageFailed {
    /// Nobody answers, or not as Ferrogate does.
    #[error("{0}")]
    Unreachable(String),
    /// It cannot be done, or not to what was named.
    #[error("{0}")]
    Refused(String),
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl StageRequest {
    /// Has it done; what was, for a person.
    ///
    /// # Errors
    /// When nobody answers, and with what the running Ferrogate says against it: then nothing has changed.
    pub async fn run(&self) -> Result<String, StageFailed> {
        let endpoint = &self.endpoint;
        let failed = |what: String| StageFailed::Unreachable(format!("{endpoint} {what}"));
        let (uri, client) = remote::connect(endpoint).map_err(StageFailed::Unreachable)?;
        let body = serde_json::to_vec(&self.command).map_err(|error| failed(error.to_string()))?;
        let request = Request::post(format!("{}/_ferrogate/stages", uri.to_string().trim_end_matches('/')))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| failed(error.to_string()))?;
        let answer = remote::exchange(&client, request, MAX_ANSWER, PATIENCE).await.map_err(|what| {
            failed(format!(
                "{what}; start a Ferrogate with `ferrogate` or `ferrogate serve`, or name the port of the one that runs \
                 with --port"
            ))
        })?;
        if answer.status() == StatusCode::OK {
            let report: StageReport = serde_json::from_slice(answer.body())
                .map_err(|error| failed(format!("answers what is no report: {error}")))?;
            return Ok(report.text());
        }
        match serde_json::from_slice::<Refusal>(answer.body()) {
            Ok(refusal) if answer.status().is_client_error() && answer.status() != StatusCode::NOT_FOUND => {
                Err(StageFailed::Refused(refusal.message))
            }
            _ => Err(failed(format!("answers {}: is it a Ferrogate of this version?", answer.status()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_was_done_where() {
        let done = |stage: &str, line: &str| StageDone { stage: stage.to_owned(), lines: vec![line.to_owned()] };
        let report = StageReport {
            api: "users (a1)".to_owned(),
            stages: vec![done("prod", "variables/v: 1 → 2"), done("dev", "nothing to change")],
            notes: vec!["That is all.".to_owned()],
        };
        assert_eq!(
            report.text(),
            "users (a1), stage prod:\n  variables/v: 1 → 2\nusers (a1), stage dev:\n  nothing to change\nThat is all.\n"
        );
    }

    #[tokio::test]
    async fn where_none_runs_it_is_said_how_to_start_one() {
        // A port that was free a moment ago, and that nobody has been told of.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let command = StageCommand { api: "a".to_owned(), stage: None, region: None, act: StageAct::FlushCache };
        let request = StageRequest { endpoint: format!("http://127.0.0.1:{port}"), command };
        let failed = request.run().await.unwrap_err().to_string();
        assert!(failed.contains("cannot be reached") && failed.contains("`ferrogate serve`"), "{failed}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_command_goes_over_the_port() {
        let stack = crate::Ferrogate::empty().ephemeral().port(0).check_signatures(false).start().await.unwrap();
        let endpoint = format!("http://127.0.0.1:{}", stack.port());
        let (_, client) = remote::connect(&endpoint).unwrap();
        let post = async |path: &str, body: serde_json::Value| {
            let scope = "test/20261122/us-east-1/apigateway/aws4_request";
            let request = Request::post(format!("{endpoint}{path}"))
                .header(
                    "authorization",
                    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
                )
                .body(Full::new(Bytes::from(body.to_string())))
                .unwrap();
            let answer = remote::exchange(&client, request, MAX_ANSWER, PATIENCE).await.unwrap();
            assert!(answer.status().is_success(), "{answer:?}");
            serde_json::from_slice::<serde_json::Value>(answer.body()).unwrap()
        };
        let run = async |act: StageAct| {
            let command = StageCommand { api: "users".to_owned(), stage: None, region: None, act };
            StageRequest { endpoint: endpoint.clone(), command }.run().await
        };
        let missing = run(StageAct::FlushCache).await;
        assert!(
            matches!(&missing, Err(StageFailed::Refused(why)) if why.contains("there is none at all")),
            "{missing:?}"
        );

        let method = serde_json::json!({"responses": {}, "x-amazon-apigateway-integration": {"type": "mock"}});
        let document = serde_json::json!({"openapi": "3.0.1", "info": {"title": "users", "version": "1"},
            "paths": {"/": {"get": method}}});
        let api = post("/restapis?mode=import", document).await;
        let id = api["id"].as_str().unwrap();
        post(&format!("/restapis/{id}/deployments"), serde_json::json!({"stageName": "prod"})).await;
        let done = run(StageAct::Set(vec!["variables/v=1".to_owned()])).await.unwrap();
        assert_eq!(done, format!("users ({id}), stage prod:\n  variables v: (none) → 1\n"));
        stack.shutdown().await;
    }
}
