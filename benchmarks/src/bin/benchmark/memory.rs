//! What idle REST APIs and functions cost in the gateway's memory, and what a function's process takes.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use crate::client::Client;
use crate::function::{self, ANSWER, EVENT, Kind};
use crate::gateway::Gateway;
use crate::rest_api::RestApi;
use crate::table::{Table, megabytes};
use crate::{Failure, machine, say};

const APIS: usize = 200;
const RESOURCES: usize = 10;
const FUNCTIONS: usize = 50;
/// Until an idle process has given back what the last calls took.
const SETTLE: Duration = Duration::from_secs(1);

/// Resident bytes, one after another.
struct Steps {
    idle: u64,
    apis: u64,
    deployed: u64,
    functions: u64,
}

/// Measures and gives the section.
pub(crate) async fn section() -> Result<String, Failure> {
    let kinds = Kind::all().await?;
    let data = tempfile::tempdir()?;
    let (memory, processes) = measure("memory-ephemeral", None, &kinds).await?;
    let (folder, _) = measure("memory-data", Some(data.path()), &kinds).await?;
    let mut table = Table::new(["", "`--ephemeral`", "data folder"]);
    let mut row = |name: &str, figure: &dyn Fn(&Steps) -> String| {
        table.row([name.to_owned(), figure(&memory), figure(&folder)]);
    };
    row("`ferrogate serve`, nothing made yet", &|steps| megabytes(steps.idle));
    row("one REST API", &|steps| each(steps.idle, steps.apis, APIS));
    row("one REST API, deployed", &|steps| each(steps.idle, steps.deployed, APIS));
    row("one function", &|steps| each(steps.deployed, steps.functions, FUNCTIONS));
    let mut out = format!(
        "## Memory\n\nVmRSS; each the difference over {APIS} REST APIs of {RESOURCES} resources with a method and an \
         integration, and over {FUNCTIONS} functions that were not invoked.\n\n{table}\nOne warm process of a function:\n\n"
    );
    let mut table = Table::new(["", "VmRSS"]);
    for (kind, bytes) in kinds.iter().zip(processes) {
        table.row([kind.name.clone(), megabytes(bytes)]);
    }
    out.push_str(&table.to_string());
    Ok(out)
}

/// The gateway's steps, and the process of each kind of function.
async fn measure(name: &str, data: Option<&Path>, kinds: &[Kind]) -> Result<(Steps, Vec<u64>), Failure> {
    let gateway = Gateway::serve(name, data).await?;
    let mut client = Client::new(gateway.address, "apigateway");
    let mut lambda = Client::new(gateway.address, "lambda");
    // The first call of each service reads its model, which is no API's nor function's share.
    RestApi::create(&mut client).await?.delete(&mut client).await?;
    let python = kinds.get(1).unwrap_or(&kinds[0]);
    python.create(&mut lambda, "first").await?;
    function::delete(&mut lambda, "first").await?;
    let idle = resident(&gateway).await?;
    let mut apis = Vec::with_capacity(APIS);
    for _ in 0..APIS {
        let api = RestApi::create(&mut client).await?;
        for number in 0..RESOURCES {
            api.add(&mut client, number).await?;
        }
        apis.push(api);
    }
    let made = resident(&gateway).await?;
    for api in &apis {
        api.deploy(&mut client).await?;
    }
    let deployed = resident(&gateway).await?;
    for number in 0..FUNCTIONS {
        python.create(&mut lambda, &format!("idle{number}")).await?;
    }
    let functions = resident(&gateway).await?;
    say(&format!("{name}: {idle}, {made} with APIs, {deployed} deployed, {functions} with functions"));
    let mut processes = Vec::new();
    for (number, kind) in kinds.iter().enumerate() {
        processes.push(warm(&gateway, &mut lambda, kind, &format!("warm{number}")).await?);
    }
    gateway.end().await;
    Ok((Steps { idle, apis: made, deployed, functions }, processes))
}

/// The memory of a function's process after some invocations.
async fn warm(gateway: &Gateway, client: &mut Client, kind: &Kind, name: &str) -> Result<u64, Failure> {
    let before: HashSet<_> = gateway.children().into_iter().collect();
    kind.create(client, name).await?;
    for _ in 0..100 {
        let answer = client.send("POST", &function::invocations(name), EVENT.as_bytes()).await?;
        if answer.status != 200 || !String::from_utf8_lossy(&answer.body).contains(ANSWER) {
            return Err(format!("{}: an invocation was answered with {}", kind.name, answer.status).into());
        }
    }
    let new: Vec<_> = gateway.children().into_iter().filter(|process| !before.contains(process)).collect();
    let sizes: Option<Vec<u64>> = new.iter().map(|&process| machine::resident(process)).collect();
    match sizes {
        Some(sizes) if !sizes.is_empty() => Ok(sizes.iter().sum()),
        _ => Err("the memory of a function's process cannot be read on this system".into()),
    }
}

async fn resident(gateway: &Gateway) -> Result<u64, Failure> {
    sleep(SETTLE).await;
    gateway.resident().ok_or_else(|| "the memory of a process cannot be read on this system".into())
}

/// The share of one of `number`.
fn each(before: u64, after: u64, number: usize) -> String {
    format!("{:.1} kB", after.saturating_sub(before) as f64 / number as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_one() {
        assert_eq!(each(1_000_000, 3_460_000, 200), "12.3 kB");
        assert_eq!(each(2, 1, 200), "0.0 kB");
    }
}
