//! Requests per second: one function through Ferrogate's REST API and through `cargo lambda watch`, in turns.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::gateway::Gateway;
use crate::load::{Connection, Round, Target, run};
use crate::options::Options;
use crate::process::{Process, free_address};
use crate::statistics::{median, median_time};
use crate::table::{Table, count, time};
use crate::{Failure, cargo, place, say};

const CONNECTIONS: [usize; 2] = [1, 32];
const WARM_UP: Duration = Duration::from_secs(1);
/// How long `cargo lambda watch` may take until the function, built already, answers.
const WATCH_READY: Duration = Duration::from_secs(60);
const ANSWER: &str = r#"{"message":"hello"}"#;

/// Something to measure.
struct Subject {
    name: &'static str,
    target: Target,
    server: Server,
    /// By the number of connections, as in [`CONNECTIONS`].
    rounds: [Vec<Round>; CONNECTIONS.len()],
}

enum Server {
    Ferrogate(Gateway),
    Watch(Process),
}

/// Measures and gives the section.
pub(crate) async fn section(options: &Options) -> Result<String, Failure> {
    let mut subjects = vec![ferrogate().await?];
    if watch_is_there().await {
        // As the watcher itself will build it, so that it finds it built.
        cargo::run(&["build", "--release", "--bin", "hello"], &place::repository()).await?;
        subjects.push(watch("cargo lambda watch, one instance", "watch-1", &[]).await?);
        subjects.push(watch("cargo lambda watch, `--concurrency 4`", "watch-4", &["--concurrency", "4"]).await?);
    } else {
        say("cargo-lambda is NOT on the PATH: nothing to compare with (pip install cargo-lambda)");
    }
    for subject in &subjects {
        for connections in CONNECTIONS {
            run(&subject.target, connections, WARM_UP).await.map_err(|error| format!("{}: {error}", subject.name))?;
        }
    }
    for round in 1..=options.rounds {
        for subject in &mut subjects {
            for (connections, rounds) in CONNECTIONS.into_iter().zip(&mut subject.rounds) {
                let figures = run(&subject.target, connections, options.duration()).await;
                let figures = figures.map_err(|error| format!("{}: {error}", subject.name))?;
                say(&format!("proxy, round {round}: {} at {connections}: {:.0}/s", subject.name, figures.per_second));
                rounds.push(figures);
            }
        }
    }
    let section = report(&subjects, options);
    for subject in subjects {
        match subject.server {
            Server::Ferrogate(gateway) => gateway.end().await,
            Server::Watch(process) => process.end().await,
        }
    }
    Ok(section)
}

async fn ferrogate() -> Result<Subject, Failure> {
    let gateway = Gateway::start("proxy-ferrogate", &place::hello_template(), None).await?;
    let target = hello(gateway.address);
    Ok(Subject { name: "Ferrogate, REST API", target, server: Server::Ferrogate(gateway), rounds: Default::default() })
}

/// The hello function behind a gateway started on the benchmarks' template.
pub(crate) fn hello(address: SocketAddr) -> Target {
    Target { address, path: "/_aws/execute-api/benchapi/bench/hello".to_owned(), request: None, expected: ANSWER }
}

async fn watch_is_there() -> bool {
    let version = Command::new("cargo-lambda").args(["lambda", "--version"]).output().await;
    version.is_ok_and(|version| version.status.success())
}

/// Starts `cargo lambda watch` and waits for the function's first answer.
async fn watch(name: &'static str, log: &str, arguments: &[&str]) -> Result<Subject, Failure> {
    let address = free_address()?;
    let port = address.port().to_string();
    let mut command = Command::new("cargo-lambda");
    command.args(["lambda", "watch", "--release", "--ignore-changes", "-A", "127.0.0.1", "-P", &port]).args(arguments);
    command.current_dir(place::repository()).env_remove("RUST_LOG");
    let mut process = Process::start(log, command)?;
    process.ignore_output();
    let target = Target { address, path: "/lambda-url/hello/hello".to_owned(), request: None, expected: ANSWER };
    let deadline = Instant::now() + WATCH_READY;
    loop {
        let answer = async { Connection::open(target.clone()).await?.get().await };
        match answer.await {
            Ok(_) => break,
            Err(error) if Instant::now() > deadline => {
                return Err(format!("{name} does not answer after {WATCH_READY:?}: {error}").into());
            }
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
    Ok(Subject { name, target, server: Server::Watch(process), rounds: Default::default() })
}

fn report(subjects: &[Subject], options: &Options) -> String {
    let mut table = Table::new(["", "1 conn.: req/s", "p50", "p99", "32 conns.: req/s", "p50", "p99"]);
    for subject in subjects {
        let [one, many] = &subject.rounds;
        let p50 = |rounds: &[Round]| time(median_time(rounds.iter().map(|round| round.p50)));
        let p99 = |rounds: &[Round]| time(median_time(rounds.iter().map(|round| round.p99)));
        table.row([
            subject.name.to_owned(),
            count(per_second(one)),
            p50(one),
            p99(one),
            count(per_second(many)),
            p50(many),
            p99(many),
        ]);
    }
    let mut out = format!(
        "## Requests per second\n\nMedians of {} rounds of {} s each, in turns.\n\n{table}",
        options.rounds, options.seconds
    );
    let (ferrogate, others) = subjects.split_at(1);
    if others.is_empty() {
        out.push_str("\ncargo-lambda was not installed: nothing to compare with.\n");
        return out;
    }
    let ratios = CONNECTIONS.into_iter().enumerate().map(|(index, connections)| {
        let best = others.iter().map(|other| per_second(&other.rounds[index])).fold(f64::MIN_POSITIVE, f64::max);
        format!("{:.2} times at {connections}", per_second(&ferrogate[0].rounds[index]) / best)
    });
    let ratios = ratios.collect::<Vec<_>>().join(", ");
    let _ = writeln!(out, "\nFerrogate against the better figure of `cargo lambda watch`: {ratios} (aim: 2).");
    out
}

fn per_second(rounds: &[Round]) -> f64 {
    median(rounds.iter().map(|round| round.per_second))
}
