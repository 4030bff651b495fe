//! Whether a function's policy lets a service call it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>

use super::Caller;
use crate::model::PolicyStatement;

/// Whether one of `statements` lets `caller` invoke the function.
pub(crate) fn allows(statements: &[PolicyStatement], caller: &Caller) -> bool {
    statements.iter().any(|statement| statement_allows(statement, caller))
}

fn statement_allows(statement: &PolicyStatement, caller: &Caller) -> bool {
    // These are conditions on keys that no call of a service has.
    let of_another_kind = statement.event_source_token.is_some()
        || statement.principal_org_id.is_some()
        || statement.function_url_auth_type.is_some()
        || statement.invoked_via_function_url == Some(true);
    !of_another_kind
        && matches!(statement.action.as_str(), "lambda:InvokeFunction" | "lambda:*" | "*")
        && (statement.principal == caller.principal || statement.principal == "*")
        && statement.source_account.as_deref().is_none_or(|account| account == &*caller.source_account)
        && statement.source_arn.as_deref().is_none_or(|pattern| arn_like(pattern, &caller.source_arn))
}

/// `ArnLike`: the six parts are compared one by one, so that `*` in one of the first five does not reach into the next.
pub(crate) fn arn_like(pattern: &str, arn: &str) -> bool {
    let mut patterns = pattern.splitn(6, ':');
    let mut parts = arn.splitn(6, ':');
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) if glob(pattern.as_bytes(), part.as_bytes()) => {}
            _ => return false,
        }
    }
}

/// `*` is any text, `?` any character. Takes time in proportion to the product of the lengths at most.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where the last `*` was, and what it has swallowed so far.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || *wanted == text[from] => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((place, swallowed)) => {
                    star = Some((place, swallowed + 1));
                    at = place + 1;
                    from = swallowed + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        Caller {
            principal: "apigateway.amazonaws.com",
            source_arn: "arn:aws:execute-api:us-east-1:000000000000:api/prod/GET/users/{id}".into(),
            source_account: "000000000000".into(),
        }
    }

    fn statement(change: impl FnOnce(&mut PolicyStatement)) -> Vec<PolicyStatement> {
        let mut statement = PolicyStatement {
            action: "lambda:InvokeFunction".to_owned(),
            principal: "apigateway.amazonaws.com".to_owned(),
            ..PolicyStatement::default()
        };
        change(&mut statement);
        vec![statement]
    }

    #[test]
    fn source_arns_are_patterns() {
        for (pattern, expected) in [
            ("arn:aws:execute-api:us-east-1:000000000000:api/*/*", true),
            ("arn:aws:execute-api:us-east-1:000000000000:api/*/GET/users/{id}", true),
            ("arn:aws:execute-api:*:000000000000:api/prod/???/*", true),
            ("arn:aws:execute-api:us-east-1:000000000000:api/*/POST/*", false),
            ("arn:aws:execute-api:us-east-1:000000000000:other/*", false),
            ("arn:aws:execute-api:us-east-1:123456789012:api/*", false),
            ("arn:aws:execute-api:us-east-1:*", false),
            ("*", false),
        ] {
            let statements = statement(|s| s.source_arn = Some(pattern.to_owned()));
            assert_eq!(allows(&statements, &caller()), expected, "{pattern}");
        }
    }

    #[test]
    fn every_condition_counts() {
        assert!(allows(&statement(|_| {}), &caller()));
        assert!(allows(&statement(|s| s.action = "lambda:*".to_owned()), &caller()));
        assert!(!allows(&statement(|s| s.action = "lambda:GetFunction".to_owned()), &caller()));
        assert!(!allows(&statement(|s| s.principal = "s3.amazonaws.com".to_owned()), &caller()));
        assert!(allows(&statement(|s| s.source_account = Some("000000000000".to_owned())), &caller()));
        assert!(!allows(&statement(|s| s.source_account = Some("1".to_owned())), &caller()));
        assert!(!allows(&statement(|s| s.event_source_token = Some("t".to_owned())), &caller()));
        assert!(!allows(&[], &caller()));
    }
}
