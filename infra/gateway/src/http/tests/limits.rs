//! Throttles of a stage and its routes.

use std::time::Duration;

use super::*;
use crate::model::RouteSettings;

fn settings(rate: Option<f64>, burst: Option<i32>) -> RouteSettings {
    RouteSettings { throttling_rate_limit: rate, throttling_burst_limit: burst, ..RouteSettings::default() }
}

async fn statuses(plane: &Plane, target: &str, requests: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..requests {
        statuses.push(plane.get(target, &[]).await.status().as_u16());
    }
    statuses
}

#[tokio::test]
async fn a_stage_limits_its_routes() {
    let mut api = api(&["GET /a", "GET /b", "$default"]);
    let stage = &mut api.stages["$default"];
    stage.default_route_settings = Some(settings(Some(1.0), Some(2)));
    stage.route_settings.insert("GET /a".to_owned(), settings(None, Some(1)));
    let plane = Plane::new(&api, [("f", ok())]);
    assert_eq!(statuses(&plane, "/a", 2).await, [200, 429]);
    let refused = plane.get("/a", &[]).await;
    assert_error(&refused, 429, "Too Many Requests");
    assert_eq!(header(&refused, "retry-after"), None);
    assert_eq!(statuses(&plane, "/b", 3).await, [200, 200, 429]);
    assert_eq!(statuses(&plane, "/else", 3).await, [200, 200, 429]);
    assert_eq!(statuses(&plane, "/dev/a", 5).await, [200; 5]);
    assert_eq!(plane.fake.count("f"), 1 + 2 + 2 + 5);
    plane.gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(statuses(&plane, "/a", 2).await, [200, 429]);
}

#[tokio::test]
async fn the_accounts_throttle_is_that_of_all_its_apis() {
    let plane = Plane::new(&api(&["GET /a"]), [("f", ok())]);
    let later = plane.gateway.clock.now() + 60_000;
    while plane.gateway.limits.admit(None, None, later).is_ok() {}
    assert_error(&plane.get("/a", &[]).await, 429, "Too Many Requests");
    plane.gateway.clock.advance(Duration::from_secs(120));
    assert_eq!(plane.get("/a", &[]).await.status(), 200);
}
