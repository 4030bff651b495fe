//! Throttle decisions per second, at one API key and at a million.

use serde_json::Value;

use crate::table::{Table, count};
use crate::{Failure, cargo, place, say};

/// Measures and gives the section.
pub(crate) async fn section() -> Result<String, Failure> {
    say("throttle: building and measuring");
    let mut command = cargo::command();
    command.args(["run", "--release", "--locked", "--quiet", "-p", "ferrogate", "--example", "throttle"]);
    let output = command.current_dir(place::repository()).stderr(std::process::Stdio::inherit()).output().await?;
    if !output.status.success() {
        return Err(format!("the example `throttle`: {}", output.status).into());
    }
    let mut table = Table::new(["API keys", "one thread", "all threads", "compiled in"]);
    for line in String::from_utf8(output.stdout)?.lines() {
        let measured: Value = serde_json::from_str(line)?;
        let figure = |name: &str| count(measured[name].as_f64().unwrap_or_default());
        let millis = format!("{} ms", figure("compile_millis"));
        table.row([figure("keys"), figure("one_thread"), figure("all_threads"), millis]);
    }
    Ok(format!(
        "## Throttling\n\nDecisions a second: a key is looked up by its value, a token taken from the client's bucket and \
         from the method's, and the request counted for its quota.\n\n{table}"
    ))
}
