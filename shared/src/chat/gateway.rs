//! Sending through API Gateway's `@connections`.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::{
    Client,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    error::DisplayErrorContext,
    primitives::Blob,
};
use aws_smithy_runtime_api::client::{
    interceptors::context::InterceptorContext,
    retries::classifiers::{ClassifyRetry, RetryAction},
};

use super::{Frame, Push, PushError};
use crate::{BoxFuture, config::Setup, domain::ConnectionId};

/// The SDK's client, made once per environment.
#[derive(Clone, Debug)]
pub struct ApiGatewayPush {
    client: Client,
}

impl ApiGatewayPush {
    /// Sends through the WebSocket API at `CHAT_CALLBACK_URL` (`https://…/{stage}`).
    pub fn from_setup(setup: &mut Setup<'_>) -> Self {
        let endpoint = setup.url("CHAT_CALLBACK_URL", &["https", "http"]);
        ApiGatewayPush::new(setup.sdk(), &endpoint)
    }

    /// Sends through the API and stage at `endpoint`.
    ///
    /// The SDK's own patience (no timeout for a single try) is made for calls that matter one by one; here a receiver
    /// that answers late is worth two seconds and no more. A throttled post is tried again, twice; 410 is final.
    pub fn new(sdk: &SdkConfig, endpoint: &str) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(Duration::from_secs(2))
            .operation_timeout(Duration::from_secs(4))
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(3)
            .with_initial_backoff(Duration::from_millis(50))
            .with_max_backoff(Duration::from_millis(400));
        let config = aws_sdk_apigatewaymanagement::config::Builder::from(sdk)
            .endpoint_url(endpoint)
            .timeout_config(timeouts)
            .retry_config(retries)
            .retry_classifier(TooManyRequests)
            .build();
        ApiGatewayPush { client: Client::from_conf(config) }
    }
}

impl Push for ApiGatewayPush {
    fn post<'a>(&'a self, to: &'a ConnectionId, frame: Frame) -> BoxFuture<'a, Result<(), PushError>> {
        Box::pin(async move {
            let request = self.client.post_to_connection().connection_id(to.as_str()).data(Blob::new(&frame[..]));
            match request.send().await {
                Ok(_) => Ok(()),
                Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 410) => {
                    Err(PushError::Gone)
                }
                Err(error) => Err(PushError::Failed(DisplayErrorContext(&error).to_string())),
            }
        })
    }
}

/// Takes a 429 for throttling by its status, as it does not always carry an error code.
#[derive(Debug)]
struct TooManyRequests;

impl ClassifyRetry for TooManyRequests {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            Some(429) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "429 is throttling"
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_config::{BehaviorVersion, Region};
    use aws_sdk_apigatewaymanagement::config::{Credentials, SharedCredentialsProvider};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A server that gives each request the next of these statuses and remembers the request lines.
    async fn server(statuses: Vec<u16>) -> (ApiGatewayPush, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/_aws/execute-api/chatapi/production", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        tokio::spawn(async move {
            let mut statuses = statuses.into_iter();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !request.ends_with(b"hello") {
                    let read = stream.read(&mut buffer).await.unwrap();
                    assert!(read > 0, "the request ended early");
                    request.extend_from_slice(&buffer[..read]);
                }
                let line = String::from_utf8_lossy(&request).lines().next().unwrap().to_owned();
                log.lock().unwrap().push(line);
                let status = statuses.next().unwrap_or(500);
                let reply = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(reply.as_bytes()).await.unwrap();
            }
        });
        let credentials = Credentials::new("AKID", "secret", None, None, "test");
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .load()
            .await;
        (ApiGatewayPush::new(&sdk, &endpoint), seen)
    }

    async fn post(statuses: Vec<u16>) -> (Result<(), PushError>, Vec<String>) {
        let (push, seen) = server(statuses).await;
        let id = ConnectionId::parse("TX0q/dBPjoECJ3A=").unwrap();
        let outcome = push.post(&id, Frame::from(&b"hello"[..])).await;
        let seen = seen.lock().unwrap().clone();
        (outcome, seen)
    }

    #[tokio::test]
    async fn posts_to_the_stage_with_the_id_encoded() {
        let (outcome, seen) = post(vec![200]).await;
        assert_eq!(outcome, Ok(()));
        assert_eq!(seen, ["POST /_aws/execute-api/chatapi/production/@connections/TX0q%2FdBPjoECJ3A%3D HTTP/1.1"]);
    }

    #[tokio::test]
    async fn a_410_is_final() {
        let (outcome, seen) = post(vec![410]).await;
        assert_eq!((outcome, seen.len()), (Err(PushError::Gone), 1));
    }

    #[tokio::test]
    async fn throttling_is_tried_again_a_few_times() {
        let (outcome, seen) = post(vec![429, 429, 200]).await;
        assert_eq!((outcome, seen.len()), (Ok(()), 3));
        let (outcome, seen) = post(vec![429, 429, 429, 200]).await;
        assert!(matches!(outcome, Err(PushError::Failed(_))));
        assert_eq!(seen.len(), 3);
    }

    #[tokio::test]
    async fn a_refusal_is_no_departure() {
        let (outcome, seen) = post(vec![403]).await;
        assert!(matches!(outcome, Err(PushError::Failed(_))));
        assert_eq!(seen.len(), 1);
    }
}
