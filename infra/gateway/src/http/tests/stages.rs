//! A stage serves its own deployment, and its functions know who calls.

use super::*;
use crate::lambda::InvokeError;
use crate::model::CorsConfiguration;

#[tokio::test]
async fn each_stage_serves_its_own_deployment() {
    let fake = Fake::new([("f", ok())]);
    let first = api(&["GET /users"]);
    let mut second = api(&["GET /users", "$default"]);
    second.cors_configuration =
        Some(CorsConfiguration { allow_origins: vec!["*".to_owned()], ..CorsConfiguration::default() });
    let plane = HttpPlane::new("api", fake.gateway())
        .with_stage(compile(&first, &first.stages["$default"]).unwrap())
        .with_stage(compile(&second, &second.stages["dev"]).unwrap());
    let get = async |path: &str| serve(&plane, path, request("GET", path, &[("origin", "https://a.example")])).await;

    for (path, status, stage, allowed) in [
        ("/users", 200, "$default", None),
        ("/nothing", 404, "", None),
        ("/dev/users", 200, "dev", Some("*")),
        ("/dev/nothing", 200, "dev", Some("*")),
    ] {
        let reply = get(path).await;
        assert_eq!(reply.status(), status, "{path}");
        assert_eq!(header(&reply, "access-control-allow-origin"), allowed, "{path}");
        if status == 200 {
            assert_eq!(fake.event("f")["requestContext"]["stage"], stage, "{path}");
        }
    }
}

#[tokio::test]
async fn a_function_knows_which_route_calls_it_and_may_refuse() {
    let plane = Plane::new(&api(&["GET /users/{id}", "$default"]), [("f", ok())]);
    for (target, source) in [("/dev/users/1", "api/dev/GET/users/{id}"), ("/x", "api/$default/$default")] {
        assert_eq!(plane.get(target, &[]).await.status(), 200);
        let caller = plane.fake.caller("f");
        assert_eq!(&*caller.source_arn, format!("arn:aws:execute-api:us-east-1:000000000000:{source}"));
        assert_eq!((caller.principal, &*caller.source_account), ("apigateway.amazonaws.com", "000000000000"));
    }
    plane.fake.answer("f", Answer::Refused(InvokeError::AccessDenied("no statement".to_owned())));
    assert_error(&plane.get("/x", &[]).await, 500, "Internal Server Error");
}
