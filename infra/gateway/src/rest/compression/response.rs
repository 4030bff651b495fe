//! Packs a method's response, if the API has `minimumCompressionSize` and the client takes it.
//!
//! The developer guide speaks of method responses: a gateway response, which no method has given, stays as it is.

use std::io::Write;

use ::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use ::http::{HeaderValue, StatusCode};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::accept::preferred;
use super::{AT_ONCE, Coding};
use crate::server::{ClientRequest, Reply, is_streamed};

/// The reply as it is sent; `minimum` is the size from which on the API packs.
pub(in super::super) async fn packed(request: &ClientRequest, minimum: Option<u32>, mut reply: Reply) -> Reply {
    let Some(minimum) = minimum else { return reply };
    if is_streamed(&reply) {
        return reply;
    }
    let bare = matches!(reply.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) || reply.body().is_empty();
    let large_enough = u64::try_from(reply.body().len()).is_ok_and(|size| size >= minimum.into());
    if bare || !large_enough || reply.headers().contains_key(CONTENT_ENCODING) {
        return reply;
    }
    let coding = preferred(request.headers.get_all("accept-encoding"));
    let body = reply.body().clone();
    let packed = match (coding, body.len()) {
        (Coding::Identity, _) => return reply,
        (_, ..=AT_ONCE) => pack(coding, &body),
        _ => tokio::task::spawn_blocking(move || pack(coding, &body)).await.ok().flatten(),
    };
    // It can be sent as it is, whatever went wrong.
    let Some(packed) = packed else { return reply };
    reply.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    // The server writes the length of what it sends.
    reply.headers_mut().remove(CONTENT_LENGTH);
    *reply.body_mut() = packed;
    reply
}

fn pack(coding: Coding, body: &[u8]) -> Option<Bytes> {
    // Half of it at most, mostly.
    let packed = Vec::with_capacity(body.len() / 2);
    let written = match coding {
        Coding::Identity => return None,
        Coding::Gzip => {
            let mut encoder = GzEncoder::new(packed, Compression::default());
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        Coding::Deflate => {
            let mut encoder = ZlibEncoder::new(packed, Compression::default());
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
    };
    written.ok().map(Bytes::from)
}
