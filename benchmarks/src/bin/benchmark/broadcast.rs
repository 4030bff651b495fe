//! Deliveries per second: one message to all connections of a room of Ferrogate's own chat.

use std::time::{Duration, Instant};

use crate::gateway::Gateway;
use crate::options::Options;
use crate::people::sign_in;
use crate::room::Room;
use crate::statistics::{median, median_time};
use crate::table::{Table, count, time};
use crate::{Failure, place, say};

/// What serverless-offline delivered to 100 connections on another day, on a machine of the same size.
const ELSEWHERE: f64 = 3480.0;

/// Measures and gives the section.
pub(crate) async fn section(options: &Options) -> Result<String, Failure> {
    let mut table = Table::new(["connections", "deliveries/s", "to the last receiver", "slowest", "of 3,480/s"]);
    for &clients in &options.room {
        let gateway = Gateway::start("broadcast", &place::own_template(), None).await?;
        let figures =
            figures(&gateway, clients, options).await.map_err(|error| format!("{clients} clients: {error}"))?;
        gateway.end().await;
        let per_second = median(figures.iter().map(|round| round.per_second));
        table.row([
            count(clients.into()),
            count(per_second),
            time(median_time(figures.iter().map(|round| round.to_last))),
            time(figures.iter().map(|round| round.slowest).max().unwrap_or_default()),
            format!("{:.1} times", per_second / ELSEWHERE),
        ]);
    }
    Ok(format!(
        "## Broadcast\n\nMedians of {} rounds of {} messages, one after another. The last column compares with the \
         better figure recorded elsewhere for serverless-offline 14.8 with 100 connections: it was not measured in this \
         run.\n\n{table}",
        options.rounds, options.messages
    ))
}

/// One round.
struct Figures {
    per_second: f64,
    /// The median message's time from sending to the last receiver.
    to_last: Duration,
    slowest: Duration,
}

async fn figures(gateway: &Gateway, clients: u32, options: &Options) -> Result<Vec<Figures>, Failure> {
    let person = sign_in(gateway.address).await?;
    let started = Instant::now();
    let mut room = Room::fill(gateway.address, clients, &person.access_token).await?;
    let (took, frames) = (started.elapsed(), room.frames());
    say(&format!("broadcast: {clients} clients joined within {took:.1?}; {frames} frames told them of each other"));
    // Until the functions' processes are as many as they will be.
    room.broadcast().await?;
    let mut rounds = Vec::new();
    for round in 1..=options.rounds {
        let mut times = Vec::new();
        for _ in 0..options.messages {
            times.push(room.broadcast().await?);
        }
        let total: Duration = times.iter().sum();
        let per_second = f64::from(clients) * times.len() as f64 / total.as_secs_f64();
        say(&format!("broadcast, round {round}: {per_second:.0} deliveries/s to {clients}"));
        let slowest = times.iter().max().copied().unwrap_or_default();
        rounds.push(Figures { per_second, to_last: median_time(times), slowest });
    }
    Ok(rounds)
}
