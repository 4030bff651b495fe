//! The throttles that a stage has for its methods or routes.

use super::bucket::Rate;
use super::buckets::BucketId;

/// What a method or route without settings of its own would have: AWS's for new settings, and the account's.
const RATE_LIMIT: f64 = 10_000.0;
const BURST_LIMIT: i32 = 5_000;

/// The bucket of one method or route of a stage. The same names are the same bucket, so that a deployment, or a change of
/// something else, leaves it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub(super) id: BucketId,
    pub(super) rate: Rate,
}

/// What the settings of a method, or of all methods of a stage, say of its throttle.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stated {
    /// `throttlingRateLimit`
    pub rate_limit: Option<f64>,
    /// `throttlingBurstLimit`
    pub burst_limit: Option<i32>,
}

impl Limit {
    /// How often it lets pass.
    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// The limit of a method or route by its own settings, where they say nothing by those of all. `None` if neither say
    /// anything: the account's limit is the only one then. Each method or route has a bucket of its own, also where its
    /// limit is that of all: AWS applies a stage's limits "at the API method level".
    ///
    /// -1 is AWS's way to say nothing.
    pub fn of(api_id: &str, stage: &str, name: &str, own: Option<Stated>, all: Option<Stated>) -> Option<Limit> {
        let settings = [own, all];
        let rate = settings.iter().flatten().find_map(|stated| stated.rate_limit.filter(|rate| *rate >= 0.0));
        let burst = settings.iter().flatten().find_map(|stated| stated.burst_limit.filter(|burst| *burst >= 0));
        if rate.is_none() && burst.is_none() {
            return None;
        }
        Some(Limit {
            id: BucketId::of(&["stage", api_id, stage, name]),
            rate: Rate::new(rate.unwrap_or(RATE_LIMIT), burst.unwrap_or(BURST_LIMIT)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_method_does_not_say_its_stage_says() {
        let stated = |rate_limit, burst_limit| Some(Stated { rate_limit, burst_limit });
        let of = |own, all| Limit::of("a", "s", "/x/GET", own, all).map(|limit| limit.rate);
        assert_eq!(of(None, None), None);
        assert_eq!(of(stated(None, None), None), None);
        assert_eq!(of(stated(Some(-1.0), Some(-1)), None), None);
        assert_eq!(of(stated(Some(1.0), None), None), Some(Rate::new(1.0, 5_000)));
        assert_eq!(of(stated(Some(1.0), None), stated(Some(9.0), Some(7))), Some(Rate::new(1.0, 7)));
        assert_eq!(of(None, stated(None, Some(7))), Some(Rate::new(10_000.0, 7)));
        assert_eq!(of(stated(Some(0.0), Some(0)), None), Some(Rate::new(0.0, 0)));
    }
}
