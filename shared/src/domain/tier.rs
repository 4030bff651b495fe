//! Tiers: how many requests a customer may make in a UTC day.

use super::{Timestamp, text::name_type};

name_type!(
    /// A customer's id, 1 to 128 characters.
    CustomerId, 1, 128
);

/// What a customer pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// 100 requests a day.
    Free,
    /// 10,000 requests a day.
    Basic,
    /// 1,000,000 requests a day.
    Premium,
}

impl Tier {
    /// All tiers.
    pub const ALL: [Tier; 3] = [Tier::Free, Tier::Basic, Tier::Premium];

    /// The tier by this name.
    pub fn named(name: &str) -> Option<Self> {
        Tier::ALL.into_iter().find(|tier| tier.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Free => "free",
            Tier::Basic => "basic",
            Tier::Premium => "premium",
        }
    }

    /// How many requests a UTC day has.
    pub fn daily_limit(self) -> u64 {
        match self {
            Tier::Free => 100,
            Tier::Basic => 10_000,
            Tier::Premium => 1_000_000,
        }
    }
}

/// A customer and what is left of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The customer.
    pub customer_id: CustomerId,
    /// The customer's tier.
    pub tier: Tier,
    /// How many requests of the day have been counted, this one included.
    pub used: u64,
    /// The customer's own API key at API Gateway, where there is one: its usage plan then throttles this customer alone.
    pub usage_key: Option<String>,
}

impl Usage {
    /// How many more requests the day has.
    pub fn remaining(&self) -> u64 {
        self.tier.daily_limit().saturating_sub(self.used)
    }

    /// Whether this very request is the one with which nine tenths of the day are used. Exactly one is, as each has a count
    /// of its own.
    pub fn reaches_nine_tenths(&self) -> bool {
        self.used == (self.tier.daily_limit() * 9).div_ceil(10)
    }
}

/// What became of a request that was to be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Count {
    /// It was counted.
    Counted(Usage),
    /// The day is used up: it was not counted.
    Exhausted(Usage),
    /// The key has been switched off.
    Disabled,
    /// Nobody has this key.
    Unknown,
}

/// When the UTC day of this moment ends, and the next quota begins.
pub fn resets_at(now: Timestamp) -> Timestamp {
    const DAY_SECONDS: i64 = 24 * 60 * 60;
    Timestamp::from_seconds((now.seconds().div_euclid(DAY_SECONDS) + 1) * DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_tenths_are_reached_by_one_request() {
        for tier in Tier::ALL {
            let usage = |used| Usage { customer_id: CustomerId::parse("c").unwrap(), tier, used, usage_key: None };
            let limit = tier.daily_limit();
            let reached: Vec<u64> = (1..=limit).filter(|used| usage(*used).reaches_nine_tenths()).collect();
            assert_eq!(reached, [limit / 10 * 9], "{tier:?}");
        }
    }

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let at = |iso: &str| Timestamp::parse_iso(iso).unwrap();
        for (now, end) in [
            ("2026-11-22T00:00:00.000Z", "2026-11-23T00:00:00.000Z"),
            ("2026-11-22T23:59:59.999Z", "2026-11-23T00:00:00.000Z"),
            ("2026-12-31T12:00:00.000Z", "2027-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(resets_at(at(now)), at(end));
        }
        assert_eq!(at("2026-11-22T23:59:59.999Z").utc_day(), "2026-11-22");
    }

    #[test]
    fn tiers_are_known_by_their_names_alone() {
        assert!(Tier::ALL.into_iter().all(|tier| Tier::named(tier.name()) == Some(tier)));
        assert_eq!(Tier::named("Premium"), None);
    }
}
