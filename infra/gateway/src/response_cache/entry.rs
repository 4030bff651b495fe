//! One response as it is kept: its headers and its body in one piece of memory.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Response, StatusCode};

use crate::clock::EpochMillis;
use crate::server::{Reply, is_streamed};

/// The largest body that is kept.
const MAX_BODY_BYTES: usize = 1_048_576;

/// What an entry takes beside its bytes, measured over 200,000: its key, its place in the map and in the queue of eviction.
const OVERHEAD_BYTES: usize = 450;

/// A method's response, without what each reply has of its own (ids, the trace).
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// `name:value\n` for each header, then the body: neither part of a header can hold these characters.
    bytes: Bytes,
    head: u32,
    status: StatusCode,
    since: EpochMillis,
    ttl_millis: u32,
}

impl Kept {
    /// The response as it is to be kept from `now` on; `None` for what never is: all but successes, and what is over 1 MiB.
    ///
    /// AWS does not say which statuses it keeps. Successes are what every account of it agrees on, and an error that
    /// outlives its cause by five minutes helps nobody.
    pub(crate) fn of(reply: &Reply, now: EpochMillis, ttl_millis: u32) -> Option<Kept> {
        if !reply.status().is_success() || reply.body().len() > MAX_BODY_BYTES || is_streamed(reply) {
            return None;
        }
        let head: usize = reply.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 2).sum();
        let mut bytes = Vec::with_capacity(head + reply.body().len());
        for (name, value) in reply.headers() {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.push(b':');
            bytes.extend_from_slice(value.as_bytes());
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(reply.body());
        let head = u32::try_from(head).ok()?;
        Some(Kept { bytes: bytes.into(), head, status: reply.status(), since: now, ttl_millis })
    }

    /// Whether it may still be answered. The first is against a clock that was moved backwards: nothing is kept for longer
    /// than its time.
    pub(crate) fn holds(&self, now: EpochMillis) -> bool {
        self.since <= now && now < self.since.saturating_add(i64::from(self.ttl_millis))
    }

    /// The response, once more. The body is not copied.
    pub(crate) fn reply(&self) -> Reply {
        let head = self.head as usize;
        let mut reply = Response::new(self.bytes.slice(head..));
        *reply.status_mut() = self.status;
        let mut at = 0;
        while let Some(length) = self.bytes[at..head].iter().position(|byte| *byte == b'\n') {
            let line = at..at + length;
            at += length + 1;
            let Some(colon) = self.bytes[line.clone()].iter().position(|byte| *byte == b':') else { continue };
            let name = HeaderName::from_bytes(&self.bytes[line.start..line.start + colon]);
            let value = HeaderValue::from_maybe_shared(self.bytes.slice(line.start + colon + 1..line.end));
            // They were a header's when they were written.
            if let (Ok(name), Ok(value)) = (name, value) {
                reply.headers_mut().append(name, value);
            }
        }
        reply
    }

    /// What it takes of the cache, in bytes.
    pub(super) fn weight(&self) -> u32 {
        u32::try_from(self.bytes.len() + OVERHEAD_BYTES).unwrap_or(u32::MAX)
    }
}
