//! By what responses are told apart.

use super::*;
use crate::model::Integration;

/// `GET /users` of a method with these key parameters; `mapped` are the integration's.
fn keyed(parameters: &[&str], mapped: &[(&str, &str)]) -> RestApi {
    let mut api = users();
    for key in ["GET /users", "POST /users", "GET /users/{id}"] {
        let method = method(&mut api, key);
        let declared =
            parameters.iter().filter(|name| name.starts_with("method.")).map(|name| ((*name).to_owned(), false));
        method.request_parameters = Some(declared.collect());
        let integration: &mut Integration = method.integration.as_mut().unwrap();
        integration.cache_key_parameters = parameters.iter().map(|name| (*name).to_owned()).collect();
        let mapped = mapped.iter().map(|(to, from)| ((*to).to_owned(), (*from).to_owned()));
        integration.request_parameters = Some(mapped.collect());
    }
    api
}

/// How many of these requests call the function.
async fn calls(api: &RestApi, requests: &[(&str, &[(&str, &str)])]) -> usize {
    let plane = Plane::new(api, [("f", says("x"))]);
    for (target, headers) in requests {
        assert_eq!(plane.get(target, headers).await.status(), 200);
    }
    plane.fake.count("f")
}

#[tokio::test]
async fn without_parameters_nothing_of_the_request_counts() {
    let api = users();
    let requests: [(&str, &[_]); 4] = [
        ("/prod/users/1", &[]),
        ("/prod/users/2", &[]),
        ("/prod/users/1?a=b", &[("Authorization", "x")]),
        ("/prod/users/1/", &[]),
    ];
    assert_eq!(calls(&api, &requests).await, 1, "as on AWS: not even the path parameter");
    assert_eq!(calls(&api, &[("/prod/users/1", &[]), ("/prod/users", &[])]).await, 2, "another resource");
}

#[tokio::test]
async fn parameters_of_the_request_count_and_no_others() {
    let path = keyed(&["method.request.path.id"], &[]);
    let requests: [(&str, &[_]); 3] = [("/prod/users/1", &[]), ("/prod/users/2", &[]), ("/prod/users/1?x=1", &[])];
    assert_eq!(calls(&path, &requests).await, 2);

    let query = keyed(&["method.request.querystring.type"], &[]);
    let guide: [(&str, &[_]); 3] = [
        ("/prod/users?type=admin&department=A", &[]),
        ("/prod/users?type=admin&department=B", &[]),
        ("/prod/users?type=regular&department=B", &[]),
    ];
    assert_eq!(calls(&query, &guide).await, 2);
    let distinct: [(&str, &[_]); 7] = [
        ("/prod/users", &[]),
        ("/prod/users?type=", &[]),
        ("/prod/users?type=a", &[]),
        ("/prod/users?type=a&type=b", &[]),
        ("/prod/users?type=b&type=a", &[]),
        ("/prod/users?type=ab", &[]),
        ("/prod/users?TYPE=ab&type=%61%62%63", &[]),
    ];
    assert_eq!(calls(&query, &distinct).await, 7);
    assert_eq!(calls(&query, &[("/prod/users?type=abc", &[]), ("/prod/users?type=%61bc", &[])]).await, 1, "decoded");
    let multi = keyed(&["method.request.multivaluequerystring.type"], &[]);
    assert_eq!(calls(&multi, &distinct).await, 7);

    let header = keyed(&["method.request.header.Accept-Language"], &[]);
    let requests: [(&str, &[_]); 4] = [
        ("/prod/users", &[("Accept-Language", "de")]),
        ("/prod/users", &[("accept-language", "de"), ("X", "y")]),
        ("/prod/users", &[("Accept-Language", "fr")]),
        ("/prod/users", &[]),
    ];
    assert_eq!(calls(&header, &requests).await, 3);
    assert_eq!(calls(&keyed(&["method.request.multivalueheader.Accept-Language"], &[]), &requests).await, 3);
}

