//! Functions: their lines go to their log groups, their calls are counted.

use std::sync::{Arc, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::Telemetry;
use crate::clock::Clock;
use crate::lambda::{Invocation, InvocationType, Invoke, InvokeError, InvokeRequest, LineKind, LogLine, LogSink};

/// A sink that keeps what functions print in `/aws/lambda/{function}`, and hands it on to another sink.
pub struct FunctionLogs {
    telemetry: Telemetry,
    next: Arc<dyn LogSink>,
}

impl FunctionLogs {
    /// Keeps lines in `telemetry`'s logs and hands them to `next`.
    pub fn new(telemetry: Telemetry, next: Arc<dyn LogSink>) -> FunctionLogs {
        FunctionLogs { telemetry, next }
    }
}

impl LogSink for FunctionLogs {
    fn line(&self, line: &LogLine<'_>) {
        // What a build says is for the terminal alone.
        if let Some(stream) = line.stream {
            let telemetry = self.telemetry.within(&stream.account, &stream.region);
            telemetry.logs().append(&stream.group, &stream.name, line.time, line.text);
        }
        if line.kind != LineKind::Report || self.next.wants_reports() {
            self.next.line(line);
        }
    }

    fn wants_reports(&self) -> bool {
        true
    }
}

const METRICS: &[(&str, &str)] = &[
    ("Invocations", "Count"),
    ("Errors", "Count"),
    ("Throttles", "Count"),
    ("Duration", "Milliseconds"),
    ("ConcurrentExecutions", "Count"),
];

/// Counts the calls of functions under `AWS/Lambda`.
///
/// A call that waits for its result counts with its duration and its error. Of one that is queued only the call itself is
/// known here.
pub struct CountedFunctions {
    telemetry: Telemetry,
    clock: Clock,
    account: String,
    region: String,
    functions: Arc<dyn Invoke>,
}

impl CountedFunctions {
    /// Counts the calls of `functions`; names without account and region are of these.
    pub fn new(
        telemetry: Telemetry,
        clock: Clock,
        account: &str,
        region: &str,
        functions: Arc<dyn Invoke>,
    ) -> CountedFunctions {
        let (account, region) = (account.to_owned(), region.to_owned());
        CountedFunctions { telemetry, clock, account, region, functions }
    }

    /// The account and region of a function, and its name.
    fn place<'f>(&self, identifier: &'f str) -> (Telemetry, &'f str) {
        let (account, region, name) = named(identifier);
        let telemetry = match (account, region) {
            (Some(account), Some(region)) if (account, region) != (&self.account, &self.region) => {
                self.telemetry.within(account, region)
            }
            _ => self.telemetry.clone(),
        };
        (telemetry, name)
    }

    fn count(&self, identifier: &str, values: &[(usize, f64)]) {
        let (telemetry, name) = self.place(identifier);
        let function = vec![("FunctionName".to_owned(), name.to_owned())];
        let resource = vec![function[0].clone(), ("Resource".to_owned(), name.to_owned())];
        let metrics = telemetry.metrics();
        let meter = metrics.meter_of("AWS/Lambda", METRICS, vec![Vec::new(), function, resource]);
        metrics.record(&meter, self.clock.now(), values);
    }
}

/// A call under way; it ends when it is dropped, also if its caller has gone.
struct Running<'a> {
    telemetry: Telemetry,
    function: &'a str,
    concurrent: u32,
}

impl<'a> Running<'a> {
    /// One more call of `function`.
    fn begin(telemetry: Telemetry, function: &'a str) -> Running<'a> {
        let mut running = telemetry.observed.running.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(function.to_owned()).or_default();
        *count += 1;
        let concurrent = *count;
        drop(running);
        Running { telemetry, function, concurrent }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut running = self.telemetry.observed.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(self.function) {
            *count -= 1;
            if *count == 0 {
                running.remove(self.function);
            }
        }
    }
}

impl Invoke for CountedFunctions {
    fn for_world(&self, account: &str, region: &str) -> Option<Arc<dyn Invoke>> {
        let functions = self.functions.for_world(account, region)?;
        let (telemetry, clock) = (self.telemetry.within(account, region), self.clock.clone());
        Some(Arc::new(CountedFunctions::new(telemetry, clock, account, region, functions)))
    }

    fn invoke<'a>(
        &'a self,
        function: &'a str,
        request: InvokeRequest,
    ) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        if request.invocation_type == InvocationType::DryRun {
            return self.functions.invoke(function, request);
        }
        let waits = request.invocation_type == InvocationType::RequestResponse;
        async move {
            let (telemetry, name) = self.place(function);
            let running = Running::begin(telemetry, name);
            let concurrent = running.concurrent;
            let began = Instant::now();
            let outcome = self.functions.invoke(function, request).await;
            drop(running);
            match &outcome {
                Ok(invocation) if waits => {
                    let failed = f64::from(u8::from(invocation.function_error.is_some()));
                    let millis = began.elapsed().as_secs_f64() * 1_000.0;
                    self.count(function, &[(0, 1.0), (1, failed), (2, 0.0), (3, millis), (4, f64::from(concurrent))]);
                }
                Ok(_) => self.count(function, &[(0, 1.0)]),
                Err(InvokeError::TooManyRequests { .. }) => self.count(function, &[(2, 1.0)]),
                // It was not run.
                Err(_) => {}
            }
            outcome
        }
        .boxed()
    }
}

/// Account, region and name in a function's ARN, partial ARN or name; a qualifier is left out.
fn named(identifier: &str) -> (Option<&str>, Option<&str>, &str) {
    let parts: Vec<_> = identifier.split(':').collect();
    match parts[..] {
        ["arn", _, "lambda", region, account, "function", name, ..] => (Some(account), Some(region), name),
        [_, "function", name, ..] => (None, None, name),
        [name, ..] => (None, None, name),
        [] => (None, None, identifier),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Functions of every account and region, which all answer.
    struct Everywhere;

    impl Invoke for Everywhere {
        fn invoke<'a>(&'a self, _: &'a str, _: InvokeRequest) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
            async { Ok(Invocation::default()) }.boxed()
        }

        fn for_world(&self, _: &str, _: &str) -> Option<Arc<dyn Invoke>> {
            Some(Arc::new(Everywhere))
        }
    }

    #[tokio::test]
    async fn calls_count_where_the_function_is() {
        let clock = Clock::default();
        let telemetry = Telemetry::in_memory(&clock);
        let home = CountedFunctions::new(telemetry.clone(), clock, "000000000000", "us-east-1", Arc::new(Everywhere));
        let elsewhere = home.for_world("111122223333", "eu-west-1").unwrap();
        elsewhere.invoke("f", InvokeRequest::sync("{}")).await.unwrap();
        assert!(telemetry.metrics().keys().is_empty());
        let there = telemetry.within("111122223333", "eu-west-1");
        assert!(there.metrics().keys().iter().any(|(key, _)| key.name == "Invocations"));
        home.invoke("arn:aws:lambda:eu-west-1:111122223333:function:f", InvokeRequest::sync("{}")).await.unwrap();
        assert!(telemetry.metrics().keys().is_empty(), "an ARN says where");
    }

    #[test]
    fn a_function_is_found_in_every_form_of_its_name() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:f:live";
        assert_eq!(named(arn), (Some("111122223333"), Some("eu-west-1"), "f"));
        for name in ["f", "f:live", "111122223333:function:f"] {
            assert_eq!(named(name), (None, None, "f"), "{name}");
        }
    }
}
