//! An ordinary Lambda function that answers at once: what is left of a request's time is everything around it.

use lambda_http::{Body, Error, Request, Response, run, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(hello)).await
}

async fn hello(_request: Request) -> Result<Response<Body>, Error> {
    let answer = Response::builder().header("content-type", "application/json");
    Ok(answer.body(Body::from(r#"{"message":"hello"}"#))?)
}
