//! A TOKEN authorizer that allows whoever brings the one token that it knows: what is left of its time is everything around
//! it.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

const TOKEN: &str = "benchmark";

// One thread, as hello.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(allow)).await
}

async fn allow(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let text = |name: &str| event.payload[name].as_str().unwrap_or_default();
    if text("authorizationToken") != TOKEN {
        return Err("Unauthorized".into());
    }
    // The whole stage, so that a kept answer is right for each of its methods.
    let mut parts = text("methodArn").splitn(3, '/');
    let (api, stage) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    Ok(json!({
        "principalId": "benchmark",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{ "Action": "execute-api:Invoke", "Effect": "Allow", "Resource": format!("{api}/{stage}/*") }],
        },
    }))
}
