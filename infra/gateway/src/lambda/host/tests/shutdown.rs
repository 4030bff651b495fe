//! The end of the host, orderly or not, and of its processes.

use super::*;

#[tokio::test]
async fn shutdown_lets_finish_and_leaves_no_process() {
    let host = host();
    let grandchild: i32 = host.call("grandchild").await.parse().unwrap();
    let process = host.process().await;
    assert!(is_alive(grandchild));
    let running = tokio::spawn({
        let service = host.service.clone();
        async move { service.invoke("f", event("sleep 100")).await }
    });
    until("it runs", || host.pool().running() == 1).await;
    host.service.shutdown(Duration::from_secs(10)).await;
    assert!(running.await.unwrap().is_ok());
    assert!(!is_alive(process));
    until("the grandchild is gone", || !is_alive(grandchild)).await;
    assert!(matches!(host.service.invoke("f", event("x")).await, Err(InvokeError::Service(_))));
}

#[tokio::test]
async fn shutdown_cuts_off_what_does_not_finish() {
    let host = host();
    let process = host.process().await;
    let running = tokio::spawn({
        let service = host.service.clone();
        async move { service.invoke("f", event("sleep 2900")).await }
    });
    until("it runs", || host.pool().running() == 1).await;
    host.service.shutdown(Duration::ZERO).await;
    assert!(matches!(running.await.unwrap(), Err(InvokeError::Service(_))));
    assert!(!is_alive(process));
}

#[tokio::test]
async fn dropping_the_service_kills_at_once() {
    let host = host();
    let process = host.process().await;
    drop(host.service);
    until("the process is gone", || !is_alive(process)).await;
}

/// Not a test by itself: Ferrogate, as the next test kills it.
#[tokio::test]
#[ignore = "run by the test below"]
async fn a_host_to_be_killed() {
    let host = host();
    eprintln!("process {}", host.process().await);
    std::future::pending::<()>().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn not_even_a_killed_host_leaves_processes() {
    use std::io::{BufRead as _, BufReader};
    let mut host = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "lambda::host::tests::shutdown::a_host_to_be_killed", "--nocapture"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(host.stderr.take().unwrap()).lines();
    let process = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("process ")?.parse().ok()).unwrap();
    assert!(is_alive(process));
    host.kill().unwrap();
    host.wait().unwrap();
    until("its process is gone", || !is_alive(process)).await;
}
