//! Versions, aliases, limits and policies of one function.

use super::*;
use crate::lambda::invocation::Caller;
use crate::model::{Alias, EventInvokeConfig, FunctionPolicy, RoutingConfig};

fn service(change: impl FnOnce(&mut HostSettings)) -> Arc<LambdaService> {
    let mut settings = testing::settings(&Lines::default());
    change(&mut settings);
    Arc::new(LambdaService::new(settings).unwrap())
}

/// Puts a version whose `VERSION` is its number.
fn put(service: &LambdaService, number: &str) {
    let mut function = testing::function("f");
    function.environment.insert("VERSION".to_owned(), number.to_owned());
    assert!(service.put(&function, number, &Code::in_folder(testing::bootstrap())).is_empty());
}

fn record() -> FunctionRecord {
    serde_json::from_value(serde_json::json!({ "FunctionName": "f", "Versions": {} })).unwrap()
}

fn alias(version: &str, weights: &[(&str, f64)]) -> Alias {
    let weights = weights.iter().map(|(version, weight)| ((*version).to_owned(), *weight)).collect();
    Alias {
        name: "live".to_owned(),
        function_version: version.to_owned(),
        description: String::new(),
        routing_config: Some(RoutingConfig { additional_version_weights: weights }),
        revision_id: String::new(),
    }
}

async fn call(service: &LambdaService, identifier: &str, text: &str) -> Result<(String, String), InvokeError> {
    let answer = service.invoke(identifier, event(text)).await?;
    Ok((String::from_utf8(answer.payload.to_vec()).unwrap(), answer.executed_version))
}

