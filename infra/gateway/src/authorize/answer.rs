//! What a Lambda authorizer answered, checked once and kept as it will be used.

use serde_json::{Map, Value};

use super::condition::ConditionKeys;
use super::policy::{Decision, Policy};

/// A well-formed answer, or what a verified token says of its holder.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grant {
    /// `principalId`; simple responses and tokens have none.
    pub(crate) principal_id: Option<String>,
    /// `context`, for the integration.
    pub(crate) context: Map<String, Value>,
    /// `usageIdentifierKey`: the value of an API key, for methods whose key the authorizer gives.
    pub(crate) usage_identifier_key: Option<String>,
    /// The claims of a token that the gateway has verified itself: JWT authorizers and user pools.
    pub(crate) token: Option<TokenClaims>,
    verdict: Verdict,
}

/// A verified token, as events show it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TokenClaims {
    /// `claims`: all strings.
    pub(crate) claims: Map<String, Value>,
    /// `scopes` of an HTTP API: the token's that the route asks for, or null; REST APIs show none.
    pub(crate) scopes: Option<Value>,
}

/// The most that an authorizer of a WebSocket API may answer.
const MAX_WEB_SOCKET_ANSWER_BYTES: usize = 8 * 1024;
/// The most that any other may answer: a bound of what is remembered for a caller. AWS tells none.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

#[derive(Clone, Debug, PartialEq)]
enum Verdict {
    Policy(Policy),
    Simple(bool),
}

/// What is wrong with an answer, for the log: it never says what the answer held.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct AnswerError(String);

impl Grant {
    /// An IAM policy for a REST API: every context value must be a scalar and becomes a string.
    pub(crate) fn rest(payload: &[u8]) -> Result<Self, AnswerError> {
        let mut grant = Self::policy(payload)?;
        for (key, value) in &mut grant.context {
            *value = match value {
                Value::String(text) => Value::String(std::mem::take(text)),
                Value::Bool(yes) => Value::String(yes.to_string()),
                Value::Number(number) => Value::String(number.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(AnswerError(format!("context.{key} is not a string, number or boolean")));
                }
            };
        }
        Ok(grant)
    }

    /// An IAM policy for the `$connect` of a WebSocket API: as for a REST API, within a bound.
    pub(crate) fn web_socket(payload: &[u8]) -> Result<Self, AnswerError> {
        bounded(payload, MAX_WEB_SOCKET_ANSWER_BYTES)?;
        Self::rest(payload)
    }

    /// An IAM policy for an HTTP API: context values keep their types.
    pub(crate) fn policy(payload: &[u8]) -> Result<Self, AnswerError> {
        let mut answer = object(payload)?;
        let context = context(&mut answer)?;
        let Some(Value::String(principal_id)) = answer.remove("principalId") else {
            return Err(AnswerError("principalId is missing or not a string".to_owned()));
        };
        let usage_identifier_key = match answer.remove("usageIdentifierKey") {
            None | Some(Value::Null) => None,
            Some(Value::String(key)) => Some(key),
            Some(_) => return Err(AnswerError("usageIdentifierKey is not a string".to_owned())),
        };
        let policy = Policy::parse(answer.get("policyDocument").unwrap_or(&Value::Null)).map_err(AnswerError)?;
        let verdict = Verdict::Policy(policy);
        Ok(Grant { principal_id: Some(principal_id), context, usage_identifier_key, token: None, verdict })
    }

    /// `{"isAuthorized": …, "context": …}`
    pub(crate) fn simple(payload: &[u8]) -> Result<Self, AnswerError> {
        let mut answer = object(payload)?;
        let context = context(&mut answer)?;
        let Some(Value::Bool(authorized)) = answer.remove("isAuthorized") else {
            return Err(AnswerError("isAuthorized is missing or not a boolean".to_owned()));
        };
        let verdict = Verdict::Simple(authorized);
        Ok(Grant { principal_id: None, context, usage_identifier_key: None, token: None, verdict })
    }

    /// The holder of a token that has been verified.
    pub(crate) fn token(token: TokenClaims) -> Self {
        let verdict = Verdict::Simple(true);
        Grant { principal_id: None, context: Map::new(), usage_identifier_key: None, token: Some(token), verdict }
    }

