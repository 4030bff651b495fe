//! One HTTP request to a service that runs elsewhere: what the remote Lambda, the remote DynamoDB and the issuers of tokens
//! share.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;

/// A client that keeps connections for a while.
pub(crate) type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// The endpoint (`http://host:port`, perhaps with a path) and a client for it. The text of an error says what is wrong
/// with the endpoint.
pub(crate) fn connect(endpoint: &str) -> Result<(Uri, HttpClient), String> {
    let uri: Uri = endpoint.parse().map_err(|error| format!("{endpoint} is not a URL: {error}"))?;
    match uri.scheme_str() {
        Some("http") if uri.authority().is_some() => {}
        Some("https") => return Err(format!("{endpoint}: only http is supported for what runs elsewhere, not https")),
        _ => return Err(format!("{endpoint} is not of the form http://host:port")),
    }
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(Duration::from_secs(5)));
    let client = Client::builder(TokioExecutor::new()).pool_idle_timeout(Duration::from_secs(30)).build(connector);
    Ok((uri, client))
}

/// Sends `request` and reads an answer of at most `most` bytes, within `patience`. The text of an error goes on from the
/// endpoint's name.
pub(crate) async fn exchange<C: Connect + Clone + Send + Sync + 'static>(
    client: &Client<C, Full<Bytes>>,
    request: Request<Full<Bytes>>,
    most: usize,
    patience: Duration,
) -> Result<Response<Bytes>, String> {
    let exchange = async {
        let answer = client.request(request).await.map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            format!("cannot be reached: {error} {cause}")
        })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, most).collect().await;
        let body = body.map_err(|error| format!("has sent a broken or too large answer: {error}"))?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    let answer = tokio::time::timeout(patience, exchange).await;
    answer.unwrap_or_else(|_| Err(format!("has not answered within {} seconds", patience.as_secs())))
}
