//! What an `HTTP` or `HTTP_PROXY` integration calls.

use std::time::Duration;

use indexmap::IndexMap;

use super::super::Unusable;
use super::endpoint::Endpoint;
use super::mapping::RequestMapping;
use crate::model::Integration;

/// An endpoint, and how it has to prove itself.
#[derive(Debug)]
pub(crate) struct HttpTarget {
    pub(crate) endpoint: Endpoint,
    /// Whether its certificate must be of an authority that this machine trusts: not with `insecureSkipVerification`.
    pub(crate) verified: bool,
}

/// `HTTP_PROXY`
#[derive(Debug)]
pub(crate) struct HttpProxy {
    pub(crate) target: HttpTarget,
    /// `httpMethod`; `None` is the client's own.
    pub(crate) http_method: Option<String>,
    /// `timeoutInMillis`
    pub(crate) timeout: Duration,
    /// Of it, the parameters alone.
    pub(crate) request: RequestMapping,
    /// `responseTransferMode` is `STREAM`: the client reads while the endpoint writes.
    pub(crate) streams: bool,
}

impl HttpTarget {
    /// What makes no URL by itself is refused, as by AWS; what a stage variable makes of it is found out by requests.
    pub(super) fn new(declared: &Integration, variables: &IndexMap<String, String>) -> Result<Self, Unusable> {
        let uri = declared.uri.as_deref().unwrap_or_default();
        let endpoint = Endpoint::new(uri, variables).map_err(|error| match uri.contains("${stageVariables.") {
            true => Unusable::Unsupported(format!("Invalid endpoint address: {error}")),
            false => Unusable::Invalid(format!("{error}: Invalid HTTP endpoint specified for URI")),
        })?;
        let lenient = declared.tls_config.as_ref().is_some_and(|tls| tls.insecure_skip_verification);
        Ok(HttpTarget { endpoint, verified: !lenient })
    }
}
