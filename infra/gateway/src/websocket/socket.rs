//! One open socket: reads, writes, limits, and the way it ends.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt as _, Sink, SinkExt as _, StreamExt as _};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Semaphore, mpsc};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::ending::Ending;
use super::frames::text_frames;
use super::outbox::Outgoing;
use super::session::Session;
use super::{MAX_FRAME_BYTES, MAX_MESSAGE_BYTES};

/// A connection without a frame in either direction ends after this long.
const IDLE_MILLIS: i64 = 10 * 60 * 1_000;
/// A connection ends after this long in any case.
const DURATION_MILLIS: i64 = 2 * 60 * 60 * 1_000;
/// Messages of one connection under way at a time. AWS promises no order and no bound; here their functions are begun in
/// the order of the messages and run side by side up to this bound, beyond which the socket is not read (TCP slows the
/// client down) until one is done.
const MAX_CONCURRENT_MESSAGES: usize = 64;
/// How long a client may take from the 101 to its socket, and to take its last frames.
const IO_PATIENCE: Duration = Duration::from_secs(5);
/// How long a client may take to answer a close frame.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);
/// What a client may still send after a close frame, read only so that TCP does not reset the frame away.
const MAX_DRAINED_BYTES: usize = 4 * 1024 * 1024;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Drives a connection from its 101 to the end of its `$disconnect`.
pub(super) async fn drive(session: Session, upgrade: OnUpgrade, mut inbox: mpsc::Receiver<Outgoing>) {
    let upgraded = tokio::time::timeout(IO_PATIENCE, upgrade).await;
    let Ok(Ok(upgraded)) = upgraded else {
        // The client went away while `$connect` ran.
        session.connections.remove(&session.connection.id);
        return session.disconnected(&Ending::Lost).await;
    };
    // Buffers are small because there is one of each per connection; a frame grows them for as long as it needs.
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(16 * 1024)
        .max_write_buffer_size(16 * 1024 + 4 * MAX_MESSAGE_BYTES)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let (mut sink, mut stream) = socket.split();
    let ending = {
        // Reading and writing do not wait for one another: a client that does not read is still heard, and limited.
        let writes = pin!(write(&session, &mut sink, &mut inbox));
        let reads = pin!(read(&session, &mut stream));
        let limits = pin!(limits(&session));
        tokio::select! {
            biased;
            ending = session.connection.asked_to_end() => ending,
            ending = limits => ending,
            ending = writes => ending,
            ending = reads => ending,
        }
    };
    // First of all: whoever posts from now on learns that it is gone, the `$disconnect` function included.
    session.connections.remove(&session.connection.id);
    let Session { connection, .. } = &session;
    tracing::debug!(connection = connection.id, code = ending.status_code(), "connection ended");
    let farewell = async {
        if let Ok(socket) = sink.reunite(stream) {
            finish(socket, inbox, &ending).await;
        }
    };
    tokio::join!(farewell, session.disconnected(&ending));
}

/// Reads messages and begins their pipelines.
async fn read(session: &Session, stream: &mut SplitStream<Socket>) -> Ending {
    let places = Arc::new(Semaphore::new(MAX_CONCURRENT_MESSAGES));
    loop {
        let message = match stream.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Ending::of_error(&error),
            None => return Ending::Lost,
        };
        session.connection.active(session.gateway.clock.now());
        match message {
            Message::Text(text) => {
                let Ok(place) = places.clone().acquire_owned().await else {
                    return Ending::Lost; // Nobody closes the semaphore.
                };
                let session = session.clone();
                let mut pipeline = Box::pin(async move {
                    session.message(text).await;
                    drop(place);
                });
                // Its first step here, so that functions begin in the order of the messages; the rest elsewhere, so
                // that it goes on if the client leaves.
                if (&mut pipeline).now_or_never().is_none() {
                    tokio::spawn(pipeline);
                }
            }
            Message::Binary(_) => return Ending::Binary,
            Message::Close(frame) => {
                return Ending::Client {
                    code: frame.as_ref().map(|frame| frame.code.into()),
                    reason: frame.map(|frame| frame.reason.to_string()).unwrap_or_default(),
                };
            }
            // The answer to a ping is sent by the next read.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

/// Writes what is queued, in as few system calls as the client allows.
async fn write(
    session: &Session,
    sink: &mut SplitSink<Socket, Message>,
    inbox: &mut mpsc::Receiver<Outgoing>,
) -> Ending {
    while let Some(first) = inbox.recv().await {
        let mut next = Some(first);
        while let Some(outgoing) = next {
            if feed(sink, outgoing).await.is_err() {
                return Ending::Lost;
            }
            next = inbox.try_recv().ok();
        }
        if sink.flush().await.is_err() {
            return Ending::Lost;
        }
        // Only what the client has taken counts as activity: one that stops reading becomes idle.
        session.connection.active(session.gateway.clock.now());
    }
    // The queue's sending side lives in the connection, so this is not reached while it is open.
    std::future::pending().await
}

async fn feed<S: Sink<Message> + Unpin>(sink: &mut S, outgoing: Outgoing) -> Result<(), S::Error> {
    for frame in text_frames(outgoing.text.clone()) {
        sink.feed(frame).await?;
    }
    Ok(())
}

/// Waits until the connection has been idle or open for too long.
async fn limits(session: &Session) -> Ending {
    let clock = &session.gateway.clock;
    let connection = &session.connection;
    let mut connected_at = connection.connected_at;
    loop {
        let now = clock.now();
        // What comes from the future of a clock that was moved backwards counts from now on.
        connected_at = connected_at.min(now);
        if connection.last_active_at() > now {
            connection.active(now);
        }
        let deadline = (connected_at + DURATION_MILLIS).min(connection.last_active_at() + IDLE_MILLIS);
        if now >= deadline {
            return Ending::GoingAway;
        }
        clock.sleep_until_or_moved(deadline).await;
    }
}

/// Ends the socket: what is still queued, the close frame, the client's own close frame, and TCP.
async fn finish(mut socket: Socket, mut inbox: mpsc::Receiver<Outgoing>, ending: &Ending) {
    inbox.close();
    if *ending == Ending::Lost {
        return;
    }
    if let Some(close) = ending.close_frame() {
        let last_frames = async {
            while let Ok(outgoing) = inbox.try_recv() {
                feed(&mut socket, outgoing).await?;
            }
            socket.send(Message::Close(Some(close))).await
        };
        if !matches!(tokio::time::timeout(IO_PATIENCE, last_frames).await, Ok(Ok(()))) {
            return;
        }
    }
    // Reading on sends our answer to the client's close frame, or waits for its answer to ours.
    let handshake = async { while let Some(Ok(_)) = socket.next().await {} };
    // A client that does not answer is not waited for; TCP is closed below in any case.
    let _ = tokio::time::timeout(CLOSE_PATIENCE, handshake).await;
    let mut io = socket.into_inner();
    let drain = async {
        io.shutdown().await?;
        let (mut buffer, mut left) = ([0_u8; 4096], MAX_DRAINED_BYTES);
        while left > 0 {
            match io.read(&mut buffer).await? {
                0 => break,
                read => left = left.saturating_sub(read),
            }
        }
        std::io::Result::Ok(())
    };
    // The same: a client that keeps TCP open is cut off, and an error here means that it is closed already.
    let _ = tokio::time::timeout(CLOSE_PATIENCE, drain).await;
}
