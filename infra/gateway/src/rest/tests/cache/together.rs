//! Many requests at once: one call for all, and what becomes of those who wait when there is nothing to share.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::Semaphore;

use super::*;
use crate::lambda::{Invocation, Invoke, InvokeError, InvokeRequest};

/// A function that answers once it may, by how often it was called before.
struct Held {
    calls: AtomicUsize,
    may: Semaphore,
    answer: fn(usize) -> Value,
}

impl Invoke for Held {
    fn invoke<'a>(&'a self, _: &'a str, _: InvokeRequest) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            self.may.acquire().await.unwrap().forget();
            let payload = serde_json::to_vec(&(self.answer)(call)).unwrap().into();
            Ok(Invocation { payload, ..Invocation::default() })
        })
    }
}

fn held(answer: fn(usize) -> Value) -> (Plane, Arc<Held>) {
    let functions = Arc::new(Held { calls: AtomicUsize::new(0), may: Semaphore::new(0), answer });
    let fake = Fake::new([]);
    let gateway = Gateway { lambda: functions.clone(), ..fake.gateway() };
    (Plane { plane: published(&users(), &gateway), gateway, fake }, functions)
}

impl Held {
    fn count(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Lets so many calls be answered.
    fn let_go(&self, calls: usize) {
        self.may.add_permits(calls);
    }
}

type Requests<'p> = Pin<Box<dyn Future<Output = Vec<(u16, String)>> + 'p>>;

/// So many requests for one response, with their statuses and bodies.
fn requests(plane: &Plane, count: usize) -> Requests<'_> {
    Box::pin(join_all((0..count).map(|_| async {
        let reply = plane.get("/prod/users", &[]).await;
        (reply.status().as_u16(), text(&reply).to_owned())
    })))
}

/// Lets requests go on until all of them wait for something.
async fn settle<T>(requests: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    for _ in 0..200 {
        if let Some(done) = (&mut *requests).now_or_never() {
            return Some(done);
        }
        tokio::task::yield_now().await;
    }
    None
}

fn by_call(call: usize) -> Value {
    json!({"statusCode": 200, "body": format!("call {call}")})
}

#[tokio::test]
async fn sixty_four_simultaneous_misses_are_one_call() {
    let (plane, functions) = held(by_call);
    let mut all = requests(&plane, 64);
    assert!(settle(&mut all).await.is_none());
    assert_eq!(functions.count(), 1);
    functions.let_go(1);
    let answers = all.await;
    assert_eq!(answers, vec![(200, "call 0".to_owned()); 64]);
    assert_eq!(requests(&plane, 64).await, vec![(200, "call 0".to_owned()); 64]);
    assert_eq!(functions.count(), 1);
}

#[tokio::test]
async fn one_failure_is_one_clients_alone() {
    let (plane, functions) = held(|call| match call {
        0 => json!({"statusCode": 500, "body": "failed"}),
        call => by_call(call),
    });
    let mut all = requests(&plane, 64);
    settle(&mut all).await;
    functions.let_go(1);
    assert!(settle(&mut all).await.is_none());
    assert_eq!(functions.count(), 2, "one of those who wait leads, the others go on waiting");
    functions.let_go(1);
    let answers = all.await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 500).count(), 1);
    assert_eq!(answers.iter().filter(|(_, body)| body == "call 1").count(), 63);
    assert_eq!(functions.count(), 2);
}

#[tokio::test]
async fn what_is_never_kept_keeps_nobody_waiting_for_long() {
    let (plane, functions) = held(|call| json!({"statusCode": 404, "body": format!("call {call}")}));
    let mut all = requests(&plane, 16);
    settle(&mut all).await;
    functions.let_go(1);
    settle(&mut all).await;
    assert_eq!(functions.count(), 2);
    functions.let_go(1);
    settle(&mut all).await;
    assert_eq!(functions.count(), 16, "after two that shared nothing everybody asks for itself");
    functions.let_go(14);
    let mut bodies: Vec<_> = all.await;
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), 16, "each has its own answer");
    assert!(bodies.iter().all(|(status, _)| *status == 404));
}

#[tokio::test]
async fn a_leader_that_goes_away_leaves_another_to_lead() {
    let (plane, functions) = held(by_call);
    let mut leader = requests(&plane, 1);
    settle(&mut leader).await;
    let mut others = requests(&plane, 8);
    settle(&mut others).await;
    assert_eq!(functions.count(), 1);
    drop(leader);
    assert!(settle(&mut others).await.is_none());
    assert_eq!(functions.count(), 2);
    functions.let_go(1);
    assert_eq!(others.await, vec![(200, "call 1".to_owned()); 8]);
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_as_long_as_the_integration_may_take_is_timed_out_with_it() {
    let (plane, functions) = held(by_call);
    let answers = requests(&plane, 16).await;
    assert_eq!(answers, vec![(504, r#"{"message":"Endpoint request timed out"}"#.to_owned()); 16]);
    assert_eq!(functions.count(), 1, "nobody asks a backend that hangs once more");
}

#[tokio::test]
async fn what_began_before_a_flush_is_not_kept() {
    let (plane, functions) = held(by_call);
    let mut before = requests(&plane, 4);
    settle(&mut before).await;
    plane.plane.stages["prod"].flush();
    let mut after = requests(&plane, 4);
    settle(&mut after).await;
    assert_eq!(functions.count(), 2, "one that comes after the flush does not wait for one from before");
    functions.let_go(2);
    assert_eq!(before.await, vec![(200, "call 0".to_owned()); 4]);
    assert_eq!(after.await, vec![(200, "call 1".to_owned()); 4]);
    assert_eq!(body(&plane, "/prod/users").await, "call 1");
    plane.plane.stages["prod"].flush();
    functions.let_go(1);
    assert_eq!(body(&plane, "/prod/users").await, "call 2");
}

#[tokio::test]
async fn a_new_response_that_is_asked_for_is_not_replaced_by_an_older_one() {
    let mut api = users();
    setting(&mut api, "users/GET").require_authorization_for_cache_control = false;
    let (mut plane, functions) = held(by_call);
    plane.plane = published(&api, &plane.gateway);
    let mut older = requests(&plane, 1);
    settle(&mut older).await;
    let mut newer = Box::pin(plane.get("/prod/users", &[("Cache-Control", "max-age=0")]));
    assert!(settle(&mut newer).await.is_none());
    assert_eq!(functions.count(), 2);
    let mut waiting = requests(&plane, 4);
    settle(&mut waiting).await;
    assert_eq!(functions.count(), 2, "those who come later wait for the newer one");
    functions.let_go(2);
    assert_eq!(older.await, [(200, "call 0".to_owned())]);
    assert_eq!(text(&newer.await), "call 1");
    assert_eq!(waiting.await, vec![(200, "call 1".to_owned()); 4]);
    assert_eq!(body(&plane, "/prod/users").await, "call 1");
}
