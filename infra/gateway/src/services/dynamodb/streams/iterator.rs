//! Shard iterators: a place in a stream, good for a quarter of an hour. Nothing is kept for one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::clock::EpochMillis;

/// How long one is good for.
const LIFE_MILLIS: i64 = 15 * 60_000;

/// A place in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShardIterator {
    pub(super) arn: String,
    /// The record that has been read last.
    pub(super) position: i64,
    pub(super) issued: EpochMillis,
}

impl ShardIterator {
    /// `{stream's ARN}|1|{base64}`, as AWS writes it.
    pub(super) fn encode(&self) -> String {
        format!("{}|1|{}", self.arn, STANDARD.encode(format!("{}:{}", self.position, self.issued)))
    }

    pub(super) fn decode(text: &str) -> Option<ShardIterator> {
        let (arn, place) = text.split_once("|1|")?;
        let place = String::from_utf8(STANDARD.decode(place).ok()?).ok()?;
        let (position, issued) = place.split_once(':')?;
        Some(ShardIterator { arn: arn.to_owned(), position: position.parse().ok()?, issued: issued.parse().ok()? })
    }

    pub(super) fn has_expired(&self, now: EpochMillis) -> bool {
        now.saturating_sub(self.issued) > LIFE_MILLIS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iterator_goes_there_and_back_and_runs_out() {
        let iterator = ShardIterator { arn: "arn:x".to_owned(), position: 7, issued: 1_000 };
        assert_eq!(ShardIterator::decode(&iterator.encode()), Some(iterator.clone()));
        assert!(!iterator.has_expired(901_000) && iterator.has_expired(901_001));
        for broken in ["", "arn:x", "arn:x|1|", "arn:x|1|!", "arn:x|1|Nzo=", "arn:x|1|NzpOTg=="] {
            assert_eq!(ShardIterator::decode(broken), None, "{broken}");
        }
    }
}
