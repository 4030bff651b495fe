//! A chat room full of WebSocket clients that count what reaches them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _, TryStreamExt as _, stream};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::Failure;

/// Handshakes under way at a time.
const JOINING: usize = 4;
/// A room that has heard nothing for this long is quiet.
const QUIET: Duration = Duration::from_secs(1);
/// A handshake, or one message to all, takes no longer.
const PATIENCE: Duration = Duration::from_secs(120);
/// What the messages begin with; a number follows.
const MARK: &str = "\"message\":\"bench-";

type Socket = WebSocketStream<TcpStream>;

/// A room of connected clients.
pub(crate) struct Room {
    heard: Arc<Heard>,
    /// Of the first client: it sends.
    sender: SplitSink<Socket, Message>,
    /// The others' sending halves: a client without one would not answer pings.
    _silent: Vec<SplitSink<Socket, Message>>,
    receivers: JoinSet<()>,
    sent: u64,
}

/// What the clients have received.
#[derive(Default)]
struct Heard {
    /// Frames of any kind.
    frames: AtomicU64,
    /// Chat messages.
    messages: AtomicU64,
    /// How many chat messages the sender waits for.
    awaited: AtomicU64,
    all: Notify,
    /// What went wrong first.
    failure: OnceLock<String>,
}

impl Room {
    /// Connects this many clients with one user's token, and waits until all of them have heard of the last who joined.
    pub(crate) async fn fill(gateway: SocketAddr, clients: u32, token: &str) -> Result<Room, Failure> {
        let heard = Arc::new(Heard::default());
        let mut receivers = JoinSet::new();
        let mut senders = Vec::new();
        let mut joining = stream::iter((0..clients).map(|number| join(gateway, number, token))).buffered(JOINING);
        while let Some(socket) = joining.try_next().await? {
            let (sender, receiver) = socket.split();
            senders.push(sender);
            receivers.spawn(receive(receiver, Arc::clone(&heard)));
        }
        drop(joining);
        let sender = senders.swap_remove(0);
        let room = Room { heard, sender, _silent: senders, receivers, sent: 0 };
        room.until_quiet().await;
        room.check()?;
        Ok(room)
    }

    async fn until_quiet(&self) {
        let mut before = None;
        loop {
            let frames = self.heard.frames.load(Ordering::Relaxed);
            if before.replace(frames) == Some(frames) {
                return;
            }
            sleep(QUIET).await;
        }
    }

    /// Frames that reached the clients so far.
    pub(crate) fn frames(&self) -> u64 {
        self.heard.frames.load(Ordering::Relaxed)
    }

    /// Sends one message: how long until the last client had it.
    pub(crate) async fn broadcast(&mut self) -> Result<Duration, Failure> {
        self.sent += 1;
        self.heard.awaited.store(self.sent * self.receivers.len() as u64, Ordering::Relaxed);
        let text = format!(r#"{{"action":"sendMessage","message":"bench-{}"}}"#, self.sent);
        let started = Instant::now();
        self.sender.send(Message::text(text)).await?;
        if timeout(PATIENCE, self.heard.all.notified()).await.is_err() {
            let messages = self.heard.messages.load(Ordering::Relaxed);
            let awaited = self.heard.awaited.load(Ordering::Relaxed);
            return Err(format!("after {PATIENCE:?} {} of {awaited} had arrived", messages).into());
        }
        let took = started.elapsed();
        self.check()?;
        Ok(took)
    }

    fn check(&self) -> Result<(), Failure> {
        match self.heard.failure.get() {
            Some(failure) => Err(failure.as_str().into()),
            None => Ok(()),
        }
    }
}

async fn join(gateway: SocketAddr, number: u32, token: &str) -> Result<Socket, Failure> {
    let stream = TcpStream::connect(gateway).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{gateway}/_aws/execute-api/chatapi/production?roomId=bench");
    let mut request = url.into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    // The default buffers are made for one connection with much to read, not for a thousand with little.
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
    let handshake = timeout(PATIENCE, client_async_with_config(request, stream, Some(config))).await;
    let (socket, _) = handshake.map_err(|_| format!("client {number} is not connected after {PATIENCE:?}"))??;
    Ok(socket)
}

/// Counts what arrives. Every message must arrive once, in order.
async fn receive(mut socket: stream::SplitStream<Socket>, heard: Arc<Heard>) {
    let mut last = 0;
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                heard.frames.fetch_add(1, Ordering::Relaxed);
                match number(&text) {
                    Some(number) if number == last + 1 => {
                        last = number;
                        if heard.messages.fetch_add(1, Ordering::Relaxed) + 1 == heard.awaited.load(Ordering::Relaxed) {
                            heard.all.notify_one();
                        }
                    }
                    Some(number) => return heard.fail(format!("message {number} came after message {last}")),
                    None if text.contains("\"type\":\"error\"") => return heard.fail(format!("error frame {text}")),
                    None => {}
                }
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            other => return heard.fail(format!("a client's connection ended: {other:?}")),
        }
    }
}

impl Heard {
    /// Keeps the first failure and wakes the sender, who looks for it.
    fn fail(&self, failure: String) {
        let _ = self.failure.set(failure);
        self.all.notify_one();
    }
}

/// The number of a chat message of ours. Not parsed as JSON: the clients share the cores with what is measured.
fn number(text: &str) -> Option<u64> {
    let (_, after) = text.split_once(MARK)?;
    after.split('"').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn a_message_is_told_by_its_number() {
        assert_eq!(number(r#"{"type":"message","userId":"u0","message":"bench-12","messageId":"x"}"#), Some(12));
        assert_eq!(number(r#"{"type":"user_joined","userId":"u0"}"#), None);
        assert_eq!(number(r#"{"type":"message","message":"bench-x"}"#), None);
    }

    /// A server that echoes every frame to its sender, this many times.
    async fn echo(times: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let echo = async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
                    while let Some(Ok(message)) = socket.next().await {
                        for _ in 0..times {
                            let _ = socket.send(message.clone()).await;
                        }
                    }
                });
            }
        };
        tokio::spawn(echo);
        address
    }

    #[tokio::test]
    async fn a_message_to_all_is_timed() {
        let mut room = Room::fill(echo(1).await, 1, "a.b.c").await.unwrap();
        assert!(room.broadcast().await.unwrap() > Duration::ZERO);
        assert!(room.broadcast().await.is_ok());
        assert_eq!(room.frames(), 2);
    }

    #[tokio::test]
    async fn a_message_that_comes_twice_is_a_failure() {
        let mut room = Room::fill(echo(2).await, 1, "a.b.c").await.unwrap();
        let _ = room.broadcast().await;
        let error = room.broadcast().await.err().unwrap().to_string();
        assert!(error.contains("message 1 came after message 1"), "{error}");
    }
}
