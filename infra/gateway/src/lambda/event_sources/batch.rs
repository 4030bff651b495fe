//! A batch of records, as a function gets it.

use std::ops::Range;

use serde_json::Value;

/// What a function takes is 6 MB; the rest is for the frame around the records.
pub(super) const MAX_BYTES: usize = 6 * 1024 * 1024 - 1024;

/// A record on its way to a function.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// Its number as it is stored.
    pub(super) sequence: i64,
    /// `SequenceNumber`
    pub(super) number: String,
    /// When it was written, in seconds.
    pub(super) created_at: i64,
    /// The record, JSON.
    pub(super) json: String,
}

/// `{"Records": […]}`
pub(super) fn payload(entries: &[Entry]) -> String {
    let records: Vec<&str> = entries.iter().map(|entry| entry.json.as_str()).collect();
    format!("{{\"Records\":[{}]}}", records.join(","))
}

/// What a function's answer says of its batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is done.
    Done,
    /// What lies before this entry is done; it and what follows is not.
    From(usize),
    /// Nothing is done.
    Failed,
}

/// Reads the answer of a function that reports which records have failed.
pub(super) fn partial(answer: &[u8], entries: &[Entry]) -> Verdict {
    let answer = match answer.trim_ascii() {
        b"" => Value::Null,
        text => match serde_json::from_slice(text) {
            Ok(answer) => answer,
            Err(_) => return Verdict::Failed,
        },
    };
    let failures = match &answer {
        Value::Null => return Verdict::Done,
        Value::Object(members) => match members.get("batchItemFailures") {
            None | Some(Value::Null) => return Verdict::Done,
            Some(Value::Array(failures)) => failures,
            Some(_) => return Verdict::Failed,
        },
        _ => return Verdict::Failed,
    };
    // The lowest counts, and one that names no record of the batch spoils all.
    let place = |failure: &Value| {
        let number = failure.get("itemIdentifier")?.as_str()?;
        entries.iter().position(|entry| entry.number == number)
    };
    let places: Option<Vec<usize>> = failures.iter().map(place).collect();
    match places.map(|places| places.into_iter().min()) {
        None => Verdict::Failed,
        Some(None) => Verdict::Done,
        Some(Some(first)) => Verdict::From(first),
    }
}

/// The halves of a batch of two or more.
pub(super) fn halves(batch: &Range<usize>) -> (Range<usize>, Range<usize>) {
    let middle = batch.start + batch.len() / 2;
    (batch.start..middle, middle..batch.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_the_first_that_failed() {
        let entry =
            |sequence: i64| Entry { sequence, number: sequence.to_string(), created_at: 0, json: sequence.to_string() };
        let entries = [entry(5), entry(6), entry(7)];
        assert_eq!(payload(&entries), r#"{"Records":[5,6,7]}"#);
        for (answer, expected) in [
            ("", Verdict::Done),
            ("null", Verdict::Done),
            ("{}", Verdict::Done),
            (r#"{"batchItemFailures":null}"#, Verdict::Done),
            (r#"{"batchItemFailures":[]}"#, Verdict::Done),
            (r#"{"batchItemFailures":[{"itemIdentifier":"7"},{"itemIdentifier":"6"}]}"#, Verdict::From(1)),
            (r#"{"batchItemFailures":[{"itemIdentifier":"5"}]}"#, Verdict::From(0)),
            (r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, Verdict::Failed),
            (r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, Verdict::Failed),
            (r#"{"batchItemFailures":[{"itemIdentifer":"5"}]}"#, Verdict::Failed),
            (r#"{"batchItemFailures":[{"itemIdentifier":"8"}]}"#, Verdict::Failed),
            ("nonsense", Verdict::Failed),
            (r#""done""#, Verdict::Failed),
        ] {
            assert_eq!(partial(answer.as_bytes(), &entries), expected, "{answer}");
        }
        assert_eq!(halves(&(2..5)), (2..3, 3..5));
    }
}
