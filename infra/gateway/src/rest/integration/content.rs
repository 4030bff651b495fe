//! `contentHandling`: which bodies are text, which are bytes, and what becomes one of the other.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::compile::rest::ContentHandling;
use crate::proxy::decode_base64;

/// A body after its conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// UTF-8: what templates can read.
    Text(Bytes),
    /// What they cannot.
    Binary(Bytes),
}

impl Body {
    /// What is sent on.
    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Body::Text(bytes) | Body::Binary(bytes) => bytes,
        }
    }
}

/// It should come out of base64 and is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotBase64;

/// The body of a request; `binary` if its Content-Type is one of `binaryMediaTypes`.
pub(super) fn of_request(body: Bytes, binary: bool, handling: Option<ContentHandling>) -> Result<Body, NotBase64> {
    match (binary, handling) {
        (false, None | Some(ContentHandling::ToText)) => Ok(text(body)),
        (false, Some(ContentHandling::ToBinary)) => decoded(&body),
        (true, None | Some(ContentHandling::ToBinary)) => Ok(Body::Binary(body)),
        (true, Some(ContentHandling::ToText)) => Ok(encoded(&body)),
    }
}

/// The body of an endpoint's answer; `binary` and `accepts_binary` if its Content-Type, and the client's Accept header, are
/// of `binaryMediaTypes`.
pub(super) fn of_response(
    body: Bytes,
    binary: bool,
    accepts_binary: bool,
    handling: Option<ContentHandling>,
) -> Result<Body, NotBase64> {
    match (binary, accepts_binary, handling) {
        (false, _, Some(ContentHandling::ToText)) | (false, false, None) => Ok(text(body)),
        (false, _, Some(ContentHandling::ToBinary)) | (false, true, None) => decoded(&body),
        (true, _, Some(ContentHandling::ToText)) | (true, false, None) => Ok(encoded(&body)),
        (true, _, Some(ContentHandling::ToBinary)) | (true, true, None) => Ok(Body::Binary(body)),
    }
}

/// What is not UTF-8 becomes U+FFFD.
fn text(body: Bytes) -> Body {
    match std::str::from_utf8(&body) {
        Ok(_) => Body::Text(body),
        Err(_) => Body::Text(String::from_utf8_lossy(&body).into_owned().into()),
    }
}

fn encoded(body: &Bytes) -> Body {
    Body::Text(STANDARD.encode(body).into())
}

fn decoded(body: &Bytes) -> Result<Body, NotBase64> {
    std::str::from_utf8(body).ok().and_then(decode_base64).map(Body::Binary).ok_or(NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &[u8] = b"hi\xff";
    const LOSSY: &str = "hi\u{FFFD}";
    const TO_TEXT: Option<ContentHandling> = Some(ContentHandling::ToText);
    const TO_BINARY: Option<ContentHandling> = Some(ContentHandling::ToBinary);

    fn as_text(text: &str) -> Result<Body, NotBase64> {
        Ok(Body::Text(Bytes::copy_from_slice(text.as_bytes())))
    }

    fn as_binary(bytes: &[u8]) -> Result<Body, NotBase64> {
        Ok(Body::Binary(Bytes::copy_from_slice(bytes)))
    }

    #[test]
    fn requests_convert_as_documented() {
        let of = |body: &[u8], binary, handling| of_request(Bytes::copy_from_slice(body), binary, handling);
        assert_eq!(of(RAW, false, None), as_text(LOSSY));
        assert_eq!(of(RAW, false, TO_TEXT), as_text(LOSSY));
        assert_eq!(of(b"aGk=", false, TO_BINARY), as_binary(b"hi"));
        assert_eq!(of(b"hi!", false, TO_BINARY), Err(NotBase64));
        assert_eq!(of(RAW, true, None), as_binary(RAW));
        assert_eq!(of(RAW, true, TO_TEXT), as_text("aGn/"));
        assert_eq!(of(RAW, true, TO_BINARY), as_binary(RAW));
    }

    #[test]
    fn responses_convert_as_documented() {
        let of = |body: &[u8], binary, accepts, handling| {
            of_response(Bytes::copy_from_slice(body), binary, accepts, handling)
        };
        for accepts in [false, true] {
            assert_eq!(of(RAW, false, accepts, TO_TEXT), as_text(LOSSY));
            assert_eq!(of(b"aGk=", false, accepts, TO_BINARY), as_binary(b"hi"));
            assert_eq!(of(b"\xff", false, accepts, TO_BINARY), Err(NotBase64));
            assert_eq!(of(RAW, true, accepts, TO_TEXT), as_text("aGn/"));
            assert_eq!(of(RAW, true, accepts, TO_BINARY), as_binary(RAW));
        }
        assert_eq!(of(RAW, false, false, None), as_text(LOSSY));
        assert_eq!(of(b"aGk=", false, true, None), as_binary(b"hi"));
        assert_eq!(of(b"hi!", false, true, None), Err(NotBase64));
        assert_eq!(of(RAW, true, false, None), as_text("aGn/"));
        assert_eq!(of(RAW, true, true, None), as_binary(RAW));
    }
}
