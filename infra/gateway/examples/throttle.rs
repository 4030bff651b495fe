//! Throttle decisions per second at one API key and at a million: `cargo run --release -p ferrogate --example throttle`.
//!
//! A decision is all that stands between a request with an API key and its integration: the key is looked up by its value,
//! a token taken from the client's bucket and from the method's, and the request counted for the quota. Prints one line of
//! JSON for each number of keys; `benchmarks/run throttle` makes a table of them.

use std::hint::black_box;
use std::io::Write as _;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ferrogate::clock::Clock;
use ferrogate::model::{ApiKey, PlanStage, QuotaSettings, ThrottleSettings, UsagePlan};
use ferrogate::throttle::{Book, Limit, Limits, PlanIndex, PlanSource, Stated};

/// Of one measurement.
const PERIOD: Duration = Duration::from_secs(3);

struct Keys {
    keys: Vec<ApiKey>,
    plan: UsagePlan,
    members: Vec<String>,
}

impl Keys {
    fn new(number: usize) -> Keys {
        let keys = (0..number).map(|number| ApiKey {
            id: format!("k{number:07}"),
            value: Some(format!("{number:040}")),
            enabled: true,
            ..ApiKey::default()
        });
        let stage = PlanStage { api_id: "api".to_owned(), stage: "prod".to_owned(), ..PlanStage::default() };
        let plan = UsagePlan {
            id: "plan".to_owned(),
            api_stages: vec![stage],
            // More than a machine can ask for: refused requests would be the quicker ones.
            throttle: Some(ThrottleSettings { rate_limit: 1e9, burst_limit: i32::MAX }),
            quota: Some(QuotaSettings { limit: i32::MAX, offset: 0, period: "DAY".to_owned() }),
            ..UsagePlan::default()
        };
        Keys { members: (0..number).map(|number| format!("plan/k{number:07}")).collect(), keys: keys.collect(), plan }
    }
}

impl PlanSource for Keys {
    fn compile_plans(&self, book: &Book) -> PlanIndex {
        let members = self.members.iter().map(String::as_str);
        PlanIndex::build(self.keys.iter(), std::iter::once(&self.plan), members, book, |_| None)
    }
}

/// Decisions per second of so many threads.
fn measure(limits: &Limits, keys: &Keys, threads: usize) -> f64 {
    let (clock, stated) = (Clock::default(), Stated { rate_limit: Some(1e9), burst_limit: Some(i32::MAX) });
    let method = Limit::of("api", "prod", "/pets/GET", Some(stated), None);
    let began = Instant::now();
    let decisions: usize = std::thread::scope(|scope| {
        let racers = (0..threads).map(|thread| {
            let (clock, method) = (&clock, &method);
            scope.spawn(move || {
                let (mut decisions, mut next) = (0, thread);
                while decisions % 1_024 != 0 || began.elapsed() < PERIOD {
                    // Far apart, so that no key is found where the last one was.
                    next = (next + 7_919) % keys.keys.len();
                    let value = keys.keys[next].value.as_deref().unwrap_or_default();
                    let client = limits.client(value, "api", "prod", &["/pets/GET"]);
                    let passed = limits.admit(client.as_ref(), method.as_ref(), clock.now());
                    assert!(black_box(client.is_some() && passed.is_ok()), "a request was refused");
                    decisions += 1;
                }
                decisions
            })
        });
        let racers: Vec<_> = racers.collect();
        racers.into_iter().map(|racer| racer.join().unwrap_or_default()).sum()
    });
    decisions as f64 / began.elapsed().as_secs_f64()
}

fn main() -> std::io::Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for number in [1, 1_000_000] {
        let keys = Arc::new(Keys::new(number));
        let limits = Limits::new("us-east-1", false);
        let source: Weak<Keys> = Arc::downgrade(&keys);
        limits.set_source(source);
        // Compiled before it is measured.
        let began = Instant::now();
        limits.client("", "api", "prod", &[]);
        let compiled = began.elapsed();
        let (one, all) = (measure(&limits, &keys, 1), measure(&limits, &keys, cores));
        writeln!(
            std::io::stdout(),
            r#"{{"keys":{number},"one_thread":{one:.0},"threads":{cores},"all_threads":{all:.0},"compile_millis":{}}}"#,
            compiled.as_millis()
        )?;
    }
    Ok(())
}
