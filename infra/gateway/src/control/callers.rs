//! Who calls: the signatures of requests to the control plane and to the services beside it.

use std::sync::Arc;

use super::Control;
use super::call::ApiError;
use super::iam::Directory;
use super::protocol::Protocol;
use super::service_model;
use crate::authorize::{Directory as _, Holder, Time, identify};
use crate::credentials::{Credentials, Issuer};
use crate::ids;
use crate::server::{ClientRequest, Reply};
use crate::signature::{self, Purpose, Refusal, Signature, Signed};

impl Control {
    /// Uses the credentials that `issuer` gives to functions, and takes those in `given` for this run's owner's. With
    /// `check`, whatever is signed with none of those nor with credentials issued here is refused; AWS_IAM methods refuse it
    /// in any case. The APIs' planes know callers from now on.
    #[must_use]
    pub fn with_credentials(mut self, issuer: Issuer, given: Credentials, check: bool) -> Control {
        let directory = Directory::new(issuer, given, check, Arc::clone(&self.gateway.account_id));
        self.directory = Arc::new(directory.with_accounts_of(&self.directory));
        self.gateway.iam.ask(self.directory.clone());
        self
    }

    /// Who issues the credentials of functions and of roles that are taken on.
    pub(crate) fn issuer(&self) -> &Issuer {
        self.directory.issuer()
    }

    /// Who has which access key.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The same, for the planes of tests.
    #[cfg(test)]
    pub(crate) fn shared_directory(&self) -> Arc<dyn crate::authorize::Directory> {
        self.directory.clone()
    }

    /// Checks the signature of a request to any service, if signatures are checked here. `service` is the one that its
    /// scope must name; `None` where the scope has told which service is meant.
    ///
    /// # Errors
    /// AWS's error for what is wrong with it, which also says what is accepted.
    pub(super) fn check_signature(
        &self,
        request: &ClientRequest,
        service: Option<&str>,
        query: bool,
    ) -> Result<(), ApiError> {
        if !self.directory.checks_signatures() {
            return Ok(());
        }
        self.identify(request, service).map(|_| ()).map_err(|refusal| {
            let advice = self.directory.advice();
            let message = format!("{}. {advice}", refusal.message().trim_end_matches('.'));
            let code = if query { refusal.query_code() } else { refusal.code() };
            ApiError::new(code, message).with_status(403)
        })
    }

    /// Whoever has signed a request to `service`.
    ///
    /// # Errors
    /// Why that is not known. It is in the log.
    fn identify(&self, request: &ClientRequest, service: Option<&str>) -> Result<Holder, Refusal> {
        let identified = Signature::read(request).and_then(|signature| {
            let now = Time::EitherClock.now(self.clock());
            let purpose = Purpose { service, region: None, now };
            identify(&*self.directory, request, &signature, purpose, self.clock().now())
        });
        identified.inspect_err(|refusal| {
            tracing::warn!(path = request.raw_path, reason = refusal.reason(), "a signature is refused");
        })
    }

    /// Whether a request to a function URL is signed by somebody who is known.
    pub(crate) fn signs_function_url(&self, request: &ClientRequest) -> bool {
        Control::is_signed(request) && self.identify(request, Some("lambda")).is_ok()
    }

    /// What a request to a service beside the control plane (DynamoDB, Lambda's Invoke) gets if its signature is refused.
    pub(crate) fn refuse(&self, request: &ClientRequest, service: &str) -> Option<Reply> {
        let error = self.check_signature(request, Some(service), false).err()?;
        let protocol = Protocol::of(request);
        Some(protocol.encode_error(&service_model::LAMBDA, &error, &ids::request_id()))
    }

    /// Whether a request names somebody who has signed it.
    pub(crate) fn is_signed(request: &ClientRequest) -> bool {
        matches!(signature::signed(request), Signed::By(_))
    }

    /// Whether a request has something that stands for a signature, readable or not.
    pub(crate) fn claims_signature(request: &ClientRequest) -> bool {
        signature::signed(request) != Signed::Not
    }
}
