//! What was accepted is there after a restart.

use ferrogate::Ferrogate;
use ferrogate_tests::stack::{Stack, repository};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_users_and_does_not_seed_again() {
    if std::env::var_os("FERROGATE_TEST_DYNAMODB").is_some() {
        // The data is that DynamoDB's own to keep.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let template = Ferrogate::from_template(repository().join("infra/template.yaml"));
        Stack::with(template.port(0).watch(false).data_dir(folder.path()))
    };
    let first = start().await;
    let user = json!({"username": "keeper", "email": "keeper@example.com"});
    let created = first.request(Method::POST, "userapi/production/users").json(&user).send().await.unwrap();
    let created: Value = created.json().await.unwrap();
    first.stop().await;

    let second = start().await;
    let path = format!("userapi/production/users/{}", created["userId"].as_str().unwrap());
    let read: Value = second.request(Method::GET, &path).send().await.unwrap().json().await.unwrap();
    assert_eq!(read, created);
    let again = second.request(Method::POST, "userapi/production/users").json(&user).send().await.unwrap();
    assert_eq!(again.status(), 409);
    second.stop().await;
}
