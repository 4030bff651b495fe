//! One document of an issuer's, over the network: bounded in size and time, and from nowhere but the address asked.

use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Request, StatusCode, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

use crate::remote::exchange;

/// The largest document; AWS's bound of a JWKS.
pub(super) const MAX_DOCUMENT_BYTES: usize = 150_000;
/// For one document. AWS waits 1.5 s; an issuer on this machine may have to start first.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gets documents. The text of an error goes on from the address.
pub(super) trait Fetch: Send + Sync + Debug {
    fn get<'a>(&'a self, url: &'a Uri) -> BoxFuture<'a, Result<Bytes, String>>;
}

/// Over HTTP. The client, and the list of whom the machine trusts, are made when they are first needed.
#[derive(Debug, Default)]
pub(super) struct HttpFetch {
    client: OnceLock<Result<HttpsClient, String>>,
}

type HttpsClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The address, if tokens may depend on what it answers: over TLS, or on this machine.
pub(crate) fn may_be_asked(url: &str) -> Result<Uri, String> {
    let uri: Uri = url.parse().map_err(|_| format!("{url} is not a URL"))?;
    let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    if authority.is_empty() || authority.contains('@') {
        return Err(format!("{url} is not a URL with a host and without a user"));
    }
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if uri.host().is_some_and(is_loopback) => Ok(uri),
        _ => Err(format!("{url} is neither https nor http on this machine")),
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let named = host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost");
    named || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl HttpFetch {
    fn client(&self) -> Result<&HttpsClient, String> {
        let client = self.client.get_or_init(|| {
            let provider = rustls::crypto::aws_lc_rs::default_provider();
            let trusting = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider.clone());
            let builder = match trusting {
                Ok(builder) => builder,
                Err(error) => {
                    tracing::warn!(%error, "this machine trusts no authority: issuers can be asked over http alone");
                    let config =
                        ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions();
                    let config = config.map_err(|error| format!("cannot be asked: {error}"))?;
                    let nobody = config.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
                    HttpsConnectorBuilder::new().with_tls_config(nobody)
                }
            };
            let mut connector = HttpConnector::new();
            connector.enforce_http(false);
            connector.set_connect_timeout(Some(PATIENCE));
            let connector = builder.https_or_http().enable_http1().wrap_connector(connector);
            // Keys are fetched every other hour: no connection is worth keeping.
            Ok(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector))
        });
        client.as_ref().map_err(Clone::clone)
    }
}

impl Fetch for HttpFetch {
    fn get<'a>(&'a self, url: &'a Uri) -> BoxFuture<'a, Result<Bytes, String>> {
        async move {
            let request = Request::get(url.clone()).header("accept", "application/json").body(Full::default());
            let request = request.map_err(|error| format!("cannot be asked: {error}"))?;
            // Redirects are not followed: whoever could answer one could answer with keys.
            let answer = exchange(self.client()?, request, MAX_DOCUMENT_BYTES, PATIENCE).await?;
            match answer.status() {
                StatusCode::OK => Ok(answer.into_body()),
                status => Err(format!("has answered {status}")),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn only_tls_and_this_machine_are_asked() {
        for url in [
            "https://issuer.example/x",
            "http://localhost:4566/pool",
            "http://127.0.0.2/",
            "http://[::1]:80",
            "http://issuer.localhost",
        ] {
            assert!(may_be_asked(url).is_ok(), "{url}");
        }
        for url in [
            "http://issuer.example",
            "http://10.0.0.1",
            "http://localhost.example",
            "ftp://localhost",
            "file:///etc/passwd",
            "issuer",
            "",
            "https://",
            "https://a@issuer.example",
            "http://127.0.0.1@evil.example",
        ] {
            assert!(may_be_asked(url).is_err(), "{url}");
        }
    }

    /// An issuer that answers every connection with these bytes, and then says no more.
    async fn issuer(answer: Vec<u8>) -> Uri {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut request = [0; 1_024];
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(&answer).await;
                    // Open until the client leaves.
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {}
                });
            }
        });
        may_be_asked(&format!("http://{address}/jwks")).unwrap()
    }

    async fn answers(answer: &str) -> Result<Bytes, String> {
        HttpFetch::default().get(&issuer(answer.as_bytes().to_vec()).await).await
    }

    #[tokio::test]
    async fn a_document_is_an_answer_of_200() {
        assert_eq!(answers("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap(), "{}");
        let moved = answers("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(moved.unwrap_err(), "has answered 302 Found");
        assert_eq!(
            answers("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await.unwrap_err(),
            "has answered 404 Not Found"
        );
        assert!(answers("nonsense\r\n\r\n").await.unwrap_err().starts_with("cannot be reached"));
    }

    #[tokio::test]
    async fn a_huge_document_is_not_read() {
        let huge = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(MAX_DOCUMENT_BYTES + 1));
        assert!(answers(&huge).await.unwrap_err().contains("too large"));
        let announced = "HTTP/1.1 200 OK\r\ncontent-length: 4000000000\r\n\r\n";
        assert!(answers(announced).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_issuer_is_not_waited_for() {
        for slow in ["", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{"] {
            assert!(answers(slow).await.is_err(), "{slow}");
        }
    }
}
