//! Access logs and metrics: every outcome leaves a line and is counted.

use super::*;
use crate::model::RouteSettings;
use crate::telemetry::testing::{DESTINATION, lines, sum};

#[tokio::test]
async fn every_outcome_is_logged_and_counted() {
    let mut api = api(&["GET /users/{id}", "ANY /jwt"]);
    let stage = &mut api.stages["dev"];
    stage.access_log_settings = Some(json!({
        "DestinationArn": DESTINATION,
        "Format": "$context.routeKey|$context.path|$context.status|$context.integrationErrorMessage|$context.error.message|$context.integration.status",
    }));
    let detailed = RouteSettings { detailed_metrics_enabled: Some(true), ..RouteSettings::default() };
    stage.default_route_settings = Some(detailed);
    let plane = Plane::new(&api, [("f", ok())]);
    plane.get("/dev/users/1", &[]).await;
    plane.get("/dev/none", &[]).await;
    plane.fake.answer("f", Answer::Fails("secret"));
    plane.get("/dev/users/2", &[]).await;
    plane.get("/users/3", &[]).await;
    assert_eq!(
        lines(&plane.gateway),
        [
            "GET /users/{id}|/dev/users/1|200|-|-|200",
            "-|/dev/none|404|-|Not Found|-",
            "GET /users/{id}|/dev/users/2|500|The function failed, or its result is no response|Internal Server Error|-",
        ]
    );
    let sum = |name, dimensions: &[_]| sum(&plane.gateway, name, dimensions);
    let stage = [("ApiId", "api"), ("Stage", "dev")];
    assert_eq!(sum("Count", &[("ApiId", "api")]), Some(4.0));
    assert_eq!((sum("Count", &stage), sum("4xx", &stage), sum("5xx", &stage)), (Some(3.0), Some(1.0), Some(1.0)));
    let route = [("ApiId", "api"), ("Method", "GET"), ("Resource", "/users/{id}"), ("Stage", "dev")];
    assert_eq!(sum("Count", &route), Some(2.0));
}
