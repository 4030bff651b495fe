//! Requests signed by the SDK's own signer, with the credentials that every stack has.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::{Client, Method, RequestBuilder};

/// A request to a service of `us-east-1`, signed by `test`.
///
/// # Panics
///
/// When the address cannot be signed.
pub fn signed(
    client: &Client,
    method: Method,
    url: &str,
    service: &str,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> RequestBuilder {
    let body = body.into();
    let identity = Credentials::new("test", "test", None, None, "test").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .unwrap_or_else(|error| panic!("parameters: {error}"))
        .into();
    let signable = SignableRequest::new(method.as_str(), url, headers.iter().copied(), SignableBody::Bytes(&body));
    let output = signable.and_then(|signable| sign(signable, &parameters));
    let (instructions, _) = output.unwrap_or_else(|error| panic!("{url} cannot be signed: {error}")).into_parts();
    let mut request = client.request(method, url).body(body);
    for (name, value) in headers.iter().copied().chain(instructions.headers()) {
        request = request.header(name, value);
    }
    request
}
