//! Calls of services from within: what integrations of type AWS send.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::dispatch::Services;
use super::{ClientRequest, Reply};
use crate::clock::iso8601;
use crate::control::{Control, WorldId};
use crate::hosted::{Host, HostedCall};
use crate::lambda;

impl Services {
    /// Lets the planes' integrations call these services.
    pub fn host_integrations(self: &Arc<Self>) {
        let services = Arc::downgrade(self);
        self.gateway.hosted.ask(services);
    }
}

impl Host for Services {
    fn call<'a>(&'a self, call: HostedCall<'a>) -> BoxFuture<'a, Option<Reply>> {
        async move {
            let HostedCall { service, account, region, request } = call;
            if service == "dynamodb" {
                let request = self.signed_in_form(account, region, request);
                return Some(self.tables.serve(account, region, &request).await);
            }
            let world = WorldId::new(account, region);
            if service == "lambda" && lambda::is_invoke(&request.raw_path) {
                let lambda = self.control.invoker_within(&world);
                return Some(lambda::serve_invoke_api(&*lambda, &self.gateway.clock, &request).await);
            }
            let service = Control::service_of_endpoint(service)?;
            Some(self.control.serve_within(service, &world, &request).await)
        }
        .boxed()
    }
}

impl Services {
    /// The embedded engine looks for a signature, not whose it is; and where the tables are elsewhere, it says which account
    /// and region are meant.
    fn signed_in_form(&self, account: &str, region: &str, mut request: ClientRequest) -> ClientRequest {
        let at: String = iso8601(self.gateway.clock.now()).chars().filter(|c| !matches!(c, '-' | ':')).collect();
        let date = at.get(..8).unwrap_or_default();
        let signature = "0".repeat(64);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={account}/{date}/{region}/dynamodb/aws4_request, SignedHeaders=host, \
             Signature={signature}"
        );
        let at = format!("{}Z", at.split('.').next().unwrap_or_default());
        request.headers.0.extend([("Authorization".to_owned(), authorization), ("X-Amz-Date".to_owned(), at)]);
        request
    }
}
