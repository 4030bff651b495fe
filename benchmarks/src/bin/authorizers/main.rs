//! Time, allocations and calls of DynamoDB of one invocation of `authorize-jwt` and `authorize-tier`, beside the guide's
//! authorizer with two calls: `authorizers ENDPOINT ROUNDS`, with the address of a DynamoDB whose tables are thrown away.
//!
//! The handlers are called as the Lambda runtime calls them, in this process and on one thread; the runtime itself is not
//! measured. Prints one line of JSON for each; `benchmarks/run authorizers` makes a table of them.

mod allocations;
mod dynamodb;
mod guide;
mod subjects;

use std::io::Write as _;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use serde_json::json;

use crate::subjects::Subject;

/// Why nothing was measured, for a person.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Of one subject in one round. With the most rounds a premium customer's day has room for all of them.
const INVOCATIONS: usize = 1_000;
const MOST_ROUNDS: usize = 100;

/// What was seen of one invocation.
struct Invocation {
    took: Duration,
    allocations: u64,
    bytes: u64,
    calls: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(endpoint), Some(rounds)) = (arguments.next(), arguments.next()) else {
        return Err("usage: authorizers ENDPOINT ROUNDS".into());
    };
    let rounds: usize = rounds.parse()?;
    if !(1..=MOST_ROUNDS).contains(&rounds) {
        return Err(format!("ROUNDS is a number from 1 to {MOST_ROUNDS}").into());
    }
    let client = dynamodb::client(&endpoint).await;
    let mut measured: Vec<(Subject, Vec<Invocation>)> =
        subjects::all(&client).await?.into_iter().map(|subject| (subject, Vec::new())).collect();
    // The first round warms connections and caches up, and does not count.
    for round in 0..=rounds {
        for (subject, invocations) in &mut measured {
            if round == 1 {
                invocations.clear();
            }
            for _ in 0..INVOCATIONS {
                let seen = invoke(subject, &client).await;
                invocations.push(seen.map_err(|error| format!("{}: {error}", subject.name))?);
            }
        }
    }
    for (subject, invocations) in &measured {
        writeln!(std::io::stdout(), "{}", line(subject, invocations))?;
    }
    Ok(())
}

async fn invoke(subject: &Subject, client: &Client) -> Result<Invocation, Failure> {
    if let Some((table, item)) = &subject.before {
        dynamodb::put(client, table, item.clone()).await?;
    }
    let event = subject.event.clone();
    let (allocated, sent, began) = (allocations::so_far(), dynamodb::sent(), Instant::now());
    let answer = (subject.answer)(event).await?;
    let (took, calls, allocated) = (began.elapsed(), dynamodb::sent() - sent, allocations::so_far() - allocated);
    if !(subject.is_right)(&answer) {
        return Err(format!("the answer was {answer}").into());
    }
    if calls > subject.most_calls {
        return Err(format!("{calls} calls of DynamoDB, where {} are allowed", subject.most_calls).into());
    }
    Ok(Invocation { took, allocations: allocated.number, bytes: allocated.bytes, calls })
}

fn line(subject: &Subject, invocations: &[Invocation]) -> serde_json::Value {
    let at = |share: f64, figure: fn(&Invocation) -> u64| {
        let mut figures: Vec<u64> = invocations.iter().map(figure).collect();
        figures.sort_unstable();
        let rank = (share * figures.len() as f64).ceil() as usize;
        figures.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    };
    let nanos = |seen: &Invocation| u64::try_from(seen.took.as_nanos()).unwrap_or(u64::MAX);
    let calls: u64 = invocations.iter().map(|seen| seen.calls).sum();
    json!({
        "name": subject.name,
        "p50_nanos": at(0.5, nanos),
        "p99_nanos": at(0.99, nanos),
        "allocations": at(0.5, |seen| seen.allocations),
        "allocated_bytes": at(0.5, |seen| seen.bytes),
        "calls": calls as f64 / invocations.len().max(1) as f64,
    })
}
