//! Keeps the head of a request as the client wrote it.
//!
//! API Gateway's REST events show header names in the client's own case (`tEsT-HEADeR`), and hyper lower-cases them.
//! So the stream below hyper remembers the bytes up to the end of each head, and the request is matched with them
//! again once hyper has parsed it. A client that pipelines (sends a request before the last one was answered) may have
//! its head read together with an earlier body: then there is no tape for it, and its names are lower-case.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Headers;

/// Longer heads are not kept; their requests are refused for their length anyway.
const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADERS: usize = 128;

/// What has been read since the last request ended.
#[derive(Clone, Default)]
pub(super) struct HeadTape(Arc<Mutex<Tape>>);

#[derive(Default)]
struct Tape {
    bytes: Vec<u8>,
    stopped: bool,
}

impl HeadTape {
    fn record(&self, bytes: &[u8]) {
        let mut tape = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tape.stopped {
            return;
        }
        // The end of the head may lie across two reads.
        let from = tape.bytes.len().saturating_sub(3);
        let room = MAX_HEAD.saturating_sub(tape.bytes.len());
        tape.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        tape.stopped = room < bytes.len() || tape.bytes[from..].windows(4).any(|four| four == b"\r\n\r\n");
    }

    /// The header fields of the request that hyper has just parsed, or `None` if the tape does not hold it.
    pub(super) fn headers_of(&self, request: &http::request::Parts) -> Option<Headers> {
        let tape = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Request::new(&mut fields);
        match head.parse(&tape.bytes) {
            Ok(httparse::Status::Complete(_)) => {}
            _ => return None,
        }
        if head.method != Some(request.method.as_str()) || head.headers.len() != request.headers.len() {
            return None;
        }
        let headers = head.headers.iter().map(|field| (field.name.to_owned(), text(field.value))).collect();
        Some(Headers(headers))
    }

    /// Begins a new tape: the request has been read to its end.
    pub(super) fn rewind(&self) {
        let mut tape = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tape.bytes.clear();
        tape.stopped = false;
    }
}

/// Header values are bytes; what is not UTF-8 is read as Latin-1, as HTTP/1.1 once defined it.
pub(super) fn text(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// A stream that writes what is read from it onto a tape.
pub(super) struct Taped<S> {
    pub(super) stream: S,
    pub(super) tape: HeadTape,
}

impl<S: AsyncRead + Unpin> AsyncRead for Taped<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() && buf.filled().len() > before {
            self.tape.record(&buf.filled()[before..]);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Taped<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(method: &str, headers: &[&str]) -> http::request::Parts {
        let mut request = http::Request::builder().method(method).uri("/a");
        for name in headers {
            request = request.header(*name, "x");
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn names_keep_their_case_even_when_the_head_comes_in_pieces() {
        let tape = HeadTape::default();
        for piece in ["GET /a HTTP/1.1\r\ntEsT-HEADeR: 1\r", "\nHost: h\r\n\r", "\n"] {
            tape.record(piece.as_bytes());
        }
        let headers = tape.headers_of(&parts("GET", &["test-header", "host"])).unwrap();
        assert_eq!(headers.0, [("tEsT-HEADeR".to_owned(), "1".to_owned()), ("Host".to_owned(), "h".to_owned())]);
    }

    #[test]
    fn a_body_is_not_kept_and_the_next_head_is() {
        let tape = HeadTape::default();
        tape.record(b"POST /a HTTP/1.1\r\nA: 1\r\n\r\n");
        tape.record(&[b'x'; 100_000]);
        assert!(tape.0.lock().unwrap().bytes.len() < 100);
        tape.rewind();
        tape.record(b"GET /b HTTP/1.1\r\nB: 2\r\n\r\n");
        assert_eq!(tape.headers_of(&parts("GET", &["b"])).unwrap().get("b"), Some("2"));
    }

    #[test]
    fn a_tape_of_another_request_is_not_used() {
        let tape = HeadTape::default();
        tape.record(b"GET /a HTTP/1.1\r\nA: 1\r\n\r\n");
        assert!(tape.headers_of(&parts("POST", &["a"])).is_none());
        assert!(tape.headers_of(&parts("GET", &[])).is_none());
    }

    #[test]
    fn values_that_are_no_utf8_are_latin_1() {
        assert_eq!(text(b"caf\xe9"), "café");
        assert_eq!(text("café".as_bytes()), "café");
    }
}
