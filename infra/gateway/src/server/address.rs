//! Whom a request is for: told by its host, its path and, for AWS services, its headers.

use std::borrow::Cow;

use super::ClientRequest;
use crate::control::{Control, Service};
use crate::lambda;

/// Whom a request is for.
#[derive(Debug, PartialEq)]
pub(super) enum Target<'a> {
    /// An API: its id, and the raw path that begins with the stage.
    Api { api_id: &'a str, path: Cow<'a, str> },
    /// Lambda's Invoke API.
    Lambda,
    /// A function URL: its id, and the raw path.
    FunctionUrl { url_id: &'a str, path: &'a str },
    /// DynamoDB or DynamoDB Streams.
    DynamoDb,
    /// A service of the control plane.
    Control(&'static Service),
    /// What a user pool publishes: its id, and the document's name.
    UserPool { pool: &'a str, document: &'a str },
    /// Ferrogate's own, below `/_ferrogate/`: the rest of the path.
    Own(&'a str),
    /// Nobody.
    Unknown,
}

/// Tells whom `request` is for.
pub(super) fn resolve(request: &ClientRequest) -> Target<'_> {
    if let Some(api_id) = request.headers.get("host").and_then(api_of_host) {
        return Target::Api { api_id, path: request.raw_path.as_str().into() };
    }
    let path = request.raw_path.as_str();
    if let Some(url_id) = request.headers.get("host").and_then(url_of_host) {
        return Target::FunctionUrl { url_id, path };
    }
    if let Some(rest) = path.strip_prefix("/_aws/lambda-url/") {
        let (url_id, path) = split_segment(rest);
        return Target::FunctionUrl { url_id, path: if path.is_empty() { "/" } else { path } };
    }
    if let Some(rest) = path.strip_prefix("/_aws/execute-api/") {
        let (api_id, path) = split_segment(rest);
        return Target::Api { api_id, path: path.into() };
    }
    if let Some((api_id, path)) = user_request(path) {
        return Target::Api { api_id, path };
    }
    if lambda::is_invoke(path) {
        return Target::Lambda;
    }
    if let Some(rest) = path.strip_prefix("/_ferrogate/") {
        return Target::Own(rest);
    }
    if let Some((pool, document)) = user_pool_document(path) {
        return Target::UserPool { pool, document };
    }
    if let Some(service) = Control::service(request) {
        return Target::Control(service);
    }
    match request.headers.get("x-amz-target") {
        Some(operation) if operation.starts_with("DynamoDB") => Target::DynamoDb,
        // A signed one is for a service of AWS's, such as S3's list of buckets.
        None if path == "/" && request.method == http::Method::GET && !Control::is_signed(request) => {
            Target::Own("health")
        }
        _ => Target::Unknown,
    }
}

/// `userapi` of `userapi.execute-api.localhost:4566`, with or without a region before `localhost`.
fn api_of_host(host: &str) -> Option<&str> {
    let name = host_name(host);
    let (api_id, rest) = name.split_once(".execute-api.")?;
    let local = rest == "localhost" || rest.strip_suffix(".localhost").is_some_and(|region| !region.contains('.'));
    (local && !api_id.is_empty() && !api_id.contains('.')).then_some(api_id)
}

/// `id` of `id.lambda-url.us-east-1.localhost:4566`, with or without the region.
fn url_of_host(host: &str) -> Option<&str> {
    let (url_id, rest) = host_name(host).split_once(".lambda-url.")?;
    let local = rest == "localhost" || rest.strip_suffix(".localhost").is_some_and(|region| !region.contains('.'));
    (local && !url_id.is_empty() && !url_id.contains('.')).then_some(url_id)
}

/// `/restapis/{apiId}/{stage}/_user_request_/{path}`, as the guide writes it, without its marker.
fn user_request(path: &str) -> Option<(&str, Cow<'_, str>)> {
    let (api_id, rest) = split_segment(path.strip_prefix("/restapis/")?);
    let (stage, path) = split_segment(rest.strip_prefix('/')?);
    let path = path.strip_prefix("/_user_request_")?;
    (path.is_empty() || path.starts_with('/')).then(|| (api_id, format!("/{stage}{path}").into()))
}

/// `/{pool id}/.well-known/{document}`, as at `cognito-idp.{region}.amazonaws.com`.
fn user_pool_document(path: &str) -> Option<(&str, &str)> {
    let (pool, document) = path.strip_prefix('/')?.split_once("/.well-known/")?;
    let (region, id) = pool.rsplit_once('_')?;
    let letters = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    (letters(region, "-_") && letters(id, "") && !document.contains('/')).then_some((pool, document))
}

/// `a/b/c` → (`a`, `/b/c`); `a` → (`a`, ``).
fn split_segment(path: &str) -> (&str, &str) {
    path.split_at(path.find('/').unwrap_or(path.len()))
}

fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether `host` (with or without a port) names this machine and nothing else.
///
/// A page on the web can make a browser send requests here under its own name (DNS rebinding); such a name is not one
/// of these.
pub(super) fn is_local(host: &str) -> bool {
    let name = host_name(host);
    let v6 = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || v6.is_some_and(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok_and(|ip| ip.is_loopback()))
}

