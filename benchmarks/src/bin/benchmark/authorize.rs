//! What each kind of authorization adds to a request: one function behind all of them, in turns.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use crate::client::signed;
use crate::gateway::Gateway;
use crate::load::{Connection, Target, run};
use crate::options::Options;
use crate::people::sign_in;
use crate::turns::{CONNECTIONS, Rounds, table};
use crate::{Failure, place, say};

const WARM_UP: Duration = Duration::from_secs(1);
const ANSWER: &str = r#"{"message":"hello"}"#;
/// A signature is good for five minutes, and each round has one for all of its requests.
const MOST_SECONDS: u32 = 240;
/// As `allow.rs` knows it.
const TOKEN: &str = "benchmark";
/// As `authorize.yaml` has it.
const API_KEY: &str = "benchmark-of-the-usage-plan";

/// Something to measure.
struct Subject {
    name: &'static str,
    path: &'static str,
    credential: Credential,
    /// The subject without authorization of the same API, by its place.
    open: usize,
    rounds: Rounds,
}

/// What a client shows.
enum Credential {
    Nothing,
    Header(&'static str, String),
    Signature,
}

/// Measures and gives the section.
pub(crate) async fn section(options: &Options) -> Result<String, Failure> {
    if options.seconds > MOST_SECONDS {
        return Err(format!("a round has {MOST_SECONDS} seconds at most, as its requests are signed once").into());
    }
    let gateway = Gateway::start("authorize", &place::authorize_template(), None).await?;
    let mut subjects = subjects(gateway.address).await?;
    for subject in &subjects {
        subject.check_refusal(gateway.address).await?;
        let target = subject.target(gateway.address)?;
        for connections in CONNECTIONS {
            run(&target, connections, WARM_UP).await.map_err(|error| subject.failed(&error))?;
        }
    }
    for round in 1..=options.rounds {
        for subject in &mut subjects {
            for (index, connections) in CONNECTIONS.into_iter().enumerate() {
                let target = subject.target(gateway.address)?;
                let figures = run(&target, connections, options.duration()).await;
                let figures = figures.map_err(|error| subject.failed(&error))?;
                let (name, rate) = (subject.name, figures.per_second);
                say(&format!("authorize, round {round}: {name} at {connections}: {rate:.0}/s"));
                subject.rounds.0[index].push(figures);
            }
        }
    }
    let section = report(&subjects, options);
    gateway.end().await;
    Ok(section)
}

async fn subjects(gateway: SocketAddr) -> Result<Vec<Subject>, Failure> {
    let person = sign_in(gateway).await?;
    let bearer = || Credential::Header("authorization", format!("Bearer {}", person.access_token));
    let subject = |name, path, credential, open| Subject { name, path, credential, open, rounds: Default::default() };
    Ok(vec![
        subject("REST API: none", "benchapi/bench/none", Credential::Nothing, 0),
        subject(
            "`TOKEN`, result cached",
            "benchapi/bench/token",
            Credential::Header("authorization", TOKEN.to_owned()),
            0,
        ),
        subject("`REQUEST`, authorize-jwt, not cached", "benchapi/bench/jwt", bearer(), 0),
        subject(
            "`COGNITO_USER_POOLS`",
            "benchapi/bench/pool",
            Credential::Header("authorization", person.id_token.clone()),
            0,
        ),
        subject("`AWS_IAM`", "benchapi/bench/iam", Credential::Signature, 0),
        subject("API key, usage plan", "benchapi/bench/key", Credential::Header("x-api-key", API_KEY.to_owned()), 0),
        subject("HTTP API: none", "benchhttpapi/none", Credential::Nothing, 6),
        subject("`JWT` authorizer", "benchhttpapi/jwt", bearer(), 6),
    ])
}

impl Subject {
    /// What is asked for, with a new signature if it is signed.
    fn target(&self, address: SocketAddr) -> Result<Target, Failure> {
        let path = format!("/_aws/execute-api/{}", self.path);
        let request = match &self.credential {
            Credential::Nothing => None,
            Credential::Header(name, value) => {
                Some(format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{name}: {value}\r\n\r\n").into_bytes())
            }
            Credential::Signature => Some(signed(address, "execute-api", "GET", &path, &[], b"")?),
        };
        Ok(Target { address, path, request, expected: ANSWER })
    }

    /// Who shows nothing must not pass: the price of a door that stands open is no figure.
    async fn check_refusal(&self, address: SocketAddr) -> Result<(), Failure> {
        if matches!(self.credential, Credential::Nothing) {
            return Ok(());
        }
        let without = Target { request: None, ..self.target(address)? };
        let mut connection = Connection::open(without).await?;
        match connection.fetch().await?.0 {
            401 | 403 => Ok(()),
            status => Err(self.failed(&format!("a request without a credential was answered with {status}").into())),
        }
    }

    fn failed(&self, error: &Failure) -> Failure {
        format!("{}: {error}", self.name).into()
    }
}

fn report(subjects: &[Subject], options: &Options) -> String {
    let rows = subjects.iter().map(|subject| (subject.name, &subject.rounds, subject.open));
    let table = table("of none", rows);
    let mut out = format!(
        "## Authorization\n\nMedians of {} rounds of {} s each, in turns. *Of none*: requests per second, of those of the \
         same API without authorization.\n\n{table}",
        options.rounds, options.seconds
    );
    let added = subjects.iter().filter(|subject| !matches!(subject.credential, Credential::Nothing)).map(|subject| {
        let more = subject.rounds.p50(0).as_secs_f64() - subjects[subject.open].rounds.p50(0).as_secs_f64();
        format!("{} {:+.0} µs", subject.name, more * 1e6)
    });
    let _ = writeln!(out, "\nAt one connection the p50 grows by: {}.", added.collect::<Vec<_>>().join(", "));
    out
}
