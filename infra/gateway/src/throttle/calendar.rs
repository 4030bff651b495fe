//! Days in UTC, and the windows that quotas count in.

use time::{Date, Month};

use crate::clock::EpochMillis;

const DAY_MILLIS: i64 = 86_400_000;
/// The Julian day of 1970-01-01.
const JULIAN_1970: i32 = 2_440_588;

/// The day of a moment, in days since 1970.
pub(crate) fn day(now: EpochMillis) -> i64 {
    now.div_euclid(DAY_MILLIS)
}

/// `2026-11-22` → days since 1970.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<u16>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(year.into(), month, u8::try_from(day).ok()?).ok()?;
    (text.len() == 10 && year >= 1970).then(|| i64::from(date.to_julian_day() - JULIAN_1970))
}

/// Days since 1970 → `2026-11-22`.
pub(crate) fn text(day: i64) -> String {
    let date = date(day);
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

fn date(day: i64) -> Date {
    let day = i32::try_from(day).unwrap_or_default();
    Date::from_julian_day(day.saturating_add(JULIAN_1970)).unwrap_or(Date::MIN)
}

/// `period` of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    Day,
    Week,
    Month,
}

impl Period {
    /// `DAY`, `WEEK` or `MONTH`.
    pub(crate) fn parse(text: &str) -> Option<Period> {
        match text {
            "DAY" => Some(Period::Day),
            "WEEK" => Some(Period::Week),
            "MONTH" => Some(Period::Month),
            _ => None,
        }
    }

    /// The first day of the window that `day` is in. `offset` moves the window's beginning by so many days, which is what
    /// its bounds (6 in a week, 27 in a month) make sense of; AWS's reference calls it a number of requests. Weeks begin
    /// on Mondays, as ISO 8601 has them: AWS does not say.
    pub(crate) fn begins(self, day: i64, offset: i64) -> i64 {
        match self {
            Period::Day => day,
            // 1970-01-01 was a Thursday.
            Period::Week => day - (day + 3 - offset).rem_euclid(7),
            Period::Month => {
                let of_month = i64::from(date(day).day()) - 1;
                if of_month >= offset {
                    return day - of_month + offset;
                }
                // The month before: its length is told by its last day.
                let last = day - of_month - 1;
                last - i64::from(date(last).day()) + 1 + offset
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_there_and_back() {
        for date in ["1970-01-01", "2000-02-29", "2026-11-22", "2100-03-01"] {
            assert_eq!(text(parse(date).unwrap()), date);
        }
        assert_eq!(parse("1970-01-02"), Some(1));
        for bad in ["2026-02-30", "2026-1-1", "yesterday", "", "2026-13-01", "2026-11-22T00:00"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!((day(-1), day(0), day(86_399_999), day(86_400_000)), (-1, 0, 0, 1));
    }

    #[test]
    fn windows_begin_where_their_period_and_offset_say() {
        for (period, offset, on, begins) in [
            (Period::Day, 0, "2026-11-22", "2026-11-22"),
            // A Sunday, and the Monday after it.
            (Period::Week, 0, "2026-11-22", "2026-11-16"),
            (Period::Week, 0, "2026-11-23", "2026-11-23"),
            (Period::Week, 6, "2026-11-22", "2026-11-22"),
            (Period::Week, 6, "2026-11-21", "2026-11-15"),
            (Period::Week, 2, "2027-01-01", "2026-12-30"),
            (Period::Month, 0, "2026-11-01", "2026-11-01"),
            (Period::Month, 0, "2026-11-30", "2026-11-01"),
            (Period::Month, 14, "2026-11-15", "2026-11-15"),
            (Period::Month, 14, "2026-11-14", "2026-10-15"),
            (Period::Month, 27, "2027-03-01", "2027-02-28"),
            (Period::Month, 27, "2028-02-29", "2028-02-28"),
            (Period::Month, 1, "2027-01-01", "2026-12-02"),
        ] {
            let found = text(period.begins(parse(on).unwrap(), offset));
            assert_eq!(found, begins, "{period:?} {offset} {on}");
        }
    }
}
