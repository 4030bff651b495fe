//! Time to ready, idle memory, and the first answer of a function's first process.

use std::path::Path;
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
    // Both are built once before anything is timed.
    for template in [&own, &bench] {
        Gateway::start("start-build", template, &[]).await?.end().await;
    }
    let (mut built, mut checked, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    let (mut hello_cold, mut products_cold) = (Vec::new(), Vec::new());
    for round in 1..=options.starts {
        let gateway = Gateway::start("start-no-build", &own, &["--no-build"]).await?;
        built.push(gateway.ready_after);
        sleep(SETTLE).await;
        memory.extend(gateway.resident());
        products_cold.push(cold(products(&gateway)).await?);
        gateway.end().await;

        let gateway = Gateway::start("start-checked", &own, &[]).await?;
        checked.push(gateway.ready_after);
        gateway.end().await;

        hello_cold.push(hello_start(&bench).await?);
        say(&format!("start {round}: ready after {:.1?}", built[built.len() - 1]));
    }
    Ok(report(options, &built, &checked, &memory, [&hello_cold, &products_cold]))
}

async fn hello_start(template: &Path) -> Result<Cold, Failure> {
    let gateway = Gateway::start("start-hello", template, &["--no-build"]).await?;
    let times = cold(hello(gateway.address)).await;
    gateway.end().await;
    times
}

fn products(gateway: &Gateway) -> Target {
    let path = "/_aws/execute-api/userapi/production/products".to_owned();
    Target { address: gateway.address, path, expected: "\"products\"" }
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
    times("exec to ready, functions built, `--no-build`", built.to_vec(), "< 300 ms");
    times("exec to ready, functions built, cargo asked whether they are", checked.to_vec(), "–");
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
