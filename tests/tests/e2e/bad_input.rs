//! Functions that misbehave and requests that make no sense: each gets a clear answer, and everything else goes on.

use ferrogate::Ferrogate;
use ferrogate_tests::project::{Project, answer};
use ferrogate_tests::stack::{Stack, isolated};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const INTERNAL: &str = r#"{"message":"Internal server error"}"#;

async fn get(stack: &Stack, path: &str) -> (u16, String) {
    let answer = stack.client().get(stack.api(path)).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn invoke(stack: &Stack, function: &str) -> (Option<String>, Value) {
    let url = format!("{}/2015-03-31/functions/{function}/invocations", stack.endpoint());
    let answer = stack.client().post(url).body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let error = answer.headers().get("x-amz-function-error").map(|value| value.to_str().unwrap().to_owned());
    (error, answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_misbehave_fail_alone_and_as_aws_reports_it() {
    let project = Project::new()
        .with("good", &answer("fine"))
        .with("chatty", &format!("println!(\"a line\\n{{{{\\\"no\\\": json\"); {}", answer("fine")))
        .with("garbage", "String::from(\"no json\")")
        .with("shapeless", "String::from(\"{\\\"unknown\\\": 1}\")")
        .with("crash", "std::process::exit(3)")
        .with("hang", "loop { std::thread::park() }")
        .with_init("init", "std::process::exit(7);", "String::new()")
        .with("broken", "this does not compile");
    let stack = Stack::with(isolated(Ferrogate::from_template(project.template()))).await;
    for function in ["good", "chatty"] {
        assert_eq!(get(&stack, &format!("api/prod/{function}")).await, (200, "fine".to_owned()), "{function}");
    }
    for function in ["garbage", "shapeless", "crash", "hang", "init", "broken"] {
        assert_eq!(get(&stack, &format!("api/prod/{function}")).await, (502, INTERNAL.to_owned()), "{function}");
    }
    let (error, crash) = invoke(&stack, "crash").await;
    assert_eq!((error.as_deref(), &crash["errorType"]), (Some("Unhandled"), &json!("Runtime.ExitError")));
    assert!(crash["errorMessage"].as_str().unwrap().ends_with("Error: Runtime exited with error: exit status 3"), "{crash}");
    let (_, hang) = invoke(&stack, "hang").await;
    assert_eq!(hang["errorType"], "Sandbox.Timedout");
    assert!(hang["errorMessage"].as_str().unwrap().ends_with("Task timed out after 2.00 seconds"), "{hang}");
    let (_, init) = invoke(&stack, "init").await;
    assert!(init["errorMessage"].as_str().unwrap().contains("exit status 7"), "{init}");
    let (error, broken) = invoke(&stack, "broken").await;
    assert!(error.is_some() && broken["errorMessage"].as_str().unwrap().contains("compile"), "{broken}");
    assert_eq!(get(&stack, "api/prod/good").await, (200, "fine".to_owned()));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_fit_nothing_are_told_so() {
    let stack = Stack::start().await;
    let unknown = get(&stack, "userapi/production/nowhere").await;
    assert_eq!(unknown, (403, r#"{"message":"Missing Authentication Token"}"#.to_owned()));
    let method = stack.client().patch(stack.api("userapi/production/products")).send().await.unwrap();
    assert_eq!(method.status(), StatusCode::FORBIDDEN);
    assert_eq!(get(&stack, "userapi/nostage/products").await, (403, r#"{"message":"Forbidden"}"#.to_owned()));
    assert_eq!(get(&stack, "edgeapi/nowhere/at/all").await, (404, r#"{"message":"Not Found"}"#.to_owned()));
    let (status, text) = get(&stack, "noapi/production/products").await;
    assert!(status == 404 && text.contains("noapi"), "{text}");
    let plain = get(&stack, "chatapi/production").await;
    assert_eq!(plain.0, 426);
    let foreign = stack.client().get(stack.endpoint()).header("Host", "example.com").send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let page = stack.client().post(format!("{}/_ferrogate/clock", stack.endpoint())).header("Origin", "https://example.com");
    assert_eq!(page.body(r#"{"advanceSeconds":1}"#).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_make_no_sense_are_refused_with_a_reason() {
    let stack = Stack::start().await;
    for api in ["userapi/production", "edgeapi"] {
        let post = |body: String| stack.request(Method::POST, &format!("{api}/users")).body(body).send();
        for body in ["", "no json", "[]", "5", r#"{"username": 5, "email": true, "age": "old"}"#, "{\"username\": \"\\ud800\"}"] {
            let refused = post(body.to_owned()).await.unwrap();
            assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{api} {body}");
            let said: Value = refused.json().await.unwrap();
            assert!(said["message"].is_string() && said["code"].is_string(), "{said}");
        }
    }
    let large = stack.request(Method::POST, "userapi/production/users").body("x".repeat(10_485_761)).send().await.unwrap();
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_tokens_and_limits_that_were_not_given_out_are_refused() {
    let stack = Stack::start().await;
    for query in ["nextToken=%21%21", "nextToken=eyJhIjoxfQ", "nextToken=", "limit=0", "limit=-1", "limit=abc", "limit=100000"] {
        let refused = stack.request(Method::GET, &format!("userapi/production/users?{query}")).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{query}");
        let said: Value = refused.json().await.unwrap();
        let field = query.split('=').next().unwrap();
        assert_eq!(said["errors"][0]["field"], field, "{said}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_with_slashes_unicode_and_percent_signs_are_just_not_found() {
    let stack = Stack::start().await;
    for api in ["userapi/production", "edgeapi"] {
        for id in ["a%2Fb", "%E2%9C%93", "100%25", "%00", "..%2F..", "x".repeat(500).as_str()] {
            let answer = stack.request(Method::GET, &format!("{api}/products/{id}")).send().await.unwrap();
            assert!(matches!(answer.status().as_u16(), 400 | 404), "{api} {id}: {}", answer.status());
            assert!(answer.json::<Value>().await.unwrap()["message"].is_string());
        }
    }
    stack.stop().await;
}
