//! Time to ready, idle memory, and the first answer of a function's first process.

use std::time::Duration;

use tokio::time::sleep;

use crate::gateway::Gateway;
use crate::load::{Connection, Target};
use crate::options::Options;
use crate::proxy::hello;
use crate::statistics::{median, median_time};
use crate::table::{Table, megabytes, time};
use crate::{Failure, place, say};

/// Until an idle process has given back what starting took.
const SETTLE: Duration = Duration::from_millis(500);
/// Requests of which the median is a warm one.
const WARM: u32 = 100;

/// A function's first request after a start.
struct Cold {
    first: Duration,
    warm: Duration,
}

/// Measures and gives the section.
pub(crate) async fn section(options: &Options) -> Result<String, Failure> {
    let own = place::own_template();
    let bench = place::hello_template();
    // What is built and kept here, once, is found by the starts that are timed.
    let data = tempfile::tempdir()?;
    let (own_data, bench_data) = (data.path().join("own"), data.path().join("bench"));
    Gateway::start("start-build", &own, Some(&own_data)).await?.end().await;
    Gateway::start("start-build-hello", &bench, Some(&bench_data)).await?.end().await;
    let (mut built, mut checked, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    let (mut hello_cold, mut products_cold) = (Vec::new(), Vec::new());
    for round in 1..=options.starts {
        let gateway = Gateway::start("start", &own, Some(&own_data)).await?;
        built.push(gateway.ready_after);
        sleep(SETTLE).await;
        memory.extend(gateway.resident());
        products_cold.push(cold(products(&gateway)).await?);
        gateway.end().await;

        let gateway = Gateway::start("start-ephemeral", &own, None).await?;
        checked.push(gateway.ready_after);
        gateway.end().await;

        let gateway = Gateway::start("start-hello", &bench, Some(&bench_data)).await?;
        hello_cold.push(cold(hello(gateway.address)).await?);
        gateway.end().await;
        say(&format!("start {round}: ready after {:.1?}", built[built.len() - 1]));
    }
    Ok(report(options, &built, &checked, &memory, [&hello_cold, &products_cold]))
}

fn products(gateway: &Gateway) -> Target {
    let path = "/_aws/execute-api/userapi/production/products".to_owned();
    Target { address: gateway.address, path, request: None, expected: "\"products\"" }
}

/// The first request and the warm ones after it, on a connection that is open before.
async fn cold(target: Target) -> Result<Cold, Failure> {
    let mut connection = Connection::open(target).await?;
    let first = connection.get().await?;
    let mut warm = Vec::new();
    for _ in 0..WARM {
        warm.push(connection.get().await?);
    }
    Ok(Cold { first, warm: median_time(warm) })
}

fn report(
    options: &Options,
    built: &[Duration],
    checked: &[Duration],
    memory: &[u64],
    [hello, products]: [&[Cold]; 2],
) -> String {
    let mut table = Table::new(["", "median", "worst", "aim"]);
    let mut times = |name: &str, times: Vec<Duration>, aim: &str| {
        let worst = times.iter().max().copied().unwrap_or_default();
        table.row([name.to_owned(), time(median_time(times)), time(worst), aim.to_owned()]);
    };
    times("exec to ready, functions built", built.to_vec(), "< 300 ms");
    times("exec to ready, `--ephemeral`: cargo looks whether they are", checked.to_vec(), "–");
    let first = |cold: &[Cold]| cold.iter().map(|cold| cold.first).collect();
    let more = |cold: &[Cold]| cold.iter().map(|cold| cold.first.saturating_sub(cold.warm)).collect();
    times("hello: first request, process started for it", first(hello), "–");
    times("hello: the same less a warm request", more(hello), "< 20 ms");
    times("list-products (AWS SDK): first request", first(products), "–");
    times("list-products: the same less a warm request", more(products), "< 20 ms");
    let resident = |bytes: Option<u64>| bytes.map_or_else(|| "not on this system".to_owned(), megabytes);
    let middle = (!memory.is_empty()).then(|| median(memory.iter().map(|&bytes| bytes as f64)) as u64);
    table.row([
        "idle memory (VmRSS) without function processes".to_owned(),
        resident(middle),
        resident(memory.iter().max().copied()),
        "< 40 MB".to_owned(),
    ]);
    format!("## Start and memory\n\n{} starts of each kind, in turns.\n\n{table}", options.starts)
}
