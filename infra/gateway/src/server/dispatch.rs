//! Hands each request to whom it is for.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Response, StatusCode};
use hyper::body::Incoming;

use super::address::{self, Target};
use super::head::HeadTape;
use super::listener::Client;
use super::read::{self, ReadError};
use super::tls::Tls;
use super::{ClientRequest, Overview, Plane, Published, Reply, admin, browser, message_reply};
use crate::control::Control;
use crate::gateway::Gateway;
use crate::lambda::EventSources;
use crate::services::TableWorlds;
use crate::{function_url, http as http_api, lambda, rest, websocket};

/// Headers of one request to an API (REST API quotas), which for an HTTP API include the request line.
const MAX_HEADERS: usize = 10_240;

/// Empties everything and deploys the template, if there is one, anew. The error is for the user.
pub type Reset = Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Says what runs here at this moment.
pub type Describe = Box<dyn Fn() -> Overview + Send + Sync>;

/// Everything that a request can be handed to.
pub struct Services {
    /// The clock, the functions and the port, with the account and region that are meant where none is named.
    pub gateway: Gateway,
    /// The APIs, and their open WebSocket connections.
    pub published: Arc<Published>,
    /// DynamoDB, for every account and region.
    pub tables: TableWorlds,
    /// What reads DynamoDB's streams for functions.
    pub event_sources: Arc<EventSources>,
    /// AWS's control plane.
    pub control: Control,
    /// Empties everything, for tests; set by whoever has put the services together.
    pub reset: OnceLock<Reset>,
    /// Whether other machines are let in.
    pub exposed: bool,
    /// What runs here; set by whoever has put the services together.
    pub describe: OnceLock<Describe>,
    /// The certificates of this machine.
    pub tls: Arc<Tls>,
}

/// Answers one request.
pub(super) async fn dispatch(
    services: &Services,
    mut request: http::Request<Incoming>,
    tape: &HeadTape,
    client: Client,
) -> Response<Bytes> {
    // Only an upgrade request carries it; taken before the request is read to its end.
    let upgrade = hyper::upgrade::on(&mut request);
    let request = match read::read(request, tape, client, services.gateway.port).await {
        Ok(request) => request,
        Err(error) => {
            let status = match error {
                ReadError::PackageTooLarge(_) => return lambda::package_too_large(&error.to_string()),
                ReadError::TooLarge(request) => return too_large(services, &request),
                ReadError::TooSlow => StatusCode::REQUEST_TIMEOUT,
                ReadError::Broken => StatusCode::BAD_REQUEST,
            };
            return message_reply(status, &error.to_string());
        }
    };
    let host = request.headers.get("host").unwrap_or_default();
    let known = if services.exposed { address::is_of_this_network(host) } else { address::is_local(host) };
    if !known {
        return message_reply(
            StatusCode::FORBIDDEN,
            "the Host header names another machine: use localhost, 127.0.0.1 or a name below .localhost",
        );
    }
    let target = address::resolve(&request);
    if let Target::Api { api_id, path } = target {
        let (api_id, path) = (api_id.to_owned(), path.into_owned());
        return serve_api(services, &api_id, &path, request, upgrade).await;
    }
    if let Target::FunctionUrl { url_id, path } = target {
        return match services.control.function_url(url_id) {
            Some(url) => {
                // Its own business, as with the methods of an API that ask for IAM: always checked.
                let signed = url.url.auth_type == "AWS_IAM" && services.control.signs_function_url(&request);
                function_url::serve(&url, path, &request, signed).await
            }
            None => message_reply(StatusCode::NOT_FOUND, &format!("there is no function URL {url_id:?} here")),
        };
    }
    if let Target::UserPool { pool, document } = target {
        return browser::document(&services.control, pool, document, &request);
    }
    // What AWS lets pages of every origin do with user pools, they may do here too.
    if let Some(reply) = browser::preflight(&request) {
        return reply;
    }
    if let Target::Control(service) = target
        && browser::is_open(service, &request)
    {
        return browser::opened(services.control.serve(service, &request).await);
    }
    // An API has CORS for what a page may do; these have none, so pages from elsewhere may do nothing.
    if request.headers.get("origin").is_some_and(|origin| !address::is_local_origin(origin)) {
        return message_reply(StatusCode::FORBIDDEN, "a page from another origin may not use this address");
    }
    let service = match target {
        // Clients for functions under development (`cargo lambda invoke`, curl) sign nothing: from this machine they may
        // call as they are. What is signed is checked all the same.
        Target::Lambda => (!request.source_ip.is_loopback() || Control::claims_signature(&request)).then_some("lambda"),
        Target::DynamoDb => Some("dynamodb"),
        _ => None,
    };
    if let Some(refused) = service.and_then(|service| services.control.refuse(&request, service)) {
        return refused;
    }
    match target {
        Target::Lambda => {
            let lambda = services.control.invoker_of(&request);
            lambda::serve_invoke_api(&*lambda, &services.gateway.clock, &request).await
        }
        Target::DynamoDb => {
            let world = services.control.world_of(&request);
            services.tables.serve(&world.account, &world.region, &request).await
        }
        Target::Control(service) => services.control.serve(service, &request).await,
        Target::Own(path) => admin::serve(services, path, &request).await,
        Target::Api { .. } | Target::FunctionUrl { .. } | Target::UserPool { .. } | Target::Unknown => {
            not_found(services, &request)
        }
    }
}

