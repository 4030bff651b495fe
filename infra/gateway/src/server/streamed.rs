//! Replies whose body is still being written when they begin.
//!
//! A [`Reply`] holds its body in memory, as nearly all do, and every stage of every plane reads it there. One that streams
//! carries the rest beside it: what is in memory is then empty, and the listener sends the rest as it comes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, SizeHint};

use super::Reply;

/// A body that comes in pieces. Its error ends the client's connection in the middle of the response, which is how HTTP/1.1
/// says that something is missing.
pub(crate) type BodyStream = UnsyncBoxBody<Bytes, io::Error>;

/// What the listener sends.
pub(super) enum SentBody {
    Whole(Full<Bytes>),
    Stream(BodyStream),
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            SentBody::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            SentBody::Stream(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            SentBody::Whole(body) => body.is_end_stream(),
            SentBody::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            SentBody::Whole(body) => body.size_hint(),
            SentBody::Stream(body) => body.size_hint(),
        }
    }
}

/// Taken once, by whoever sends it; copies of a reply share it.
#[derive(Clone)]
struct Rest(Arc<Mutex<Option<BodyStream>>>);

/// Makes `body` the reply's.
pub(crate) fn stream(reply: &mut Reply, body: BodyStream) {
    reply.extensions_mut().insert(Rest(Arc::new(Mutex::new(Some(body)))));
}

/// Whether the reply's body is still to come: what is in memory is not it.
pub(crate) fn is_streamed(reply: &Reply) -> bool {
    reply.extensions().get::<Rest>().is_some()
}

/// The reply with what is to be sent.
pub(super) fn sent(mut reply: Reply) -> Response<SentBody> {
    match taken(&mut reply) {
        Some(body) => reply.map(|_| SentBody::Stream(body)),
        None => reply.map(|body| SentBody::Whole(Full::new(body))),
    }
}

/// The reply with its whole body in memory, for who cannot stream. What ends too early is left as far as it came.
pub(crate) async fn whole(mut reply: Reply) -> Reply {
    let Some(mut body) = taken(&mut reply) else { return reply };
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    reply.map(|_| bytes.into())
}

/// The body, for whoever sends it.
pub(crate) fn taken(reply: &mut Reply) -> Option<BodyStream> {
    let rest = reply.extensions_mut().remove::<Rest>()?;
    rest.0.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::StreamBody;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::mpsc;

    use super::*;

    /// What a client of the listener's own kind reads, up to `end`.
    async fn read(client: &mut tokio::io::DuplexStream, end: &str) -> String {
        let mut text = String::new();
        while !text.contains(end) {
            let mut byte = [0];
            if client.read(&mut byte).await.unwrap_or(0) == 0 {
                text.push_str("<closed>");
                break;
            }
            text.push(char::from(byte[0]));
        }
        text
    }

    #[tokio::test]
    async fn pieces_are_sent_as_they_come_and_an_error_ends_the_connection() {
        let (pieces, receiver) = mpsc::channel::<Result<&'static str, io::Error>>(1);
        let receiver = Arc::new(Mutex::new(Some(receiver)));
        let service = service_fn(move |_: http::Request<hyper::body::Incoming>| {
            let receiver = receiver.lock().unwrap().take().unwrap();
            async move {
                let body = stream::unfold(receiver, |mut receiver| async move {
                    let piece = receiver.recv().await?;
                    Some((piece.map(|piece| Frame::data(Bytes::from(piece))), receiver))
                });
                let mut reply = Reply::new(Bytes::new());
                super::stream(&mut reply, StreamBody::new(body).boxed_unsync());
                Ok::<_, std::convert::Infallible>(sent(reply))
            }
        });
        let (mut client, server) = tokio::io::duplex(1_024);
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service));
        client.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        pieces.send(Ok("one")).await.unwrap();
        let head = read(&mut client, "one\r\n").await;
        assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
        pieces.send(Ok("two")).await.unwrap();
        assert_eq!(read(&mut client, "two\r\n").await, "3\r\ntwo\r\n");
        pieces.send(Err(io::ErrorKind::TimedOut.into())).await.unwrap();
        // Without the last chunk, which would say that this was all.
        assert_eq!(read(&mut client, "0\r\n\r\n").await, "<closed>");
    }

    #[tokio::test]
    async fn a_stream_can_be_read_to_its_end_instead() {
        let mut reply = Reply::new(Bytes::new());
        assert!(!is_streamed(&reply));
        let frames = ["a", "b"].map(|piece| Ok(Frame::data(Bytes::from(piece))));
        super::stream(&mut reply, StreamBody::new(stream::iter(frames)).boxed_unsync());
        assert!(is_streamed(&reply.clone()));
        assert_eq!(whole(reply).await.body(), "ab");
    }
}
