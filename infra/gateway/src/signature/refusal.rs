//! Why a signature is refused, in AWS's words.

use std::borrow::Cow;

/// Why a signature is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is none.
    Missing,
    /// It cannot be read, or lacks what it takes to check it.
    Incomplete(String),
    /// Nobody here has this access key, or the session token is not of it.
    UnknownKey,
    /// The credentials were good until a while ago.
    ExpiredToken,
    /// It is of another time, or for another service or region. What it is, for the client.
    OutOfScope(String),
    /// It is of another request, or made with another secret.
    Mismatch(Box<Expected>),
}

/// What a signature should have been of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The canonical request.
    pub(crate) canonical: String,
    /// The string to sign.
    pub(crate) string_to_sign: String,
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

impl Refusal {
    /// The error's code, as REST APIs and the JSON services have it.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Refusal::Missing => "MissingAuthenticationTokenException",
            Refusal::Incomplete(_) => "IncompleteSignatureException",
            Refusal::UnknownKey => "UnrecognizedClientException",
            Refusal::ExpiredToken => "ExpiredTokenException",
            Refusal::OutOfScope(_) | Refusal::Mismatch(_) => "InvalidSignatureException",
        }
    }

    /// The same as the services of the Query protocol have it.
    pub(crate) fn query_code(&self) -> &'static str {
        match self {
            Refusal::Missing => "MissingAuthenticationToken",
            Refusal::Incomplete(_) => "IncompleteSignature",
            Refusal::UnknownKey => "InvalidClientTokenId",
            Refusal::ExpiredToken => "ExpiredToken",
            Refusal::OutOfScope(_) | Refusal::Mismatch(_) => "SignatureDoesNotMatch",
        }
    }

    /// The message.
    pub(crate) fn message(&self) -> Cow<'_, str> {
        match self {
            Refusal::Missing => "Missing Authentication Token".into(),
            Refusal::Incomplete(text) | Refusal::OutOfScope(text) => text.into(),
            Refusal::UnknownKey => "The security token included in the request is invalid.".into(),
            Refusal::ExpiredToken => "The security token included in the request is expired".into(),
            Refusal::Mismatch(_) => MISMATCH.into(),
        }
    }

    /// The message with what should have been signed, as API Gateway adds it. It holds nothing that the client has not
    /// sent.
    pub(crate) fn long_message(&self) -> Cow<'_, str> {
        match self {
            Refusal::Mismatch(expected) if !expected.canonical.is_empty() => format!(
                "{MISMATCH}\n\nThe Canonical String for this request should have been\n'{}'\n\nThe String-to-Sign should \
                 have been\n'{}'\n",
                expected.canonical, expected.string_to_sign
            )
            .into(),
            other => other.message(),
        }
    }

    /// For the log: it tells what the client has done and no secret.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Refusal::Missing => "the request is not signed",
            Refusal::Incomplete(_) => "the signature cannot be read",
            Refusal::UnknownKey => "the access key is not known, or the session token is not of it",
            Refusal::ExpiredToken => "the credentials have expired",
            Refusal::OutOfScope(text) => text,
            Refusal::Mismatch(_) => "the signature is of another request or made with another secret",
        }
    }
}
