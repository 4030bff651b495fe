//! Functions made through Lambda's own API: time to the first answer, and requests per second, of each kind of runtime.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::client::{Client, request};
use crate::function::{self, ANSWER, EVENT, Kind};
use crate::gateway::Gateway;
use crate::load::{PATIENCE, Round, Target, run};
use crate::options::Options;
use crate::statistics::{median, median_time};
use crate::table::{Table, count, time};
use crate::{Failure, say};

const CONNECTIONS: [usize; 2] = [1, 32];
const WARM_UP: Duration = Duration::from_secs(1);

struct Subject {
    kind: Kind,
    target: Target,
    /// By the number of connections, as in [`CONNECTIONS`].
    rounds: [Vec<Round>; CONNECTIONS.len()],
    /// `CreateFunction` alone.
    created: Vec<Duration>,
    /// From `CreateFunction` to the first answer.
    answered: Vec<Duration>,
    /// The second answer of the same process.
    warm: Vec<Duration>,
}

/// Measures and gives the section.
pub(crate) async fn section(options: &Options) -> Result<String, Failure> {
    let gateway = Gateway::serve("functions", None).await?;
    let mut client = Client::new(gateway.address, "lambda");
    let mut subjects = Vec::new();
    for (number, kind) in Kind::all().await?.into_iter().enumerate() {
        let name = format!("hello{number}");
        kind.create(&mut client, &name).await?;
        let path = function::invocations(&name);
        let request = Some(request(gateway.address, "lambda", "POST", &path, EVENT.as_bytes()));
        let target = Target { address: gateway.address, path, request, expected: ANSWER };
        subjects.push(Subject {
            kind,
            target,
            rounds: Default::default(),
            created: Vec::new(),
            answered: Vec::new(),
            warm: Vec::new(),
        });
    }
    // One that is not counted: interpreters are looked for once.
    for number in 0..=options.starts {
        for subject in &mut subjects {
            first(&mut client, subject, &format!("first{number}")).await.map_err(|error| subject.failed(error))?;
        }
    }
    for subject in &mut subjects {
        for times in [&mut subject.created, &mut subject.answered, &mut subject.warm] {
            times.remove(0);
        }
        say(&format!(
            "functions: {}: first answer after {:.1?}",
            subject.kind.name,
            median_time(subject.answered.clone())
        ));
        for connections in CONNECTIONS {
            run(&subject.target, connections, WARM_UP).await.map_err(|error| subject.failed(error))?;
        }
    }
    for round in 1..=options.rounds {
        for subject in &mut subjects {
            for (index, connections) in CONNECTIONS.into_iter().enumerate() {
                let figures = run(&subject.target, connections, options.duration()).await;
                let figures = figures.map_err(|error| subject.failed(error))?;
                let (name, rate) = (&subject.kind.name, figures.per_second);
                say(&format!("functions, round {round}: {name} at {connections}: {rate:.0}/s"));
                subject.rounds[index].push(figures);
            }
        }
    }
    let section = report(&subjects, options);
    gateway.end().await;
    Ok(section)
}

impl Subject {
    fn failed(&self, error: Failure) -> Failure {
        format!("{}: {error}", self.kind.name).into()
    }

    fn per_second(&self, index: usize) -> f64 {
        median(self.rounds[index].iter().map(|round| round.per_second))
    }
}

/// One function made, asked until it answers, asked again, and deleted.
async fn first(client: &mut Client, subject: &mut Subject, name: &str) -> Result<(), Failure> {
    let request = subject.kind.request(name);
    let path = function::invocations(name);
    let started = Instant::now();
    function::create(client, &request).await?;
    subject.created.push(started.elapsed());
    loop {
        let answer = client.send("POST", &path, EVENT.as_bytes()).await?;
        if answer.status == 200 && String::from_utf8_lossy(&answer.body).contains(ANSWER) {
            break;
        }
        // 409 while it is not ready, as on AWS; whatever else comes is a failure.
        if answer.status != 409 || started.elapsed() > PATIENCE {
            let text = String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]).into_owned();
            return Err(format!("the first invocation was answered with {} and «{text}»", answer.status).into());
        }
    }
    subject.answered.push(started.elapsed());
    let again = client.send("POST", &path, EVENT.as_bytes()).await?;
    subject.warm.push(again.took);
    function::delete(client, name).await
}

fn report(subjects: &[Subject], options: &Options) -> String {
    let mut out =
        format!("## Functions\n\nFrom `CreateFunction` to the first answer, {} of each in turns.\n\n", options.starts);
    let mut table = Table::new(["", "`CreateFunction`", "to the first answer", "worst", "second answer"]);
    for subject in subjects {
        let worst = subject.answered.iter().max().copied().unwrap_or_default();
        table.row([
            subject.kind.name.clone(),
            time(median_time(subject.created.clone())),
            time(median_time(subject.answered.clone())),
            time(worst),
            time(median_time(subject.warm.clone())),
        ]);
    }
    let _ = write!(
        out,
        "{table}\nInvoke API, medians of {} rounds of {} s each, in turns.\n\n",
        options.rounds, options.seconds
    );
    let mut table =
        Table::new(["", "1 conn.: req/s", "p50", "p99", "of Rust", "32 conns.: req/s", "p50", "p99", "of Rust"]);
    // `Kind::all` begins with it.
    let rust = &subjects[0];
    for subject in subjects {
        let [one, many] = &subject.rounds;
        let p50 = |rounds: &[Round]| time(median_time(rounds.iter().map(|round| round.p50)));
        let p99 = |rounds: &[Round]| time(median_time(rounds.iter().map(|round| round.p99)));
        let share = |index: usize| format!("{:.2}", subject.per_second(index) / rust.per_second(index));
        table.row([
            subject.kind.name.clone(),
            count(subject.per_second(0)),
            p50(one),
            p99(one),
            share(0),
            count(subject.per_second(1)),
            p50(many),
            p99(many),
            share(1),
        ]);
    }
    let _ = write!(out, "{table}");
    out
}