/// Whether `host` may name this machine where other machines are let in: an address, or a name without a dot, as
/// containers and home networks have. A page on the web can take neither for its own.
pub(super) fn is_of_this_network(host: &str) -> bool {
    let name = host_name(host);
    let v6 = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    is_local(host)
        || name.parse::<std::net::Ipv4Addr>().is_ok()
        || v6.is_some_and(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok())
        || (!name.is_empty() && !name.contains('.'))
}

/// Whether an `Origin` header names a page served from this machine.
pub(super) fn is_local_origin(origin: &str) -> bool {
    origin.split_once("://").is_some_and(|(_, host)| is_local(host))
}

/// Where an API answers, by path: `http://127.0.0.1:{port}/_aws/execute-api/{apiId}`.
pub(crate) fn local_url(scheme: &str, port: u16, api_id: &str) -> String {
    format!("{scheme}://127.0.0.1:{port}/_aws/execute-api/{api_id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Headers;

    fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> ClientRequest {
        ClientRequest {
            method: method.parse().unwrap(),
            raw_path: path.to_owned(),
            raw_query: String::new(),
            headers: Headers(headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()),
            body: bytes::Bytes::new(),
            source_ip: [127, 0, 0, 1].into(),
            port: 4566,
            secure: false,
        }
    }

    #[test]
    fn apis_are_found_by_path_and_by_host() {
        let by_path = request("GET", "/_aws/execute-api/userapi/production/users/a%2Fb", &[("Host", "localhost:4566")]);
        assert_eq!(resolve(&by_path), Target::Api { api_id: "userapi", path: "/production/users/a%2Fb".into() });
        let bare = request("GET", "/_aws/execute-api/userapi", &[]);
        assert_eq!(resolve(&bare), Target::Api { api_id: "userapi", path: "".into() });
        for host in ["userapi.execute-api.localhost:4566", "userapi.execute-api.us-east-1.localhost"] {
            let by_host = request("GET", "/production/users", &[("Host", host)]);
            assert_eq!(resolve(&by_host), Target::Api { api_id: "userapi", path: "/production/users".into() });
        }
        let guide = request("GET", "/restapis/userapi/production/_user_request_/users", &[]);
        assert_eq!(resolve(&guide), Target::Api { api_id: "userapi", path: "/production/users".into() });
        let unmarked = request("GET", "/restapis/userapi/production/users/_user_request_/", &[]);
        assert!(matches!(resolve(&unmarked), Target::Control(_)), "the control plane says what it does not know");
    }

    #[test]
    fn services_are_found_by_path_and_header() {
        let invoke = request("POST", "/2015-03-31/functions/f/invocations", &[]);
        assert_eq!(resolve(&invoke), Target::Lambda);
        assert_eq!(resolve(&request("POST", "/2014-11-13/functions/f/invoke-async/", &[])), Target::Lambda);
        let url = request("GET", "/a/b", &[("Host", "x1.lambda-url.us-east-1.localhost:4566")]);
        assert_eq!(resolve(&url), Target::FunctionUrl { url_id: "x1", path: "/a/b" });
        let url = request("GET", "/_aws/lambda-url/x1", &[("Host", "localhost:4566")]);
        assert_eq!(resolve(&url), Target::FunctionUrl { url_id: "x1", path: "/" });
        let dynamodb = request("POST", "/", &[("X-Amz-Target", "DynamoDB_20120810.GetItem")]);
        assert_eq!(resolve(&dynamodb), Target::DynamoDb);
        let streams = request("POST", "/", &[("X-Amz-Target", "DynamoDBStreams_20120810.GetRecords")]);
        assert_eq!(resolve(&streams), Target::DynamoDb);
        assert_eq!(resolve(&request("GET", "/_ferrogate/health", &[])), Target::Own("health"));
        assert_eq!(resolve(&request("POST", "/", &[("X-Amz-Target", "Kinesis.X")])), Target::Unknown);
        assert_eq!(resolve(&request("GET", "/", &[])), Target::Own("health"));
        let signed =
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        assert_eq!(resolve(&request("GET", "/", &[("Authorization", signed)])), Target::Unknown);
    }

    #[test]
    fn only_names_of_this_machine_are_local() {
        for local in ["localhost", "localhost:4566", "chatapi.execute-api.localhost:1", "127.0.0.1:4566", "[::1]:80"] {
            assert!(is_local(local), "{local}");
        }
        for foreign in ["example.com", "localhost.example.com", "10.0.0.1", "127.0.0.1.example.com", "notlocalhost", ""]
        {
            assert!(!is_local(foreign), "{foreign}");
        }
        for near in ["192.168.1.7:4566", "[fd00::1]:80", "gateway:4566"] {
            assert!(is_of_this_network(near) && !is_local(near), "{near}");
        }
        assert!(!is_of_this_network("example.com") && !is_of_this_network(""));
        assert!(is_local_origin("http://localhost:3000") && !is_local_origin("https://example.com"));
        assert!(!is_local_origin("null"));
    }
}
