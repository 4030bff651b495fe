//! The client for the endpoints of `HTTP` and `HTTP_PROXY`: bounded in time, in size and in where it connects to.

mod error;
mod guard;
#[cfg(test)]
pub(in crate::rest) mod testing;
#[cfg(test)]
mod tests;
mod tls;
#[cfg(test)]
mod tls_tests;

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Body as _, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::Instant;

pub(crate) use self::error::BackendError;
use self::guard::Guard;
use crate::server::{BodyStream, Tls};

/// The largest response, as of requests.
const MAX_RESPONSE_BYTES: usize = 10_485_760;
/// For one attempt to connect, of the time that the whole exchange has.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that are kept for one endpoint while nothing is asked of it, and for how long.
const MAX_IDLE: usize = 32;
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Of a response's head: more than AWS's 10,240 bytes, and bounded.
const MAX_HEAD_BYTES: usize = 128 * 1024;

type HttpsClient = Client<HttpsConnector<Guard>, Full<Bytes>>;

/// Clients for what integrations send to endpoints, with their open connections. Cheap to clone.
///
/// The default one reaches no link-local address and trusts nobody's certificates.
#[derive(Clone, Default)]
pub struct Backends(Arc<Shared>);

#[derive(Default)]
struct Shared {
    allow_link_local: bool,
    own: Option<Arc<Tls>>,
    verified: OnceLock<Result<HttpsClient, String>>,
    unverified: OnceLock<Result<HttpsClient, String>>,
}

impl Backends {
    /// `allow_link_local` opens 169.254.0.0/16 and its like; certificates are verified against what this machine trusts
    /// and the authority of `own`.
    pub fn new(allow_link_local: bool, own: Arc<Tls>) -> Self {
        Backends(Arc::new(Shared { allow_link_local, own: Some(own), ..Shared::default() }))
    }

    /// Sends `request`, whose URI is absolute, and reads the response to its end, all within `timeout`. Redirects are
    /// responses as any other.
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
        verified: bool,
        timeout: Duration,
    ) -> Result<Response<Bytes>, BackendError> {
        let exchange = async {
            let (head, body) = self.open(request, verified).await?.into_parts();
            Ok(Response::from_parts(head, read(body).await?))
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(BackendError::TimedOut(timeout)))
    }

    /// Sends `request` and gives the response when it begins, within `timeout`; its body is for [`until`].
    pub(in crate::rest) async fn stream(
        &self,
        request: Request<Bytes>,
        verified: bool,
        timeout: Duration,
    ) -> Result<Response<Incoming>, BackendError> {
        let begun = tokio::time::timeout(timeout, self.open(request, verified)).await;
        begun.unwrap_or(Err(BackendError::TimedOut(timeout)))
    }

    /// Sends `request`; the response's body is still to be read.
    async fn open(&self, request: Request<Bytes>, verified: bool) -> Result<Response<Incoming>, BackendError> {
        let encrypted = request.uri().scheme_str() == Some("https");
        // What is not encrypted goes through the one that needs no list of whom to trust.
        let client = self.client(encrypted && verified).map_err(|reason| BackendError::Certificate(reason.clone()))?;
        let answer = client.request(request.map(Full::new)).await.map_err(|error| BackendError::of(&error))?;
        match answer.status().as_u16() {
            200..=599 => Ok(answer),
            status => Err(BackendError::Network(format!("it has answered with the status {status}"))),
        }
    }

    fn client(&self, verified: bool) -> Result<&HttpsClient, &String> {
        let shared = &*self.0;
        let client = if verified { &shared.verified } else { &shared.unverified };
        client.get_or_init(|| shared.connect(verified)).as_ref()
    }
}

impl Shared {
    fn connect(&self, verified: bool) -> Result<HttpsClient, String> {
        let guard = Guard::new(self.allow_link_local, |tcp| {
            tcp.set_nodelay(true);
            tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        });
        let config = tls::config(self.own.as_deref(), verified)?;
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1();
        let mut client = Client::builder(TokioExecutor::new());
        client
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE)
            .http1_max_buf_size(MAX_HEAD_BYTES)
            // Some servers know the usual spelling of names only.
            .http1_title_case_headers(true);
        Ok(client.build(connector.wrap_connector(guard)))
    }
}

impl fmt::Debug for Backends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backends").field("allow_link_local", &self.0.allow_link_local).finish_non_exhaustive()
    }
}

/// A body as it comes; none of it after `deadline`.
pub(in crate::rest) fn until(deadline: Instant, body: Incoming) -> BodyStream {
    let frames = futures_util::stream::try_unfold(body, move |mut body| async move {
        match tokio::time::timeout_at(deadline, body.frame()).await {
            Ok(None) => Ok(None),
            Ok(Some(frame)) => frame.map(|frame| Some((frame, body))).map_err(io::Error::other),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

/// Reads a body of a bounded size; one whose length is announced as too large is not read at all.
async fn read(body: Incoming) -> Result<Bytes, BackendError> {
    let announced = body.size_hint().exact();
    if announced.is_some_and(|length| length > MAX_RESPONSE_BYTES as u64) {
        return Err(BackendError::TooLarge(announced));
    }
    match Limited::new(body, MAX_RESPONSE_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BackendError::TooLarge(None)),
        Err(error) => Err(BackendError::Network(format!("its response has ended too early: {error}"))),
    }
}
