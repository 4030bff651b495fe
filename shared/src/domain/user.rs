//! Users.

use super::{EmailAddress, Invalid, Timestamp, text::name_type};

name_type!(
    /// A user's id, 1 to 128 characters. New ones are UUIDs; seeded ones may be anything readable.
    UserId, 1, 128
);

name_type!(
    /// The name a user goes by, 3 to 20 characters. Names are not unique; e-mail addresses are.
    Username, 3, 20
);

/// An age in years, from 18 up. The upper bound is there to catch years of birth and typing errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age(u8);

impl Age {
    const MIN: i64 = 18;
    const MAX: i64 = 150;

    /// Takes an age that keeps the rules.
    pub fn parse(years: i64) -> Result<Self, Invalid> {
        match u8::try_from(years) {
            Ok(age) if (Self::MIN..=Self::MAX).contains(&years) => Ok(Age(age)),
            _ => Err(Invalid::new(format!("must be from {} to {}", Self::MIN, Self::MAX))),
        }
    }

    /// The age in years.
    pub fn years(self) -> u8 {
        self.0
    }
}

/// How often a user has been written: 1 when created. What an optimistic update compares.
pub type Version = u64;

/// What a client may say about a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDetails {
    /// The name.
    pub username: Username,
    /// The e-mail address.
    pub email: EmailAddress,
    /// The age, where it was told.
    pub age: Option<Age>,
}

/// A user as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub user_id: UserId,
    /// What the client said.
    pub details: UserDetails,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user was last written.
    pub updated_at: Timestamp,
    /// How often the user has been written.
    pub version: Version,
}

impl User {
    /// A new user.
    pub fn create(user_id: UserId, details: UserDetails, now: Timestamp) -> Self {
        User { user_id, details, created_at: now, updated_at: now, version: 1 }
    }

    /// The same user with other details, one version on.
    pub fn with_details(&self, details: UserDetails, now: Timestamp) -> Self {
        User {
            user_id: self.user_id.clone(),
            details,
            created_at: self.created_at,
            updated_at: now,
            version: self.version + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_from_18_to_150() {
        for years in [18, 150] {
            assert!(Age::parse(years).is_ok());
        }
        for years in [17, 0, -18, 151, 274, 1984, i64::MAX, i64::MIN] {
            assert!(Age::parse(years).is_err(), "{years}");
        }
    }

    #[test]
    fn a_username_has_3_to_20_characters() {
        assert!(Username::parse("ada").is_ok());
        assert!(Username::parse(&"a".repeat(20)).is_ok());
        assert!(Username::parse("ad").is_err());
        assert!(Username::parse(&"a".repeat(21)).is_err());
    }

    #[test]
    fn an_update_keeps_the_birth_and_counts_on() {
        let details = |name| UserDetails {
            username: Username::parse(name).unwrap(),
            email: EmailAddress::parse("a@b.co").unwrap(),
            age: None,
        };
        let user = User::create(UserId::parse("u").unwrap(), details("ada"), Timestamp::from_millis(1));
        let next = user.with_details(details("bob"), Timestamp::from_millis(2));
        assert_eq!((next.version, next.created_at.millis(), next.updated_at.millis()), (2, 1, 2));
    }
}
