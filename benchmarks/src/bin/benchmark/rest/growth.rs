//! Whether a request to one of many resources, or to one of many APIs, takes longer.

use std::net::SocketAddr;
use std::time::Duration;

use crate::client::Client;
use crate::gateway::Gateway;
use crate::load::{Round, Target, run};
use crate::options::Options;
use crate::rest_api::RestApi;
use crate::statistics::{median, median_time};
use crate::table::{Table, count, time};
use crate::{Failure, say};

const RESOURCES: [usize; 3] = [10, 100, 1_000];
const APIS: [usize; 3] = [1, 10, 100];
const WARM_UP: Duration = Duration::from_millis(500);

pub(super) async fn measure(options: &Options) -> Result<String, Failure> {
    let gateway = Gateway::serve("rest-growth", None).await?;
    let mut client = Client::new(gateway.address, "apigateway");
    let mut sizes = Vec::new();
    for resources in RESOURCES {
        let api = api(&mut client, resources).await?;
        sizes.push((format!("{resources} resources"), target(gateway.address, &api, resources - 1), Vec::new()));
    }
    turns(&mut sizes, options).await?;
    let mut counts = Vec::new();
    let mut made = 0;
    let mut first = None;
    for apis in APIS {
        // Beside those of the first part.
        while made < apis {
            let api = api(&mut client, 10).await?;
            first.get_or_insert_with(|| target(gateway.address, &api, 9));
            made += 1;
        }
        let Some(target) = first.clone() else { return Err("no API was made".into()) };
        let mut only = vec![(format!("{apis} APIs"), target, Vec::new())];
        turns(&mut only, options).await?;
        counts.append(&mut only);
    }
    gateway.end().await;
    let mut table = Table::new(["`MOCK` GET, 1 connection", "req/s", "p50", "of the first"]);
    for group in [&sizes, &counts] {
        let rate = |rounds: &[Round]| median(rounds.iter().map(|round| round.per_second));
        let base = group.first().map_or(1.0, |(_, _, rounds)| rate(rounds));
        for (name, _, rounds) in group {
            let p50 = median_time(rounds.iter().map(|round| round.p50));
            table.row([name.clone(), count(rate(rounds)), time(p50), format!("{:.2}", rate(rounds) / base)]);
        }
    }
    Ok(format!("\nGrowth; the last resource of an API, and the first of many APIs:\n\n{table}"))
}

async fn turns(subjects: &mut [(String, Target, Vec<Round>)], options: &Options) -> Result<(), Failure> {
    for (_, target, _) in subjects.iter() {
        run(target, 1, WARM_UP).await?;
    }
    for round in 1..=options.rounds {
        for (name, target, rounds) in subjects.iter_mut() {
            let figures = run(target, 1, options.duration()).await?;
            say(&format!("rest, round {round}: {name}: {:.0}/s", figures.per_second));
            rounds.push(figures);
        }
    }
    Ok(())
}

/// A deployed API of so many resources with a mock each.
async fn api(client: &mut Client, resources: usize) -> Result<RestApi, Failure> {
    let api = RestApi::create(client).await?;
    for number in 0..resources {
        api.add_mock(client, number).await?;
    }
    api.deploy(client).await?;
    Ok(api)
}

fn target(address: SocketAddr, api: &RestApi, number: usize) -> Target {
    let path = format!("/_aws/execute-api/{}/bench/part{number}", api.id);
    Target { address, path, request: None, expected: r#""hello""# }
}
