//! What authorizers of all API kinds share: who the caller says it is, the policy that answers, and the cache of
//! results.

mod answer;
mod cache;
mod identity;
pub mod issuers;
mod policy;

pub(crate) use answer::{AnswerError, Grant};
pub(crate) use cache::{CacheKey, ResultCache};
pub(crate) use identity::{ContextFacts, RequestFacts, identity_values};
pub(crate) use policy::Decision;