#[tokio::test]
async fn each_version_has_its_own_environments() {
    let service = service(|_| {});
    ["$LATEST", "1", "2"].iter().for_each(|number| put(&service, number));
    for number in ["$LATEST", "1", "2"] {
        let identifier = format!("arn:aws:lambda:us-east-1:000000000000:function:f:{number}");
        let both = (number.to_owned(), number.to_owned());
        assert_eq!(call(&service, &identifier, "version").await.unwrap(), both);
        assert_eq!(call(&service, &identifier, "variable AWS_LAMBDA_FUNCTION_VERSION").await.unwrap(), both);
        let stream = call(&service, &identifier, "variable AWS_LAMBDA_LOG_STREAM_NAME").await.unwrap().0;
        assert!(stream.contains(&format!("/[{number}]")), "{stream}");
        let headers = call(&service, &identifier, "headers").await.unwrap().0;
        assert!(headers.contains(&format!("lambda-runtime-invoked-function-arn={identifier}\n")), "{headers}");
    }
    assert_eq!(service.environments("f"), 3);
    let unknown = call(&service, "f:3", "x").await.unwrap_err().to_string();
    assert_eq!(unknown, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:3");
    let two = InvokeRequest { qualifier: Some("2".to_owned()), ..event("x") };
    assert!(matches!(service.invoke("f:1", two).await, Err(InvokeError::InvalidParameter(_))));
    service.remove("f", Some("1"));
    assert!(matches!(call(&service, "f:1", "x").await, Err(InvokeError::NotFound(_))));
    assert_eq!(call(&service, "f:2", "version").await.unwrap().0, "2");
    service.remove("f", None);
    assert!(matches!(call(&service, "f:2", "x").await, Err(InvokeError::NotFound(_))));
    until("its processes are gone", || service.pools().iter().all(|pool| pool.environments() == 0)).await;
}

#[tokio::test]
async fn an_alias_divides_calls_by_its_weights() {
    let next = Arc::new(Mutex::new(0.0));
    let random = next.clone();
    let service = service(|settings| settings.random = Arc::new(move || *random.lock().unwrap()));
    ["$LATEST", "1", "2"].iter().for_each(|number| put(&service, number));
    let mut record = record();
    record.aliases.insert("live".to_owned(), alias("1", &[("2", 0.25)]));
    service.configure(&record);
    for (number, expected) in [(0.0, "2"), (0.249, "2"), (0.25, "1"), (0.999, "1")] {
        *next.lock().unwrap() = number;
        let (version, executed) = call(&service, "f:live", "version").await.unwrap();
        assert_eq!((version.as_str(), executed.as_str()), (expected, expected), "{number}");
    }
    record.aliases.clear();
    service.configure(&record);
    assert!(matches!(call(&service, "f:live", "x").await, Err(InvokeError::NotFound(_))));
}

#[tokio::test]
async fn reserved_concurrency_holds_for_all_versions_together() {
    let service = service(|_| {});
    ["1", "2"].iter().for_each(|number| put(&service, number));
    let mut record = record();
    record.reserved_concurrent_executions = Some(1);
    service.configure(&record);
    let (first, second) = tokio::join!(call(&service, "f:1", "sleep 100"), call(&service, "f:2", "x"));
    assert!(first.is_ok());
    let reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
    assert!(matches!(second, Err(InvokeError::TooManyRequests { reason: r }) if r == reason));
    record.reserved_concurrent_executions = Some(0);
    service.configure(&record);
    assert!(matches!(call(&service, "f:1", "x").await, Err(InvokeError::TooManyRequests { .. })));
    record.reserved_concurrent_executions = None;
    service.configure(&record);
    assert!(call(&service, "f:1", "x").await.is_ok());
}

#[tokio::test]
async fn the_account_has_a_limit() {
    let service = service(|settings| settings.account_concurrency = 1);
    ["1", "2"].iter().for_each(|number| put(&service, number));
    call(&service, "f:2", "x").await.unwrap();
    let slow = call(&service, "f:1", "sleep 300");
    let other = async {
        until("the first runs", || service.pools().iter().any(|pool| pool.running() == 1)).await;
        call(&service, "f:2", "x").await
    };
    let (first, second) = tokio::join!(slow, other);
    assert!(first.is_ok());
    assert!(matches!(second, Err(InvokeError::TooManyRequests { reason: "ConcurrentInvocationLimitExceeded" })));
}

#[tokio::test]
async fn a_policy_decides_who_may_call() {
    let caller = Caller {
        principal: "apigateway.amazonaws.com",
        source_arn: "arn:aws:execute-api:us-east-1:000000000000:api/prod/GET/a".into(),
        source_account: "000000000000".into(),
    };
    let from = |qualifier: Option<&str>| InvokeRequest {
        caller: Some(caller.clone()),
        qualifier: qualifier.map(str::to_owned),
        ..event("x")
    };
    let service = service(|_| {});
    ["$LATEST", "1"].iter().for_each(|number| put(&service, number));
    assert!(service.invoke("f", from(None)).await.is_ok(), "without any policy it is let in");
    let strict = self::service(|settings| settings.enforce_permissions = true);
    put(&strict, "$LATEST");
    assert!(matches!(strict.invoke("f", from(None)).await, Err(InvokeError::AccessDenied(_))));
    assert!(strict.invoke("f", event("x")).await.is_ok(), "a client is no service");

    let statement = PolicyStatement {
        action: "lambda:InvokeFunction".to_owned(),
        principal: "apigateway.amazonaws.com".to_owned(),
        source_arn: Some("arn:aws:execute-api:us-east-1:000000000000:api/*".to_owned()),
        ..PolicyStatement::default()
    };
    let mut record = record();
    let policy = FunctionPolicy { statements: vec![statement], revision_id: String::new() };
    record.policies.insert("1".to_owned(), policy);
    service.configure(&record);
    assert!(service.invoke("f", from(Some("1"))).await.is_ok());
    assert!(matches!(service.invoke("f", from(None)).await, Err(InvokeError::AccessDenied(_))), "of another qualifier");
    record.policies[0].statements[0].source_arn = Some("arn:aws:execute-api:us-east-1:000000000000:other/*".to_owned());
    service.configure(&record);
    assert!(matches!(service.invoke("f", from(Some("1"))).await, Err(InvokeError::AccessDenied(_))));
}

#[tokio::test]
async fn asynchronous_calls_are_tried_as_often_as_they_are_configured_to_be() {
    let lines = Lines::default();
    let settings = testing::settings(&lines);
    let clock = settings.clock.clone();
    let service = LambdaService::new(settings).unwrap();
    put(&service, "$LATEST");
    let mut record = record();
    let config = EventInvokeConfig { maximum_retry_attempts: Some(1), ..EventInvokeConfig::default() };
    record.event_invoke_configs.insert("$LATEST".to_owned(), config);
    service.configure(&record);
    let request = InvokeRequest { invocation_type: InvocationType::Event, ..event("exit 9") };
    let id = service.invoke("f", request).await.unwrap().request_id;
    let attempts = || lines.all().iter().filter(|line| line.contains(&id)).count();
    until("the second attempt", || {
        clock.advance(Duration::from_secs(20));
        attempts() == 2
    })
    .await;
    let free = service.shared.settings.max_event_bytes;
    until("it is given up", || service.events.free_bytes() == free).await;
    clock.advance(Duration::from_secs(600));
    assert_eq!(attempts(), 2);
}
