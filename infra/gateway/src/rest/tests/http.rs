//! `HTTP` and `HTTP_PROXY` against endpoints on this machine.

use indexmap::IndexMap;

use super::super::integration::endpoints::Endpoint;
use super::*;
use crate::model::{IntegrationResponse, MethodResponse};

pub(super) fn map(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// `ANY /{proxy+}` and `GET /users/{id}`, integrated with `uri`; `change` may say more of it.
pub(super) fn integrated(
    integration_type: IntegrationType,
    uri: String,
    change: impl Fn(&mut Integration, &mut Method),
) -> RestApi {
    let mut api = api(&[("ANY /{proxy+}", "f"), ("GET /users/{id}", "f")]);
    for resource in &mut api.resources {
        let mut resource_of = crate::model::Resource::clone(resource);
        for method in resource_of.methods.values_mut() {
            let mut integration = Integration {
                integration_type,
                uri: Some(uri.clone()),
                http_method: Some("ANY".to_owned()),
                ..Integration::default()
            };
            let answers = |pattern: Option<&str>, status: &str| IntegrationResponse {
                status_code: status.to_owned(),
                selection_pattern: pattern.map(str::to_owned),
                ..IntegrationResponse::default()
            };
            integration.integration_responses.insert("200".to_owned(), answers(None, "200"));
            method.method_responses.insert("200".to_owned(), MethodResponse::default());
            change(&mut integration, method);
            method.integration = Some(integration);
        }
        *resource = resource_of.into();
    }
    api
}

pub(super) fn proxying(uri: String) -> Plane {
    Plane::new(&integrated(IntegrationType::HttpProxy, uri, |_, _| {}), [])
}

fn http(uri: String, change: impl Fn(&mut Integration, &mut Method)) -> Plane {
    Plane::new(&integrated(IntegrationType::Http, uri, change), [])
}

/// The first line of what the endpoint was sent.
fn line(endpoint: &Endpoint) -> String {
    endpoint.request().lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn http_proxy_passes_everything_but_what_the_table_names() {
    let endpoint = Endpoint::answering("404 Not Found", &[("Content-Type", "text/x")], b"none here").await;
    let plane = proxying(endpoint.url("/base"));
    let mut post = request(
        "POST",
        "/prod/a?q=1&q=2&r=%26+x",
        &[
            ("Host", "userapi.execute-api.localhost"),
            ("X-Own", "1"),
            ("x-own", "2"),
            ("Content-Type", "application/json"),
            ("Content-Encoding", "identity"),
            ("Content-Length", "999"),
            ("Authorization", "Bearer t"),
            ("User-Agent", "client"),
            ("Accept", "text/x"),
            ("Accept-Encoding", "br"),
            ("Expect", "100-continue"),
            ("TE", "trailers"),
            ("Transfer-Encoding", "chunked"),
            ("Via", "1.1 p"),
            ("X-Forwarded-For", "9.9.9.9"),
            ("X-Amzn-Trace-Id", "Root=1-5e1b4151-5ac6c58f9b2f4b9f9b2f4b9f"),
            ("X-Amzn-Apigateway-Api-Id", "forged"),
        ],
    );
    post.body = "{\"a\":1}".into();
    let reply = plane.send(post).await;
    assert_eq!((reply.status().as_u16(), text(&reply)), (404, "none here"));
    assert_eq!(line(&endpoint), "POST /base?q=1&q=2&r=%26%20x HTTP/1.1");
    assert!(endpoint.request().ends_with("\r\n\r\n{\"a\":1}"));
    for (name, values) in [
        ("host", vec![endpoint.address.to_string()]),
        ("x-own", vec!["1".to_owned(), "2".to_owned()]),
        ("content-type", vec!["application/json".to_owned()]),
        ("content-length", vec!["7".to_owned()]),
        ("authorization", vec!["Bearer t".to_owned()]),
        ("user-agent", vec!["client".to_owned()]),
        ("accept", vec!["text/x".to_owned()]),
        ("accept-encoding", vec!["br".to_owned()]),
        ("x-forwarded-for", vec!["9.9.9.9, 127.0.0.1".to_owned()]),
        ("x-forwarded-port", vec!["4566".to_owned()]),
        ("x-forwarded-proto", vec!["http".to_owned()]),
        ("x-amzn-apigateway-api-id", vec!["userapi".to_owned()]),
        ("content-encoding", vec![]),
        ("expect", vec![]),
        ("te", vec![]),
        ("transfer-encoding", vec![]),
        ("via", vec![]),
    ] {
        assert_eq!(endpoint.header(name), values, "{name}");
    }
    let trace = endpoint.header("x-amzn-trace-id");
    assert!(matches!(&trace[..], [one] if one.starts_with("Root=1-5e1b4151-5ac6c58f9b2f4b9f9b2f4b9f")), "{trace:?}");
}

#[tokio::test]
async fn http_proxy_gives_the_response_as_it_came_with_remapped_headers() {
    let sent = [
        ("Content-Type", "text/x"),
        ("Connection", "keep-alive"),
        ("Date", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ("Server", "s"),
        ("x-amzn-RequestId", "theirs"),
        ("WWW-Authenticate", "Basic"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("Location", "/elsewhere"),
        ("Via", "1.1 p"),
        ("Keep-Alive", "timeout=5"),
        ("X-Own", "1"),
    ];
    let endpoint = Endpoint::answering("302 Found", &sent, b"moved").await;
    let reply = proxying(endpoint.url("/")).get("/prod/a", &[]).await;
    assert_eq!((reply.status().as_u16(), text(&reply)), (302, "moved"));
    for (name, value) in [
        ("content-type", Some("text/x")),
        ("x-amzn-remapped-connection", Some("keep-alive")),
        ("x-amzn-remapped-content-length", Some("5")),
        ("x-amzn-remapped-date", Some("Mon, 01 Jan 2024 00:00:00 GMT")),
        ("x-amzn-remapped-server", Some("s")),
        ("x-amzn-remapped-x-amzn-requestid", Some("theirs")),
        ("x-amzn-remapped-www-authenticate", Some("Basic")),
        ("location", Some("/elsewhere")),
        ("x-own", Some("1")),
        ("connection", None),
        ("content-length", None),
        ("date", None),
        ("server", None),
        ("via", None),
        ("keep-alive", None),
        ("x-amzn-trace-id", None),
        ("x-amzn-errortype", None),
    ] {
        assert_eq!(header(&reply, name), value, "{name}");
    }
    assert_eq!(header(&reply, "x-amzn-requestid").map(str::len), Some(36));
    assert_eq!(reply.headers().get_all("set-cookie").iter().count(), 2);
    let bare = Endpoint::answering("200 OK", &[], b"x").await;
    let reply = proxying(bare.url("/")).get("/prod/a", &[]).await;
    assert_eq!(header(&reply, "content-type"), Some("application/json"));
}

#[tokio::test]
async fn mapped_parameters_are_merged_into_a_proxied_request() {
    let endpoint = Endpoint::answering("200 OK", &[], b"").await;
    let api =
        integrated(IntegrationType::HttpProxy, endpoint.url("/u/{id}/{none}/{undeclared}?own=1"), |integration, _| {
            integration.request_parameters = Some(map(&[
                ("integration.request.path.id", "method.request.path.proxy"),
                ("integration.request.path.none", "method.request.querystring.none"),
                ("integration.request.querystring.q", "method.request.header.X-Q"),
                ("integration.request.querystring.new", "'a b'"),
                ("integration.request.header.X-Mapped", "stageVariables.v"),
                ("integration.request.header.Accept", "'text/mapped'"),
                ("integration.request.header.Host", "'other.example'"),
            ]));
        });
    let mut api = api;
    api.stages["prod"].variables = map(&[("v", "from the stage")]);
    let plane = Plane::new(&api, []);
    let headers = [("X-Q", "mapped"), ("Accept", "text/client"), ("X-Mapped", "client")];
    assert_eq!(plane.get("/prod/a%2Fb/c?q=client", &headers).await.status(), 200);
    assert_eq!(line(&endpoint), "GET /u/a%2Fb/c//%7Bundeclared%7D?own=1&q=client&q=mapped&new=a%20b HTTP/1.1");
    assert_eq!(endpoint.header("accept"), ["text/mapped"]);
    assert_eq!(endpoint.header("x-mapped"), ["from the stage"]);
    assert_eq!(endpoint.header("host"), ["other.example"]);
}

#[tokio::test]
async fn no_path_of_a_clients_leaves_its_place_in_the_uri() {
    let endpoint = Endpoint::answering("200 OK", &[], b"").await;
    let api = integrated(IntegrationType::HttpProxy, endpoint.url("/base/{p}"), |integration, _| {
        integration.request_parameters = Some(map(&[("integration.request.path.p", "method.request.path.proxy")]));
    });
    let plane = Plane::new(&api, []);
    for (sent, expected) in [
        ("a//b", "a//b"),
        ("./a", "./a"),
        ("../a", "../a"),
        ("%2e%2e/a", "%2e%2e/a"),
        ("a%2Fb", "a%2Fb"),
        ("a%00b", "a%00b"),
        ("%ff", "%ff"),
        ("a%0d%0aX:%20y", "a%0d%0aX:%20y"),
        ("a#b", "a%23b"),
        ("\u{e9}", "%C3%A9"),
        ("100%", "100%25"),
    ] {
        assert_eq!(plane.get(&format!("/prod/{sent}"), &[]).await.status(), 200, "{sent}");
        assert_eq!(line(&endpoint), format!("GET /base/{expected} HTTP/1.1"), "{sent}");
    }
}

#[tokio::test]
async fn some_verbs_have_no_body_and_one_is_the_integrations() {
    let endpoint = Endpoint::answering("200 OK", &[], b"").await;
    let plane = proxying(endpoint.url("/"));
    for (verb, body) in [("GET", ""), ("HEAD", ""), ("OPTIONS", ""), ("PUT", "b"), ("DELETE", "b"), ("PATCH", "b")] {
        let mut sent = request(verb, "/prod/a", &[]);
        sent.body = "b".into();
        assert_eq!(plane.send(sent).await.status(), 200);
        assert!(endpoint.request().starts_with(&format!("{verb} / ")), "{verb}");
        assert_eq!(endpoint.request().split("\r\n\r\n").nth(1), Some(body), "{verb}");
    }
    let fixed = integrated(IntegrationType::HttpProxy, endpoint.url("/"), |integration, _| {
        integration.http_method = Some("POST".to_owned());
    });
    assert_eq!(Plane::new(&fixed, []).get("/prod/a", &[]).await.status(), 200);
    assert!(endpoint.request().starts_with("POST / "));
}

#[tokio::test]
async fn http_sends_what_is_mapped_and_its_own_headers_only() {
    let endpoint =
        Endpoint::answering("201 Created", &[("X-Theirs", "1"), ("Content-Type", "text/x")], b"{\"b\":2}").await;
    let plane = http(endpoint.url("/x"), |integration, method| {
        integration.request_parameters = Some(map(&[
            ("integration.request.querystring.q", "method.request.querystring.q"),
            ("integration.request.header.X-Mapped", "method.request.header.X-Own"),
        ]));
        integration.request_templates =
            Some([("application/json".to_owned(), Some("{\"was\": $input.json('$.a')}".to_owned()))].into());
        let response = &mut integration.integration_responses["200"];
        response.response_parameters =
            Some(map(&[("method.response.header.X-Mine", "integration.response.header.X-Theirs")]));
        response.response_templates =
            Some([("application/json".to_owned(), Some("{\"is\": $input.json('$.b')}".to_owned()))].into());
        method.method_responses.insert("200".to_owned(), MethodResponse::default());
    });
    let mut post = request(
        "POST",
        "/prod/a?q=1&other=2",
        &[("X-Own", "own"), ("Authorization", "t"), ("User-Agent", "client"), ("Content-Type", "application/json")],
    );
    post.body = "{\"a\": 1}".into();
    let reply = plane.send(post).await;
    // The default response's status, whatever the endpoint's.
    assert_eq!((reply.status().as_u16(), text(&reply)), (200, "{\"is\": 2}"));
    assert_eq!((header(&reply, "x-mine"), header(&reply, "x-theirs")), (Some("1"), None));
    assert_eq!(header(&reply, "content-type"), Some("application/json"));
    assert!(header(&reply, "x-amzn-trace-id").is_some());
    assert_eq!(line(&endpoint), "POST /x?q=1 HTTP/1.1");
    assert!(endpoint.request().ends_with("\r\n\r\n{\"was\": 1}"), "{}", endpoint.request());
    for (name, value) in [
        ("x-mapped", "own"),
        ("accept", "application/json"),
        ("user-agent", "AmazonAPIGateway_userapi"),
        ("x-amzn-apigateway-api-id", "userapi"),
        ("content-type", "application/json"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
    ] {
        assert_eq!(endpoint.header(name), [value], "{name}");
    }
    for absent in ["authorization", "x-own"] {
        assert!(endpoint.header(absent).is_empty(), "{absent}");
    }
}

#[tokio::test]
async fn http_selects_its_response_by_the_endpoints_status() {
    for (status, expected) in [("200 OK", 200), ("404 Not Found", 404), ("503 Down", 200)] {
        let endpoint = Endpoint::answering(status, &[], b"x").await;
        let plane = http(endpoint.url("/"), |integration, method| {
            let not_found = IntegrationResponse {
                status_code: "404".to_owned(),
                selection_pattern: Some("4\\d{2}".to_owned()),
                ..IntegrationResponse::default()
            };
            integration.integration_responses.insert("404".to_owned(), not_found);
            method.method_responses.insert("404".to_owned(), MethodResponse::default());
        });
        assert_eq!(plane.get("/prod/a", &[]).await.status().as_u16(), expected, "{status}");
    }
}

#[tokio::test]
async fn signatures_are_not_passed_on() {
    let endpoint = Endpoint::answering("200 OK", &[], b"").await;
    let signed = [("Authorization", "AWS4-HMAC-SHA256 Credential=x")];
    assert_eq!(proxying(endpoint.url("/")).get("/prod/a", &signed).await.status(), 200);
    assert!(endpoint.header("authorization").is_empty());
}
