//! Checks signatures: makes the canonical request of what was received, signs it, and compares.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::canonical::has_dot_segments;
use super::keys::hmac;
use super::{Expected, Parts, QueryForm, Refusal, Signature, SigningKeys, basic_date, canonical_request};
use crate::clock::EpochMillis;
use crate::ids::hex;
use crate::server::ClientRequest;

/// How far a signature's time may be from ours, as on AWS.
const TOLERANCE_MILLIS: i64 = 5 * 60 * 1000;
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// What a signature has to be for, beside its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose<'a> {
    /// `execute-api`; `None` where the scope says which service is meant.
    pub(crate) service: Option<&'a str>,
    /// The API's region; `None` where the scope says which is meant.
    pub(crate) region: Option<&'a str>,
    /// What may count as the present: one of them suffices. See [`Clock::machine_now`](crate::clock::Clock::machine_now).
    pub(crate) now: [EpochMillis; 2],
}

impl Signature {
    /// Checks that it is of `request`, made with `secret`, for this purpose and at this time.
    ///
    /// A request that is sent twice within its time passes twice, as on AWS: a signature says who has made a request and
    /// not how often.
    ///
    /// # Errors
    /// Why it is refused.
    pub(crate) fn verify(
        &self,
        request: &ClientRequest,
        secret: &str,
        purpose: Purpose<'_>,
        keys: &SigningKeys,
    ) -> Result<(), Refusal> {
        self.check_scope(purpose)?;
        let mut times = purpose.now.into_iter().map(|now| self.check_time(now));
        if let (Some(Err(first)), Some(Err(_))) = (times.next(), times.next()) {
            return Err(first);
        }
        self.check_headers(request)?;
        let payload_hash = self.payload_hash(request)?;
        let mut expected = Expected::default();
        let key = keys.of(secret, &self.scope);
        // Such a path is signed as if it were another one's.
        if has_dot_segments(&request.raw_path) {
            return Err(Refusal::Mismatch(Box::default()));
        }
        for form in [QueryForm::AsSent, QueryForm::Encoded] {
            let canonical = canonical_request(&Parts {
                method: request.method.as_str(),
                path: &request.raw_path,
                query: &request.raw_query,
                form,
                headers: &request.headers.0,
                signed_headers: &self.signed_headers,
                payload_hash: &payload_hash,
            });
            if canonical == expected.canonical {
                break;
            }
            let string_to_sign = self.string_to_sign(&canonical);
            let signature = hex(&hmac(&key, string_to_sign.as_bytes()));
            if bool::from(signature.as_bytes().ct_eq(self.signature.as_bytes())) {
                return Ok(());
            }
            // What AWS tells a client that it should have signed is what is sorted and encoded.
            expected = Expected { canonical, string_to_sign };
        }
        Err(Refusal::Mismatch(Box::new(expected)))
    }

    fn string_to_sign(&self, canonical: &str) -> String {
        let super::CredentialScope { date, region, service, .. } = &self.scope;
        let hash = hex(&Sha256::digest(canonical));
        format!("AWS4-HMAC-SHA256\n{}\n{date}/{region}/{service}/aws4_request\n{hash}", self.date)
    }

    fn check_scope(&self, purpose: Purpose<'_>) -> Result<(), Refusal> {
        let scope = &self.scope;
        if let Some(service) = purpose.service.filter(|service| *service != scope.service) {
            return Err(Refusal::OutOfScope(format!("Credential should be scoped to correct service: '{service}'. ")));
        }
        if purpose.region.is_some_and(|region| region != scope.region) {
            let told = &scope.region;
            let text = format!("Credential should be scoped to a valid region, not '{told}'. ");
            return Err(Refusal::OutOfScope(text));
        }
        let day = self.date.get(..8).unwrap_or_default();
        if day != scope.date {
            return Err(Refusal::OutOfScope(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', \
                 from '{}'.",
                scope.date, self.date
            )));
        }
        Ok(())
    }

    /// A header is good for five minutes around its time. A presigned URL is good from five minutes before its time, for
    /// the clocks' sake, until it expires by its own words; one that does not say is taken as a header is.
    fn check_time(&self, now: EpochMillis) -> Result<(), Refusal> {
        let (date, present) = (&self.date, basic_date(now));
        if self.at - now > TOLERANCE_MILLIS {
            let limit = basic_date(now + TOLERANCE_MILLIS);
            let text = format!("Signature not yet current: {date} is still later than {limit} ({present} + 5 min.)");
            return Err(Refusal::OutOfScope(text));
        }
        let (life, words) = match self.expires {
            Some(seconds) => (seconds * 1000, format!("{seconds} sec.")),
            None => (TOLERANCE_MILLIS, "5 min.".to_owned()),
        };
        if now - self.at > life {
            let limit = basic_date(now - life);
            let text = format!("Signature expired: {date} is now earlier than {limit} ({present} - {words})");
            return Err(Refusal::OutOfScope(text));
        }
        Ok(())
    }

    /// What changes a request's meaning must be signed where it is sent, or whoever carries the request could add it.
    fn check_headers(&self, request: &ClientRequest) -> Result<(), Refusal> {
        let matters = |name: &str| name.starts_with("x-amz-") || name == "x-http-method-override";
        for (name, _) in request.headers.iter() {
            let name = name.to_ascii_lowercase();
            if matters(&name) && self.signed_headers.binary_search(&name).is_err() {
                let text = format!("There were headers present in the request which were not signed: {name}");
                return Err(Refusal::OutOfScope(text));
            }
        }
        if !self.presigned && request.headers.get("x-amz-date").is_none() && !self.signs("date") {
            return Err(Refusal::OutOfScope("The header Date must be signed where there is no X-Amz-Date".to_owned()));
        }
        Ok(())
    }

    fn signs(&self, name: &str) -> bool {
        self.signed_headers.iter().any(|signed| signed == name)
    }

    /// The body's hash as it was signed. Where the client says it, it must be true; a client that leaves its body unsigned
    /// says so, in a header or a parameter that is signed itself.
    fn payload_hash(&self, request: &ClientRequest) -> Result<String, Refusal> {
        let in_query = || {
            let unsigned = format!("X-Amz-Content-Sha256={UNSIGNED_PAYLOAD}");
            self.presigned && request.raw_query.split('&').any(|pair| pair == unsigned)
        };
        let told = request.headers.get("x-amz-content-sha256").map(str::trim);
        if told == Some(UNSIGNED_PAYLOAD) || (told.is_none() && in_query()) {
            return Ok(UNSIGNED_PAYLOAD.to_owned());
        }
        let hash = hex(&Sha256::digest(&request.body));
        if told.is_some_and(|told| !told.eq_ignore_ascii_case(&hash)) {
            return Err(Refusal::Mismatch(Box::default()));
        }
        // In the client's own case, as it was signed.
        Ok(told.map_or(hash, str::to_owned))
    }
}
