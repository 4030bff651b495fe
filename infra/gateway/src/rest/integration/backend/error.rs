//! Why an endpoint has given no response, told apart as API Gateway does.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::guard::{Blocked, Unresolved};
use crate::rest::error::GatewayError;

/// Why there is no response. The texts are for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BackendError {
    /// The exchange has taken longer than the integration's timeout.
    #[error("no response within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The response's body is over 10 MB.
    #[error("{}", too_large(*.0))]
    TooLarge(Option<u64>),
    /// It is at an address that is closed to integrations, or at none.
    #[error("{0}")]
    Address(String),
    /// It has not proved who it is.
    #[error("{0}")]
    Certificate(String),
    /// It cannot be reached, or does not speak HTTP to the end of a response.
    #[error("{0}")]
    Network(String),
}

/// With a length: AWS's own words.
fn too_large(announced: Option<u64>) -> String {
    match announced {
        Some(length) => format!(
            "Integration response of reported length {length} is larger than allowed maximum of {} bytes.",
            super::MAX_RESPONSE_BYTES
        ),
        None => format!("Integration response is larger than allowed maximum of {} bytes.", super::MAX_RESPONSE_BYTES),
    }
}

impl BackendError {
    /// What kind of failure is the cause of the client's `error`.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        let (mut cause, mut text) = (Some(error), Vec::new());
        while let Some(error) = cause {
            if let Some(blocked) = error.downcast_ref::<Blocked>() {
                return BackendError::Address(blocked.to_string());
            }
            if let Some(unresolved) = error.downcast_ref::<Unresolved>() {
                return BackendError::Address(unresolved.to_string());
            }
            match error.downcast_ref::<rustls::Error>() {
                Some(refused @ rustls::Error::InvalidCertificate(_)) => {
                    return BackendError::Certificate(refused.to_string());
                }
                // The other side did not speak TLS, or not ours: no matter of trust.
                Some(other) => return BackendError::Network(other.to_string()),
                None => {}
            }
            text.push(error.to_string());
            // What an I/O error wraps is not its source, but its source's child.
            cause = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(wrapped) => Some(wrapped),
                None => error.source(),
            };
        }
        text.dedup();
        BackendError::Network(text.join(": "))
    }

    /// What the client is answered.
    ///
    /// Reported of AWS: 500 for certificates that do not hold (`Host name … does not match the certificate subject …`), for
    /// responses that are too large, and for endpoints without an address (`Invalid endpoint address`), which are all
    /// configuration errors there. What the network does is an INTEGRATION_FAILURE, whose own status is 504.
    pub(in crate::rest) fn gateway_error(&self) -> GatewayError {
        match self {
            BackendError::TimedOut(_) => GatewayError::IntegrationTimeout,
            BackendError::Network(_) => GatewayError::NetworkFailure,
            BackendError::Address(_) | BackendError::Certificate(_) | BackendError::TooLarge(_) => {
                GatewayError::IntegrationFailure
            }
        }
    }

    /// The line of execution logs.
    pub(in crate::rest) fn log_line(&self) -> String {
        match self {
            BackendError::TimedOut(_) => "Execution failed due to a timeout error".to_owned(),
            BackendError::Network(_) => {
                "Execution failed due to a network error communicating with endpoint".to_owned()
            }
            BackendError::Address(reason) => {
                format!("Execution failed due to configuration error: Invalid endpoint address ({reason})")
            }
            BackendError::Certificate(_) | BackendError::TooLarge(_) => {
                format!("Execution failed due to configuration error: {self}")
            }
        }
    }
}
