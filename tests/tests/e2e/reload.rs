//! Saving a source or the template changes what is served, and no request is lost on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use ferrogate::Ferrogate;
use ferrogate_tests::chat::PATIENCE;
use ferrogate_tests::project::{Project, answer};
use ferrogate_tests::stack::{Stack, isolated};

async fn watched(project: &Project) -> Arc<Stack> {
    let ferrogate = isolated(Ferrogate::from_template(project.template())).watch(true);
    Arc::new(Stack::with(ferrogate).await)
}

async fn get(stack: &Stack, path: &str) -> (u16, String) {
    let answer = stack.client().get(stack.api(&format!("api/prod/{path}"))).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Asks until the answer is this one.
async fn until(stack: &Stack, path: &str, expected: (u16, &str)) {
    let started = Instant::now();
    loop {
        let (status, body) = get(stack, path).await;
        if (status, body.as_str()) == expected {
            return;
        }
        assert!(started.elapsed() < PATIENCE * 2, "still {status} {body} rather than {expected:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_served_and_no_request_is_lost_meanwhile() {
    let project = Project::new().with("hello", &answer("one"));
    let stack = watched(&project).await;
    assert_eq!(get(&stack, "hello").await, (200, "one".to_owned()));

    let stop = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (stack, stop) = (Arc::clone(&stack), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    seen.push(get(&stack, "hello").await);
                }
                seen
            })
        })
        .collect();
    project.edit("hello", &answer("two"));
    until(&stack, "hello", (200, "two")).await;
    stop.store(true, Ordering::Relaxed);
    for client in load {
        for (status, body) in client.await.unwrap() {
            assert!(status == 200 && (body == "one" || body == "two"), "{status} {body}");
        }
    }

    // What does not compile changes nothing; what is mended then does.
    project.edit("hello", "this does not compile");
    project.edit("hello", &answer("three"));
    until(&stack, "hello", (200, "three")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_template_is_deployed_and_a_broken_one_is_not() {
    let project = Project::new().with("hello", &answer("one"));
    let stack = watched(&project).await;
    assert_eq!(get(&stack, "again").await.0, 403);
    project.write_template(&[("again", "hello")]);
    until(&stack, "again", (200, "one")).await;
    project.write("template.yaml", "Resources: [");
    assert_eq!(get(&stack, "again").await, (200, "one".to_owned()));
    project.write_template(&[("third", "hello")]);
    until(&stack, "third", (200, "one")).await;
    assert_eq!(get(&stack, "again").await.0, 403);
}
