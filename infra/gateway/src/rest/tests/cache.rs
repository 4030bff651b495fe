//! The stage cache: what is answered again, what is not, and who asks in the meantime.

mod invalidation;
mod keys;
mod together;

use std::time::Duration;

use super::*;
use crate::model::MethodSetting;
use crate::telemetry::testing::sum;

/// `api` with a cluster on `prod`, whose methods' responses to GET are kept for 300 seconds.
fn cached(api: &mut RestApi) {
    let all = MethodSetting { caching_enabled: true, ..MethodSetting::default() };
    let stage = &mut api.stages["prod"];
    stage.cache_cluster_enabled = true;
    stage.method_settings.insert("*/*".to_owned(), all);
}

/// The settings of one method, as they are written there; made of those of all where it has none.
fn setting<'a>(api: &'a mut RestApi, key: &str) -> &'a mut MethodSetting {
    let settings = &mut api.stages["prod"].method_settings;
    let all = settings["*/*"].clone();
    settings.entry(key.to_owned()).or_insert(all)
}

/// `GET /users` and `POST /users`, cached.
fn users() -> RestApi {
    let mut api = api(&[("GET /users", "f"), ("POST /users", "f"), ("GET /users/{id}", "f")]);
    cached(&mut api);
    api
}

/// A success with this body.
fn says(body: &str) -> Answer {
    Answer::Json(json!({"statusCode": 200, "body": body}))
}

async fn body(plane: &Plane, target: &str) -> String {
    text(&plane.get(target, &[]).await).to_owned()
}

#[tokio::test]
async fn a_hit_never_reaches_the_function_and_has_ids_of_its_own() {
    let answer = json!({"statusCode": 201, "headers": {"X-Own": "a", "Cache-Control": "no-store", "x-amzn-requestid": "f's"},
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "body": "one"});
    let plane = Plane::new(&users(), [("f", Answer::Json(answer))]);
    let first = plane.get("/prod/users", &[]).await;
    plane.fake.answer("f", says("two"));
    let second = plane.get("/prod/users?ignored=1", &[("Accept", "text/plain")]).await;
    assert_eq!((second.status().as_u16(), text(&second), plane.fake.count("f")), (201, "one", 1));
    let own = ["x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"];
    for name in &own[..2] {
        assert!(header(&second, name).is_some() && header(&first, name) != header(&second, name), "{name}");
    }
    assert_ne!(header(&first, own[2]), header(&second, own[2]), "a trace is of one request");
    let others = |reply: &Reply| {
        let mut headers = reply.headers().clone();
        for name in own {
            headers.remove(name);
        }
        headers
    };
    assert_eq!(others(&first), others(&second));
    assert_eq!(others(&second).get_all("set-cookie").iter().count(), 2);
    // Another stage of the API has no cluster.
    assert_eq!((body(&plane, "/dev/users").await, body(&plane, "/dev/users").await), ("two".into(), "two".into()));
    assert_eq!(plane.fake.count("f"), 3);
}

#[tokio::test]
async fn a_response_is_kept_for_its_time() {
    let mut api = users();
    setting(&mut api, "~1users/GET").cache_ttl_in_seconds = 60;
    let plane = Plane::new(&api, [("f", says("one"))]);
    let clock = &plane.gateway.clock;
    clock.set(1_800_000_000_000);
    assert_eq!(body(&plane, "/prod/users").await, "one");
    plane.fake.answer("f", says("two"));
    clock.advance(Duration::from_secs(59));
    assert_eq!(body(&plane, "/prod/users").await, "one");
    clock.advance(Duration::from_secs(1));
    assert_eq!(body(&plane, "/prod/users").await, "two");
    plane.fake.answer("f", says("three"));
    clock.set(1_700_000_000_000);
    // The account's bucket is emptied by a clock that goes back, and fills again.
    plane.get("/prod/users", &[]).await;
    clock.advance(Duration::from_secs(1));
    assert_eq!(body(&plane, "/prod/users").await, "three", "nothing is of the future");
}

