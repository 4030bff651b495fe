//! Gets an issuer's documents over HTTP, with bounds on everything that an issuer in trouble could send.

use std::{sync::OnceLock, time::Duration};

use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorSettings},
    orchestrator::HttpRequest,
};
use aws_smithy_types::byte_stream::ByteStream;

use crate::BoxFuture;

/// The largest document that is read: what API Gateway's own JWT authorizers take.
const MAX_BYTES: usize = 150_000;

/// How long one document may take, from the connection to its last byte.
const TIMEOUT: Duration = Duration::from_millis(1_500);

/// Gets documents.
pub trait Fetch: Send + Sync {
    /// The JSON document at this URL. The error is for the log.
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>>;
}

/// Over HTTP, with the SDK's own client. It follows no redirects: an issuer's keys are where they are said to be.
#[derive(Default)]
pub struct HttpFetch {
    // Made with the first request: reading the machine's root certificates takes a while.
    connector: OnceLock<Connector>,
}

impl Fetch for HttpFetch {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async move {
            match tokio::time::timeout(TIMEOUT, self.request(url)).await {
                Ok(document) => document,
                Err(_) => Err(format!("{url} took more than {} ms", TIMEOUT.as_millis())),
            }
        })
    }
}

impl HttpFetch {
    async fn request(&self, url: &str) -> Result<Vec<u8>, String> {
        if !is_allowed(url) {
            return Err(format!("{url} is neither https nor on this machine"));
        }
        let connector = self.connector.get_or_init(|| {
            let settings = HttpConnectorSettings::builder().connect_timeout(TIMEOUT).read_timeout(TIMEOUT).build();
            Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).connector_settings(settings).build()
        });
        let mut request = HttpRequest::get(url).map_err(|error| format!("{url}: {error}"))?;
        request.headers_mut().insert("accept", "application/json");
        let response = connector.call(request).await.map_err(|error| format!("{url}: {error}"))?;
        if response.status().as_u16() != 200 {
            return Err(format!("{url} answers {}", response.status().as_u16()));
        }
        // An issuer behind a portal or an error page answers 200 with HTML.
        let content_type = response.headers().get("content-type").unwrap_or("application/json").to_ascii_lowercase();
        if !content_type.contains("json") {
            return Err(format!("{url} is no JSON"));
        }
        let mut body = ByteStream::new(response.into_body());
        let mut document = Vec::new();
        while let Some(piece) = body.try_next().await.map_err(|error| format!("{url}: {error}"))? {
            if document.len() + piece.len() > MAX_BYTES {
                return Err(format!("{url} has more than {MAX_BYTES} bytes"));
            }
            document.extend_from_slice(&piece);
        }
        Ok(document)
    }
}

/// Whether keys may be fetched from this URL: over TLS, or from this very machine, where an emulator plays the issuer.
pub fn is_allowed(url: &str) -> bool {
    let is_clean = !url.is_empty() && !url.chars().any(|c| c.is_whitespace() || c.is_control());
    let host = |rest: &str| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned();
        // Without a user's name, which could look like a host.
        (!authority.contains('@')).then_some(authority).filter(|host| !host.is_empty())
    };
    match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => is_clean && host(rest).is_some(),
        (None, Some(rest)) => is_clean && host(rest).is_some_and(|host| is_loopback(&host)),
        (None, None) => false,
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    matches!(host, "localhost" | "::1") || host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}
