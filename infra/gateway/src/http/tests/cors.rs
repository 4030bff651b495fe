//! Automatic CORS.

use super::*;
use crate::model::CorsConfiguration;

fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn plane(origins: &[&str], credentials: bool) -> Plane {
    let mut declared = api(&["GET /users", "OPTIONS /users"]);
    declared.cors_configuration = Some(CorsConfiguration {
        allow_origins: list(origins),
        allow_methods: list(&["GET", "PUT"]),
        allow_headers: list(&["authorization", "content-type"]),
        expose_headers: list(&["etag"]),
        max_age: Some(600),
        allow_credentials: credentials,
    });
    let own = json!({"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "own", "x-a": "1"}, "body": "ok"});
    Plane::new(&declared, [("f", Answer::Json(own))])
}

fn preflight(target: &str, origin: &str, method: &str, headers: &str) -> ClientRequest {
    let sent =
        [("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", headers)];
    request("OPTIONS", target, &sent)
}

fn cors_headers(reply: &Reply) -> Vec<(&str, &str)> {
    let headers = reply.headers().iter().filter(|(name, _)| name.as_str().starts_with("access-control-"));
    let mut headers: Vec<_> = headers.map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
    headers.sort_unstable();
    headers
}

#[tokio::test]
async fn preflights_are_answered_without_a_route() {
    let plane = plane(&["https://a.example"], true);
    for target in ["/users", "/no/such/route"] {
        let reply = plane.send(preflight(target, "https://a.example", "PUT", "Authorization, content-type")).await;
        assert_eq!((reply.status().as_u16(), text(&reply)), (204, ""));
        assert_eq!(
            cors_headers(&reply),
            [
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-headers", "authorization,content-type"),
                ("access-control-allow-methods", "GET,PUT"),
                ("access-control-allow-origin", "https://a.example"),
                ("access-control-max-age", "600"),
            ]
        );
        assert!(header(&reply, "apigw-requestid").is_some());
    }
    assert_eq!(plane.fake.count("f"), 0);
}

#[tokio::test]
async fn what_is_not_allowed_gets_no_headers() {
    let plane = plane(&["https://a.example"], false);
    for (origin, method, headers) in
        [("https://b.example", "GET", ""), ("https://a.example", "DELETE", ""), ("https://a.example", "GET", "x-other")]
    {
        let reply = plane.send(preflight("/users", origin, method, headers)).await;
        assert_eq!((reply.status().as_u16(), cors_headers(&reply)), (204, vec![]));
    }
}

#[tokio::test]
async fn origins_may_have_a_star() {
    for (allowed, origin, echo) in [
        ("*", "https://any.example", Some("*")),
        ("https://*.example.com", "https://a.b.example.com", Some("https://a.b.example.com")),
        ("https://*.example.com", "https://example.com", None),
        ("https://*.example.com", "https://evil.com/.example.com", None),
        ("https://*", "https://a", Some("https://a")),
        ("https://*", "http://a", None),
    ] {
        let reply = plane(&[allowed], false).get("/users", &[("origin", origin)]).await;
        assert_eq!(header(&reply, "access-control-allow-origin"), echo, "{allowed} {origin}");
    }
}

#[tokio::test]
async fn replies_carry_the_gateways_headers_only() {
    let plane = plane(&["https://a.example"], false);
    let reply = plane.get("/users", &[("Origin", "https://a.example")]).await;
    let expected = [("access-control-allow-origin", "https://a.example"), ("access-control-expose-headers", "etag")];
    assert_eq!(cors_headers(&reply), expected);
    assert_eq!(header(&reply, "x-a"), Some("1"));
    assert_eq!(cors_headers(&plane.get("/users", &[]).await), [], "no origin, no headers");
    let reply = plane.get("/nothing", &[("Origin", "https://a.example")]).await;
    assert_error(&reply, 404, "Not Found");
    assert_eq!(cors_headers(&reply), expected);
}

#[tokio::test]
async fn options_that_is_no_preflight_is_routed() {
    let plane = plane(&["https://a.example"], false);
    let reply = plane.send(request("OPTIONS", "/users", &[("Origin", "https://a.example")])).await;
    assert_eq!((reply.status().as_u16(), plane.fake.count("f")), (200, 1));
}

#[tokio::test]
async fn without_cors_the_function_sets_its_own() {
    let own = json!({"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "own"}});
    let plane = Plane::new(&api(&["ANY /users"]), [("f", Answer::Json(own))]);
    let reply = plane.send(preflight("/users", "https://a.example", "GET", "")).await;
    assert_eq!(cors_headers(&reply), [("access-control-allow-origin", "own")]);
}
