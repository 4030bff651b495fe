//! The load generator: keep-alive HTTP/1.1 connections, each with one request under way at a time.
//!
//! It runs on one thread, on the same cores as what it measures, and is the same for all of them. So it does as little as
//! can be done: the request's bytes are written as they are, and of an answer no more is read than tells its end. A whole
//! HTTP client took a third of the machine, and hid the differences between what it measured.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Failure;
use crate::statistics::percentile;

/// A request takes no longer, or the measurement fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Requests of one connection in one round: a bound on what is kept of them.
const MOST: usize = 2_000_000;
/// The largest answer that is read.
pub(crate) const MAX_ANSWER: usize = 1024 * 1024;

/// What is asked for, and what the answer must be.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    /// The whole request's bytes; without them it is a GET of the path.
    pub(crate) request: Option<Vec<u8>>,
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
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
    target: Target,
}

/// Where an answer's parts are.
pub(crate) struct Shape {
    pub(crate) status: u16,
    pub(crate) body: usize,
    pub(crate) end: usize,
    /// Whether the server ends the connection after it.
    pub(crate) closes: bool,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(target: Target) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let request = target.request.clone().unwrap_or_else(|| get(&target));
        Ok(Connection { stream, request, answer: Vec::with_capacity(4096), target })
    }

    /// What is asked for from now on, on the same connection.
    pub(crate) fn ask(&mut self, target: Target) {
        self.request = target.request.clone().unwrap_or_else(|| get(&target));
        self.target = target;
    }

    /// The last answer, as it came over the wire.
    pub(crate) fn answer(&self) -> &[u8] {
        &self.answer
    }

    /// One request: how long until the whole answer was there. Any other answer than the expected one is an error.
    pub(crate) async fn get(&mut self) -> Result<Duration, Failure> {
        let expected = self.target.expected.as_bytes();
        let (status, body, took) = self.fetch().await?;
        if status != 200 || !contains(body, expected) {
            let body = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
            return Err(format!("{} was answered with {status} and «{body}»", self.target.path).into());
        }
        Ok(took)
    }

    /// One request, whatever the answer: its status, its body (with the marks of its chunks, if it has chunks), its time.
    pub(crate) async fn fetch(&mut self) -> Result<(u16, &[u8], Duration), Failure> {
        let started = Instant::now();
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        let shape = timeout(PATIENCE, self.read()).await.map_err(|_| format!("no answer after {PATIENCE:?}"))??;
        Ok((shape.status, &self.answer[shape.body..shape.end], started.elapsed()))
    }

    async fn read(&mut self) -> Result<Shape, Failure> {
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("the connection was closed within an answer".into());
            }
            if let Some(shape) = shape(&self.answer)? {
                return Ok(shape);
            }
            if self.answer.len() > MAX_ANSWER {
                return Err(format!("an answer has more than {MAX_ANSWER} bytes").into());
            }
        }
    }
}

fn get(target: &Target) -> Vec<u8> {
    format!("GET {} HTTP/1.1\r\nhost: {}\r\n\r\n", target.path, target.address).into_bytes()
}

/// The shape of an answer, once it is whole.
pub(crate) fn shape(answer: &[u8]) -> Result<Option<Shape>, Failure> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(body) = head.parse(answer)? else { return Ok(None) };
    let status = head.code.unwrap_or_default();
    let field = |name: &str| head.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
    let end = match field("content-length") {
        Some(length) => body + std::str::from_utf8(length.value)?.trim().parse::<usize>()?,
        None if field("transfer-encoding").is_none() => body,
        // The last chunk is empty, and what is measured sends no trailers.
        None if answer.ends_with(b"0\r\n\r\n") => answer.len(),
        None => return Ok(None),
    };
    let closes = head.version == Some(0)
        || field("connection").is_some_and(|connection| connection.value.eq_ignore_ascii_case(b"close"));
    Ok((end <= answer.len()).then_some(Shape { status, body, end, closes }))
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
        Target { address, path: "/hello".to_owned(), request: None, expected: "hello" }
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
