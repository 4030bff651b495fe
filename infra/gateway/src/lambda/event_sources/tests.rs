//! Mappings against a real stream and a function that does as it is told.

use std::collections::VecDeque;
use std::time::Instant;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::*;
use crate::lambda::{Invocation, InvokeError, InvokeRequest};
use crate::model::{Filter, FilterCriteria, Table, UNKNOWN_STREAM_LABEL};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f:live";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/things/stream/";

enum Answer {
    Fails,
    Reports(Value),
    Refused(InvokeError),
}

/// Answers each call by the next of its answers, and well once they are used up.
#[derive(Default)]
struct Function {
    calls: Mutex<Vec<Value>>,
    answers: Mutex<VecDeque<Answer>>,
}

impl Invoke for Function {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        request: InvokeRequest,
    ) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        assert_eq!(function, FUNCTION);
        let event = serde_json::from_slice(&request.payload).unwrap();
        let answer = self.answers.lock().unwrap().pop_front();
        self.calls.lock().unwrap().push(event);
        Box::pin(async move {
            let (payload, function_error) = match answer {
                None => ("null".to_owned(), None),
                Some(Answer::Reports(report)) => (report.to_string(), None),
                Some(Answer::Fails) => ("{}".to_owned(), Some("Unhandled".to_owned())),
                Some(Answer::Refused(error)) => return Err(error),
            };
            Ok(Invocation { payload: payload.into(), function_error, ..Invocation::default() })
        })
    }
}

struct World {
    clock: Clock,
    tables: TableWorlds,
    function: Arc<Function>,
    checkpoints: Arc<MemoryCheckpoints>,
    sources: EventSources,
}

impl World {
    async fn new() -> World {
        let clock = Clock::default();
        let tables = TableWorlds::open(None, clock.clone(), "000000000000", "us-east-1").unwrap();
        let create_table = json!({
            "TableName": "things",
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
        });
        let table = Table {
            table_name: "things".to_owned(),
            logical_id: None,
            create_table,
            time_to_live_attribute: Some("ttl".to_owned()),
        };
        tables.home().apply_table(&table).await.unwrap();
        let function = Arc::new(Function::default());
        let checkpoints = Arc::new(MemoryCheckpoints::default());
        let sources = EventSources::new(clock.clone(), function.clone(), tables.clone(), checkpoints.clone());
        World { clock, tables, function, checkpoints, sources }
    }

    fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.function.answers.lock().unwrap().extend(answers);
    }

    async fn write(&self, ids: &[&str]) {
        for id in ids {
            self.tables.home().put_items("things", vec![json!({ "id": { "S": id } })]).await.unwrap();
        }
    }

    /// The ids of the records of each call.
    fn calls(&self) -> Vec<Vec<String>> {
        let id = |record: &Value| record["dynamodb"]["Keys"]["id"]["S"].as_str().unwrap().to_owned();
        let calls = self.function.calls.lock().unwrap();
        calls.iter().map(|event| event["Records"].as_array().unwrap().iter().map(id).collect()).collect()
    }

    /// Waits until the calls are these. The clock runs ahead, so that pauses between retries take no time.
    async fn until_calls(&self, expected: &[&[&str]]) {
        self.until(|| self.calls().len() >= expected.len()).await;
        assert_eq!(self.calls(), expected);
    }

    async fn until(&self, is_so: impl Fn() -> bool) {
        self.wait(is_so, Duration::from_millis(20)).await;
    }

    /// As [`World::until`], by a clock that is left alone: for what depends on how old something is.
    async fn until_at_once(&self, is_so: impl Fn() -> bool) {
        self.wait(is_so, Duration::ZERO).await;
    }

    async fn wait(&self, is_so: impl Fn() -> bool, step: Duration) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?} {:?}", self.calls(), self.sources.states());
            if !step.is_zero() {
                self.clock.advance(step);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn until_result(&self, result: &str) {
        self.until(|| self.sources.state("u").unwrap().last_processing_result == result).await;
    }

    fn sequence(&self, call: usize, record: usize) -> Value {
        let calls = self.function.calls.lock().unwrap();
        calls[call]["Records"][record]["dynamodb"]["SequenceNumber"].clone()
    }
}

fn mapping() -> EventSourceMapping {
    let arn = format!("{TABLE}{UNKNOWN_STREAM_LABEL}");
    EventSourceMapping::new("u", &arn, FUNCTION, StartingPosition::TrimHorizon)
}

