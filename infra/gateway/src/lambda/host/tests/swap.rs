//! New code and configuration while functions run.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swap_under_load_loses_nothing() {
    let host = host();
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (service, stop) = (host.service.clone(), stop.clone());
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let invocation = service.invoke("f", event("version")).await.unwrap();
                    assert_eq!(invocation.function_error, None, "{:?}", invocation.payload);
                    seen.push(String::from_utf8(invocation.payload.to_vec()).unwrap());
                }
                seen
            })
        })
        .collect();
    let mut functions = host.functions.clone();
    for version in 1..=10 {
        functions["f"].environment.insert("VERSION".to_owned(), version.to_string());
        let deployed = host.service.deploy(&functions, &code());
        assert_eq!(deployed.changed, ["f"]);
        assert_eq!(host.call("version").await, version.to_string(), "a call after a swap sees its code");
    }
    assert_eq!(host.service.deploy(&functions, &code()), Deployed::default());
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        let seen = caller.await.unwrap();
        assert!(seen.is_sorted_by_key(|version| version.parse().unwrap_or(0)), "never back to older code: {seen:?}");
    }
    host.service.shutdown(Duration::from_secs(5)).await;
    assert_eq!(host.service.environments("f"), 0);
}

#[tokio::test]
async fn what_runs_at_a_swap_finishes_on_its_code() {
    let host = host();
    let process = host.process().await;
    let slow = host.call("sleep 200");
    let swap = async {
        until("it runs", || host.pool().running() == 1).await;
        let mut functions = host.functions.clone();
        functions["f"].environment.insert("VERSION".to_owned(), "2".to_owned());
        host.service.deploy(&functions, &code());
        host.call("version").await
    };
    let (slow, version) = tokio::join!(slow, swap);
    assert_eq!((slow, version.as_str()), (format!("{process} slept"), "2"));
    until("the former process is retired", || !is_alive(process)).await;
}

#[tokio::test]
async fn broken_code_fails_clearly_and_never_replaces_working_code() {
    let host = host();
    let broken =
        HashMap::from([("f".to_owned(), Code::Broken { message: "error[E0308]: mismatched types".to_owned() })]);
    assert_eq!(host.service.update_code(&broken), Deployed::default());
    assert_eq!(host.call("version").await, "");

    let fresh = LambdaService::new(testing::settings(&host.lines)).unwrap();
    fresh.deploy(&host.functions, &broken);
    let invocation = fresh.invoke("f", event("x")).await.unwrap();
    assert_eq!(invocation.function_error.as_deref(), Some("Unhandled"));
    let expected = br#"{"errorType":"Runtime.BuildError","errorMessage":"error[E0308]: mismatched types"}"#;
    assert_eq!(&invocation.payload[..], expected);
    assert_eq!(fresh.update_code(&code()).changed, ["f"]);
    assert!(fresh.invoke("f", event("count")).await.unwrap().function_error.is_none());
}
