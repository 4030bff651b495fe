//! `ClientRequestToken`: a transaction that is sent again within ten minutes is answered, not run.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dynoxide::DynoxideError;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::clock::EpochMillis;

/// How long a token is known.
const WINDOW_MILLIS: i64 = 600_000;
/// Tokens at most; the oldest is forgotten for a new one beyond.
const MAX_TOKENS: usize = 10_000;

/// The transactions of the last minutes by operation and token.
#[derive(Default)]
pub(super) struct Tokens(Mutex<Known>);

pub(super) type Known = HashMap<(&'static str, String), Ran>;

/// A transaction that has been run.
pub(super) struct Ran {
    at: EpochMillis,
    what: [u8; 32],
    answer: Value,
}

impl Tokens {
    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        // Each entry is inserted whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the transaction in `request`, whose statements stand at `member`, unless its token has run it already. A
    /// second one of the same token waits for the first. A replay reports what it consumed as reads, as on AWS: exact for
    /// items up to one kilobyte, the cost of the write for larger ones.
    pub(super) fn once(
        &self,
        operation: &'static str,
        member: &str,
        now: EpochMillis,
        mut request: Value,
        run: impl FnOnce(Value) -> Result<Value, DynoxideError>,
    ) -> Result<Value, DynoxideError> {
        let Some(token) = request.get("ClientRequestToken").and_then(Value::as_str).map(str::to_owned) else {
            return run(request);
        };
        let what: [u8; 32] = Sha256::digest(sorted(&request[member]).to_string().as_bytes()).into();
        let mode = request.get("ReturnConsumedCapacity").and_then(Value::as_str).map(str::to_owned);
        let is_asked = mode.as_deref().is_some_and(|mode| mode != "NONE");
        let mut known = self.lock();
        known.retain(|_, ran| now - ran.at < WINDOW_MILLIS);
        let key = (operation, token);
        if let Some(ran) = known.get(&key) {
            if ran.what != what {
                let text = "An error occurred (IdempotentParameterMismatchException)";
                return Err(DynoxideError::IdempotentParameterMismatchException(text.to_owned()));
            }
            let mut answer = ran.answer.clone();
            as_reads(&mut answer, is_asked);
            return Ok(answer);
        }
        if !is_asked && (mode.is_none() || mode.as_deref() == Some("NONE")) {
            // A replay may ask for what this call does not.
            request["ReturnConsumedCapacity"] = "TOTAL".into();
        }
        let answer = run(request)?;
        if known.len() >= MAX_TOKENS
            && let Some(oldest) = known.iter().min_by_key(|(_, ran)| ran.at).map(|(key, _)| key.clone())
        {
            known.remove(&oldest);
        }
        known.insert(key, Ran { at: now, what, answer: answer.clone() });
        let mut answer = answer;
        if !is_asked && let Some(answer) = answer.as_object_mut() {
            answer.shift_remove("ConsumedCapacity");
        }
        Ok(answer)
    }
}

fn as_reads(answer: &mut Value, is_asked: bool) {
    let Some(answer) = answer.as_object_mut() else { return };
    if !is_asked {
        answer.shift_remove("ConsumedCapacity");
        return;
    }
    for table in answer.get_mut("ConsumedCapacity").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(table) = table.as_object_mut()
            && let Some(units) = table.shift_remove("WriteCapacityUnits")
        {
            table.insert("ReadCapacityUnits".to_owned(), units);
        }
    }
}

/// The same value whatever the order of its members was.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_runs_its_transaction_once_for_ten_minutes() {
        let tokens = Tokens::default();
        let mut runs = 0;
        let mut once = |now: i64, items: Value| {
            let request = json!({ "ClientRequestToken": "t", "Items": items, "ReturnConsumedCapacity": "NONE" });
            tokens.once("Op", "Items", now, request, |_| {
                runs += 1;
                Ok(json!({ "ConsumedCapacity": [{ "WriteCapacityUnits": 2.0 }], "run": runs }))
            })
        };
        let first = json!([{ "a": 1, "b": 2 }]);
        assert_eq!(once(0, first.clone()).unwrap(), json!({ "run": 1 }));
        assert_eq!(once(599_999, json!([{ "b": 2, "a": 1 }])).unwrap(), json!({ "run": 1 }));
        let mismatch = once(1, json!([{ "a": 2 }])).unwrap_err();
        assert!(matches!(mismatch, DynoxideError::IdempotentParameterMismatchException(_)));
        assert_eq!(once(600_000, first).unwrap(), json!({ "run": 2 }));
    }
}