#[tokio::test]
async fn get_alone_is_cached_unless_a_method_says_otherwise() {
    let calls = async |change: &dyn Fn(&mut RestApi), verb: &str| {
        let mut api = users();
        change(&mut api);
        let plane = Plane::new(&api, [("f", says("x"))]);
        for _ in 0..3 {
            assert_eq!(plane.send(request(verb, "/prod/users", &[])).await.status(), 200);
        }
        plane.fake.count("f")
    };
    assert_eq!(calls(&|_| {}, "GET").await, 1);
    assert_eq!(calls(&|_| {}, "POST").await, 3);
    for key in ["~1users/POST", "users/POST", "/users/POST"] {
        assert_eq!(calls(&|api| setting(api, key).caching_enabled = true, "POST").await, 1, "{key}");
        assert_eq!(calls(&|api| setting(api, key).caching_enabled = true, "GET").await, 1);
    }
    assert_eq!(calls(&|api| setting(api, "~1users/GET").caching_enabled = false, "GET").await, 3);
    assert_eq!(calls(&|api| setting(api, "*/*").caching_enabled = false, "GET").await, 3);
    let one = |api: &mut RestApi| {
        setting(api, "users/GET").caching_enabled = true;
        setting(api, "*/*").caching_enabled = false;
    };
    assert_eq!(calls(&one, "GET").await, 1);
    assert_eq!(calls(&|api| setting(api, "*/*").cache_ttl_in_seconds = 0, "GET").await, 3);
    assert_eq!(calls(&|api| api.stages["prod"].method_settings.clear(), "GET").await, 1, "AWS's default");
    assert_eq!(calls(&|api| api.stages["prod"].method_settings.clear(), "POST").await, 3);
    assert_eq!(calls(&|api| api.stages["prod"].cache_cluster_enabled = false, "GET").await, 3);
    let streamed = |api: &mut RestApi| {
        method(api, "GET /users").integration.as_mut().unwrap().response_transfer_mode = Some("STREAM".to_owned());
    };
    assert_eq!(calls(&streamed, "GET").await, 3);
}

#[tokio::test]
async fn what_is_no_success_or_too_large_is_asked_for_each_time() {
    let mib = 1_048_576;
    for (answer, status, calls) in [
        (Answer::Json(json!({"statusCode": 404, "body": "no"})), 404, 2),
        (Answer::Json(json!({"statusCode": 302, "body": ""})), 302, 2),
        (Answer::Fails("broken"), 502, 2),
        (Answer::Json(json!({"wrong": 1})), 502, 2),
        (Answer::Json(json!({"statusCode": 200, "body": "x".repeat(mib + 1)})), 200, 2),
        (Answer::Json(json!({"statusCode": 200, "body": "x".repeat(mib)})), 200, 1),
        (Answer::Json(json!({"statusCode": 204})), 204, 1),
    ] {
        let mut plane = Plane::new(&users(), [("f", answer)]);
        plane.gateway.caches = crate::response_cache::Caches::new(1.0);
        plane.plane = published(&users(), &plane.gateway);
        for _ in 0..2 {
            assert_eq!(plane.get("/prod/users", &[]).await.status(), status);
        }
        assert_eq!(plane.fake.count("f"), calls, "{status}");
    }
}

#[tokio::test]
async fn who_may_not_call_is_not_told_what_others_were() {
    let mut api = users();
    guard(&mut api, AuthorizerType::Token, "method.request.header.Authorization", 0);
    method(&mut api, "GET /users/{id}").api_key_required = true;
    let allow = || Answer::Json(crate::proxy::testing::policy("Allow", "*", json!({})));
    let plane = Plane::new(&api, [("f", says("secret")), ("auth", allow())]);
    let token = [("Authorization", "t")];
    assert_eq!(plane.get("/prod/users", &token).await.status(), 200);
    plane.fake.answer("auth", Answer::Json(crate::proxy::testing::policy("Deny", "*", json!({}))));
    assert_eq!(plane.get("/prod/users", &token).await.status(), 403);
    assert_eq!(plane.get("/prod/users", &[]).await.status(), 401);
    plane.fake.answer("auth", allow());
    assert_eq!(plane.get("/prod/users", &token).await.status(), 200);
    assert_eq!(plane.get("/prod/users/1", &token).await.status(), 403, "no API key");
    assert_eq!(plane.fake.count("f"), 1);
}

