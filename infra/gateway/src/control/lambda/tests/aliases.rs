//! Aliases, and concurrency.

use super::*;

#[tokio::test]
async fn aliases_are_made_changed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    create(&control, "f").await;
    ok(&control, "POST", &format!("{FUNCTIONS}/f/versions"), json!({})).await;
    let change = json!({ "Environment": { "Variables": { "VERSION": "two" } } });
    ok(&control, "PUT", &format!("{FUNCTIONS}/f/configuration"), change).await;
    ok(&control, "POST", &format!("{FUNCTIONS}/f/versions"), json!({})).await;
    let aliases = format!("{FUNCTIONS}/f/aliases");
    let made = ok(&control, "POST", &aliases, json!({ "Name": "live", "FunctionVersion": "1" })).await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f:live";
    let expected = json!({ "AliasArn": arn, "Name": "live", "FunctionVersion": "1", "Description": "",
        "RevisionId": made["RevisionId"] });
    assert_eq!(made, expected);
    assert_eq!(said(&control, "f:live", "version").await, "one");
    let configuration = ok(&control, "GET", &format!("{FUNCTIONS}/f/configuration?Qualifier=live"), Value::Null).await;
    assert_eq!((&configuration["FunctionArn"], &configuration["Version"]), (&json!(arn), &json!("1")));

    let all = json!({ "RoutingConfig": { "AdditionalVersionWeights": { "2": 1.0 } } });
    let updated = ok(&control, "PUT", &format!("{aliases}/live"), all).await;
    assert_eq!(updated["RoutingConfig"], json!({ "AdditionalVersionWeights": { "2": 1.0 } }));
    assert_eq!(said(&control, "f:live", "version").await, "two");
    let none = json!({ "RoutingConfig": { "AdditionalVersionWeights": {} } });
    assert!(ok(&control, "PUT", &format!("{aliases}/live"), none).await.get("RoutingConfig").is_none());

    let weights = |version: &str, weights: Value| json!({ "FunctionVersion": version, "RoutingConfig": { "AdditionalVersionWeights": weights } });
    for (body, status, expected) in [
        (
            weights("$LATEST", json!({ "1": 0.5 })),
            400,
            "$LATEST is not supported for an alias pointing to more than 1 version",
        ),
        (weights("1", json!({ "1": 0.5 })), 400, "Function version 1 is already included in routing configuration."),
        (
            weights("1", json!({ "9": 0.5 })),
            404,
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:9",
        ),
        (
            weights("1", json!({ "2": 0.5, "3": 0.1 })),
            400,
            "Number of items in AdditionalVersionWeights cannot be greater than 1",
        ),
        (weights("9", json!({})), 404, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:9"),
        (json!({ "RevisionId": "x" }), 412, "The Revision Id provided does not match"),
    ] {
        let (code, message) = refused(&control, "PUT", &format!("{aliases}/live"), body.clone()).await;
        assert!(code == status && message.contains(expected), "{body}: {code} {message}");
    }
    let twice = json!({ "Name": "live", "FunctionVersion": "1" });
    let (status, message) = refused(&control, "POST", &aliases, twice).await;
    assert_eq!((status, message), (409, format!("Alias already exists: {arn}")));
    let (status, message) = refused(&control, "DELETE", &format!("{FUNCTIONS}/f?Qualifier=1"), Value::Null).await;
    assert!(status == 409 && message.contains("in use by the alias live"), "{message}");
    let listed = ok(&control, "GET", &format!("{aliases}?FunctionVersion=2"), Value::Null).await;
    assert_eq!(listed, json!({ "Aliases": [] }));
    ok(&control, "DELETE", &format!("{aliases}/live"), Value::Null).await;
    let (status, message) = refused(&control, "GET", &format!("{aliases}/live"), Value::Null).await;
    assert_eq!((status, message), (404, format!("Cannot find alias arn: {arn}")));
    assert!(matches!(invoke(&control, "f:live", "x").await, Err(InvokeError::NotFound(_))));
}

#[tokio::test]
async fn concurrency_is_reserved_and_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    create(&control, "f").await;
    let (put, get) = ("/2017-10-31/functions/f/concurrency", "/2019-09-30/functions/f/concurrency");
    assert_eq!(ok(&control, "GET", get, Value::Null).await, json!({}));
    ok(&control, "PUT", put, json!({ "ReservedConcurrentExecutions": 0 })).await;
    let throttled = invoke(&control, "f", "x").await;
    let reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
    assert!(matches!(throttled, Err(InvokeError::TooManyRequests { reason: r }) if r == reason));
    assert_eq!(ok(&control, "GET", get, Value::Null).await, json!({ "ReservedConcurrentExecutions": 0 }));
    let got = ok(&control, "GET", &format!("{FUNCTIONS}/f"), Value::Null).await;
    assert_eq!(got["Concurrency"], json!({ "ReservedConcurrentExecutions": 0 }));
    let (status, message) = refused(&control, "PUT", put, json!({ "ReservedConcurrentExecutions": 901 })).await;
    assert!(status == 400 && message.ends_with("below its minimum value of [100]."), "{message}");
    ok(&control, "PUT", put, json!({ "ReservedConcurrentExecutions": 300 })).await;
    let account = ok(&control, "GET", "/2016-08-19/account-settings", Value::Null).await;
    assert_eq!(account["AccountLimit"]["UnreservedConcurrentExecutions"], 700);
    assert_eq!(account["AccountUsage"]["FunctionCount"], 1);
    ok(&control, "DELETE", put, Value::Null).await;
    assert!(invoke(&control, "f", "x").await.is_ok());
}

#[tokio::test]
async fn provisioned_concurrency_is_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    create(&control, "f").await;
    ok(&control, "POST", &format!("{FUNCTIONS}/f/versions"), json!({})).await;
    let path = |qualifier: &str| format!("/2019-09-30/functions/f/provisioned-concurrency?Qualifier={qualifier}");
    let body = json!({ "ProvisionedConcurrentExecutions": 2 });
    let (status, message) = refused(&control, "PUT", &path("$LATEST"), body.clone()).await;
    assert!(status == 400 && message.contains("unpublished function versions"), "{message}");
    let (status, _) = refused(&control, "GET", &path("1"), Value::Null).await;
    assert_eq!(status, 404);
    assert_eq!(ok(&control, "PUT", &path("1"), body).await["Status"], "IN_PROGRESS");
    let got = ok(&control, "GET", &path("1"), Value::Null).await;
    assert_eq!((&got["Status"], &got["AvailableProvisionedConcurrentExecutions"]), (&json!("READY"), &json!(2)));
    let all = "/2019-09-30/functions/f/provisioned-concurrency?List=ALL";
    let listed = ok(&control, "GET", all, Value::Null).await;
    assert_eq!(listed["ProvisionedConcurrencyConfigs"].as_array().unwrap().len(), 1);
    ok(&control, "DELETE", &path("1"), Value::Null).await;
    assert_eq!(refused(&control, "GET", &path("1"), Value::Null).await.0, 404);
}
