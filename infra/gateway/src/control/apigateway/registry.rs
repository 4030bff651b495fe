//! What one account and region has beside its REST APIs: keys, usage plans, domain names, certificates, links.

use indexmap::IndexMap;

use super::super::call::ApiError;
use super::super::documents::{Collection, DocumentsError, Scope};
use crate::model::{
    Account, ApiKey, BasePathMapping, ClientCertificate, DomainName, Usage, UsagePlan, UsagePlanKey, VpcLink,
};

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
    pub(crate) fn open(scope: &Scope) -> Result<Registry, DocumentsError> {
        Ok(Registry {
            account: scope.collection("apigateway/account")?,
            api_keys: scope.collection("apigateway/apikeys")?,
            usage_plans: scope.collection("apigateway/usageplans")?,
            usage_plan_keys: scope.collection("apigateway/usageplankeys")?,
            usage: scope.collection("apigateway/usage")?,
            domain_names: scope.collection("apigateway/domainnames")?,
            base_path_mappings: scope.collection("apigateway/basepathmappings")?,
            client_certificates: scope.collection("apigateway/clientcertificates")?,
            vpc_links: scope.collection("apigateway/vpclinks")?,
        })
    }

    /// The tags of what an ARN names (`arn:aws:apigateway:us-east-1::/apikeys/abc`); `None` if it names nothing here.
    pub(super) fn tags(&self, arn: &str) -> Option<&IndexMap<String, String>> {
        let (kind, id) = resource(arn)?;
        match kind {
            "apikeys" => self.api_keys.get(id).map(|key| &key.tags),
            "usageplans" => self.usage_plans.get(id).map(|plan| &plan.tags),
            "domainnames" => self.domain_names.get(id).map(|name| &name.tags),
            "clientcertificates" => self.client_certificates.get(id).map(|certificate| &certificate.tags),
            "vpclinks" => self.vpc_links.get(id).map(|link| &link.tags),
            _ => None,
        }
    }

    /// Changes the tags of what an ARN names; `None` if it names nothing here.
    pub(super) fn tags_mut(
        &mut self,
        arn: &str,
        change: impl FnOnce(&mut IndexMap<String, String>) -> Result<(), ApiError>,
    ) -> Option<Result<(), ApiError>> {
        let (kind, id) = resource(arn)?;
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

/// `arn:aws:apigateway:{region}::/{kind}/{id}`
fn resource(arn: &str) -> Option<(&str, &str)> {
    let (_, path) = arn.split_once("::/")?;
    path.split_once('/')
}
