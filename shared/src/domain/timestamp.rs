//! A moment, to the millisecond.

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::format_description};

use super::Invalid;

/// A moment in UTC, in milliseconds since 1970. Written as ISO 8601 with milliseconds: `2026-11-22T13:00:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Timestamp(millis)
    }

    /// From seconds since 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Timestamp(seconds.saturating_mul(1000))
    }

    /// From ISO 8601, as [`Timestamp::iso`] writes it.
    pub fn parse_iso(text: &str) -> Result<Self, Invalid> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|error| Invalid::new(error.to_string()))?;
        Ok(Timestamp((moment.unix_timestamp_nanos() / 1_000_000) as i64))
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The UTC day, as `2026-11-22`: such texts sort as the days do.
    pub fn utc_day(self) -> String {
        self.iso().split('T').next().unwrap_or_default().to_owned()
    }

    /// Whole seconds since 1970, as DynamoDB's time to live wants them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// ISO 8601, UTC, always with three decimals, so that the texts sort as the moments do.
    pub fn iso(self) -> String {
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|moment| moment.to_offset(UtcOffset::UTC).format(&format).ok())
            // Only moments beyond the year 9999 get here.
            .unwrap_or_else(|| self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_iso_8601_with_milliseconds() {
        let moment = Timestamp::from_millis(1_795_352_400_007);
        assert_eq!(moment.iso(), "2026-11-22T13:00:00.007Z");
        assert_eq!(Timestamp::parse_iso(&moment.iso()), Ok(moment));
        assert_eq!(Timestamp::from_millis(1_000).iso(), "1970-01-01T00:00:01.000Z");
        assert_eq!(Timestamp::from_millis(1_999).seconds(), 1);
        assert!(Timestamp::parse_iso("yesterday").is_err());
    }
}