#[tokio::test]
async fn values_of_one_parameter_are_not_those_of_the_next() {
    let api = keyed(&["method.request.querystring.a", "method.request.querystring.b"], &[]);
    let requests: [(&str, &[_]); 4] = [
        ("/prod/users?a=1&a=2", &[]),
        ("/prod/users?a=1&b=2", &[]),
        ("/prod/users?b=1&b=2", &[]),
        ("/prod/users?a=12", &[]),
    ];
    assert_eq!(calls(&api, &requests).await, 4);
}

#[tokio::test]
async fn parameters_of_the_integration_are_what_they_are_mapped_from() {
    let of =
        |source: &'static str| keyed(&["integration.request.header.x"], &[("integration.request.header.x", source)]);
    let requests: [(&str, &[_]); 3] = [
        ("/prod/users?q=1", &[("x", "1"), ("User-Agent", "a")]),
        ("/prod/users?q=2", &[("x", "1"), ("User-Agent", "b")]),
        ("/prod/users?q=2", &[("x", "2"), ("User-Agent", "b")]),
    ];
    for (source, expected) in [
        ("method.request.querystring.q", 2),
        ("method.request.header.x", 2),
        ("context.identity.userAgent", 2),
        ("context.requestId", 3),
        ("context.stage", 1),
        ("stageVariables.v", 1),
        ("'static'", 1),
        ("method.request.body", 1),
    ] {
        assert_eq!(calls(&of(source), &requests).await, expected, "{source}");
    }
    // A proxy is sent what came, under the same name.
    assert_eq!(calls(&keyed(&["integration.request.querystring.q"], &[]), &requests).await, 2);
    assert_eq!(calls(&keyed(&["integration.request.header.x"], &[]), &requests).await, 2);
}

#[tokio::test]
async fn a_body_that_counts_counts_as_a_whole() {
    let mut api =
        keyed(&["integration.request.header.x"], &[("integration.request.header.x", "method.request.body.id")]);
    setting(&mut api, "users/POST").caching_enabled = true;
    let plane = Plane::new(&api, [("f", says("x"))]);
    for body in ["{\"id\": 1}", "{\"id\": 1}", "{\"id\": 2}", ""] {
        let mut post = request("POST", "/prod/users", &[]);
        post.body = body.into();
        plane.send(post).await;
    }
    assert_eq!(plane.fake.count("f"), 3);
}

#[tokio::test]
async fn a_namespace_is_shared_by_the_methods_that_name_it() {
    let mut api = users();
    for key in ["GET /users", "GET /users/{id}"] {
        method(&mut api, key).integration.as_mut().unwrap().cache_namespace = Some("shared".to_owned());
    }
    assert_eq!(calls(&api, &[("/prod/users", &[]), ("/prod/users/1", &[])]).await, 1);
}

#[tokio::test]
async fn a_parameter_that_is_none_keeps_the_method_from_being_cached() {
    let api = keyed(&["method.request.cookie.a"], &[]);
    assert_eq!(calls(&api, &[("/prod/users", &[]), ("/prod/users", &[])]).await, 2);
    let warnings = compile(&api, &api.stages["prod"]).unwrap().warnings;
    let expected = "REST API userapi stage prod GET /users: the cache key parameter `method.request.cookie.a` is none that \
                    API Gateway knows; its responses are not cached";
    assert!(warnings.iter().any(|warning| warning == expected), "{warnings:?}");

    let mut api = keyed(&["method.request.querystring.q"], &[]);
    method(&mut api, "GET /users").request_parameters = None;
    let warnings = compile(&api, &api.stages["prod"]).unwrap().warnings;
    let expected = "REST API userapi stage prod GET /users: the cache key parameter `method.request.querystring.q` is not \
                    among the method's request parameters: AWS refuses it (Invalid cache key parameter specified)";
    assert_eq!(warnings, [expected]);
    assert_eq!(calls(&api, &[("/prod/users?q=1", &[]), ("/prod/users?q=2", &[])]).await, 2, "it counts all the same");
}
