//! Signature Version 4: who signs a request, and whether the signature is good.
//!
//! Of everything that is signed, whoever it is for: AWS_IAM methods of the data planes, `@connections`, the control plane,
//! Lambda's Invoke API and DynamoDB. Whose a key is, and what its owner may do, others know: `authorize::iam`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

mod canonical;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod keys;
mod read;
mod refusal;
#[cfg(any(fuzzing, test))]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod unreadable;
mod verify;

use std::borrow::Cow;

pub use self::canonical::{Parts, QueryForm, canonical_request};
pub(crate) use self::keys::SigningKeys;
pub(crate) use self::read::Signature;
pub(crate) use self::refusal::{Expected, Refusal};
pub(crate) use self::unreadable::unreadable;
pub(crate) use self::verify::Purpose;
use crate::clock::{EpochMillis, iso8601};
use crate::ids;
use crate::server::ClientRequest;

/// `Credential={access key}/{date}/{region}/{service}/aws4_request`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CredentialScope {
    pub(crate) access_key: String,
    /// `20261122`
    pub(crate) date: String,
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

/// Whether a request has a signature that can be read; whose it is and whether it is good is not looked at.
///
/// # Errors
/// What AWS says of what it has instead.
pub fn check_form(request: &ClientRequest) -> Result<(), String> {
    Signature::read(request).map(|_| ()).map_err(|refusal| refusal.message().into_owned())
}

/// Reads the scope alone, from the `Authorization` header or from a presigned URL: whom a request is for depends on it,
/// whether or not its signature is good.
pub(crate) fn signed(request: &ClientRequest) -> Signed {
    let credential = match request.headers.get("authorization") {
        Some(header) => {
            let Some(rest) = header.trim().strip_prefix("AWS4-HMAC-SHA256") else { return Signed::Malformed };
            let fields = rest.split(',').map(str::trim);
            fields.into_iter().find_map(|field| field.strip_prefix("Credential=")).map(str::to_owned)
        }
        // As the signature itself is read, or the two would be of different ones.
        None => match read::parameters(&request.raw_query, "X-Amz-Credential").next() {
            None => return Signed::Not,
            credential => credential,
        },
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
        && access_key.len() <= 128
        && !service.is_empty()
        && service.len() <= 64
        && region_ok;
    whole.then(|| CredentialScope {
        access_key: access_key.to_owned(),
        date: date.to_owned(),
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
    if is_account(access_key) {
        Some(access_key.into())
    } else {
        ids::account_of_access_key(access_key).map(Cow::Owned)
    }
}

/// Whether an access key is an account's number.
pub(crate) fn is_account(access_key: &str) -> bool {
    ids::is_account_id(access_key)
}

/// `20261122T120000Z`: the time of a signature.
fn basic_date(at: EpochMillis) -> String {
    let mut date: String = iso8601(at).chars().filter(|c| !matches!(c, '-' | ':')).collect();
    // 20261122T120000.123Z
    if let Some(dot) = date.find('.') {
        date.truncate(dot);
    }
    date.push('Z');
    date
}
