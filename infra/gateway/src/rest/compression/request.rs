//! Unpacks what a client has sent packed, within the bound of all requests.

use std::io::Read;

use bytes::Bytes;
use flate2::read::{GzDecoder, ZlibDecoder};

use super::super::error::GatewayError;
use super::{AT_ONCE, Coding};
use crate::proxy::MAX_BODY_BYTES;
use crate::server::ClientRequest;

/// The request with its body unpacked; `None` if there is nothing to unpack.
///
/// # Errors
///
/// A coding that is not known, several at once, or a body that is not what it is said to be: 415, as the reference has it for
/// both. A body that is over 10 MB once it is unpacked is too large as any other.
pub(in super::super) async fn unpacked(request: &ClientRequest) -> Result<Option<ClientRequest>, GatewayError> {
    let mut codings = request.headers.get_all("content-encoding").flat_map(|header| header.split(','));
    let Some(first) = codings.next() else { return Ok(None) };
    if codings.next().is_some() {
        return Err(GatewayError::UnsupportedMediaType);
    }
    let coding = match Coding::new(first) {
        None => return Err(GatewayError::UnsupportedMediaType),
        Some(Coding::Identity) => return Ok(None),
        // Nothing was packed: clients set the header for all of their requests.
        Some(_) if request.body.is_empty() => return Ok(None),
        Some(coding) => coding,
    };
    let packed = request.body.clone();
    let body = match packed.len() {
        ..=AT_ONCE => unpack(coding, &packed)?,
        _ => match tokio::task::spawn_blocking(move || unpack(coding, &packed)).await {
            Ok(body) => body?,
            // The process is ending.
            Err(_) => return Err(GatewayError::IntegrationFailure),
        },
    };
    Ok(Some(ClientRequest { body, ..request.clone() }))
}

fn unpack(coding: Coding, packed: &[u8]) -> Result<Bytes, GatewayError> {
    match coding {
        Coding::Gzip => read(GzDecoder::new(packed)),
        Coding::Deflate => read(ZlibDecoder::new(packed)),
        Coding::Identity => Ok(Bytes::copy_from_slice(packed)),
    }
}

fn read(decoder: impl Read) -> Result<Bytes, GatewayError> {
    let mut body = Vec::new();
    let bounded = decoder.take(MAX_BODY_BYTES as u64 + 1).read_to_end(&mut body);
    bounded.map_err(|_| GatewayError::UnsupportedMediaType)?;
    if body.len() > MAX_BODY_BYTES {
        return Err(GatewayError::ContentTooLong);
    }
    Ok(body.into())
}