#[tokio::test]
async fn a_cache_outlives_its_snapshot_and_goes_with_its_cluster() {
    let mut api = users();
    let mut plane = Plane::new(&api, [("f", says("one"))]);
    assert_eq!(body(&plane, "/prod/users").await, "one");
    let fake = plane.fake.clone();
    fake.answer("f", says("two"));
    let mut again = async |change: &dyn Fn(&mut RestApi)| {
        change(&mut api);
        plane.plane = published(&api, &plane.gateway);
        body(&plane, "/prod/users").await
    };
    assert_eq!(again(&|api| _ = api.stages["prod"].variables.insert("v".into(), "1".into())).await, "one");
    assert_eq!(again(&|api| api.stages["prod"].deployment_id = "d2".into()).await, "two", "of another deployment");
    assert_eq!(again(&|api| api.stages["prod"].deployment_id = "d1".into()).await, "one", "rolled back");
    assert_eq!(again(&|api| api.stages["prod"].cache_cluster_size = Some("1.6".into())).await, "two", "a new cluster");
    fake.answer("f", says("three"));
    assert_eq!(again(&|_| {}).await, "two");
    assert_eq!(again(&|api| api.stages["prod"].cache_cluster_enabled = false).await, "three");
    fake.answer("f", says("four"));
    assert_eq!(again(&|api| api.stages["prod"].cache_cluster_enabled = true).await, "four", "turned on again");
    // A stage that is deleted and made again, while a request to the former one is under way.
    fake.answer("f", says("five"));
    let under_way = plane.plane.clone();
    let gone = plane.plane.clone().without_stage("prod");
    plane.plane = gone.with_stage(compile(&api, &api.stages["prod"]).unwrap());
    drop(under_way);
    assert_eq!(body(&plane, "/prod/users").await, "five");
}

#[tokio::test]
async fn a_full_cache_lets_go_of_what_was_not_used_for_longest() {
    let mut api = users();
    let get = method(&mut api, "GET /users/{id}").integration.as_mut().unwrap();
    get.cache_key_parameters = vec!["method.request.path.id".to_owned()];
    let fake = Fake::new([("f", says(&"x".repeat(10_000)))]);
    // 0.5 GB to 100,000 bytes: nine responses of 10 kB with what each takes besides.
    let gateway =
        Gateway { caches: crate::response_cache::Caches::new(100_000.0 / 0.5 / 1_073_741_824.0), ..fake.gateway() };
    let plane = Plane { plane: published(&api, &gateway), gateway, fake };
    let cache = plane.plane.stages["prod"].cache().unwrap().clone();
    for id in 0..200 {
        body(&plane, &format!("/prod/users/{id}")).await;
        let (_, bytes) = cache.size();
        assert!(bytes <= 100_000, "{bytes}");
    }
    assert_eq!(cache.size().0, 9);
    for id in 191..200 {
        body(&plane, &format!("/prod/users/{id}")).await;
    }
    assert_eq!(plane.fake.count("f"), 200);
    body(&plane, "/prod/users/0").await;
    assert_eq!(plane.fake.count("f"), 201);
}

#[tokio::test]
async fn hits_and_misses_are_counted_and_hits_call_nothing() {
    let mut api = users();
    api.name = "Users".to_owned();
    let plane = Plane::new(&api, [("f", says("x"))]);
    for target in ["/prod/users", "/prod/users", "/prod/users", "/prod/users/1", "/dev/users"] {
        plane.get(target, &[]).await;
    }
    plane.send(request("POST", "/prod/users", &[])).await;
    let of = |name: &str| sum(&plane.gateway, name, &[("ApiName", "Users"), ("Stage", "prod")]);
    assert_eq!((of("Count"), of("CacheHitCount"), of("CacheMissCount")), (Some(5.0), Some(2.0), Some(2.0)));
}
