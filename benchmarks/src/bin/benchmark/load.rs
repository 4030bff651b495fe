//! The load generator: keep-alive HTTP/1.1 connections, each with one request under way at a time.
//!
//! It runs on one thread, on the same cores as what it measures; it is the same for all of them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Failure;
use crate::statistics::percentile;

/// A request takes no longer, or the measurement fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// Requests of one connection in one round: a bound on what is kept of them.
const MOST: usize = 2_000_000;

/// What is asked for, and what the answer must be.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    /// The answer's body holds this.
    pub(crate) expected: &'static str,
}

/// One round.
pub(crate) struct Round {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// A connection.
pub(crate) struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    target: Target,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(target: Target) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Connection { sender, target })
    }

    /// One request: how long until the whole answer was there. Any other answer than the expected one is an error.
    pub(crate) async fn get(&mut self) -> Result<Duration, Failure> {
        let (status, body, took) = self.fetch().await?;
        if status != StatusCode::OK || !contains(&body, self.target.expected.as_bytes()) {
            let body = String::from_utf8_lossy(&body[..body.len().min(300)]);
            return Err(format!("GET {} was answered with {status} and «{body}»", self.target.path).into());
        }
        Ok(took)
    }

    /// One request, whatever the answer.
    pub(crate) async fn fetch(&mut self) -> Result<(StatusCode, Bytes, Duration), Failure> {
        let request = Request::get(&self.target.path).header("host", self.target.address.to_string());
        let request = request.body(Empty::new())?;
        let started = Instant::now();
        let answer = async {
            let answer = self.sender.send_request(request).await?;
            let status = answer.status();
            Ok::<_, Failure>((status, answer.into_body().collect().await?.to_bytes()))
        };
        let (status, body) = timeout(PATIENCE, answer).await.map_err(|_| format!("no answer after {PATIENCE:?}"))??;
        Ok((status, body, started.elapsed()))
    }
}

fn contains(body: &[u8], expected: &[u8]) -> bool {
    expected.is_empty() || body.windows(expected.len()).any(|window| window == expected)
}

/// Requests on this many connections for this long.
pub(crate) async fn run(target: &Target, connections: usize, duration: Duration) -> Result<Round, Failure> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(target.clone()).await?);
    }
    let started = Instant::now();
    let deadline = started + duration;
    let mut tasks: JoinSet<Result<Vec<Duration>, Failure>> = open
        .into_iter()
        .map(|mut connection| async move {
            let mut latencies = Vec::new();
            while Instant::now() < deadline && latencies.len() < MOST {
                latencies.push(connection.get().await?);
            }
            Ok(latencies)
        })
        .collect();
    let mut latencies = Vec::new();
    while let Some(finished) = tasks.join_next().await {
        latencies.append(&mut finished??);
    }
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    Ok(Round {
        per_second: latencies.len() as f64 / elapsed.as_secs_f64(),
        p50: percentile(&latencies, 0.5),
        p99: percentile(&latencies, 0.99),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// A server that gives one answer to everything.
    async fn server(answer: &'static str) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut buffer = [0; 1024];
                    while stream.read(&mut buffer).await.is_ok_and(|length| length > 0) {
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        Target { address, path: "/hello".to_owned(), expected: "hello" }
    }

    #[tokio::test]
    async fn answers_are_counted_and_timed() {
        let target = server("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
        let round = run(&target, 3, Duration::from_millis(50)).await.unwrap();
        assert!(round.per_second > 60.0 && round.p50 > Duration::ZERO && round.p99 >= round.p50);
    }

    #[tokio::test]
    async fn a_wrong_answer_fails_the_measurement() {
        let error = |answer| async move {
            let target = server(answer).await;
            run(&target, 2, Duration::from_secs(5)).await.err().unwrap().to_string()
        };
        assert!(error("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 5\r\n\r\nhello").await.contains("502"));
        assert!(error("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await.contains("«hi»"));
    }
}
