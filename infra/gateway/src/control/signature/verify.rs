//! Checks signatures: signs the request again and compares.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use time::PrimitiveDateTime;
use time::macros::format_description;

use super::CredentialScope;
use crate::clock::EpochMillis;
use crate::control::call::ApiError;
use crate::server::ClientRequest;

/// How far a signature's time may be from ours, as on AWS.
const TOLERANCE_MILLIS: i64 = 5 * 60 * 1000;

/// Why a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is of another request, or made with another secret.
    Mismatch,
    /// It is not of this time.
    Expired,
    /// It lacks what it takes to check it.
    Incomplete,
    /// Nobody here has this access key.
    UnknownKey,
}

impl Refusal {
    /// AWS's error. The Query services have codes of their own.
    pub(crate) fn error(self, query: bool) -> ApiError {
        let (code, query_code, message) = match self {
            Refusal::Mismatch => (
                "InvalidSignatureException",
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details.",
            ),
            Refusal::Expired => (
                "InvalidSignatureException",
                "SignatureDoesNotMatch",
                "Signature expired: the request's X-Amz-Date is more than 5 minutes from the time here",
            ),
            Refusal::Incomplete => (
                "IncompleteSignatureException",
                "IncompleteSignature",
                "Authorization header requires 'SignedHeaders' and 'Signature', and the request a header X-Amz-Date; host \
                 must be among the signed headers",
            ),
            Refusal::UnknownKey => (
                "UnrecognizedClientException",
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            ),
        };
        ApiError::new(if query { query_code } else { code }, message).with_status(403)
    }
}

/// Checks that `request` was signed in `scope` with `secret`, at about `now`.
///
/// # Errors
/// Why it was not.
pub(crate) fn verify(
    request: &ClientRequest,
    scope: &CredentialScope,
    secret: &str,
    now: EpochMillis,
) -> Result<(), Refusal> {
    let authorization = request.headers.get("authorization").ok_or(Refusal::Incomplete)?;
    let field =
        |name: &str| authorization.split([',', ' ']).find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    let (Some(signed), Some(signature)) = (field("SignedHeaders"), field("Signature")) else {
        return Err(Refusal::Incomplete);
    };
    let date = request.headers.get("x-amz-date").ok_or(Refusal::Incomplete)?;
    let form = format_description!("[year][month][day]T[hour][minute][second]Z");
    let at = PrimitiveDateTime::parse(date, form).map_err(|_| Refusal::Incomplete)?.assume_utc();
    if (at.unix_timestamp() * 1000 - now).abs() > TOLERANCE_MILLIS {
        return Err(Refusal::Expired);
    }
    let signed: Vec<&str> = signed.split(';').collect();
    if !signed.contains(&"host") {
        return Err(Refusal::Incomplete);
    }
    let body_hash = hex(&Sha256::digest(&request.body));
    // A client may say the body's hash in a header of its own; then the header must be true.
    if request.headers.get("x-amz-content-sha256").is_some_and(|told| told != body_hash) {
        return Err(Refusal::Mismatch);
    }
    let headers: Vec<(String, &str)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        // Added by the signer, with the same time and token.
        .filter(|(name, _)| signed.contains(&name.as_str()) && name != "x-amz-date" && name != "x-amz-security-token")
        .collect();
    let host = request.headers.get("host").unwrap_or_default();
    let query = if request.raw_query.is_empty() { String::new() } else { format!("?{}", request.raw_query) };
    let uri = format!("http://{host}{}{query}", request.raw_path);
    let token = request.headers.get("x-amz-security-token").filter(|_| signed.contains(&"x-amz-security-token"));
    let credentials = Credentials::new(&scope.access_key, secret, token.map(str::to_owned), None, "ferrogate");
    let identity = credentials.into();
    let mut settings = SigningSettings::default();
    // What the client has signed is signed, whatever it is.
    settings.excluded_headers = None;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&scope.region)
        .name(&scope.service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(at.unix_timestamp().unsigned_abs()))
        .settings(settings)
        .build()
        .map_err(|_| Refusal::Incomplete)?
        .into();
    let signable = SignableRequest::new(
        request.method.as_str(),
        uri,
        headers.iter().map(|(name, value)| (name.as_str(), *value)),
        SignableBody::Precomputed(body_hash),
    )
    .map_err(|_| Refusal::Mismatch)?;
    let output = sign(signable, &params).map_err(|_| Refusal::Mismatch)?;
    let same = output.signature().as_bytes().ct_eq(signature.as_bytes());
    if bool::from(same) { Ok(()) } else { Err(Refusal::Mismatch) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Signed, signed};
    use super::*;
    use crate::server::Headers;

    /// A request that botocore 1.44 has signed for `test`/`secret` at 2026-11-22T12:00:00Z.
    fn botocores() -> ClientRequest {
        let headers = [
            ("Host", "localhost:4566"),
            ("Accept", "application/json"),
            ("X-Amz-Date", "20261122T120000Z"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/apigateway/aws4_request, \
                 SignedHeaders=accept;host;x-amz-date, Signature=8d302e7e448816aaa490389fd5b0084ad945367e47b5337fb671906683e44be9",
            ),
        ];
        ClientRequest {
            method: http::Method::PUT,
            raw_path: "/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Fabc".to_owned(),
            raw_query: "b=2&a=1%20x".to_owned(),
            headers: Headers(headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()),
            body: r#"{"tags":{"k":"v"}}"#.into(),
            source_ip: [127, 0, 0, 1].into(),
            port: 4566,
            secure: false,
        }
    }

    const AT: EpochMillis = 1_795_348_800_000;

    fn check(request: &ClientRequest, secret: &str, now: EpochMillis) -> Result<(), Refusal> {
        let Signed::By(scope) = signed(request) else { panic!("a scope") };
        verify(request, &scope, secret, now)
    }

    #[test]
    fn a_signature_of_another_implementation_is_good() {
        assert_eq!(check(&botocores(), "secret", AT + 60_000), Ok(()));
    }

    #[test]
    fn anything_else_is_refused() {
        let good = botocores();
        assert_eq!(check(&good, "other", AT), Err(Refusal::Mismatch));
        assert_eq!(check(&good, "secret", AT + 6 * 60_000), Err(Refusal::Expired));
        let mut body = good.clone();
        body.body = "{}".into();
        assert_eq!(check(&body, "secret", AT), Err(Refusal::Mismatch));
        let mut path = good.clone();
        path.raw_path.push('d');
        assert_eq!(check(&path, "secret", AT), Err(Refusal::Mismatch));
        let mut dateless = good;
        dateless.headers.0.retain(|(name, _)| name != "X-Amz-Date");
        assert_eq!(check(&dateless, "secret", AT), Err(Refusal::Incomplete));
    }
}
