//! What a REST API answers to a request whose signature is refused, or whose signer may not call it.

use super::error::GatewayError;
use crate::authorize::{IamDenial, IamRefusal};
use crate::signature::{self, Refusal};

/// The error for a header that is no signature of version 4; `None` if it looks like one.
pub(super) fn unreadable(header: &str) -> Option<GatewayError> {
    signature::unreadable(header).map(GatewayError::IncompleteSignature)
}

/// The error for a request that an AWS_IAM method refuses.
pub(super) fn refused(refusal: &IamRefusal) -> GatewayError {
    match refusal {
        IamRefusal::Signature(refusal) => match refusal {
            Refusal::Missing => GatewayError::MissingAuthenticationToken,
            Refusal::Incomplete(text) => GatewayError::IncompleteSignature(text.clone()),
            Refusal::UnknownKey => GatewayError::UnrecognizedClient,
            Refusal::ExpiredToken => GatewayError::ExpiredToken,
            Refusal::OutOfScope(_) | Refusal::Mismatch(_) => {
                GatewayError::InvalidSignature(refusal.long_message().into_owned())
            }
        },
        IamRefusal::Denied(denial) => GatewayError::NotAuthorized(text(denial)),
    }
}

/// `User: {arn} is not authorized to perform: …`, with the account masked as AWS masks it.
fn text(denial: &IamDenial) -> String {
    not_authorized(&denial.user_arn, &denial.resource, denial.why())
}

/// AWS's sentence; `anonymous` is a user too.
pub(super) fn not_authorized(user: &str, resource: &str, why: &str) -> String {
    let masked = mask(resource);
    format!("User: {user} is not authorized to perform: execute-api:Invoke on resource: {masked} {why}")
}

/// The error for a request that asks for a new response and may not. AWS's words for it are not recorded: these are its
/// words for every other action.
pub(super) fn may_not_invalidate(user: &str, resource: &str) -> GatewayError {
    let masked = mask(resource);
    GatewayError::NotAuthorized(format!(
        "User: {user} is not authorized to perform: execute-api:InvalidateCache on resource: {masked}"
    ))
}

/// An ARN with all but the last four digits of its account as asterisks.
fn mask(arn: &str) -> String {
    let mut parts: Vec<&str> = arn.splitn(6, ':').collect();
    let masked = parts.get(4).map(|account| format!("********{}", account.get(8..).unwrap_or_default()));
    if let (Some(masked), Some(account)) = (&masked, parts.get_mut(4)) {
        *account = masked;
    }
    parts.join(":")
}
