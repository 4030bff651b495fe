//! What authorizers of all API kinds share: who the caller says it is, the policy that answers, and the cache of
//! results.

mod answer;
mod cache;
mod iam;
mod identity;
mod policy;

pub(crate) use answer::{AnswerError, Grant};
pub(crate) use cache::{CacheKey, ResultCache};
pub use iam::Iam;
pub(crate) use iam::{
    Action, Directory, Holder, IamCaller, IamDenial, IamRefusal, Lookup, Principal, Time, authorize as authorize_iam,
    identify,
};
pub(crate) use identity::{ContextFacts, RequestFacts, identity_values};
pub(crate) use policy::{Decision, Policy};
