//! What an invocation of Ferrogate's own authorizers costs, beside the guide's way with two calls of DynamoDB.
//!
//! A program of its own measures (`src/bin/authorizers`): it counts what is allocated, and so must be alone in its process.

use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::gateway::Gateway;
use crate::options::Options;
use crate::table::{Table, bytes, count, microseconds};
use crate::{Failure, place, say};

/// Measures and gives the section.
pub(crate) async fn section(options: &Options) -> Result<String, Failure> {
    let gateway = Gateway::serve("authorizers", None).await?;
    say("authorizers: measuring");
    let mut command = Command::new(place::authorizers());
    command.arg(format!("http://{}", gateway.address)).arg(options.rounds.to_string());
    let output = command.stderr(std::process::Stdio::inherit()).kill_on_drop(true).output().await?;
    gateway.end().await;
    if !output.status.success() {
        return Err(format!("the program `authorizers`: {}", output.status).into());
    }
    let mut table = Table::new(["", "p50", "p99", "allocations", "allocated", "DynamoDB calls"]);
    for line in String::from_utf8(output.stdout)?.lines() {
        let measured: Value = serde_json::from_str(line)?;
        let figure =
            |name: &str| measured[name].as_f64().ok_or_else(|| format!("`authorizers` says no {name}: {line}"));
        let period = |name: &str| figure(name).map(|nanos| microseconds(Duration::from_secs_f64(nanos / 1e9)));
        table.row([
            measured["name"].as_str().unwrap_or_default().to_owned(),
            period("p50_nanos")?,
            period("p99_nanos")?,
            count(figure("allocations")?),
            bytes(figure("allocated_bytes")?),
            format!("{:.2}", figure("calls")?),
        ]);
    }
    Ok(format!(
        "## Authorizers, per invocation\n\nThe handlers in one process without Lambda around them, one invocation after \
         another, {} rounds in turns; DynamoDB is that of a Ferrogate beside it. Allocations are medians, the SDK's among \
         them; calls are what was sent, on average.\n\n{table}",
        options.rounds
    ))
}
