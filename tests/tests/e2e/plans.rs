//! API keys, usage plans and throttles of a template, with the clock that makes a day pass.

use ferrogate::Ferrogate;
use ferrogate_tests::peers;
use ferrogate_tests::stack::{Stack, isolated, repository};
use serde_json::{Value, json};

const KEY: &str = "a-partners-key-for-this-machine";

fn project() -> Ferrogate {
    Ferrogate::from_template(repository().join("tests/projects/tiers/template.yaml"))
}

async fn get(stack: &Stack, path: &str, key: &str) -> (u16, Value) {
    let mut request = stack.client().get(stack.api(path));
    if !key.is_empty() {
        request = request.header("x-api-key", key);
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers().get("retry-after"), None);
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn statuses(stack: &Stack, clients: usize, each: usize) -> Vec<u16> {
    let client = async || {
        let mut statuses = Vec::new();
        for _ in 0..each {
            statuses.push(get(stack, "partners/live/data", KEY).await.0);
        }
        statuses
    };
    futures_util::future::join_all((0..clients).map(|_| client())).await.concat()
}

fn passed(statuses: &[u16]) -> usize {
    assert!(statuses.iter().all(|status| matches!(status, 200 | 429)), "{statuses:?}");
    statuses.iter().filter(|status| **status == 200).count()
}

async fn clock(stack: &Stack, body: Value) -> (u16, Value) {
    let answer =
        stack.client().post(format!("{}/_ferrogate/clock", stack.endpoint())).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_templates_keys_plans_and_throttles_hold() {
    if peers::find("python3", "install python3").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let start = async || Stack::with(project().port(0).watch(false).data_dir(folder.path())).await;
    let stack = start().await;
    let forbidden = (403, json!({"message": "Forbidden"}));
    for key in ["", "no-key-of-this-machine-at-all", "partnerskey"] {
        assert_eq!(get(&stack, "partners/live/data", key).await, forbidden, "{key}");
    }
    assert_eq!(get(&stack, "data/live/data", KEY).await, forbidden, "a key of another API's plan");
    assert_eq!(get(&stack, "partners/live/data", KEY).await, (200, json!({"key": "partnerskey"})));

    // The method's own throttle, which no key is needed for.
    let slow = async || get(&stack, "data/live/slow", "").await;
    assert_eq!((slow().await.0, slow().await.0), (200, 200));
    assert_eq!(slow().await, (429, json!({"message": "Too Many Requests"})));

    // The quota's last place is given once, and what was used is there after a restart.
    assert_eq!(clock(&stack, json!({"set": "2030-01-01T23:00:00Z"})).await.0, 200);
    assert_eq!(passed(&statuses(&stack, 16, 4).await), 40);
    assert_eq!(get(&stack, "partners/live/data", KEY).await, (429, json!({"message": "Limit Exceeded"})));
    stack.stop().await;
    let stack = start().await;
    assert_eq!(get(&stack, "partners/live/data", KEY).await.0, 200, "the clock is the machine's again");
    clock(&stack, json!({"set": "2030-01-01T23:30:00Z"})).await;
    assert_eq!(get(&stack, "partners/live/data", KEY).await.0, 429);
    clock(&stack, json!({"advanceSeconds": 1800})).await;
    assert_eq!(passed(&statuses(&stack, 1, 41).await), 40);
    clock(&stack, json!({"advanceSeconds": -1800})).await;
    assert_eq!(get(&stack, "partners/live/data", KEY).await.0, 429, "yesterday is as it was");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_moved_as_told_or_not_at_all() {
    let stack = Stack::with(isolated(Ferrogate::empty())).await;
    let now = async |body| clock(&stack, body).await.1["now"].as_str().unwrap_or_default().to_owned();
    assert!(now(json!({"set": "1999-12-31T23:59:59Z"})).await.starts_with("1999-12-31T23:59:"));
    assert!(now(json!({"advance": 3600})).await.starts_with("2000-01-01T00:59:"));
    assert!(now(json!({"advanceSeconds": -86400})).await.starts_with("1999-12-31T00:59:"));
    let (status, refused) = clock(&stack, json!({"set": "soon"})).await;
    assert!(status == 400 && refused["message"].as_str().unwrap().contains("advanceSeconds"), "{refused}");
    assert!(!now(json!({"reset": true})).await.starts_with("1999"));
    stack.stop().await;
}
