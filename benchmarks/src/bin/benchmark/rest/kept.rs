//! What a cached response costs in memory.

use std::time::Duration;

use tokio::time::sleep;

use super::subjects::route;
use crate::Failure;
use crate::gateway::Gateway;
use crate::load::{Connection, Target};
use crate::table::count;

const ENTRIES: usize = 20_000;
/// Until an idle process has given back what the last requests took.
const SETTLE: Duration = Duration::from_secs(2);

pub(super) async fn measure(gateway: &Gateway) -> Result<String, Failure> {
    let target = |number: usize| Target {
        address: gateway.address,
        path: format!("{}?n={number:06}", route("kept")),
        request: None,
        expected: r#""hello""#,
    };
    let mut connection = Connection::open(target(0)).await?;
    // What the first thousand cost is the cache's own beginning.
    for number in 0..1_000 {
        connection.ask(target(number));
        connection.get().await?;
    }
    let before = resident(gateway).await?;
    for number in 1_000..1_000 + ENTRIES {
        connection.ask(target(number));
        connection.get().await?;
    }
    let body = connection.fetch().await?.1.len();
    let each = resident(gateway).await?.saturating_sub(before) / ENTRIES as u64;
    Ok(format!(
        "\nOne cached response with a body of {} bytes takes {} bytes of VmRSS: the difference over {} entries.\n",
        count(body as f64),
        count(each as f64),
        count(ENTRIES as f64)
    ))
}

async fn resident(gateway: &Gateway) -> Result<u64, Failure> {
    sleep(SETTLE).await;
    gateway.resident().ok_or_else(|| "the memory of a process cannot be read on this system".into())
}
