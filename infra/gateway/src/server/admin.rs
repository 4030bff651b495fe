//! `/_ferrogate/`: what runs here, whom to trust, and the clock.

mod clock;
mod stages;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use serde::Serialize;

use super::dispatch::Services;
use super::{ClientRequest, Reply, json_reply, message_reply};
use crate::clock::iso8601;

/// What runs where: the banner's table, and the body of `/_ferrogate/health`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Overview {
    /// `ok`
    pub status: &'static str,
    /// One entry for each stage of each API.
    pub apis: Vec<ApiEntry>,
    /// The functions.
    pub functions: Vec<FunctionEntry>,
    /// The tables.
    pub tables: Vec<TableEntry>,
}

/// A stage of an API.
#[derive(Clone, Debug, Serialize)]
pub struct ApiEntry {
    /// The API id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `REST`, `HTTP` or `WEBSOCKET`.
    pub protocol: &'static str,
    /// The stage, `$default` included.
    pub stage: String,
    /// Where it answers.
    pub url: String,
    /// `GET /users`, `$connect`, … with the function behind each.
    pub routes: Vec<RouteEntry>,
}

/// A route and what is behind it.
#[derive(Clone, Debug, Serialize)]
pub struct RouteEntry {
    /// `GET /users/{userId}`, `$default`, `sendMessage`.
    pub route: String,
    /// The function's name, or the integration's type where it is none.
    pub target: String,
}

/// A function.
#[derive(Clone, Debug, Serialize)]
pub struct FunctionEntry {
    /// The function's name.
    pub name: String,
    /// Its runtime.
    pub runtime: String,
    /// Where to invoke it.
    pub url: String,
}

/// A table.
#[derive(Clone, Debug, Serialize)]
pub struct TableEntry {
    /// The table's name.
    pub name: String,
}

/// Answers `/_ferrogate/{path}`.
pub(super) async fn serve(services: &Services, path: &str, request: &ClientRequest) -> Reply {
    match (path, &request.method) {
        ("health", &Method::GET) => json_reply(StatusCode::OK, &overview(services)),
        ("coverage", &Method::GET) => coverage(),
        ("metrics", &Method::GET) => super::metrics::serve(services),
        ("export", &Method::GET) => super::export::serve(services, request).await,
        ("ca.pem", &Method::GET) => ca(services),
        ("sns", &Method::GET) => json_reply(StatusCode::OK, &services.control.sns_outbox()),
        ("cognito", &Method::GET) => json_reply(StatusCode::OK, &services.control.cognito_outbox()),
        ("sns/confirm" | "sns/unsubscribe", &Method::GET) => sns_link(services, path, request),
        ("clock", &Method::GET) => now(services),
        ("clock", &Method::POST) => match clock::move_clock(services, request) {
            Ok(()) => now(services),
            Err(reply) => *reply,
        },
        ("stages", &Method::POST) => stages::serve(services, request),
        (path, &Method::GET) if path.starts_with("functions/") => package(services, path),
        ("reset", &Method::POST) => reset(services).await,
        _ => message_reply(
            StatusCode::NOT_FOUND,
            "Ferrogate's own addresses are GET /_ferrogate/health, GET /_ferrogate/coverage, GET /_ferrogate/metrics, GET \
             /_ferrogate/export, GET /_ferrogate/ca.pem, GET /_ferrogate/sns, GET /_ferrogate/cognito, GET and POST /_ferrogate/clock, POST /_ferrogate/stages and POST /_ferrogate/reset",
        ),
    }
}

/// `functions/{sha256}.zip`: a deployment package, as `Code.Location` of `GetFunction` says.
fn package(services: &Services, path: &str) -> Reply {
    let name = path.strip_prefix("functions/").and_then(|name| name.strip_suffix(".zip")).unwrap_or_default();
    match services.control.download(name) {
        Some(zip) => {
            let mut reply = Reply::new(zip.into());
            reply.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/zip"));
            reply
        }
        None => message_reply(StatusCode::NOT_FOUND, "no function here has this package"),
    }
}

/// The certificate to trust for `https` and `wss` on this machine: `curl --cacert`.
fn ca(services: &Services) -> Reply {
    match services.tls.ca_pem() {
        Ok(pem) => {
            let mut reply = Reply::new(Bytes::from(pem));
            let media_type = http::HeaderValue::from_static("application/x-pem-file");
            reply.headers_mut().insert(http::header::CONTENT_TYPE, media_type);
            reply
        }
        Err(error) => message_reply(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// What runs here; nothing before everything is put together.
fn overview(services: &Services) -> Overview {
    services.describe.get().map(|describe| describe()).unwrap_or_default()
}

/// Answers when everything is empty, and the template, if there is one, is deployed anew.
async fn reset(services: &Services) -> Reply {
    let Some(reset) = services.reset.get() else {
        return message_reply(StatusCode::SERVICE_UNAVAILABLE, "not started yet: try again");
    };
    match reset().await {
        Ok(()) => json_reply(StatusCode::OK, &overview(services)),
        Err(error) => message_reply(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}

/// A link in one of SNS's messages.
fn sns_link(services: &Services, path: &str, request: &ClientRequest) -> Reply {
    let action = path.rsplit('/').next().unwrap_or_default();
    match services.control.sns_link(action, &request.raw_query) {
        Ok(done) => json_reply(StatusCode::OK, &done),
        Err(error) => message_reply(StatusCode::BAD_REQUEST, &error.message),
    }
}

fn now(services: &Services) -> Reply {
    json_reply(StatusCode::OK, &serde_json::json!({ "now": iso8601(services.gateway.clock.now()) }))
}

/// `docs/coverage.md` as this build would write it.
fn coverage() -> Reply {
    let mut reply = Reply::new(crate::control::coverage::markdown().into());
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"));
    reply
}
