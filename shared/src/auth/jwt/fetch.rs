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

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A server that answers every request with these bytes, or never if there are none: its URL.
    async fn server(answer: String) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                // A client that has heard enough hangs up.
                let _ = stream.write_all(answer.as_bytes()).await;
                if answer.is_empty() {
                    open.push(stream);
                }
            }
        });
        format!("http://127.0.0.1:{port}/jwks.json")
    }

    fn answer(status: &str, content_type: &str, body: &str) -> String {
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    async fn get(answer: String) -> Result<String, String> {
        let url = server(answer).await;
        HttpFetch::default().get(&url).await.map(|document| String::from_utf8_lossy(&document).into_owned())
    }

    #[tokio::test]
    async fn a_json_document_is_read_whatever_its_kind_of_json() {
        for content_type in ["application/json", "application/jwk-set+json; charset=utf-8"] {
            assert_eq!(get(answer("200 OK", content_type, "{\"keys\":[]}")).await.as_deref(), Ok("{\"keys\":[]}"));
        }
    }

    #[tokio::test]
    async fn html_errors_redirects_and_floods_are_refused() {
        let html = get(answer("200 OK", "text/html", "<html>")).await.unwrap_err();
        assert!(html.ends_with("is no JSON"), "{html}");
        let error = get(answer("503 Service Unavailable", "application/json", "{}")).await.unwrap_err();
        assert!(error.ends_with("answers 503"), "{error}");
        let moved = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".to_owned();
        assert!(get(moved).await.unwrap_err().ends_with("answers 302"));
        let flood = get(answer("200 OK", "application/json", &" ".repeat(MAX_BYTES + 1))).await.unwrap_err();
        assert!(flood.ends_with("has more than 150000 bytes"), "{flood}");
        assert!(get("no HTTP at all".into()).await.is_err());
    }

    // The clock stands still, and goes on by itself when everybody waits: the test takes no second of anybody's time.
    #[tokio::test(start_paused = true)]
    async fn an_issuer_that_never_answers_is_given_up_on() {
        let slow = get(String::new()).await.unwrap_err();
        assert!(slow.contains("took more than") || slow.contains("timeout") || slow.contains("timed out"), "{slow}");
    }
}
