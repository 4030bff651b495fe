//! The three forms of a timestamp, to and from epoch milliseconds.

use serde_json::{Number, Value};
use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// `timestampFormat`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Seconds since the epoch, with a fraction if there is one.
    Unix,
    /// `2026-11-22T12:57:00Z`
    Iso8601,
    /// `Sun, 22 Nov 2026 12:57:00 GMT`
    Rfc822,
}

impl Format {
    /// The format that a member or shape asks for.
    pub(super) fn named(name: Option<&str>, otherwise: Format) -> Format {
        match name {
            Some("unixTimestamp") => Format::Unix,
            Some("iso8601") => Format::Iso8601,
            Some("rfc822") => Format::Rfc822,
            _ => otherwise,
        }
    }
}

/// Epoch milliseconds of any of the three forms; clients of one service differ in which they send.
pub(super) fn decode(value: &Value) -> Option<i64> {
    match value {
        // A fraction of a millisecond is of no meaning in any AWS API.
        #[expect(clippy::cast_possible_truncation, reason = "saturates, and no date is that far")]
        Value::Number(number) => number.as_f64().map(|seconds| (seconds * 1000.0).round() as i64),
        Value::String(text) => {
            let parsed = OffsetDateTime::parse(text, &Rfc3339).or_else(|_| OffsetDateTime::parse(text, &Rfc2822));
            let parsed = parsed.or_else(|_| {
                let with_zone = text.replace("GMT", "+0000");
                OffsetDateTime::parse(&with_zone, &Rfc2822)
            });
            match parsed {
                Ok(at) => i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok(),
                Err(_) => text.parse::<f64>().ok().and_then(|seconds| decode(&Number::from_f64(seconds)?.into())),
            }
        }
        _ => None,
    }
}

/// A timestamp in the form that the wire wants.
pub(super) fn encode(millis: i64, format: Format) -> Value {
    if format == Format::Unix {
        return if millis % 1000 == 0 {
            (millis / 1000).into()
        } else {
            #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
            Number::from_f64(millis as f64 / 1000.0).map_or(Value::Null, Value::Number)
        };
    }
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .to_offset(UtcOffset::UTC);
    let seconds = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let fraction = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let http =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let text = match (format, millis % 1000) {
        (Format::Rfc822, _) => at.format(&http),
        (_, 0) => at.format(&seconds),
        _ => at.format(&fraction),
    };
    // Formatting into a string fails for no date within the range that the type has.
    text.unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_goes_both_ways() {
        let at = 1_795_352_220_123;
        for (format, written) in
            [(Format::Unix, serde_json::json!(1_795_352_220.123)), (Format::Iso8601, "2026-11-22T12:57:00.123Z".into())]
        {
            assert_eq!(encode(at, format), written);
            assert_eq!(decode(&written), Some(at));
        }
        let http = encode(at, Format::Rfc822);
        assert_eq!(http, "Sun, 22 Nov 2026 12:57:00 GMT");
        assert_eq!(decode(&http), Some(1_795_352_220_000));
        assert_eq!(encode(1_795_352_220_000, Format::Unix), serde_json::json!(1_795_352_220));
        assert_eq!(decode(&"yesterday".into()), None);
    }
}