    /// What it says about the method `arn`; a simple response says the same about all.
    pub(crate) fn decide(&self, arn: &str, keys: &ConditionKeys<'_>) -> Decision {
        match &self.verdict {
            Verdict::Policy(policy) => policy.decide(arn, keys),
            Verdict::Simple(true) => Decision::Allow,
            Verdict::Simple(false) => Decision::ExplicitDeny,
        }
    }
}

fn object(payload: &[u8]) -> Result<Map<String, Value>, AnswerError> {
    bounded(payload, MAX_ANSWER_BYTES)?;
    // The parser's own text may quote the answer, so it stays out.
    serde_json::from_slice(payload).map_err(|_| AnswerError("the answer is not a JSON object".to_owned()))
}

fn bounded(payload: &[u8], most: usize) -> Result<(), AnswerError> {
    let fits = payload.len() <= most;
    fits.then_some(()).ok_or_else(|| AnswerError(format!("the answer is longer than {most} bytes")))
}

fn context(answer: &mut Map<String, Value>) -> Result<Map<String, Value>, AnswerError> {
    match answer.remove("context") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(context)) => Ok(context),
        Some(_) => Err(AnswerError("context is not an object".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(context: Value) -> Vec<u8> {
        let policy =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        serde_json::to_vec(&json!({"principalId": "p", "policyDocument": policy, "context": context})).unwrap()
    }

    #[test]
    fn rest_context_becomes_strings() {
        let grant = Grant::rest(&answer(json!({"s": "x", "n": 1, "f": 1.5, "b": true}))).unwrap();
        assert_eq!(Value::Object(grant.context), json!({"s": "x", "n": "1", "f": "1.5", "b": "true"}));
        assert_eq!(Grant::rest(&answer(Value::Null)).unwrap().context.len(), 0);
    }

    #[test]
    fn rest_context_refuses_what_is_no_scalar() {
        for value in [json!([1]), json!({"a": 1}), json!(null)] {
            assert!(Grant::rest(&answer(json!({ "k": value }))).is_err());
        }
        assert!(Grant::rest(&answer(json!("x"))).is_err());
    }

    #[test]
    fn http_context_keeps_its_types() {
        let context = json!({"n": 1, "list": [1, {"a": null}]});
        assert_eq!(Value::Object(Grant::policy(&answer(context.clone())).unwrap().context), context);
    }

    #[test]
    fn simple_answers() {
        let yes = Grant::simple(br#"{"isAuthorized": true, "context": {"a": 1}}"#).unwrap();
        let keys = ConditionKeys::default();
        assert_eq!((yes.decide("x", &keys), yes.context.len()), (Decision::Allow, 1));
        assert_eq!(Grant::simple(br#"{"isAuthorized": false}"#).unwrap().decide("x", &keys), Decision::ExplicitDeny);
        assert!(Grant::simple(br#"{"isAuthorized": "true"}"#).is_err());
        assert!(Grant::simple(&answer(json!({}))).is_err(), "a policy is no simple answer");
    }

    #[test]
    fn a_usage_identifier_key_is_kept() {
        let with = |key: Value| {
            let mut answer: Value = serde_json::from_slice(&answer(json!({}))).unwrap();
            answer["usageIdentifierKey"] = key;
            Grant::rest(&serde_json::to_vec(&answer).unwrap()).map(|grant| grant.usage_identifier_key)
        };
        assert_eq!(with(json!("k")), Ok(Some("k".to_owned())));
        assert_eq!(with(json!(null)), Ok(None));
        assert!(with(json!(1)).is_err());
    }

    #[test]
    fn an_answer_over_the_bound_is_refused() {
        let with = |length: usize| answer(json!({"k": "x".repeat(length)}));
        assert!(Grant::web_socket(&with(7_000)).is_ok() && Grant::web_socket(&with(8_192)).is_err());
        assert!(Grant::rest(&with(8_192)).is_ok() && Grant::rest(&with(65_536)).is_err());
    }

    #[test]
    fn bad_shapes_are_refused() {
        for payload in [
            &b""[..],
            b"null",
            b"[]",
            b"\"allow\"",
            b"{}",
            br#"{"principalId": "p"}"#,
            br#"{"principalId": 1, "policyDocument": {"Statement": []}}"#,
            br#"{"policyDocument": {"Statement": []}}"#,
        ] {
            assert!(Grant::rest(payload).is_err());
        }
    }
}
