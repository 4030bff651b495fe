//! The host against real processes (`testing/bootstrap.rs`).

mod shutdown;
mod swap;
mod versions;

use std::time::Instant;

use bytes::Bytes;

use super::*;
use crate::clock::Clock;
use crate::lambda::testing::{self, Lines};

struct Host {
    service: Arc<LambdaService>,
    lines: Lines,
    clock: Clock,
    functions: IndexMap<String, Function>,
}

fn host_with(change: impl FnOnce(&mut HostSettings, &mut Function)) -> Host {
    let lines = Lines::default();
    let mut settings = testing::settings(&lines);
    let mut function = testing::function("f");
    change(&mut settings, &mut function);
    let clock = settings.clock.clone();
    let service = Arc::new(LambdaService::new(settings).unwrap());
    let functions = IndexMap::from([("f".to_owned(), function)]);
    service.deploy(&functions, &code());
    Host { service, lines, clock, functions }
}

fn host() -> Host {
    host_with(|_, _| {})
}

fn code() -> HashMap<String, Code> {
    HashMap::from([("f".to_owned(), Code::in_folder(testing::bootstrap()))])
}

fn event(text: &str) -> InvokeRequest {
    InvokeRequest::sync(format!("\"{text}\""))
}

impl Host {
    async fn invoke(&self, text: &str) -> Invocation {
        self.service.invoke("f", event(text)).await.unwrap()
    }

    async fn call(&self, text: &str) -> String {
        let invocation = self.invoke(text).await;
        assert_eq!(invocation.function_error, None, "{:?}", invocation.payload);
        String::from_utf8(invocation.payload.to_vec()).unwrap()
    }

    /// The payload of an invocation that must fail, its request id written as `ID`.
    async fn failure(&self, text: &str) -> String {
        let invocation = self.invoke(text).await;
        assert_eq!(invocation.function_error.as_deref(), Some("Unhandled"));
        String::from_utf8(invocation.payload.to_vec()).unwrap().replace(&invocation.request_id, "ID")
    }

    fn pool(&self) -> Arc<Pool> {
        self.service.functions.load().entries["f"].versions["$LATEST"].clone().unwrap()
    }

    async fn process(&self) -> i32 {
        self.call("count").await.split(' ').next().unwrap().parse().unwrap()
    }
}

