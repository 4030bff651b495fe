//! API tokens.

use super::{Invalid, Role, Timestamp, UserId, text::name_type};

name_type!(
    /// What a token's owner calls it, 1 to 64 characters.
    TokenName, 1, 64
);

/// The SHA-256 of a token in lower-case hexadecimal: the key under which it is stored, and the id by which its owner lists
/// and revokes it. A token is random and long, so that its hash tells nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(String);

impl TokenHash {
    /// Takes 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let is_digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if text.len() == 64 && text.bytes().all(is_digit) {
            Ok(TokenHash(text.to_owned()))
        } else {
            Err(Invalid::new("must be the 64 hexadecimal digits of a token's id"))
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who a bearer token stands for, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// The token's hash.
    pub hash: TokenHash,
    /// The user.
    pub user_id: UserId,
    /// The user's role, as the functions behind the authorizer see it.
    pub role: Role,
    /// What its owner calls it.
    pub name: Option<TokenName>,
    /// When it was made. Seeded ones do not say.
    pub created_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
    /// The first moment at which the token no longer holds.
    pub expires_at: Timestamp,
}

impl ApiToken {
    /// How old a record of the last use may be: a token that is used all day is written once an hour, and not each time.
    pub const LAST_USED_SECONDS: i64 = 60 * 60;

    /// Whether its use at `now` is worth a record.
    pub fn records_use(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|last| now.seconds() - last.seconds() >= Self::LAST_USED_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_64_lower_case_digits() {
        assert!(TokenHash::parse(&"0f".repeat(32)).is_ok());
        for text in ["", "0f", &"0F".repeat(32), &"0g".repeat(32), &"0f".repeat(33)] {
            assert!(TokenHash::parse(text).is_err(), "{text}");
        }
    }
}
