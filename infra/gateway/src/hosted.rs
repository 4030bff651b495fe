//! The AWS services of this process, for integrations that call them: `server/` hands a call to the service.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use futures_util::future::BoxFuture;

use crate::server::{ClientRequest, Reply};

/// One call of a service in the name of an account, in a region. It is not signed: whoever declared the integration is the
/// account's owner.
pub(crate) struct HostedCall<'a> {
    /// The name of its endpoint: `dynamodb`, `monitoring`.
    pub(crate) service: &'static str,
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) request: ClientRequest,
}

/// Whoever has the services.
pub(crate) trait Host: Send + Sync {
    /// The service's answer; `None` for one that is not here.
    fn call<'a>(&'a self, call: HostedCall<'a>) -> BoxFuture<'a, Option<Reply>>;
}

/// The services as the planes hold them: none until the server is put together. Clones share one.
#[derive(Clone, Default)]
pub struct Hosted(Arc<OnceLock<Weak<dyn Host>>>);

impl fmt::Debug for Hosted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hosted")
    }
}

impl Hosted {
    /// Makes `host` the one that is asked, from the first time on. It is not kept alive by that.
    pub(crate) fn ask(&self, host: Weak<dyn Host>) {
        // A second one would be a second server in the place of the first, which there is none of.
        let _ = self.0.set(host);
    }

    /// The service's answer; `None` where there is none.
    pub(crate) async fn call(&self, call: HostedCall<'_>) -> Option<Reply> {
        self.0.get()?.upgrade()?.call(call).await
    }
}
