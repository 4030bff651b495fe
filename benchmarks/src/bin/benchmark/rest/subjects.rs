//! Requests per second of what needs no function, or more than one.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::process::Command;

use crate::load::{Connection, Target, run};
use crate::options::Options;
use crate::process::Process;
use crate::table::count;
use crate::turns::{CONNECTIONS, Rounds, table};
use crate::{Failure, gateway, place, say};

const WARM_UP: Duration = Duration::from_secs(1);
const ANSWER: &str = r#""hello""#;
const BODY: &str = r#"{"name":"Ada","email":"ada@example.com","age":36,"tags":["a","b","c"]}"#;
/// For orientation: MOCK requests per second of the fastest other emulator that was measured (see BENCHMARKS.md).
const OTHER_EMULATOR: f64 = 2_400.0;

/// Something to measure, and the one that it is a share of.
struct Subject {
    name: &'static str,
    target: Target,
    /// By its place.
    of: usize,
    rounds: Rounds,
}

pub(super) async fn measure(address: SocketAddr, options: &Options) -> Result<String, Failure> {
    let get = |path: &str| Target { address, path: route(path), request: None, expected: ANSWER };
    let post = |path: &str| {
        let path = route(path);
        let request = format!(
            "POST {path}?tenant=acme HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
            BODY.len()
        );
        Target { address, path, request: Some(request.into_bytes()), expected: ANSWER }
    };
    let (mock, mock_bare) = bare("bare-mock", get("mock")).await?;
    let (cached, cached_bare) = bare("bare-cached", get("cached")).await?;
    let subject = |name, target, of| Subject { name, target, of, rounds: Default::default() };
    let mut subjects = vec![
        subject("bare hyper, the mock's bytes", mock, 0),
        subject("`MOCK` GET", get("mock"), 0),
        subject("`MOCK` GET, templates with references", get("rendered"), 0),
        subject("bare hyper, the cached answer's bytes", cached, 3),
        subject("cache hit", get("cached"), 3),
        subject("`MOCK` POST", post("unvalidated"), 5),
        subject("`MOCK` POST, body and parameters validated", post("validated"), 5),
        subject("`AWS_PROXY` POST", post("proxy"), 7),
        subject("`AWS` POST, both templates", post("custom"), 7),
    ];
    for subject in &subjects {
        for connections in CONNECTIONS {
            run(&subject.target, connections, WARM_UP).await.map_err(|error| subject.failed(&error))?;
        }
    }
    for round in 1..=options.rounds {
        for subject in &mut subjects {
            for (index, connections) in CONNECTIONS.into_iter().enumerate() {
                let figures = run(&subject.target, connections, options.duration()).await;
                let figures = figures.map_err(|error| subject.failed(&error))?;
                let (name, rate) = (subject.name, figures.per_second);
                say(&format!("rest, round {round}: {name} at {connections}: {rate:.0}/s"));
                subject.rounds.0[index].push(figures);
            }
        }
    }
    mock_bare.end().await;
    cached_bare.end().await;
    Ok(report(&subjects, options))
}

pub(super) fn route(path: &str) -> String {
    format!("/_aws/execute-api/benchapi/bench/{path}")
}

/// A bare server that answers what the target is answered with, and how to ask it.
async fn bare(name: &str, target: Target) -> Result<(Target, Process), Failure> {
    let mut connection = Connection::open(target.clone()).await?;
    // The first answer of what is cached is the function's own.
    connection.get().await?;
    connection.get().await?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), connection.answer())?;
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" <\"$1\""]).arg(place::bare()).arg(file.path());
    let mut process = Process::start(name, command)?;
    let line = process.line("ready on ", Duration::from_secs(10)).await?;
    let port = gateway::port(&line).ok_or_else(|| format!("the bare server says «{line}»"))?;
    let address = SocketAddr::new(target.address.ip(), port);
    Ok((Target { address, ..target }, process))
}

impl Subject {
    fn failed(&self, error: &Failure) -> Failure {
        format!("{}: {error}", self.name).into()
    }
}

fn report(subjects: &[Subject], options: &Options) -> String {
    let rows = subjects.iter().map(|subject| (subject.name, &subject.rounds, subject.of));
    let table = table("share", rows);
    let mut out = format!(
        "## REST API\n\nMedians of {} rounds of {} s each, in turns. *Share*: of the requests per second of the nearest row \
         above it whose share is 1.\n\n{table}",
        options.rounds, options.seconds
    );
    let _ = writeln!(
        out,
        "\nFor orientation: the fastest other emulator's `MOCK`, as recorded, {}/s; Ferrogate's at 32 connections {:.1} times that.",
        count(OTHER_EMULATOR),
        subjects[1].rounds.per_second(1) / OTHER_EMULATOR
    );
    out
}
