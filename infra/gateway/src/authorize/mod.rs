//! What authorizers of all API kinds share: who the caller says it is, the policy that answers, the cache of results, and
//! the tokens that the gateway verifies itself.

mod answer;
mod cache;
mod condition;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod iam;
mod identity;
mod issuers;
mod jwt;
mod policy;
mod resource_policy;

pub(crate) use answer::{AnswerError, Grant, TokenClaims};
pub(crate) use cache::{CacheKey, ResultCache};
pub(crate) use condition::ConditionKeys;
pub use iam::Iam;
pub(crate) use iam::{
    Action, Directory, Holder, IamCaller, IamDenial, IamRefusal, Lookup, Principal, Time, authorize as authorize_iam,
    identify,
};
pub(crate) use identity::{ContextFacts, RequestFacts, identity_value, identity_values};
pub use issuers::{Issuers, OwnIssuers};
#[cfg(test)]
pub(crate) use jwt::testing as jwt_testing;
pub(crate) use jwt::{
    Audience, Unverified, VerifyError, bearer, check_audience, check_times, has_scope, may_be_asked, rest_claims,
    scopes, v2_claims,
};
pub(crate) use policy::{Decision, Policy};
pub(crate) use resource_policy::{ApiCaller, ResourcePolicy};
