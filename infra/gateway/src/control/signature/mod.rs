//! Who signs a request: the credential scope of Signature Version 4, and whether the signature is good.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

mod verify;

use std::borrow::Cow;

pub(crate) use self::verify::{Refusal, verify};
use super::service_model::percent_decoded;
use crate::ids;
use crate::server::ClientRequest;

/// `Credential={access key}/{date}/{region}/{service}/aws4_request`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CredentialScope {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// What a request says of its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    /// It names a scope.
    By(CredentialScope),
    /// It has no signature.
    Not,
    /// It has something that is no signature of version 4.
    Malformed,
}

/// Reads the scope from the `Authorization` header or from a presigned URL.
pub(crate) fn signed(request: &ClientRequest) -> Signed {
    let credential = match request.headers.get("authorization") {
        Some(header) => {
            let Some(rest) = header.trim().strip_prefix("AWS4-HMAC-SHA256") else { return Signed::Malformed };
            let fields = rest.split(',').map(str::trim);
            fields.into_iter().find_map(|field| field.strip_prefix("Credential=")).map(str::to_owned)
        }
        None => {
            let presigned = request.raw_query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="));
            match presigned {
                Some(credential) => Some(percent_decoded(credential)),
                None => return Signed::Not,
            }
        }
    };
    credential.as_deref().and_then(scope).map_or(Signed::Malformed, Signed::By)
}

fn scope(credential: &str) -> Option<CredentialScope> {
    // From the right: an access key may hold anything, the rest may not.
    let mut parts = credential.rsplitn(5, '/');
    let (terminator, service, region, date, access_key) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let region_ok = !region.is_empty()
        && region.len() <= 32
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let whole = terminator == "aws4_request"
        && date.len() == 8
        && date.bytes().all(|byte| byte.is_ascii_digit())
        && !access_key.is_empty()
        && !service.is_empty()
        && region_ok;
    whole.then(|| CredentialScope {
        access_key: access_key.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    })
}

impl CredentialScope {
    /// The account that the access key stands for, if it says so itself.
    pub(crate) fn account(&self) -> Option<Cow<'_, str>> {
        account_of(&self.access_key)
    }
}

/// The account that an access key stands for: itself, if it is twelve digits (as with other local AWS tools), or the one
/// that a key issued here carries.
pub(crate) fn account_of(access_key: &str) -> Option<Cow<'_, str>> {
    let is_account = access_key.len() == 12 && access_key.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Some(access_key.into()) } else { ids::account_of_access_key(access_key).map(Cow::Owned) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Headers;

    fn request(authorization: Option<&str>, query: &str) -> ClientRequest {
        ClientRequest {
            method: http::Method::GET,
            raw_path: "/".to_owned(),
            raw_query: query.to_owned(),
            headers: Headers(authorization.iter().map(|v| ("Authorization".to_owned(), (*v).to_owned())).collect()),
            body: bytes::Bytes::new(),
            source_ip: [127, 0, 0, 1].into(),
            port: 4566,
            secure: false,
        }
    }

    #[test]
    fn the_scope_is_read_from_header_and_query() {
        let scope = CredentialScope {
            access_key: "test".to_owned(),
            region: "eu-west-1".to_owned(),
            service: "apigateway".to_owned(),
        };
        let header = "AWS4-HMAC-SHA256 Credential=test/20261122/eu-west-1/apigateway/aws4_request, SignedHeaders=host, Signature=0";
        assert_eq!(signed(&request(Some(header), "")), Signed::By(scope.clone()));
        let query = "X-Amz-Credential=test%2F20261122%2Feu-west-1%2Fapigateway%2Faws4_request&X-Amz-Signature=0";
        assert_eq!(signed(&request(None, query)), Signed::By(scope));
        assert_eq!(signed(&request(None, "")), Signed::Not);
        for wrong in ["Bearer x", "AWS4-HMAC-SHA256 Credential=test/20261122/../x/aws4_request", "AWS4-HMAC-SHA256 x"] {
            assert_eq!(signed(&request(Some(wrong), "")), Signed::Malformed, "{wrong}");
        }
    }
}
