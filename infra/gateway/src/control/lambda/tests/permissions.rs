//! Policies, and what they mean for a gateway's calls.

use super::*;

fn gateway_call() -> InvokeRequest {
    InvokeRequest {
        caller: Some(Caller {
            principal: "apigateway.amazonaws.com",
            source_arn: "arn:aws:execute-api:us-east-1:000000000000:api1/prod/GET/users".into(),
            source_account: "000000000000".into(),
        }),
        ..InvokeRequest::sync("\"x\"")
    }
}

#[tokio::test]
async fn a_policy_grows_shrinks_and_holds() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    create(&control, "f").await;
    let policy = format!("{FUNCTIONS}/f/policy");
    let (status, message) = refused(&control, "GET", &policy, Value::Null).await;
    assert_eq!((status, message.as_str()), (404, "The resource you requested does not exist."));
    let gateway = control.gateway.lambda.clone();
    assert!(gateway.invoke("f", gateway_call()).await.is_ok(), "no policy at all");

    let input = |sid: &str, arn: &str| {
        json!({ "StatementId": sid, "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
            "SourceArn": arn, "SourceAccount": "000000000000" })
    };
    let other = input("other", "arn:aws:execute-api:us-east-1:000000000000:api2/*");
    let added = ok(&control, "POST", &policy, other.clone()).await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let statement: Value = serde_json::from_str(added["Statement"].as_str().unwrap()).unwrap();
    let expected = json!({
        "Sid": "other", "Effect": "Allow", "Principal": { "Service": "apigateway.amazonaws.com" },
        "Action": "lambda:InvokeFunction", "Resource": arn,
        "Condition": { "StringEquals": { "AWS:SourceAccount": "000000000000" },
            "ArnLike": { "AWS:SourceArn": "arn:aws:execute-api:us-east-1:000000000000:api2/*" } },
    });
    assert_eq!(statement, expected);
    assert!(matches!(gateway.invoke("f", gateway_call()).await, Err(InvokeError::AccessDenied(_))));
    let own = input("own", "arn:aws:execute-api:us-east-1:000000000000:api1/*/GET/users");
    ok(&control, "POST", &policy, own).await;
    assert!(gateway.invoke("f", gateway_call()).await.is_ok());

    let (status, message) = refused(&control, "POST", &policy, other).await;
    assert!(status == 409 && message.starts_with("The statement id (other) provided already exists."), "{message}");
    let got = ok(&control, "GET", &policy, Value::Null).await;
    let document: Value = serde_json::from_str(got["Policy"].as_str().unwrap()).unwrap();
    assert_eq!((&document["Version"], &document["Id"]), (&json!("2012-10-17"), &json!("default")));
    assert_eq!(document["Statement"].as_array().unwrap().len(), 2);
    let stale = format!("{policy}/own?RevisionId=x");
    assert_eq!(refused(&control, "DELETE", &stale, Value::Null).await.0, 412);
    let current = format!("{policy}/own?RevisionId={}", got["RevisionId"].as_str().unwrap());
    ok(&control, "DELETE", &current, Value::Null).await;
    assert!(matches!(gateway.invoke("f", gateway_call()).await, Err(InvokeError::AccessDenied(_))));
    let (status, message) = refused(&control, "DELETE", &format!("{policy}/own"), Value::Null).await;
    assert_eq!((status, message.as_str()), (404, "Statement own is not found in resource policy."));
    ok(&control, "DELETE", &format!("{policy}/other"), Value::Null).await;
    let (status, message) = refused(&control, "DELETE", &format!("{policy}/other"), Value::Null).await;
    assert_eq!((status, message.as_str()), (404, "No policy is associated with the given resource."));
}

#[tokio::test]
async fn a_qualifier_has_a_policy_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path()).await;
    create(&control, "f").await;
    ok(&control, "POST", &format!("{FUNCTIONS}/f/versions"), json!({})).await;
    ok(&control, "POST", &format!("{FUNCTIONS}/f/aliases"), json!({ "Name": "live", "FunctionVersion": "1" })).await;
    let input =
        json!({ "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com" });
    ok(&control, "POST", &format!("{FUNCTIONS}/f/policy?Qualifier=live"), input.clone()).await;
    let gateway = control.gateway.lambda.clone();
    assert!(gateway.invoke("f:live", gateway_call()).await.is_ok());
    assert!(matches!(gateway.invoke("f", gateway_call()).await, Err(InvokeError::AccessDenied(_))));
    let (status, message) =
        refused(&control, "POST", &format!("{FUNCTIONS}/f/policy?Qualifier=no"), input.clone()).await;
    let expected = "Cannot find alias arn: arn:aws:lambda:us-east-1:000000000000:function:f:no";
    assert_eq!((status, message.as_str()), (404, expected));
    let latest = format!("{FUNCTIONS}/f/policy?Qualifier=$LATEST");
    let (status, message) = refused(&control, "POST", &latest, input.clone()).await;
    assert_eq!((status, message.as_str()), (400, "We currently do not support adding policies for $LATEST."));
    let mut wrong = input;
    wrong["Principal"] = json!("nobody");
    let (status, message) = refused(&control, "POST", &format!("{FUNCTIONS}/f/policy"), wrong).await;
    assert!(status == 400 && message.starts_with("The provided principal was invalid."), "{message}");
}

#[tokio::test]
async fn with_the_switch_a_function_without_policy_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let control = open_with(folder.path(), true).await;
    create(&control, "f").await;
    let gateway = control.gateway.lambda.clone();
    assert!(matches!(gateway.invoke("f", gateway_call()).await, Err(InvokeError::AccessDenied(_))));
    let input =
        json!({ "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com" });
    ok(&control, "POST", &format!("{FUNCTIONS}/f/policy"), input).await;
    assert!(gateway.invoke("f", gateway_call()).await.is_ok());
}
