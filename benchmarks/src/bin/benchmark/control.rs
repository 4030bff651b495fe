//! The control plane: calls per second, and a large REST API built and deployed, beside moto's server.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::Command;
use tokio::time::sleep;

use crate::client::Client;
use crate::gateway::Gateway;
use crate::options::Options;
use crate::process::{Process, free_address};
use crate::rest_api::{CALLS, RestApi};
use crate::statistics::{median, median_time};
use crate::table::{Table, count, time};
use crate::{Failure, say};

/// Resources of the small APIs that calls are counted on.
const SMALL: usize = 20;
/// Resources of the large one; AWS allows as many.
const LARGE: usize = 300;
/// The first and the last resources of the large one, which tell whether calls get slower.
const EDGE: usize = 30;
/// How long moto may take to answer.
const MOTO_READY: Duration = Duration::from_secs(60);

/// Something to measure.
struct Subject {
    name: &'static str,
    client: Client,
    server: Server,
    rounds: Vec<Figures>,
}

enum Server {
    Ferrogate(Gateway),
    Moto(Process),
}

struct Figures {
    per_second: f64,
    build: Duration,
    first: f64,
    last: f64,
    deploy: Duration,
}

/// Measures and gives the section.
pub(crate) async fn section(options: &Options) -> Result<String, Failure> {
    let data = tempfile::tempdir()?;
    let mut subjects = vec![
        ferrogate("Ferrogate, `--ephemeral`", Gateway::serve("control-ephemeral", None).await?),
        ferrogate("Ferrogate, data folder", Gateway::serve("control-data", Some(data.path())).await?),
    ];
    match moto().await? {
        Some(moto) => subjects.push(moto),
        None => say("moto_server is NOT on the PATH: nothing to compare with (pip install 'moto[server]')"),
    }
    for subject in &mut subjects {
        calls(&mut subject.client, Duration::from_secs(1)).await.map_err(|error| subject.failed(error))?;
    }
    for round in 1..=options.rounds {
        for subject in &mut subjects {
            let figures = measure(&mut subject.client, options).await.map_err(|error| subject.failed(error))?;
            let (calls, build, deploy) = (figures.per_second, figures.build, figures.deploy);
            say(&format!(
                "control, round {round}: {}: {calls:.0} calls/s, {LARGE} in {build:.2?}, deployed in {deploy:.2?}",
                subject.name
            ));
            subject.rounds.push(figures);
        }
    }
    let section = report(&subjects, options);
    for subject in subjects {
        match subject.server {
            Server::Ferrogate(gateway) => gateway.end().await,
            Server::Moto(process) => process.end().await,
        }
    }
    Ok(section)
}

impl Subject {
    fn failed(&self, error: Failure) -> Failure {
        format!("{}: {error}", self.name).into()
    }

    fn median(&self, figure: impl Fn(&Figures) -> f64) -> f64 {
        median(self.rounds.iter().map(figure))
    }

    fn median_time(&self, figure: impl Fn(&Figures) -> Duration) -> Duration {
        median_time(self.rounds.iter().map(figure))
    }
}

fn ferrogate(name: &'static str, gateway: Gateway) -> Subject {
    let client = Client::new(gateway.address, "apigateway");
    Subject { name, client, server: Server::Ferrogate(gateway), rounds: Vec::new() }
}

/// Starts moto's server, if it is there, and waits for its first answer.
async fn moto() -> Result<Option<Subject>, Failure> {
    let there = Command::new("moto_server").arg("--help").output().await;
    if !there.is_ok_and(|there| there.status.success()) {
        return Ok(None);
    }
    let address = free_address()?;
    let mut command = Command::new("moto_server");
    command.args(["-H", "127.0.0.1", "-p", &address.port().to_string()]);
    let mut process = Process::start("control-moto", command)?;
    process.ignore_output();
    let mut client = Client::new(address, "apigateway");
    let deadline = Instant::now() + MOTO_READY;
    loop {
        match client.call("GET", "/restapis", &Value::Null).await {
            Ok(_) => break,
            Err(error) if Instant::now() > deadline => {
                return Err(format!("moto_server does not answer after {MOTO_READY:?}: {error}").into());
            }
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
    Ok(Some(Subject { name: "moto's server", client, server: Server::Moto(process), rounds: Vec::new() }))
}

async fn measure(client: &mut Client, options: &Options) -> Result<Figures, Failure> {
    let per_second = calls(client, options.duration()).await?;
    let api = RestApi::create(client).await?;
    let mut times = Vec::with_capacity(LARGE);
    for number in 0..LARGE {
        times.push(api.add(client, number).await?);
    }
    let deploy = api.deploy(client).await?;
    api.check(client, LARGE).await?;
    api.delete(client).await?;
    Ok(Figures {
        per_second,
        build: times.iter().sum(),
        first: rate(&times[..EDGE]),
        last: rate(&times[LARGE - EDGE..]),
        deploy,
    })
}

/// Calls per second that make the resources of small APIs, for this long.
async fn calls(client: &mut Client, duration: Duration) -> Result<f64, Failure> {
    let mut times = Vec::new();
    let deadline = Instant::now() + duration;
    while Instant::now() < deadline {
        let api = RestApi::create(client).await?;
        for number in 0..SMALL {
            times.push(api.add(client, number).await?);
        }
        api.delete(client).await?;
    }
    Ok(rate(&times))
}

fn rate(times: &[Duration]) -> f64 {
    (times.len() * CALLS) as f64 / times.iter().sum::<Duration>().as_secs_f64().max(f64::MIN_POSITIVE)
}

fn report(subjects: &[Subject], options: &Options) -> String {
    let mut table = Table::new(["", "calls/s", "300 resources", "first 30: calls/s", "last 30", "deployment"]);
    for subject in subjects {
        table.row([
            subject.name.to_owned(),
            count(subject.median(|figures| figures.per_second)),
            time(subject.median_time(|figures| figures.build)),
            count(subject.median(|figures| figures.first)),
            count(subject.median(|figures| figures.last)),
            time(subject.median_time(|figures| figures.deploy)),
        ]);
    }
    let mut out = format!(
        "## Control plane\n\nMedians of {} rounds, in turns; calls per second for {} s on APIs of {SMALL} resources.\n\n{table}",
        options.rounds, options.seconds
    );
    let (ferrogate, others) = subjects.split_at(2);
    let Some(moto) = others.first() else {
        out.push_str("\nmoto was not installed: nothing to compare with.\n");
        return out;
    };
    let calls = |subject: &Subject| subject.median(|figures| figures.per_second);
    let seconds = |subject: &Subject, figure: fn(&Figures) -> Duration| subject.median_time(figure).as_secs_f64();
    out.push('\n');
    for subject in ferrogate {
        let _ = writeln!(
            out,
            "{} against moto: {:.1} times the calls; {LARGE} resources {:.1} times as fast, their deployment {:.2} times.",
            subject.name,
            calls(subject) / calls(moto),
            seconds(moto, |figures| figures.build) / seconds(subject, |figures| figures.build),
            seconds(moto, |figures| figures.deploy) / seconds(subject, |figures| figures.deploy),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_each_call_of_a_resource() {
        assert_eq!(rate(&[Duration::from_millis(2), Duration::from_millis(4)]), 1000.0);
    }
}
