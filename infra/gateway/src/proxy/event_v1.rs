//! The event of payload format 1.0: what REST APIs send, and HTTP APIs where an integration asks for it.
//!
//! Everything is borrowed and written to JSON once; a field that is `None` is `null` unless it says that it is left out.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::maps::{All, Last, Pairs};
use crate::authorize::{Grant, IamCaller};

/// The proxy event.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventV1<'a> {
    /// `1.0` for HTTP APIs; REST has no such key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<&'a str>,
    pub(crate) resource: &'a str,
    pub(crate) path: &'a str,
    pub(crate) http_method: &'a str,
    pub(crate) headers: Last<'a>,
    pub(crate) multi_value_headers: All<'a>,
    pub(crate) query_string_parameters: Option<Last<'a>>,
    pub(crate) multi_value_query_string_parameters: Option<All<'a>>,
    pub(crate) path_parameters: Option<Pairs<'a, Cow<'a, str>>>,
    pub(crate) stage_variables: Option<&'a IndexMap<String, String>>,
    pub(crate) request_context: RequestContextV1<'a>,
    pub(crate) body: Option<Cow<'a, str>>,
    pub(crate) is_base64_encoded: bool,
}

/// The event of a REQUEST authorizer, format 1.0.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthorizerEventV1<'a> {
    /// HTTP APIs only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<&'a str>,
    pub(crate) r#type: &'a str,
    pub(crate) method_arn: &'a str,
    /// HTTP APIs only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity_source: Option<&'a str>,
    /// HTTP APIs only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorization_token: Option<&'a str>,
    pub(crate) resource: &'a str,
    pub(crate) path: &'a str,
    pub(crate) http_method: &'a str,
    pub(crate) headers: Last<'a>,
    /// REST only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) multi_value_headers: Option<All<'a>>,
    /// Empty rather than null, as AWS's samples of this event have it.
    pub(crate) query_string_parameters: Last<'a>,
    /// REST only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) multi_value_query_string_parameters: Option<All<'a>>,
    pub(crate) path_parameters: Pairs<'a, Cow<'a, str>>,
    pub(crate) stage_variables: &'a IndexMap<String, String>,
    pub(crate) request_context: RequestContextV1<'a>,
}

/// `requestContext`
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestContextV1<'a> {
    pub(crate) account_id: &'a str,
    pub(crate) api_id: &'a str,
    /// With an authorizer only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorizer: Option<AuthorizerContextV1<'a>>,
    /// REST only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deployment_id: Option<&'a str>,
    pub(crate) domain_name: &'a str,
    pub(crate) domain_prefix: &'a str,
    pub(crate) extended_request_id: &'a str,
    pub(crate) http_method: &'a str,
    pub(crate) identity: IdentityV1<'a>,
    /// On REST stages that have a canary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_canary_request: Option<bool>,
    /// Where the method declares one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operation_name: Option<&'a str>,
    pub(crate) path: &'a str,
    pub(crate) protocol: &'static str,
    pub(crate) request_id: &'a str,
    pub(crate) request_time: &'a str,
    pub(crate) request_time_epoch: i64,
    pub(crate) resource_id: &'a str,
    pub(crate) resource_path: &'a str,
    pub(crate) stage: &'a str,
}

/// `requestContext.identity`; all but where the caller is and what it uses is null where no signature names it.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IdentityV1<'a> {
    access_key: Option<&'a str>,
    account_id: Option<&'a str>,
    /// On methods that require an API key only.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<&'a str>,
    caller: Option<&'a str>,
    cognito_authentication_provider: Option<&'a str>,
    cognito_authentication_type: Option<&'a str>,
    cognito_identity_id: Option<&'a str>,
    cognito_identity_pool_id: Option<&'a str>,
    principal_org_id: Option<&'a str>,
    source_ip: &'a str,
    user: Option<&'a str>,
    user_agent: Option<&'a str>,
    user_arn: Option<&'a str>,
}

impl<'a> IdentityV1<'a> {
    /// A caller, and what its signature says of it.
    pub(crate) fn of(source_ip: &'a str, user_agent: Option<&'a str>, iam: Option<&'a IamCaller>) -> Self {
        let anonymous = IdentityV1 { source_ip, user_agent, ..Self::default() };
        let Some(caller) = iam else { return anonymous };
        IdentityV1 {
            access_key: Some(&caller.access_key),
            account_id: Some(&caller.account_id),
            caller: Some(&caller.caller),
            principal_org_id: caller.principal_org_id.as_deref(),
            user: Some(&caller.user),
            user_arn: Some(&caller.user_arn),
            ..anonymous
        }
    }

    /// With the API key that the request was let in by: its value and its id.
    pub(crate) fn set_api_key(&mut self, value: &'a str, id: &'a str) {
        (self.api_key, self.api_key_id) = (Some(value), Some(id));
    }
}

/// `requestContext.authorizer`: of a Lambda authorizer its context with `principalId` and `integrationLatency`, of a token
/// its `claims`, in HTTP APIs with `scopes`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthorizerContextV1<'a> {
    /// Its answer.
    pub(crate) grant: &'a Grant,
    /// Milliseconds that it took; 0 from the cache.
    pub(crate) latency_millis: u64,
}

impl Serialize for AuthorizerContextV1<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(token) = &self.grant.token {
            map.serialize_entry("claims", &token.claims)?;
            if let Some(scopes) = &token.scopes {
                map.serialize_entry("scopes", scopes)?;
            }
            return map.end();
        }
        for (key, value) in &self.grant.context {
            // The gateway's own fields win, and a key must not stand in an object twice.
            if key != "principalId" && key != "integrationLatency" {
                map.serialize_entry(key, value)?;
            }
        }
        if let Some(principal_id) = &self.grant.principal_id {
            map.serialize_entry("principalId", principal_id)?;
        }
        map.serialize_entry("integrationLatency", &self.latency_millis)?;
        map.end()
    }
}