async fn serve_api(
    services: &Services,
    api_id: &str,
    path: &str,
    request: ClientRequest,
    upgrade: hyper::upgrade::OnUpgrade,
) -> Reply {
    let size: usize = request.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    let plane = services.published.get(api_id);
    // A REST API has a bound of its own for URLs.
    let line = match plane {
        Some(Plane::Rest(_)) => 0,
        _ => request.raw_path.len() + request.raw_query.len(),
    };
    if size + line > MAX_HEADERS {
        // AWS documents the bound; the status and the body of its answer are unconfirmed.
        return message_reply(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
    }
    match plane {
        Some(Plane::Rest(api)) => rest::serve(&api, path, request).await,
        Some(Plane::Http(_)) if path.is_empty() => with_slash(&request),
        Some(Plane::Http(api)) => http_api::serve(&api, without_default_stage(path), request).await,
        Some(Plane::WebSocket(api)) => {
            let connections = services.published.connections();
            if is_connections_path(path) {
                websocket::connections_api(&api, connections, path, request).await
            } else {
                websocket::connect(&api, connections, path, request, upgrade).await
            }
        }
        // AWS has no such host name; there is no answer of its to imitate.
        None => message_reply(
            StatusCode::NOT_FOUND,
            &format!("there is no API {api_id:?} here; GET /_ferrogate/health lists those that are"),
        ),
    }
}

/// A body that is larger than anything here takes: an API says so in its own words, which a body over its own bound gets too.
fn too_large(services: &Services, request: &ClientRequest) -> Reply {
    let plane = match address::resolve(request) {
        Target::Api { api_id, .. } => services.published.get(api_id),
        _ => None,
    };
    match plane {
        Some(Plane::Rest(_)) => rest::content_too_long(),
        Some(Plane::Http(_)) => message_reply(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
        _ => message_reply(StatusCode::PAYLOAD_TOO_LARGE, &ReadError::TooLarge(Box::new(request.clone())).to_string()),
    }
}

/// The stage `$default` is named in no URL of AWS's; here it may be, as every other stage is.
fn without_default_stage(path: &str) -> &str {
    let rest = path.strip_prefix("/$default").or_else(|| path.strip_prefix("/%24default"));
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

/// An API's root without its slash: a page's relative links would miss the API.
fn with_slash(request: &ClientRequest) -> Reply {
    let query = if request.raw_query.is_empty() { String::new() } else { format!("?{}", request.raw_query) };
    let mut reply = message_reply(StatusCode::PERMANENT_REDIRECT, "the API's root ends in a slash");
    // It came in a request line, which holds no control characters.
    if let Ok(location) = http::HeaderValue::try_from(format!("{}/{query}", request.raw_path)) {
        reply.headers_mut().insert(http::header::LOCATION, location);
    }
    reply
}

/// `/{stage}/@connections/…`
fn is_connections_path(path: &str) -> bool {
    path.split('/')
        .nth(2)
        .is_some_and(|segment| segment == "@connections" || segment.eq_ignore_ascii_case("%40connections"))
}

fn not_found(services: &Services, request: &ClientRequest) -> Reply {
    if let Some(refused) = services.control.refuse_other_service(request) {
        return refused;
    }
    let apis = services.published.all();
    let known: Vec<_> = apis.keys().map(String::as_str).collect();
    message_reply(
        StatusCode::NOT_FOUND,
        &format!(
            "nothing answers at {} {}; an API answers at /_aws/execute-api/{{apiId}}/{{stage}}/{{path}} (here: {}), and GET \
             /_ferrogate/health lists what runs",
            request.method,
            request.raw_path,
            known.join(", "),
        ),
    )
}
