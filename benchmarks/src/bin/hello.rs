//! An ordinary Lambda function that answers at once: what is left of a request's time is everything around it.

use lambda_http::{Body, Error, Request, Response, run, service_fn};

// As Ferrogate's own functions: one event at a time needs one thread, and the runtime's default of one for each core
// costs a request two more handovers between threads, behind any emulator.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(hello)).await
}

async fn hello(_request: Request) -> Result<Response<Body>, Error> {
    let answer = Response::builder().header("content-type", "application/json");
    Ok(answer.body(Body::from(r#"{"message":"hello"}"#))?)
}
