//! What the claims of a verified token must say, and how events show them.

use serde_json::{Map, Value};

use super::VerifyError;
use crate::clock::EpochMillis;

/// Who a token must be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Audience(pub(crate) Vec<String>);

/// `exp` must be to come, `nbf` and `iat` not. There is no leeway, as on AWS.
pub(crate) fn check_times(claims: &Map<String, Value>, now: EpochMillis) -> Result<(), VerifyError> {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a token's life, exact in the next 200,000 years")]
    let now = now as f64 / 1_000.0;
    let time = |name: &str| claims.get(name).map(Value::as_f64);
    match time("exp") {
        Some(Some(expires)) if now < expires => {}
        _ => return Err(VerifyError::Expired),
    }
    for name in ["nbf", "iat"] {
        match time(name) {
            None => {}
            Some(Some(from)) if from <= now => {}
            Some(_) => return Err(VerifyError::NotYetValid),
        }
    }
    Ok(())
}

/// `aud` must name one of the audience. `client_id` is looked at only where there is no `aud`.
pub(crate) fn check_audience(claims: &Map<String, Value>, audience: &Audience) -> Result<(), VerifyError> {
    let wanted = |value: &Value| value.as_str().is_some_and(|value| audience.0.iter().any(|wanted| wanted == value));
    let held = match claims.get("aud") {
        Some(Value::Array(values)) => values.iter().any(wanted),
        Some(one) => wanted(one),
        None => claims.get("client_id").is_some_and(wanted),
    };
    held.then_some(()).ok_or(VerifyError::Audience)
}

/// The scopes of a token: `scope`, separated by spaces, or `scp`, which may be a list.
pub(crate) fn scopes(claims: &Map<String, Value>) -> Vec<&str> {
    match claims.get("scope").or_else(|| claims.get("scp")) {
        Some(Value::String(scopes)) => scopes.split_ascii_whitespace().collect(),
        Some(Value::Array(scopes)) => scopes.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a token has one of the scopes that are asked for.
pub(crate) fn has_scope(claims: &Map<String, Value>, wanted: &[String]) -> bool {
    scopes(claims).iter().any(|scope| wanted.iter().any(|wanted| wanted == scope))
}

/// The claims as events of HTTP APIs have them: all strings, lists as `[a b]`.
pub(crate) fn v2_claims(claims: &Map<String, Value>) -> Map<String, Value> {
    strings(claims, |values| format!("[{}]", values.join(" ")))
}

/// The claims as events of REST APIs have them: all strings, lists joined by commas.
pub(crate) fn rest_claims(claims: &Map<String, Value>) -> Map<String, Value> {
    strings(claims, |values| values.join(","))
}

fn strings(claims: &Map<String, Value>, list: impl Fn(&[String]) -> String) -> Map<String, Value> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let string = |value: &Value| match value {
        Value::Array(values) => list(&values.iter().map(text).collect::<Vec<_>>()),
        value => text(value),
    };
    claims.iter().map(|(name, value)| (name.clone(), Value::String(string(value)))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn times() {
        let check = |claims: Value| check_times(&object(claims), 1_000_500);
        assert_eq!(check(json!({"exp": 1_001})), Ok(()));
        assert_eq!(check(json!({"exp": 1_001, "nbf": 1_000, "iat": 1_000.5})), Ok(()));
        for expired in
            [json!({}), json!({"exp": 1_000}), json!({"exp": 1_000.5}), json!({"exp": "1001"}), json!({"exp": null})]
        {
            assert_eq!(check(expired.clone()), Err(VerifyError::Expired), "{expired}");
        }
        for early in [json!({"nbf": 1_001}), json!({"iat": 1_001}), json!({"nbf": "1"}), json!({"iat": null})] {
            let mut claims = early.clone();
            claims["exp"] = 2_000.into();
            assert_eq!(check(claims), Err(VerifyError::NotYetValid), "{early}");
        }
    }

    #[test]
    fn audiences() {
        let audience = Audience(vec!["app".to_owned(), "web".to_owned()]);
        let check = |claims: Value| check_audience(&object(claims), &audience).is_ok();
        assert!(
            check(json!({"aud": "app"})) && check(json!({"aud": ["x", "web"]})) && check(json!({"client_id": "app"}))
        );
        for other in [
            json!({}),
            json!({"aud": "x"}),
            json!({"aud": []}),
            json!({"aud": "x", "client_id": "app"}),
            json!({"aud": null, "client_id": "app"}),
            json!({"client_id": ["app"]}),
            json!({"aud": "app "}),
        ] {
            assert!(!check(other.clone()), "{other}");
        }
        assert!(check_audience(&object(json!({"aud": "app"})), &Audience(Vec::new())).is_err());
    }

    #[test]
    fn scopes_and_claims() {
        let wanted = ["b".to_owned()];
        assert!(has_scope(&object(json!({"scope": "a b"})), &wanted));
        assert!(has_scope(&object(json!({"scp": ["a", "b"]})), &wanted));
        assert!(!has_scope(&object(json!({"scope": "ab", "scp": "b"})), &wanted));
        assert!(!has_scope(&object(json!({})), &wanted));
        let claims = object(json!({"sub": "u", "exp": 1, "ok": true, "cognito:groups": ["a", "b"], "o": {"k": 1}}));
        let shown = json!({"sub": "u", "exp": "1", "ok": "true", "cognito:groups": "[a b]", "o": "{\"k\":1}"});
        assert_eq!(Value::Object(v2_claims(&claims)), shown);
        assert_eq!(rest_claims(&claims)["cognito:groups"], "a,b");
    }
}
