//! Requests that a client has compressed: SDKs do so with `PutMetricData` of more than 10 KB.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::GzDecoder;

use super::super::call::ApiError;
use super::malformed;
use crate::server::ClientRequest;

/// Bytes of a body when it is unpacked.
const MAX_BODY: u64 = 16 * 1024 * 1024;

/// The request with its body unpacked; `None` if it was not compressed. Signatures are of the body as it was sent.
///
/// # Errors
/// A body that is no gzip, or too large when it is unpacked.
pub(crate) fn unpacked(request: &ClientRequest) -> Result<Option<ClientRequest>, ApiError> {
    if request.headers.get("content-encoding") != Some("gzip") {
        return Ok(None);
    }
    let mut body = Vec::new();
    let read = GzDecoder::new(request.body.as_ref()).take(MAX_BODY + 1).read_to_end(&mut body);
    read.map_err(|error| malformed(format!("the body is no gzip: {error}")))?;
    if body.len() as u64 > MAX_BODY {
        return Err(malformed(format!("the body is larger than {MAX_BODY} bytes when it is unpacked")));
    }
    Ok(Some(ClientRequest { body: Bytes::from(body), ..request.clone() }))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::super::testing::request;
    use super::*;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn sent(body: Vec<u8>) -> Result<Option<ClientRequest>, ApiError> {
        unpacked(&request("monitoring", "us-east-1", "POST", "/", &[("Content-Encoding", "gzip")], body))
    }

    #[test]
    fn a_compressed_body_is_unpacked_within_a_bound() {
        assert_eq!(&sent(gzip(b"{}")).unwrap().unwrap().body[..], b"{}");
        assert!(sent(b"{}".to_vec()).unwrap_err().message.contains("no gzip"));
        let bomb = gzip(&vec![0; 17 * 1024 * 1024]);
        assert!(sent(bomb).unwrap_err().message.contains("larger than"));
        assert!(unpacked(&request("logs", "us-east-1", "POST", "/", &[], "{}")).unwrap().is_none());
    }
}