#[tokio::test]
async fn records_reach_the_function_in_lambdas_shape() {
    let world = World::new().await;
    world.write(&["a"]).await;
    let mut latest = mapping();
    latest.starting_position = StartingPosition::Latest;
    world.sources.put(latest).await.unwrap();
    world.write(&["b"]).await;
    world.until_result("OK").await;
    assert_eq!(world.calls(), [["b"]], "what was there before is not the latest");
    let event = world.function.calls.lock().unwrap()[0].clone();
    let record = &event["Records"][0];
    let state = world.sources.state("u").unwrap();
    assert_eq!((state.state, &record["eventSourceARN"]), ("Enabled", &json!(state.mapping.event_source_arn)));
    assert!(!state.mapping.event_source_arn.ends_with(UNKNOWN_STREAM_LABEL));
    for (member, expected) in
        [("eventName", "INSERT"), ("eventVersion", "1.1"), ("eventSource", "aws:dynamodb"), ("awsRegion", "us-east-1")]
    {
        assert_eq!(record[member], expected);
    }
    assert_eq!(record["dynamodb"]["NewImage"], json!({ "id": { "S": "b" } }));
    assert_eq!(record["dynamodb"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
    assert!(record.get("userIdentity").is_none() && record["eventID"].is_string());

    let expired = json!({ "id": { "S": "t" }, "ttl": { "N": (world.clock.now() / 1_000 - 5).to_string() } });
    world.tables.home().put_items("things", vec![expired]).await.unwrap();
    let Tables::Embedded(database) = world.tables.home() else { unreachable!() };
    database.sweep_ttl().await;
    let removed = || {
        let calls = world.function.calls.lock().unwrap();
        let records = calls.iter().flat_map(|event| event["Records"].as_array().unwrap().clone());
        records.into_iter().find(|record| record["eventName"] == "REMOVE")
    };
    world.until(|| removed().is_some()).await;
    let by_service = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
    assert_eq!(removed().unwrap()["userIdentity"], by_service);
}

#[tokio::test]
async fn batches_are_no_larger_than_asked_and_wait_for_their_window() {
    let world = World::new().await;
    world.write(&["a", "b", "c", "d", "e"]).await;
    let mut small = mapping();
    small.batch_size = 2;
    world.sources.put(small.clone()).await.unwrap();
    world.until_calls(&[&["a", "b"], &["c", "d"], &["e"]]).await;

    small.batch_size = 3;
    small.maximum_batching_window_in_seconds = 300;
    world.sources.put(small).await.unwrap();
    world.write(&["f", "g", "h"]).await;
    world.until_calls(&[&["a", "b"], &["c", "d"], &["e"], &["f", "g", "h"]]).await;
    world.write(&["i"]).await;
    world.clock.advance(Duration::from_secs(1));
    world.until(|| world.calls().len() == 5).await;
    assert_eq!(world.calls()[4], ["i"], "the window is over before the batch is full");
}

#[tokio::test]
async fn a_failed_batch_holds_the_stream_until_it_is_done() {
    let world = World::new().await;
    world.answers([
        Answer::Fails,
        Answer::Refused(InvokeError::TooManyRequests { reason: "ConcurrentInvocationLimitExceeded" }),
        Answer::Refused(InvokeError::NotFound("f".to_owned())),
        Answer::Fails,
    ]);
    world.write(&["a", "b"]).await;
    world.sources.put(mapping()).await.unwrap();
    world.until_result("PROBLEM: Function call failed").await;
    let all: &[&str] = &["a", "b"];
    world.until_calls(&[all; 5]).await;
    world.until_result("OK").await;
    world.write(&["c"]).await;
    world.until(|| world.calls().len() == 6).await;
    assert_eq!(world.calls()[5], ["c"]);
}

#[tokio::test]
async fn retries_that_are_used_up_give_the_batch_up() {
    let world = World::new().await;
    world.answers([Answer::Fails, Answer::Fails]);
    world.write(&["a", "b"]).await;
    let mut once = mapping();
    once.maximum_retry_attempts = 1;
    world.sources.put(once).await.unwrap();
    world.until(|| world.sources.state("u").unwrap().discarded == 2).await;
    world.write(&["c"]).await;
    world.until_calls(&[&["a", "b"], &["a", "b"], &["c"]]).await;
}

#[tokio::test]
async fn a_bad_record_is_found_by_halves() {
    let world = World::new().await;
    world.answers([
        Answer::Fails,                // a b c d
        Answer::Reports(Value::Null), // a b
        Answer::Fails,                // c d
        Answer::Fails,                // c
    ]);
    world.write(&["a", "b", "c", "d"]).await;
    let mut halves = mapping();
    halves.bisect_batch_on_function_error = true;
    halves.maximum_retry_attempts = 0;
    world.sources.put(halves).await.unwrap();
    world.until_calls(&[&["a", "b", "c", "d"], &["a", "b"], &["c", "d"], &["c"], &["d"]]).await;
    world.until_result("OK").await;
    assert_eq!(world.sources.state("u").unwrap().discarded, 1);
}

#[tokio::test]
async fn a_function_that_reports_failures_gets_only_the_rest_again() {
    let world = World::new().await;
    world.write(&["a", "b", "c"]).await;
    let mut reporting = mapping();
    reporting.function_response_types = vec!["ReportBatchItemFailures".to_owned()];
    world.answers([Answer::Fails]);
    world.sources.put(reporting).await.unwrap();
    world.until(|| world.calls().len() == 1).await;
    let second = world.sequence(0, 1);
    world.answers([Answer::Reports(json!({ "batchItemFailures": [{ "itemIdentifier": second }] }))]);
    world.until_calls(&[&["a", "b", "c"], &["a", "b", "c"], &["b", "c"]]).await;
    world.until_result("OK").await;
    let checkpoint = world.checkpoints.load("u").unwrap();
    assert_eq!(json!(checkpoint), world.sequence(0, 2));
}

#[tokio::test]
async fn old_records_are_left_out() {
    let world = World::new().await;
    world.write(&["a"]).await;
    world.clock.advance(Duration::from_secs(120));
    world.write(&["b"]).await;
    let mut young = mapping();
    young.maximum_record_age_in_seconds = 60;
    world.sources.put(young).await.unwrap();
    world.until_at_once(|| !world.calls().is_empty()).await;
    assert_eq!(world.calls(), [["b"]]);
    assert_eq!(world.sources.state("u").unwrap().discarded, 1);
}

#[tokio::test]
async fn records_that_no_filter_takes_are_passed_over() {
    let world = World::new().await;
    let pattern = |pattern: Value| Filter { pattern: pattern.to_string() };
    let mut filtered = mapping();
    let prefix = json!({ "dynamodb": { "Keys": { "id": { "S": [{ "prefix": "yes" }] } } } });
    let removed = json!({ "eventName": ["REMOVE"] });
    filtered.filter_criteria = Some(FilterCriteria { filters: vec![pattern(prefix), pattern(removed)] });
    world.sources.put(filtered.clone()).await.unwrap();
    world.write(&["no-1", "yes-1", "no-2"]).await;
    world.until(|| world.calls().concat() == ["yes-1"]).await;
    world.write(&["no-3", "yes-2"]).await;
    world.until(|| world.calls().concat() == ["yes-1", "yes-2"]).await;

    filtered.filter_criteria = Some(FilterCriteria { filters: vec![pattern(json!({ "eventName": [] }))] });
    assert!(matches!(world.sources.put(filtered).await, Err(MappingError::Filter(_))));
    assert_eq!(world.sources.states().len(), 1, "what was wrong has changed nothing");
}

#[tokio::test]
async fn another_run_goes_on_where_the_last_was() {
    let world = World::new().await;
    world.sources.put(mapping()).await.unwrap();
    world.write(&["a"]).await;
    world.until_result("OK").await;
    world.sources.shutdown(Duration::from_secs(5)).await;
    assert!(world.sources.states().is_empty());
    world.write(&["b"]).await;

    let mut disabled = mapping();
    disabled.enabled = false;
    world.sources.put(disabled).await.unwrap();
    let state = world.sources.state("u").unwrap();
    assert_eq!((state.state, &*state.last_processing_result), ("Disabled", "No records processed"));
    world.sources.put(mapping()).await.unwrap();
    world.until_calls(&[&["a"], &["b"]]).await;

    assert!(world.sources.remove("u").await);
    assert!(!world.sources.remove("u").await);
    world.sources.put(mapping()).await.unwrap();
    world.until_calls(&[&["a"], &["b"], &["a", "b"]]).await;
}

#[tokio::test]
async fn what_is_no_stream_is_refused() {
    let world = World::new().await;
    for (arn, is_expected) in [
        (
            "arn:aws:sqs:us-east-1:000000000000:q",
            (|e| matches!(e, MappingError::Source(_))) as fn(&MappingError) -> bool,
        ),
        ("arn:aws:dynamodb:us-east-1:000000000000:table/things", |e| matches!(e, MappingError::Source(_))),
        ("arn:aws:dynamodb:us-east-1:000000000000:table/other/stream/2026-01-01T00:00:00.000", |e| {
            matches!(e, MappingError::NoStream(_))
        }),
        ("arn:aws:dynamodb:eu-west-1:000000000000:table/things/stream/1970-01-01T00:00:00.000", |e| {
            matches!(e, MappingError::NoStream(_))
        }),
    ] {
        let mapping = EventSourceMapping { event_source_arn: arn.to_owned(), ..mapping() };
        let error = world.sources.put(mapping).await.unwrap_err();
        assert!(is_expected(&error), "{error:?}");
    }
}

#[tokio::test]
async fn places_are_kept_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("event-sources.json");
    let kept = FileCheckpoints::open(path.clone());
    kept.store("u", "100000000000000000007");
    kept.store("v", "100000000000000000008");
    kept.forget("v");
    let again = FileCheckpoints::open(path.clone());
    assert_eq!((again.load("u").as_deref(), again.load("v")), (Some("100000000000000000007"), None));
    std::fs::write(&path, "broken").unwrap();
    assert_eq!(FileCheckpoints::open(path).load("u"), None);
}