fn is_alive(process: i32) -> bool {
    // A zombie that waits for its new parent is dead.
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_warm_environment_serves_again() {
    let host = host();
    let first = host.call("count").await;
    let second = host.call("count").await;
    let (process, count) = first.split_once(' ').unwrap();
    assert_eq!((count, second), ("1", format!("{process} 2")));
    assert_eq!(host.service.environments("f"), 1);
}

#[tokio::test]
async fn the_event_comes_with_the_headers_of_lambda() {
    let host = host();
    let before = host.clock.now();
    let request = InvokeRequest {
        trace_id: Some("Root=1-a;Parent=b;Sampled=1".to_owned()),
        client_context: Some(STANDARD.encode(r#"{"client":1}"#)),
        qualifier: Some("live".to_owned()),
        ..event("headers")
    };
    let invocation = host.service.invoke("function:f", request).await.unwrap();
    let text = String::from_utf8(invocation.payload.to_vec()).unwrap();
    let headers: HashMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["lambda-runtime-aws-request-id"], invocation.request_id);
    assert_eq!(headers["lambda-runtime-trace-id"], "Root=1-a;Parent=b;Sampled=1");
    assert_eq!(headers["lambda-runtime-client-context"], r#"{"client":1}"#);
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f:live";
    assert_eq!(headers["lambda-runtime-invoked-function-arn"], arn);
    let deadline: i64 = headers["lambda-runtime-deadline-ms"].parse().unwrap();
    assert!((before + 3000..=host.clock.now() + 3000).contains(&deadline));
    let bad = InvokeRequest { client_context: Some("{".to_owned()), ..event("x") };
    assert!(matches!(host.service.invoke("f", bad).await, Err(InvokeError::InvalidRequestContent(_))));
}

#[tokio::test]
async fn busy_environments_are_joined_by_others() {
    let host = host_with(|settings, _| settings.scale_out_after = Duration::from_millis(4));
    let calls = (0..3).map(|_| host.call("sleep 300"));
    let mut processes = futures_util::future::join_all(calls).await;
    processes.sort();
    processes.dedup();
    assert_eq!(processes.len(), 3);
    assert_eq!(host.service.environments("f"), 3);
    until("idle environments are retired", || {
        host.clock.advance(Duration::from_secs(15 * 60));
        host.service.environments("f") == 0
    })
    .await;
}

#[tokio::test]
async fn waiting_and_environments_are_bounded() {
    let host = host_with(|settings, _| {
        settings.max_environments = 1;
        settings.max_waiting = 1;
    });
    host.call("count").await;
    until("it is idle", || host.pool().idle() == 1).await;
    let (first, second, third) = tokio::join!(
        host.service.invoke("f", event("sleep 200")),
        host.service.invoke("f", event("count")),
        host.service.invoke("f", event("count")),
    );
    assert!(first.is_ok() && second.is_ok());
    let reason = "ConcurrentInvocationLimitExceeded";
    assert!(matches!(third, Err(InvokeError::TooManyRequests { reason: r }) if r == reason));
    assert_eq!(host.service.environments("f"), 1);
}

#[tokio::test]
async fn reserved_concurrency_throttles() {
    let host = host_with(|_, function| function.reserved_concurrent_executions = Some(1));
    let (first, second) =
        tokio::join!(host.service.invoke("f", event("sleep 100")), host.service.invoke("f", event("count")));
    assert!(first.is_ok());
    let reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
    assert!(matches!(second, Err(InvokeError::TooManyRequests { reason: r }) if r == reason));
    host.call("count").await;
    host.call("count").await;
}

#[tokio::test]
async fn a_timeout_kills_and_the_next_call_starts_afresh() {
    let host = host();
    let process = host.process().await;
    let (failure, ()) = tokio::join!(host.failure("sleep 60000"), async {
        host.clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
        host.clock.advance(Duration::from_secs(2));
    });
    let expected =
        r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ID Error: Task timed out after 3.00 seconds"}"#;
    assert_eq!(failure, expected);
    assert!(!is_alive(process));
    assert_ne!(host.process().await, process);
    assert!(host.lines.all().iter().any(|line| line.ends_with("Task timed out after 3.00 seconds")));
}

#[tokio::test]
async fn a_clock_that_is_set_neither_ends_nor_extends_an_invocation() {
    let host = host();
    let process = host.process().await;
    let day = 86_400_000;
    let (slept, ()) = tokio::join!(host.call("sleep 200"), async {
        tokio::task::yield_now().await;
        host.clock.set(host.clock.now() + day);
        tokio::task::yield_now().await;
        host.clock.set(0);
    });
    assert_eq!(slept, format!("{process} slept"), "by the same process, which nobody has ended");
    let headers = host.call("headers").await;
    let deadline = headers.lines().find_map(|line| line.strip_prefix("lambda-runtime-deadline-ms=")).unwrap();
    let deadline: i64 = deadline.parse().unwrap();
    // As the function's own clock, which is the machine's, has it.
    assert!((host.clock.running()..=host.clock.running() + 3_000).contains(&deadline), "{deadline}");
    let (failure, ()) = tokio::join!(host.failure("sleep 60000"), async {
        tokio::task::yield_now().await;
        host.clock.set(0);
        host.clock.advance(Duration::from_secs(3));
    });
    assert!(failure.contains("Task timed out after 3.00 seconds"), "{failure}");
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_leave_a_hung_process() {
    let host = host();
    let process = host.process().await;
    let call = host.service.invoke("f", event("sleep 60000"));
    assert!(tokio::time::timeout(Duration::from_millis(20), call).await.is_err());
    host.clock.advance(Duration::from_secs(4));
    until("the process is killed", || !is_alive(process)).await;
    assert_eq!(host.call("linger").await, "lingering");
    host.clock.advance(Duration::from_secs(4));
    until("a process that asks for no more is killed", || host.service.environments("f") == 0).await;
}

#[tokio::test]
async fn exits_are_reported() {
    let host = host();
    let exit = |what: &str| {
        format!(r#"{{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited {what}"}}"#)
    };
    assert_eq!(host.failure("exit 0").await, exit("without providing a reason"));
    assert_eq!(host.failure("exit 3").await, exit("with error: exit status 3"));
    assert_eq!(host.failure("abort").await, exit("with error: signal: aborted"));
    for _ in 0..20 {
        assert_eq!(host.call("last-words").await, "goodbye");
    }
}

#[tokio::test]
async fn failing_starts_are_reported_to_each_caller() {
    let host = host_with(|_, function| {
        function.environment.insert("START".to_owned(), "exit".to_owned());
    });
    let expected = r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 7"}"#;
    let failures = futures_util::future::join_all((0..5).map(|_| host.failure("x"))).await;
    assert!(failures.iter().all(|failure| failure == expected), "{failures:?}");
    until("no process is left", || host.service.environments("f") == 0).await;

    let host = host_with(|_, function| {
        function.environment.insert("START".to_owned(), "error".to_owned());
    });
    assert_eq!(host.failure("x").await, r#"{"errorMessage":"no table","errorType":"Function.Config"}"#);
}

#[tokio::test]
async fn a_start_that_hangs_is_tried_again_within_the_invocation() {
    let host = host_with(|_, function| {
        function.environment.insert("START".to_owned(), "hang".to_owned());
    });
    let advancing = async {
        until("the first start is given up", || {
            host.clock.advance(Duration::from_millis(500));
            host.lines.all().iter().any(|line| line.contains("Phase: init Status: timeout"))
        })
        .await;
        until("the second start is given up", || {
            host.clock.advance(Duration::from_millis(500));
            host.lines.all().iter().any(|line| line.contains("Task timed out"))
        })
        .await;
    };
    let (failure, ()) = tokio::join!(host.failure("x"), advancing);
    assert!(failure.contains("Sandbox.Timedout"), "{failure}");
}

#[tokio::test]
async fn code_that_cannot_be_run_is_an_invalid_entrypoint() {
    let host = host();
    let folder = tempfile::tempdir().unwrap();
    let executable = folder.path().join("bootstrap");
    let code = HashMap::from([("f".to_owned(), Code::in_folder(folder.path()))]);
    host.service.update_code(&code);
    assert!(host.failure("x").await.contains("Couldn't find valid bootstrap(s)"));
    std::fs::write(&executable, [0_u8; 100]).unwrap();
    std::fs::set_permissions(&executable, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let failure = host.failure("x").await;
    assert!(failure.contains("Runtime.InvalidEntrypoint") && failure.contains("exec format error"), "{failure}");
}

#[tokio::test]
async fn errors_and_large_and_streamed_responses() {
    let host = host();
    assert_eq!(host.failure("error").await, r#"{"errorMessage":"Unauthorized","errorType":"MyError"}"#);
    assert_eq!(host.call("big 6291556").await.len(), 6_291_556);
    let expected = r#"{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}"#;
    assert_eq!(host.failure("big 6291557").await, expected);
    assert_eq!(host.call("streamed").await, "onetwo");
    let (sender, mut pieces) = tokio::sync::mpsc::channel(8);
    let request = InvokeRequest { response_stream: Some(sender), ..event("streamed") };
    let invocation = host.service.invoke("f", request).await.unwrap();
    assert_eq!((&invocation.payload[..], &invocation.function_error), (&b""[..], &None), "all of it was streamed");
    let mut streamed = Vec::new();
    while let Some(piece) = pieces.recv().await {
        streamed.extend_from_slice(&piece);
    }
    assert_eq!(streamed, b"onetwo");
    let (sender, pieces) = tokio::sync::mpsc::channel(1);
    drop(pieces);
    let request = InvokeRequest { response_stream: Some(sender), ..event("streamed fail") };
    let invocation = host.service.invoke("f", request).await.unwrap();
    assert_eq!(&invocation.payload[..], br#"{"errorType":"Late"}"#, "whether or not anybody takes it");
    assert_eq!(host.failure("streamed fail").await, r#"{"errorType":"Late"}"#);
    let large = InvokeRequest::sync(Bytes::from(vec![b'1'; 6_291_457]));
    assert!(matches!(host.service.invoke("f", large).await, Err(InvokeError::RequestTooLarge(6_291_457))));
    assert_eq!(host.service.environments("f"), 1, "one process has done all of it");
}

#[tokio::test]
async fn the_runtime_api_refuses_mistakes() {
    let host = host();
    let said = host.call("mistakes").await;
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], r#"400 {"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#);
    assert!(lines[1].starts_with("403 ") && lines[1].contains("InvalidStateTransition"), "{said}");
    assert!(lines[2].starts_with("404 "), "{said}");
    assert_eq!(
        lines[3],
        r#"403 {"errorMessage":"State transition from Running to Ready is not allowed","errorType":"InvalidStateTransition"}"#
    );
    until("the second response is refused", || host.lines.all().iter().any(|line| line.starts_with("f: twice 403")))
        .await;
}

#[tokio::test]
async fn logs_go_to_the_sink_and_the_tail() {
    let host = host();
    let with_tail = |text| InvokeRequest { tail_log: true, ..event(text) };
    let invocation = host.service.invoke("f", with_tail("print hello")).await.unwrap();
    let tail = String::from_utf8(invocation.log_tail.unwrap().to_vec()).unwrap();
    let id = invocation.request_id;
    let start = format!(
        "START RequestId: {id} Version: $LATEST\nhello\nand hello\nEND RequestId: {id}\nREPORT RequestId: {id}\tDuration: "
    );
    assert!(tail.starts_with(&start), "{tail}");
    assert!(tail.contains("\tMemory Size: 128 MB\tMax Memory Used: ") && tail.contains("\tInit Duration: "), "{tail}");
    assert!(host.lines.all().contains(&"f: and hello".to_owned()));
    let tail = host.service.invoke("f", with_tail("flood")).await.unwrap().log_tail.unwrap();
    assert_eq!(tail.len(), 4096);
    assert!(!String::from_utf8_lossy(&tail).contains("Init Duration"));
    assert_eq!(host.invoke("x").await.log_tail, None);
    let tail = host.service.invoke("f", with_tail("exit 1")).await.unwrap().log_tail.unwrap();
    assert!(String::from_utf8_lossy(&tail).contains("Error: Runtime exited with error: exit status 1\nEND"));
}

#[tokio::test]
async fn names_and_runtimes_that_are_not_there() {
    let host = host_with(|_, function| function.logical_id = Some("MyFunction".to_owned()));
    assert!(host.service.invoke("MyFunction", event("x")).await.is_ok());
    let missing = host.service.invoke("g", event("x")).await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:g:$LATEST";
    assert!(matches!(missing, Err(InvokeError::NotFound(name)) if name == arn));
    let mut functions = host.functions.clone();
    functions["f"].runtime = "ruby3.3".to_owned();
    let deployed = host.service.deploy(&functions, &code());
    assert!(deployed.warnings[0].contains("ruby3.3"), "{deployed:?}");
    let refused = host.service.invoke("f", event("x")).await;
    assert!(matches!(refused, Err(InvokeError::Service(text)) if text.contains("ruby3.3")));
    host.service.deploy(&IndexMap::new(), &HashMap::new());
    assert!(matches!(host.service.invoke("f", event("x")).await, Err(InvokeError::NotFound(_))));
    until("its processes are gone", || host.lines.all().is_empty() || host.service.environments("f") == 0).await;
}

#[tokio::test]
async fn events_are_tried_three_times() {
    let host = host();
    let request = |text, invocation_type| InvokeRequest { invocation_type, ..event(text) };
    let dry = host.service.invoke("f", request("x", InvocationType::DryRun)).await.unwrap();
    assert!(dry.payload.is_empty());
    assert_eq!(host.service.environments("f"), 0, "a dry run starts nothing");
    let accepted = host.service.invoke("f", request("exit 9", InvocationType::Event)).await.unwrap();
    assert!(accepted.payload.is_empty() && !accepted.request_id.is_empty());
    let attempts = || host.lines.all().iter().filter(|line| line.contains(&accepted.request_id)).count();
    until("the first attempt", || attempts() == 1).await;
    until("the third attempt", || {
        host.clock.advance(Duration::from_secs(20));
        attempts() == 3
    })
    .await;
    let large = InvokeRequest { payload: vec![b'1'; 262_145].into(), ..request("x", InvocationType::Event) };
    assert!(matches!(host.service.invoke("f", large).await, Err(InvokeError::RequestTooLarge(262_145))));
}
