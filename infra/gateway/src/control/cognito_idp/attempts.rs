//! How often a user may be guessed at: after five failures the wait doubles with each, as Cognito documents.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html#authentication-failed-sign-in-attempts>

use indexmap::IndexMap;

use super::super::call::ApiError;
use super::{limit_exceeded, not_authorized};
use crate::clock::EpochMillis;

/// Users of whom failures are remembered; the one whose last failure is oldest is forgotten first.
const MAX_USERS: usize = 10_000;
/// Failures without a wait.
const FREE: u32 = 5;
/// The longest wait, and how long without an attempt forgets all.
const FORGET: i64 = 15 * 60 * 1_000;
/// Wrong codes within an hour.
const MAX_CODES: u32 = 5;
const HOUR: i64 = 60 * 60 * 1_000;

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: EpochMillis,
}

/// What has failed lately.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    passwords: IndexMap<String, Failures>,
    codes: IndexMap<String, Failures>,
}

impl Attempts {
    /// Whether the password of `user` may be tried.
    ///
    /// # Errors
    /// `NotAuthorizedException` during a wait; the attempt does not count.
    pub(super) fn may_try(&mut self, user: &str, now: EpochMillis) -> Result<(), ApiError> {
        let Some(failures) = self.passwords.get(user) else { return Ok(()) };
        if failures.count < FREE {
            return Ok(());
        }
        let wait = 1_000_i64.saturating_mul(1 << (failures.count - FREE).min(20)).min(FORGET);
        if now >= failures.last && now < failures.last + wait {
            return Err(not_authorized("Password attempts exceeded"));
        }
        Ok(())
    }

    /// Notes a wrong password.
    pub(super) fn failed(&mut self, user: &str, now: EpochMillis) {
        note(&mut self.passwords, user, now, FORGET);
    }

    /// Forgets the failures of a user that has signed in, or has a new password.
    pub(super) fn succeeded(&mut self, user: &str) {
        self.passwords.shift_remove(user);
    }

    /// Whether a code of `user` may be tried.
    ///
    /// # Errors
    /// `LimitExceededException` after five wrong ones within an hour.
    pub(super) fn may_try_code(&mut self, user: &str, now: EpochMillis) -> Result<(), ApiError> {
        let spent = self
            .codes
            .get(user)
            .is_some_and(|failures| failures.count >= MAX_CODES && now >= failures.last && now < failures.last + HOUR);
        if spent {
            return Err(limit_exceeded("Attempt limit exceeded, please try after some time."));
        }
        Ok(())
    }

    /// Notes a wrong code.
    pub(super) fn code_failed(&mut self, user: &str, now: EpochMillis) {
        note(&mut self.codes, user, now, HOUR);
    }

    /// Forgets the wrong codes of a user that has given the right one.
    pub(super) fn code_succeeded(&mut self, user: &str) {
        self.codes.shift_remove(user);
    }
}

fn note(all: &mut IndexMap<String, Failures>, user: &str, now: EpochMillis, forget: i64) {
    // Taken out and put at the end, so that the oldest stands first.
    let former = all.shift_remove(user).filter(|former| now < former.last + forget);
    let count = former.map_or(0, |former| former.count).saturating_add(1);
    all.insert(user.to_owned(), Failures { count, last: now });
    if all.len() > MAX_USERS {
        all.shift_remove_index(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_begins_at_five_failures_and_doubles() {
        let mut attempts = Attempts::default();
        let mut now = 1_000_000;
        for _ in 0..5 {
            attempts.may_try("u", now).unwrap();
            attempts.failed("u", now);
        }
        for wait in [1_000, 2_000, 4_000] {
            assert_eq!(attempts.may_try("u", now + wait - 1).unwrap_err().message, "Password attempts exceeded");
            now += wait;
            attempts.may_try("u", now).unwrap();
            attempts.failed("u", now);
        }
        attempts.may_try("another", now).unwrap();
        // A quarter of an hour without an attempt forgets all of them.
        now += FORGET;
        attempts.failed("u", now);
        attempts.may_try("u", now).unwrap();
        // A clock that was moved back does not lock anybody out.
        for _ in 0..9 {
            attempts.failed("u", now);
        }
        attempts.may_try("u", now - FORGET).unwrap();
    }

    #[test]
    fn a_sign_in_forgets_failures_and_memory_is_bounded() {
        let mut attempts = Attempts::default();
        for _ in 0..5 {
            attempts.failed("u", 0);
        }
        attempts.succeeded("u");
        attempts.may_try("u", 0).unwrap();
        for number in 0..MAX_USERS + 7 {
            attempts.failed(&number.to_string(), 0);
            attempts.code_failed(&number.to_string(), 0);
        }
        assert_eq!((attempts.passwords.len(), attempts.codes.len()), (MAX_USERS, MAX_USERS));
    }

    #[test]
    fn five_wrong_codes_an_hour_are_all() {
        let mut attempts = Attempts::default();
        for _ in 0..5 {
            attempts.may_try_code("u", 0).unwrap();
            attempts.code_failed("u", 0);
        }
        assert_eq!(attempts.may_try_code("u", HOUR - 1).unwrap_err().code, "LimitExceededException");
        attempts.may_try_code("u", HOUR).unwrap();
    }
}
