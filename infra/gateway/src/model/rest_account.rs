//! What API Gateway v1 keeps for an account and region beside its REST APIs: keys, plans, domain names, certificates.
//!
//! Serialised, each type has the shape and the names of AWS's own wire format.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::EndpointConfiguration;
use crate::clock::EpochMillis;

/// An API key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiKey {
    /// The key's id, which is no secret.
    pub id: String,
    /// What clients send: 20 to 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `customerId`, of AWS Marketplace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// `description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether clients may use it.
    pub enabled: bool,
    /// `createdDate`
    pub created_date: EpochMillis,
    /// `lastUpdatedDate`
    pub last_updated_date: EpochMillis,
    /// `{API id}/{stage}`: what there was before usage plans.
    pub stage_keys: Vec<String>,
    /// `tags`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub tags: IndexMap<String, String>,
}

/// A usage plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UsagePlan {
    /// The plan's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The stages that it is for.
    pub api_stages: Vec<PlanStage>,
    /// For each key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<ThrottleSettings>,
    /// For each key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaSettings>,
    /// `productCode`, of AWS Marketplace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_code: Option<String>,
    /// `tags`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub tags: IndexMap<String, String>,
}

/// `ApiStage`: a stage that a usage plan is for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PlanStage {
    /// `apiId`
    pub api_id: String,
    /// The stage's name.
    pub stage: String,
    /// For each key and method: by `/pets/GET`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub throttle: IndexMap<String, ThrottleSettings>,
}

/// A token bucket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ThrottleSettings {
    /// Requests that may come at once.
    pub burst_limit: i32,
    /// Requests a second.
    pub rate_limit: f64,
}

/// So many requests in a period.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QuotaSettings {
    /// Requests.
    pub limit: i32,
    /// When a period begins: 0 for `DAY`, 0 to 6 for `WEEK`, 0 to 27 for `MONTH`.
    pub offset: i32,
    /// `DAY`, `WEEK` or `MONTH`
    pub period: String,
}

/// A key in a usage plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UsagePlanKey {
    /// The API key's id.
    pub id: String,
    /// `API_KEY`
    #[serde(rename = "type")]
    pub key_type: String,
    /// The API key's value.
    pub value: String,
    /// The API key's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What a key has used in a usage plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// By day (`2026-11-22`, UTC): requests used, and remaining in the period at the day's end.
    pub days: IndexMap<String, (i64, i64)>,
    /// By the first day of a quota's window: requests granted beyond the limit, or taken from it, with `UpdateUsage`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub granted: IndexMap<String, i64>,
}

/// What holds for the account in this region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Account {
    /// `cloudwatchRoleArn`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloudwatch_role_arn: Option<String>,
    /// For all APIs together.
    pub throttle_settings: ThrottleSettings,
    /// `UsagePlans`
    pub features: Vec<String>,
    /// `apiKeyVersion`
    pub api_key_version: String,
}

impl Default for Account {
    fn default() -> Self {
        Account {
            cloudwatch_role_arn: None,
            throttle_settings: ThrottleSettings { burst_limit: 5_000, rate_limit: 10_000.0 },
            features: vec!["UsagePlans".to_owned()],
            api_key_version: "4".to_owned(),
        }
    }
}

/// A custom domain name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DomainName {
    /// `api.example.com`
    pub domain_name: String,
    /// Of a private domain name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_name_id: Option<String>,
    /// `domainNameArn`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_name_arn: Option<String>,
    /// `certificateName`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_name: Option<String>,
    /// `certificateArn`, of an edge-optimised one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_arn: Option<String>,
    /// `certificateUploadDate`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_upload_date: Option<EpochMillis>,
    /// Where DNS is to lead to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regional_domain_name: Option<String>,
    /// `regionalHostedZoneId`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regional_hosted_zone_id: Option<String>,
    /// `regionalCertificateName`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regional_certificate_name: Option<String>,
    /// `regionalCertificateArn`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regional_certificate_arn: Option<String>,
    /// Where DNS is to lead to, of an edge-optimised one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution_domain_name: Option<String>,
    /// `distributionHostedZoneId`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution_hosted_zone_id: Option<String>,
    /// `endpointConfiguration`
    pub endpoint_configuration: EndpointConfiguration,
    /// `AVAILABLE` …
    pub domain_name_status: String,
    /// `TLS_1_2` …
    pub security_policy: String,
    /// `endpointAccessMode`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_access_mode: Option<String>,
    /// `mutualTlsAuthentication`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutual_tls_authentication: Option<MutualTls>,
    /// `ownershipVerificationCertificateArn`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ownership_verification_certificate_arn: Option<String>,
    /// `policy`, of a private domain name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// `routingMode`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing_mode: Option<String>,
    /// `tags`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub tags: IndexMap<String, String>,
}

/// `mutualTlsAuthentication`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MutualTls {
    /// `s3://bucket/key`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truststore_uri: Option<String>,
    /// `truststoreVersion`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truststore_version: Option<String>,
}

/// A path of a domain name that leads to a stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BasePathMapping {
    /// `(none)` for the domain name as a whole.
    pub base_path: String,
    /// `restApiId`
    pub rest_api_id: String,
    /// The stage; clients name it themselves if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
}

/// A certificate that API Gateway shows to back ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientCertificate {
    /// `clientCertificateId`
    pub client_certificate_id: String,
    /// `description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `pemEncodedCertificate`
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pem_encoded_certificate: String,
    /// Its private key, which no operation gives.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub private_key_pem: String,
    /// `createdDate`
    pub created_date: EpochMillis,
    /// `expirationDate`: a year later.
    pub expiration_date: EpochMillis,
    /// `tags`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub tags: IndexMap<String, String>,
}

/// A link to a network load balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VpcLink {
    /// The link's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The load balancer.
    pub target_arns: Vec<String>,
    /// `PENDING`, `AVAILABLE`, …
    pub status: String,
    /// `statusMessage`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_message: Option<String>,
    /// `tags`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub tags: IndexMap<String, String>,
}
