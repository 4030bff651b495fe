//! Compressed payloads: requests are always unpacked, responses are packed where the API asks for it.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gzip-compression-decompression.html>

mod accept;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub(super) use self::request::unpacked;
pub(super) use self::response::packed;

/// What is smaller than this is packed and unpacked at once; more of it is done where it holds up no other request.
const AT_ONCE: usize = 64 * 1024;

/// The codings that API Gateway knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    /// In zlib's wrapping, as HTTP has it.
    Deflate,
    Identity,
}

impl Coding {
    fn new(name: &str) -> Option<Coding> {
        let known = [Coding::Gzip, Coding::Deflate, Coding::Identity];
        known.into_iter().find(|coding| coding.name().eq_ignore_ascii_case(name.trim()))
    }

    fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Identity => "identity",
        }
    }
}
