//! How a function starts: logs, environment, clients, then events until Lambda ends it.
//!
//! A function hands over two plain functions: one that makes its dependencies from a [`Setup`], once per environment,
//! and one that handles an event with them. The generic parts here only put the two into a box; everything that is
//! large (the runtime, HTTP, the SDK) is compiled once, in this crate.
//!
//! `run_concurrent` serves classic Lambda, one event at a time, and Lambda Managed Instances, as many at a time as
//! `AWS_LAMBDA_MAX_CONCURRENCY` says.

use std::{convert::Infallible, process::ExitCode, sync::Arc};

use aws_config::BehaviorVersion;
use futures_util::future::LocalBoxFuture;
use lambda_http::{Body, Request, Response};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::{
    BoxFuture,
    chat::{SocketEvent, SocketReply},
    config::Setup,
    errors::AppError,
    request, telemetry,
};

/// What handling an HTTP request comes to.
pub type HttpFuture = BoxFuture<'static, Result<Response<Body>, AppError>>;

/// What handling a WebSocket event comes to.
pub type SocketFuture = BoxFuture<'static, SocketReply>;

/// What handling any other event comes to. The error's `Display` is the `errorMessage` that Lambda's caller sees.
pub type EventFuture = BoxFuture<'static, Result<Value, lambda_runtime::Error>>;

type HttpHandler = Arc<dyn Fn(Request) -> HttpFuture + Send + Sync>;
type EventHandler = Arc<dyn Fn(LambdaEvent<Value>) -> EventFuture + Send + Sync>;
type Wire<H> = Box<dyn FnOnce(&mut Setup<'_>) -> H>;

/// Runs a function that answers HTTP requests, of REST and HTTP APIs alike.
pub fn http<D: Send + Sync>(build: fn(&mut Setup<'_>) -> D, handle: fn(Request, &'static D) -> HttpFuture) -> ExitCode {
    run_http(Box::new(move |setup| {
        let deps = leak(build(setup));
        Arc::new(move |request| handle(request, deps))
    }))
}

/// Runs a function that handles the events of a WebSocket API.
pub fn socket<D: Send + Sync>(
    build: fn(&mut Setup<'_>) -> D,
    handle: fn(SocketEvent, &'static D) -> SocketFuture,
) -> ExitCode {
    run_events(Box::new(move |setup| {
        let deps = leak(build(setup));
        Arc::new(move |event| socket_event(event, Box::new(move |event| handle(event, deps))))
    }))
}

/// Runs a function that takes any JSON event.
pub fn event<D: Send + Sync>(build: fn(&mut Setup<'_>) -> D, handle: fn(Value, &'static D) -> EventFuture) -> ExitCode {
    run_events(Box::new(move |setup| {
        let deps = leak(build(setup));
        Arc::new(move |event| handle(event.payload, deps))
    }))
}

/// Dependencies live as long as the process, which is as long as the environment.
fn leak<D>(deps: D) -> &'static D {
    Box::leak(Box::new(deps))
}

/// What a client gets: the answer, or the error's. Errors are logged here and nowhere else.
pub fn answer(
    request: Request,
    handle: impl FnOnce(Request) -> HttpFuture,
) -> BoxFuture<'static, Result<Response<Body>, Infallible>> {
    let request_id = request::request_id(&request);
    let handling = handle(request);
    Box::pin(async move {
        Ok(handling.await.unwrap_or_else(|error| {
            error.log();
            error.response(&request_id)
        }))
    })
}

/// Reads a WebSocket event and writes its reply.
pub fn socket_event(
    event: LambdaEvent<Value>,
    handle: Box<dyn FnOnce(SocketEvent) -> SocketFuture + Send>,
) -> EventFuture {
    Box::pin(async move {
        let event = SocketEvent::read(event.payload, event.context.request_id)?;
        Ok(serde_json::to_value(handle(event).await)?)
    })
}

fn run_http(wire: Wire<HttpHandler>) -> ExitCode {
    run(wire, |handler| {
        Box::pin(lambda_http::run_concurrent(service_fn(move |request| {
            let handler = Arc::clone(&handler);
            answer(request, move |request| handler(request))
        })))
    })
}

fn run_events(wire: Wire<EventHandler>) -> ExitCode {
    run(wire, |handler| Box::pin(lambda_runtime::run_concurrent(service_fn(move |event| handler(event)))))
}

fn run<H>(wire: Wire<H>, serve: fn(H) -> LocalBoxFuture<'static, Result<(), lambda_runtime::Error>>) -> ExitCode {
    let lookup = |name: &str| std::env::var(name).ok();
    telemetry::init(&lookup);
    let outcome = runtime(&lookup).map_err(lambda_runtime::Error::from).and_then(|runtime| {
        runtime.block_on(async {
            let sdk = aws_config::load_defaults(BehaviorVersion::latest()).await;
            let mut setup = Setup::new(&lookup, &sdk);
            let handler = wire(&mut setup);
            let handler = setup.finish(handler)?;
            serve(handler).await
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %error, "function stopped");
            ExitCode::FAILURE
        }
    }
}

/// One thread where events come one at a time: it starts sooner and never moves a task. More where they come together.
fn runtime(lookup: &dyn Fn(&str) -> Option<String>) -> std::io::Result<tokio::runtime::Runtime> {
    let concurrency: usize = lookup("AWS_LAMBDA_MAX_CONCURRENCY").and_then(|number| number.parse().ok()).unwrap_or(1);
    let mut builder = match concurrency {
        0 | 1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build()
}
