//! Sequence numbers as clients see them: 21 digits, whose order as texts is that of the numbers.

const BASE: u128 = 100_000_000_000_000_000_000;

/// The text of a stored number, which is not negative.
pub(crate) fn public(stored: i64) -> String {
    (BASE + u128::from(stored.unsigned_abs())).to_string()
}

/// The stored number of a text; `None` if none like it is ever given out.
pub(crate) fn stored(public: &str) -> Option<i64> {
    let is_digits = public.len() == 21 && public.bytes().all(|byte| byte.is_ascii_digit());
    let number: u128 = public.parse().ok().filter(|_| is_digits)?;
    i64::try_from(number.checked_sub(BASE)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_there_and_back_in_their_order() {
        for number in [0, 1, 9, 10, 1_795_352_220_000_000, i64::MAX] {
            assert_eq!(public(number).len(), 21);
            assert_eq!(stored(&public(number)), Some(number));
        }
        assert!(public(9) < public(10));
        for never in ["", "1", "+00000000000000000001", "000000000000000000001", "999999999999999999999"] {
            assert_eq!(stored(never), None, "{never}");
        }
    }
}
