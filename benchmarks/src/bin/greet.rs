//! A function behind a custom integration: it takes what the request template makes, and knows no HTTP.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

// One thread, as hello.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(greet)).await
}

async fn greet(event: LambdaEvent<Value>) -> Result<Value, Error> {
    match event.payload["name"].as_str() {
        Some(_) => Ok(json!({ "message": "hello" })),
        None => Err("[BadRequest] name is missing".into()),
    }
}
