//! What one account and region has beside its REST APIs: keys, usage plans, domain names, certificates, links.

use indexmap::IndexMap;

use super::super::call::ApiError;
use super::super::documents::{Collection, DocumentsError, Scope};
use crate::model::{
    Account, ApiKey, BasePathMapping, ClientCertificate, DomainName, Usage, UsagePlan, UsagePlanKey, VpcLink,
};
use crate::throttle::Limits;

/// Where the account's own settings are in their collection.
pub(super) const ACCOUNT: &str = "account";

/// All of it.
pub(crate) struct Registry {
    /// The one under [`ACCOUNT`], once it was changed.
    pub(super) account: Collection<Account>,
    /// By id.
    pub(crate) api_keys: Collection<ApiKey>,
    /// By id.
    pub(crate) usage_plans: Collection<UsagePlan>,
    /// By `{plan id}/{key id}`.
    pub(crate) usage_plan_keys: Collection<UsagePlanKey>,
    /// By `{plan id}/{key id}`.
    pub(super) usage: Collection<Usage>,
    /// By name.
    pub(crate) domain_names: Collection<DomainName>,
    /// By `{domain name}/{base path}`.
    pub(crate) base_path_mappings: Collection<BasePathMapping>,
    /// By id.
    pub(crate) client_certificates: Collection<ClientCertificate>,
    /// By id.
    pub(crate) vpc_links: Collection<VpcLink>,
}

impl Registry {
    /// Opens what is kept. The data planes look keys and plans up in `limits`, which hear of each change.
    pub(crate) fn open(scope: &Scope, limits: &Limits) -> Result<Registry, DocumentsError> {
        Ok(Registry {
            account: scope.collection("apigateway/account")?,
            api_keys: scope.collection("apigateway/apikeys")?.watched_by(limits.changes()),
            usage_plans: scope.collection("apigateway/usageplans")?.watched_by(limits.changes()),
            usage_plan_keys: scope.collection("apigateway/usageplankeys")?.watched_by(limits.changes()),
            usage: scope.collection("apigateway/usage")?,
            domain_names: scope.collection("apigateway/domainnames")?,
            base_path_mappings: scope.collection("apigateway/basepathmappings")?,
            client_certificates: scope.collection("apigateway/clientcertificates")?,
            vpc_links: scope.collection("apigateway/vpclinks")?,
        })
    }

    /// Changes or reads the tags of the resource `id` of a kind (`apikeys`, `usageplans`, …); `None` if there is none.
    pub(super) fn change_tags<R>(
        &mut self,
        kind: &str,
        id: &str,
        change: impl FnOnce(&mut IndexMap<String, String>) -> Result<R, ApiError>,
    ) -> Option<Result<R, ApiError>> {
        match kind {
            "apikeys" => self.api_keys.update(id, |key| change(&mut key.tags)),
            "usageplans" => self.usage_plans.update(id, |plan| change(&mut plan.tags)),
            "domainnames" => self.domain_names.update(id, |name| change(&mut name.tags)),
            "clientcertificates" => self.client_certificates.update(id, |certificate| change(&mut certificate.tags)),
            "vpclinks" => self.vpc_links.update(id, |link| change(&mut link.tags)),
            _ => None,
        }
    }
}
