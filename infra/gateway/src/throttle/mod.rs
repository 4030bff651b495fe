//! How often whom may call: token buckets, usage plans with their API keys, quotas and what was used of them.
//!
//! A request passes AWS's levels from the most specific outward, and the first that is exhausted refuses it: the client's
//! (a usage plan's limit for one key, per method where the plan has one), the stage's (method or route settings), the
//! account's. What an inner level has taken is not given back where an outer one refuses: AWS does not say, and so a flood
//! is not given more than its share. A quota is counted last, so that throttled requests are not counted.
//!
//! - `bucket`: one token bucket as a number, and what fills it
//! - `buckets`: all that are not full, by id
//! - `calendar`: days, and the windows of quotas
//! - `usage`: what keys have used, counted in memory and written behind
//! - `plans`: usage plans and keys, compiled for looking up by a key's value
//! - `settings`: the throttles of a stage's methods and routes
//! - `limits`: all of it for one account and region, as the data planes ask it

mod bucket;
mod buckets;
pub(crate) mod calendar;
mod limits;
mod plans;
mod settings;
#[cfg(test)]
pub(crate) mod testing;
mod usage;

pub(crate) use limits::account_throttle;
pub use limits::{Limits, PlanSource, Refused};
pub use plans::{Client, PlanIndex};
pub(crate) use plans::{SentKey, method_name};
pub use settings::{Limit, Stated};
pub use usage::Book;
pub(crate) use usage::{MOST_DAYS, Quota};
