//! Which stage and which route.

use super::*;

async fn routed(plane: &Plane, verb: &str, target: &str) -> Option<String> {
    let reply = plane.send(request(verb, target, &[])).await;
    if reply.status() != 200 {
        assert_error(&reply, 404, "Not Found");
        return None;
    }
    Some(plane.fake.event("f")["routeKey"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_documented_example() {
    let keys = ["GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default"];
    let plane = Plane::new(&api(&keys), [("f", ok())]);
    for (verb, target, route) in [
        ("GET", "/pets/dog/1", keys[0]),
        ("GET", "/pets/dog/2", keys[1]),
        ("GET", "/pets/cat/1", keys[2]),
        ("POST", "/test/5", keys[3]),
        ("POST", "/pets/dog/1", keys[3]),
        ("GET", "/", keys[4]),
        ("GET", "", keys[4]),
    ] {
        assert_eq!(routed(&plane, verb, target).await.as_deref(), Some(route), "{verb} {target}");
    }
}

#[tokio::test]
async fn a_full_match_beats_every_greedy_one() {
    let plane = Plane::new(&api(&["GET /a/{proxy+}", "GET /{x}/b", "ANY /c", "POST /c", "POST /{p+}"]), [("f", ok())]);
    assert_eq!(routed(&plane, "GET", "/a/b").await.as_deref(), Some("GET /{x}/b"));
    assert_eq!(routed(&plane, "GET", "/a/c").await.as_deref(), Some("GET /a/{proxy+}"));
    assert_eq!(routed(&plane, "GET", "/c").await.as_deref(), Some("ANY /c"));
    assert_eq!(routed(&plane, "POST", "/c").await.as_deref(), Some("POST /c"));
    assert_eq!(routed(&plane, "POST", "/a/b").await.as_deref(), Some("POST /{p+}"));
    assert_eq!(routed(&plane, "PUT", "/a/b").await, None, "no 405");
    assert_eq!(routed(&plane, "GET", "/").await, None);
}

#[tokio::test]
async fn the_first_segment_may_name_a_stage() {
    let mut declared = api(&["GET /users"]);
    let plane = Plane::new(&declared, [("f", ok())]);
    for (target, stage, raw_path) in [("/users", "$default", "/users"), ("/dev/users", "dev", "/dev/users")] {
        assert!(routed(&plane, "GET", target).await.is_some());
        let event = plane.fake.event("f");
        assert_eq!((&event["requestContext"]["stage"], &event["rawPath"]), (&json!(stage), &json!(raw_path)));
    }
    assert_eq!(routed(&plane, "GET", "/prod/users").await, None);
    declared.stages.shift_remove("$default");
    let plane = Plane::new(&declared, [("f", ok())]);
    assert_eq!(routed(&plane, "GET", "/users").await, None);
    assert!(routed(&plane, "GET", "/dev/users").await.is_some());
}

#[tokio::test]
async fn paths_are_decoded_for_the_function_and_not_for_matching() {
    let plane = Plane::new(&api(&["GET /users/{userId}", "GET /{proxy+}"]), [("f", ok())]);
    for (target, route, parameters, raw_path) in [
        ("/users/a%2Fb", "GET /users/{userId}", json!({"userId": "a/b"}), "/users/a/b"),
        ("/users/%25+%C3%A9", "GET /users/{userId}", json!({"userId": "%+é"}), "/users/%+é"),
        ("/users/%zz%FF", "GET /users/{userId}", json!({"userId": "%zz%FF"}), "/users/%zz%FF"),
        ("/a/b%20c", "GET /{proxy+}", json!({"proxy": "a/b c"}), "/a/b c"),
    ] {
        assert_eq!(routed(&plane, "GET", target).await.as_deref(), Some(route), "{target}");
        let event = plane.fake.event("f");
        assert_eq!((&event["pathParameters"], &event["rawPath"]), (&parameters, &json!(raw_path)), "{target}");
        assert_eq!(event["requestContext"]["http"]["path"], raw_path);
    }
}

#[tokio::test]
async fn routes_that_cannot_be_checked_are_closed() {
    let mut declared = api(&["GET /jwt", "GET /iam", "GET /none"]);
    let jwt = crate::model::ApiAuthorizer { authorizer_type: "JWT".to_owned(), ..Default::default() };
    declared.authorizers.insert("a1".to_owned(), jwt);
    (declared.routes[0].authorization_type, declared.routes[0].authorizer_id) =
        ("JWT".to_owned(), Some("a1".to_owned()));
    declared.routes[1].authorization_type = "AWS_IAM".to_owned();
    declared.routes[2].integration_id = None;
    let plane = Plane::new(&declared, [("f", ok())]);
    for headers in [&[][..], &[("authorization", "Bearer a.b.c")]] {
        let reply = plane.get("/jwt", headers).await;
        assert_error(&reply, 401, "Unauthorized");
        assert_eq!(header(&reply, "www-authenticate"), Some("Bearer"));
        assert_error(&plane.get("/iam", headers).await, 403, "Forbidden");
    }
    assert_error(&plane.get("/none", &[]).await, 500, "Internal Server Error");
    assert_eq!(plane.fake.count("f"), 0);
}
