//! Signs requests for tests, in both forms. That the canonical request is right is what the vectors of botocore's say.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::{CredentialScope, Parts, QueryForm, SigningKeys, basic_date, canonical_request, keys};
use crate::clock::EpochMillis;
use crate::ids::hex;
use crate::server::ClientRequest;

/// Who signs.
#[derive(Clone, Copy)]
pub(crate) struct Signer<'a> {
    pub(crate) key: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

/// `test` with `test`, for an API of `us-east-1`.
pub(crate) const TEST: Signer<'static> =
    Signer { key: "test", secret: "test", token: None, region: "us-east-1", service: "execute-api" };

impl Signer<'_> {
    fn scope(&self, date: &str) -> CredentialScope {
        CredentialScope {
            access_key: self.key.to_owned(),
            date: date[..8].to_owned(),
            region: self.region.to_owned(),
            service: self.service.to_owned(),
        }
    }

    fn signature(&self, request: &ClientRequest, date: &str, signed: &[String]) -> String {
        let scope = self.scope(date);
        let payload_hash = match request.headers.get("x-amz-content-sha256") {
            Some(told) => told.to_owned(),
            None => hex(&Sha256::digest(&request.body)),
        };
        let canonical = canonical_request(&Parts {
            method: request.method.as_str(),
            path: &request.raw_path,
            query: &request.raw_query,
            form: QueryForm::AsSent,
            headers: &request.headers.0,
            signed_headers: signed,
            payload_hash: &payload_hash,
        });
        let text = format!(
            "AWS4-HMAC-SHA256\n{date}\n{}/{}/{}/aws4_request\n{}",
            scope.date,
            scope.region,
            scope.service,
            hex(&Sha256::digest(canonical))
        );
        hex(&keys::hmac(&SigningKeys::default().of(self.secret, &scope), text.as_bytes()))
    }

    fn credential(&self, date: &str) -> String {
        format!("{}/{}/{}/{}/aws4_request", self.key, &date[..8], self.region, self.service)
    }

    /// Signs all headers that are there, with those that it adds.
    pub(crate) fn sign(&self, mut request: ClientRequest, at: EpochMillis) -> ClientRequest {
        let date = basic_date(at);
        let mut add = |name: &str, value: &str| request.headers.0.push((name.to_owned(), value.to_owned()));
        add("X-Amz-Date", &date);
        if let Some(token) = self.token {
            add("X-Amz-Security-Token", token);
        }
        if request.headers.get("host").is_none() {
            request.headers.0.push(("Host".to_owned(), "localhost:4566".to_owned()));
        }
        let mut signed: Vec<String> = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        signed.sort();
        signed.dedup();
        let signature = self.signature(&request, &date, &signed);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}, SignedHeaders={}, Signature={signature}",
            self.credential(&date),
            signed.join(";")
        );
        request.headers.0.push(("Authorization".to_owned(), authorization));
        request
    }

    /// The same in the query, with `host` as the only signed header.
    pub(crate) fn presign(&self, mut request: ClientRequest, at: EpochMillis, expires: Option<i64>) -> ClientRequest {
        let date = basic_date(at);
        if request.headers.get("host").is_none() {
            request.headers.0.push(("Host".to_owned(), "localhost:4566".to_owned()));
        }
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut query = format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={date}&X-Amz-SignedHeaders=host",
            encoded(&self.credential(&date))
        );
        if let Some(seconds) = expires {
            query.push_str(&format!("&X-Amz-Expires={seconds}"));
        }
        if let Some(token) = self.token {
            query.push_str(&format!("&X-Amz-Security-Token={}", encoded(token)));
        }
        if !request.raw_query.is_empty() {
            query = format!("{}&{query}", request.raw_query);
        }
        request.raw_query = query;
        let signature = self.signature(&request, &date, &["host".to_owned()]);
        request.raw_query.push_str(&format!("&X-Amz-Signature={signature}"));
        request
    }
}
